"""``thammuu recipients`` and ``thammuu keys``: who is told of memos, and the keys that seal their data."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import changing, reading
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.delivery.recipients import Recipient

_SHOWN = ("recipient_id", "unit", "role", "turn", "channels", "language", "formats", "valid_from", "valid_to")
recipients_app = typer.Typer(no_args_is_help=True, help=_("Who is told of memos; names and addresses are sealed."))
keys_app = typer.Typer(no_args_is_help=True, help=_("The keys that seal names, addresses and secrets."))
_Recipient = Annotated[str, typer.Argument(metavar="RECIPIENT", help=_("Its id, as `recipients list` shows it."))]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    recipients_app.command("import", help=_("Take over a list (CSV or XLSX): the whole list, or every error."))(import_)
    recipients_app.command("list", help=_("List the recipients, without names and addresses."))(list_)
    recipients_app.command("template", help=_("Print the header of an empty list."))(template)
    recipients_app.command("usable", help=_("Use a channel again whose messages came back."))(usable)
    recipients_app.command("erase", help=_("Erase a recipient's name, addresses and secrets for good."))(erase)
    keys_app.command("new", help=_("Print a new key for THAMMUU_SECRET_KEY or THAMMUU_SECRET_KEY_FILE."))(new)
    keys_app.command("rotate", help=_("Seal everything with the newest key; the older ones are needed for it."))(rotate)
    app.add_typer(recipients_app, name="recipients")
    app.add_typer(keys_app, name="keys")


def import_(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("CSV or XLSX; `recipients template` has the columns."))
    ],
    end_others: Annotated[
        bool,
        typer.Option("--end-others", help=_("Others of the same units end yesterday.")),
    ] = False,
    as_of: Annotated[
        datetime | None,
        typer.Option("--units-as-of", formats=["%Y-%m-%d"], metavar="DATE", help=_("Units as they were; today.")),
    ] = None,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from dataclasses import asdict

    from thammuu.clock import today
    from thammuu.delivery.recipients_register import take_over
    from thammuu.delivery.recipients_sheet import read_recipients

    with changing(settings(ctx, data)) as program:
        context = program.context
        day = as_of.date() if as_of else today(context.clock)
        entries = read_recipients(file, context.packs.active, day)
        taken = take_over(context, entries, end_others=end_others)
    if fmt == "json":
        print_json(asdict(taken))
        return
    said = _("{new} new, {changed} changed, {unchanged} as before, {ended} ended.")
    console().print(said.format(**asdict(taken)), markup=False)


def list_(
    ctx: typer.Context,
    unit: Annotated[
        str | None, typer.Option("--unit", metavar="UNIT", help=_("Only this unit's, by name or code."))
    ] = None,
    show_addresses: Annotated[bool, typer.Option("--show-addresses", help=_("Open names and addresses."))] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.clock import today
    from thammuu.delivery.recipients import every_recipient

    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        context = program.context
        found = every_recipient(connection)
        if unit is not None:
            wanted = context.packs.active.units.resolve(unit, on=today(context.clock)).id
            found = [one for one in found if one.unit_id in (wanted, "*")]
        rows = [_row(context, one) for one in found]
        if show_addresses:
            rows = [row | _opened(context, connection, one) for row, one in zip(rows, found, strict=True)]
    columns = (*_SHOWN, "name", "addresses") if show_addresses else _SHOWN
    print_rows(rows, columns, fmt)


def _row(context: Context, one: Recipient) -> dict[str, Any]:
    from thammuu.clock import today

    names = ("recipient_id", "unit_id", "role", "agency", "turn", "language", "quiet_from", "quiet_to", "digest_at")
    units = context.packs.active.units
    told = "*" if one.unit_id == "*" else units.get(one.unit_id).name_on(today(context.clock))
    channels = [name if point.state == "usable" else f"{name} ({point.state})" for name, point in one.points.items()]
    dates = {name: getattr(one, name) for name in ("valid_from", "valid_to")}
    more = {"unit": told, "formats": ",".join(one.formats), "channels": ", ".join(channels)}
    return {name: getattr(one, name) for name in names} | dates | more


def _opened(context: Context, connection: Any, one: Recipient) -> dict[str, Any]:  # noqa: ANN401  a connection
    from thammuu.delivery.recipients import contact_of

    points = {channel: contact_of(context, connection, one.recipient_id, channel) for channel in one.points}
    known = {channel: point for channel, point in points.items() if point is not None}
    name = next((point.name for point in known.values()), "")
    return {"name": name, "addresses": ", ".join(f"{channel} {point.address}" for channel, point in known.items())}


def template() -> None:
    from thammuu.delivery.recipients_sheet import template_row

    sys.stdout.write(template_row())


def usable(
    ctx: typer.Context,
    recipient: _Recipient,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help=_("email, chat or webhook."))],
    data: DataOption = None,
) -> None:
    from thammuu.delivery.recipients_register import usable_again

    with changing(settings(ctx, data)) as program, program.context.database.transaction() as connection:
        usable_again(connection, recipient, channel)
    console().print(_("{name} is written to by {channel} again.").format(name=recipient, channel=channel), markup=False)


def erase(
    ctx: typer.Context,
    recipient: _Recipient,
    yes: Annotated[bool, typer.Option("--yes", help=_("Do not ask."))] = False,
    data: DataOption = None,
) -> None:
    from thammuu.delivery.recipients_register import erase as erase_for_good

    if not yes:
        typer.confirm(_("Erase the name, addresses and secrets of {name} for good?").format(name=recipient), abort=True)
    with changing(settings(ctx, data)) as program, program.context.database.transaction() as connection:
        erase_for_good(connection, recipient)
    console().print(
        _("{name} is erased; older backups still hold the sealed data.").format(name=recipient), markup=False
    )


def new() -> None:
    from thammuu.delivery.vault import new_key

    sys.stdout.write(new_key() + "\n")


def rotate(ctx: typer.Context, data: DataOption = None) -> None:
    from thammuu.delivery.recipients_register import reseal

    with changing(settings(ctx, data)) as program:
        done = reseal(program.context)
    console().print(_("{n} names and addresses are sealed with the newest key.").format(n=done), markup=False)
