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
_Values = Annotated[
    list[str],
    typer.Argument(
        metavar="COLUMN=VALUE…", help=_("A column of `recipients template`; the value - is read from standard input.")
    ),
]
_UnitsAsOf = Annotated[
    datetime | None,
    typer.Option("--units-as-of", formats=["%Y-%m-%d"], metavar="DATE", help=_("Units as they were; today.")),
]
_ShowAddresses = Annotated[bool, typer.Option("--show-addresses", help=_("Open names and addresses."))]
_Recipient = Annotated[str, typer.Argument(metavar="RECIPIENT", help=_("Its id, as `recipients list` shows it."))]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    recipients_app.command("import", help=_("Take over a list (CSV or XLSX): the whole list, or every error."))(import_)
    recipients_app.command("list", help=_("List the recipients, without names and addresses."))(list_)
    recipients_app.command("show", help=_("Show one recipient, without name and addresses."))(show)
    recipients_app.command("add", help=_("Add a recipient: unit=… role=… email=…, the columns of a list."))(add)
    recipients_app.command("change", help=_("Change what is named of a recipient; COLUMN= takes a value away."))(change)
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
    as_of: _UnitsAsOf = None,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from dataclasses import asdict

    from thammuu.clock import today
    from thammuu.delivery.recipients_addresses import address_checks
    from thammuu.delivery.recipients_entry import Checker
    from thammuu.delivery.recipients_register import take_over
    from thammuu.delivery.recipients_sheet import read_recipients

    with changing(settings(ctx, data)) as program:
        context = program.context
        day = as_of.date() if as_of else today(context.clock)
        entries = read_recipients(file, Checker(context.packs.active, day, address_checks(context)))
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
    show_addresses: _ShowAddresses = False,
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


def show(
    ctx: typer.Context,
    recipient: _Recipient,
    show_addresses: _ShowAddresses = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.delivery.recipients import recipients_named
    from thammuu.delivery.recipients_changing import nobody

    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        found = [one for one in recipients_named(connection, [recipient]) if one.points]
        if not found:
            raise nobody(recipient)
        row = _row(program.context, found[0])
        if show_addresses:
            row |= _opened(program.context, connection, found[0])
    if fmt == "table":
        print_rows([{"field": name, "value": value} for name, value in row.items()], ("field", "value"), fmt)
        return
    print_rows([row], tuple(row), fmt)


def add(ctx: typer.Context, values: _Values, as_of: _UnitsAsOf = None, data: DataOption = None) -> None:
    from thammuu.clock import today
    from thammuu.delivery.recipients_changing import add as add_one

    said = _said(values)
    with changing(settings(ctx, data)) as program:
        context = program.context
        name, became = add_one(context, said, as_of.date() if as_of else today(context.clock))
    _say_became(name, became)


def change(
    ctx: typer.Context, recipient: _Recipient, values: _Values, as_of: _UnitsAsOf = None, data: DataOption = None
) -> None:
    from thammuu.clock import today
    from thammuu.delivery.recipients_changing import change as change_one

    said = _said(values)
    with changing(settings(ctx, data)) as program:
        context = program.context
        changed = change_one(context, recipient, said, as_of.date() if as_of else today(context.clock))
    _say_became(recipient, "changed" if changed else "unchanged")


def _said(values: list[str]) -> dict[str, str]:
    said = {}
    for one in values:
        name, sign, value = one.partition("=")
        if not sign or name in said:
            raise typer.BadParameter(_("COLUMN=VALUE is expected, each column once."))
        said[name] = sys.stdin.readline().strip() if value == "-" else value
    return said


def _say_became(name: str, became: str) -> None:
    words = {"new": _("{name} is new."), "changed": _("{name} is changed."), "unchanged": _("{name} is as before.")}
    console().print(words[became].format(name=name), markup=False)


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
