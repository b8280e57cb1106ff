"""``thammuu deliveries``: what was sent to whom, what became of it, what is sent again or not at all."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import changing, reading
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from thammuu.bootstrap import Program
    from thammuu.bus.context import Context
    from thammuu.settings import Settings

_COLUMNS = (
    "delivery_id", "state", "due", "deadline", "overdue", "channel", "recipient_id", "subject", "memos", "attempts",
    "unknowns", "reason",
)  # fmt: skip
_HISTORY = ("position", "time", "type", "state", "attempt", "due", "reason", "by")
deliveries_app = typer.Typer(no_args_is_help=True, help=_("What was sent to whom, and what became of it."))
_Deliveries = Annotated[list[str], typer.Argument(metavar="DELIVERY", help=_("Ids, as `deliveries list` shows them."))]
_StateOption = Annotated[
    str | None,
    typer.Option(
        "--state",
        metavar="STATE",
        help=_("queued, attempting, accepted, delivered, bounced, failed, unknown or cancelled."),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    deliveries_app.command("list", help=_("List messages and what became of them."))(list_)
    deliveries_app.command("show", help=_("Show one message with its history."))(show)
    deliveries_app.command("send", help=_("Send what is due now."))(send)
    deliveries_app.command("retry", help=_("Send messages again, now."))(retry)
    deliveries_app.command("cancel", help=_("Do not send messages that wait."))(cancel)
    app.add_typer(deliveries_app, name="deliveries")


def list_(
    ctx: typer.Context,
    state: _StateOption = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="UNIT", help=_("Only this unit's."))] = None,
    channel: Annotated[str | None, typer.Option("--channel", metavar="CHANNEL", help=_("Only by this one."))] = None,
    recipient: Annotated[str | None, typer.Option("--recipient", metavar="ID", help=_("Only to this one."))] = None,
    memo: Annotated[str | None, typer.Option("--memo", metavar="MEMO", help=_("Only with this memo."))] = None,
    overdue: Annotated[
        bool, typer.Option("--overdue", help=_("Only those without a final state after their deadline."))
    ] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from typing import get_args

    from thammuu.clock import today
    from thammuu.delivery.listing import Wanted, listed
    from thammuu.delivery.states import State

    if state is not None and state not in get_args(State):
        raise typer.BadParameter(_("Known states: {known}.").format(known=", ".join(get_args(State))))
    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        context = program.context
        unit_id = None if unit is None else context.packs.active.units.resolve(unit, on=today(context.clock)).id
        wanted = Wanted(state, unit_id, channel, recipient, memo, overdue)
        rows = listed(connection, wanted)
        _say_unserved(context, connection)
    print_rows(rows, _COLUMNS, fmt)


def show(
    ctx: typer.Context,
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help=_("Its id."))],
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.delivery.listing import shown

    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        found = shown(connection, delivery)
    if fmt == "json":
        print_json(found)
    elif fmt == "csv":
        print_rows(found["history"], _HISTORY, fmt)
    else:
        print_rows([{"field": name, "value": value} for name, value in found.items() if name != "history"],
                   ("field", "value"), fmt)  # fmt: skip
        print_rows(found["history"], _HISTORY, fmt)


def send(
    ctx: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=_("Show what would go out now, and send nothing."))
    ] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    chosen = settings(ctx, data)
    if dry_run:
        _show_due(chosen, fmt)
        return
    import asyncio
    from dataclasses import asdict

    from thammuu.delivery.beside import holder
    from thammuu.delivery.channels import channels_of
    from thammuu.delivery.dispatch import Sender
    from thammuu.delivery.vault import vault_of
    from thammuu.memos.people import acting

    vault_of(chosen)
    with _sending(chosen) as program:
        context = program.context
        with context.database.snapshot() as connection:
            acting(context, connection, "send")
        sender = Sender(context, channels_of(context), holder(), alone=chosen.database_url is None)
        tally = asyncio.run(_until_idle(sender))
        with context.database.snapshot() as connection:
            _say_unserved(context, connection)
    if fmt != "table":
        print_rows([asdict(tally)], tuple(asdict(tally)), fmt)
        return
    said = _("{accepted} accepted, {later} to be tried again, {refused} refused, {unknown} with an unknown end.")
    console().print(said.format(**asdict(tally)), markup=False)
    if tally.cancelled:
        told = _("{n} cancelled: what they were to tell did not hold any more when their turn came.")
        console().print(told.format(n=tally.cancelled), markup=False)


def retry(
    ctx: typer.Context,
    deliveries: _Deliveries,
    anyway: Annotated[bool, typer.Option("--anyway", help=_("Also what has arrived: a second copy."))] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.delivery.deliveries import retry as send_again

    def work(context: Context, connection: Connection, by: str) -> list[str]:
        return send_again(context, connection, deliveries, by, anyway=anyway)

    _change(ctx, data, work, fmt, _("{n} messages are sent again."))


def cancel(
    ctx: typer.Context,
    deliveries: _Deliveries,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("Why; it is recorded."))],
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.delivery.deliveries import cancel as never_send

    def work(context: Context, connection: Connection, by: str) -> list[str]:
        return never_send(context, connection, deliveries, by, reason)

    _change(ctx, data, work, fmt, _("{n} messages are not sent."))


def _change(
    ctx: typer.Context,
    data: Any,  # noqa: ANN401  the option's own type
    work: Callable[[Context, Connection, str], list[str]],
    fmt: str,
    said: str,
) -> None:
    from thammuu.memos.people import acting

    with changing(settings(ctx, data)) as program, program.context.database.transaction() as connection:
        by = acting(program.context, connection, "send")
        changed = work(program.context, connection, by)
    if fmt != "table":
        print_rows([{"delivery_id": name, "by": by} for name in changed], ("delivery_id", "by"), fmt)
        return
    console().print(said.format(n=len(changed)), markup=False)


async def _until_idle(sender: Any) -> Any:  # noqa: ANN401  imported late
    import asyncio
    import signal

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await sender.run_until_idle(stop)


@contextmanager
def _sending(chosen: Settings) -> Iterator[Program]:
    """Open the data: a folder for this command alone, a database beside others."""
    if chosen.database_url is None:
        with changing(chosen) as program:
            yield program
        return
    from thammuu import bootstrap, logs

    logs.configure()
    with bootstrap.sharing(chosen) as program:
        yield program


def _show_due(chosen: Settings, fmt: str) -> None:
    from thammuu.delivery.listing import Wanted, listed

    with reading(chosen) as program, program.context.database.snapshot() as connection:
        rows = listed(connection, Wanted(due_by=program.context.clock().timestamp()))
        _say_unserved(program.context, connection)
    print_rows(rows, _COLUMNS, fmt, _("{n} messages would go out now.").format(n=len(rows)))


def _say_unserved(context: Context, connection: Connection) -> None:
    """Say what waits for channels that are not set up: nobody will send it."""
    from thammuu.delivery.channels import channels_of
    from thammuu.delivery.listing import unserved
    from thammuu.errors import BadInputError

    try:
        known = channels_of(context)
    except BadInputError as error:
        # a listing is made all the same
        console(stderr=True).print(str(error), markup=False)
        return
    for channel, number in unserved(connection, known).items():
        told = _("{n} messages wait for the channel {channel}, which is not set up.")
        console(stderr=True).print(told.format(n=number, channel=channel), markup=False)
