"""``thammuu events`` and ``thammuu ledger verify``."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import changing, reading, run_pipeline
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.ledger.log import Recorded
    from thammuu.settings import Settings

_COLUMNS = ("position", "time", "type", "subject", "id", "data")
_POLL_S = 0.5

events_app = typer.Typer(invoke_without_command=True)
ledger_app = typer.Typer(no_args_is_help=True, help=_("The log that an auditor can check."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    events_app.callback(help=_("List the events of the ledger, or look after those set aside."))(list_events)
    events_app.command("rejected", help=_("List what consumers have set aside, with the reason."))(rejected)
    events_app.command("replay", help=_("Hand an event back to the consumers that set it aside."))(replay)
    told = _("Let commands handle events again, and Kafka's workers no longer.")
    events_app.command("leave-kafka", help=told)(leave_kafka)
    events_app.command("asyncapi", help=_("Print what is on Kafka's topics, as an AsyncAPI 3 document."))(asyncapi)
    app.add_typer(events_app, name="events")
    ledger_app.command(
        "verify", help=_("Recompute every hash of the ledger, count all numbers, and say whether it is whole.")
    )(verify)
    app.add_typer(ledger_app, name="ledger")


def list_events(
    ctx: typer.Context,
    after: Annotated[int, typer.Option("--after", min=0, help=_("Skip events up to this position."))] = 0,
    kind: Annotated[list[str] | None, typer.Option("--type", help=_("Only this event type; may be repeated."))] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help=_("At most this many."))] = None,
    follow: Annotated[bool, typer.Option("--follow", help=_("Keep printing new events until interrupted."))] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    if ctx.invoked_subcommand is not None:
        return
    with reading(settings(ctx, data)) as program:
        rows = _rows(program, after, kind, limit)
        if not follow:
            shown = rows if fmt != "table" else [row | {"data": _summary(row["data"])} for row in rows]
            print_rows(shown, _COLUMNS, fmt)
            return
        while True:
            for row in rows:
                _print_line(row, fmt)
            after = rows[-1]["position"] if rows else after
            time.sleep(_POLL_S)
            if limit is not None:
                limit -= len(rows)
                if limit <= 0:
                    return
            rows = _rows(program, after, kind, limit)


def _rows(program: Program, after: int, kind: list[str] | None, limit: int | None) -> list[dict[str, Any]]:
    from thammuu.ledger import log

    with program.context.database.snapshot() as connection:
        return [_row(recorded) for recorded in log.read(connection, after=after, types=kind, limit=limit)]


def _row(recorded: Recorded) -> dict[str, Any]:
    event = recorded.event
    return {
        "position": recorded.position,
        "time": event.time.isoformat(timespec="seconds"),
        "type": event.type,
        "subject": event.subject,
        "id": event.id,
        "cause": event.causationid,
        "data": event.data.model_dump(mode="json", exclude_none=True),
    }


def _summary(data: dict[str, Any], length: int = 60) -> str:
    text = ", ".join(f"{name}={len(value) if isinstance(value, list) else value}" for name, value in data.items())
    return text if len(text) <= length else text[: length - 1] + "…"


def _print_line(row: dict[str, Any], fmt: str) -> None:
    if fmt == "json":
        import json

        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(
            f"{row['position']:>7} {row['time']} {row['type']:<18} {row['subject']:<20} {_summary(row['data'])}\n"
        )
    sys.stdout.flush()


def asyncapi(ctx: typer.Context) -> None:
    from thammuu import pipeline
    from thammuu.bus.asyncapi import text
    from thammuu.bus.topics import Topics

    sys.stdout.write(text(pipeline.ROUTES, Topics(settings(ctx, None).topic_prefix)))


def rejected(ctx: typer.Context, fmt: FormatOption = ListingFormat.table, data: DataOption = None) -> None:
    from thammuu.bus.aside import set_aside_now

    with reading(settings(ctx, data)) as program:
        found = set_aside_now(program.context)
    rows = [
        {"id": one.rejected, "consumer": one.consumer, "reason": one.reason, "position": one.position} for one in found
    ]
    print_rows(rows, ("id", "consumer", "position", "reason"), fmt)


def replay(
    ctx: typer.Context,
    event_id: Annotated[str | None, typer.Argument(metavar="ID", help=_("As `events rejected` lists it."))] = None,
    after: Annotated[
        int | None,
        typer.Option(
            "--from", min=0, help=_("Send to Kafka again what stands after this position; all know what they did.")
        ),
    ] = None,
    data: DataOption = None,
) -> None:
    if (event_id is None) == (after is None):
        raise typer.BadParameter(_("Name an event, or a position with --from."))
    chosen = settings(ctx, data)
    if after is not None:
        _rewind(chosen, after)
        return
    from thammuu import pipeline
    from thammuu.bus.replaying import replay as hand_back

    with changing(chosen) as program:
        outputs = hand_back(program.context, pipeline.ROUTES, str(event_id))
        run_pipeline(program)
    console().print(_("Handled; {n} events followed.").format(n=len(outputs)), markup=False)


def _rewind(chosen: Settings, after: int) -> None:
    from thammuu import bootstrap
    from thammuu.bus.outbox import rewind

    if not chosen.kafka_url:
        raise typer.BadParameter(_("--from is for Kafka: THAMMUU_KAFKA_URL is not set."))
    with bootstrap.sharing(chosen) as program, program.context.database.transaction() as connection:
        rewind(connection, after)
    console().print(_("The relay sends again what stands after position {n}.").format(n=after), markup=False)


def leave_kafka(ctx: typer.Context, data: DataOption = None) -> None:
    from thammuu import bootstrap, pipeline
    from thammuu.bus import handover

    with bootstrap.holding(settings(ctx, data)) as program:
        size = handover.leave_kafka(program.context, pipeline.ROUTES)
    told = _("Commands handle what comes after position {n}. Unset THAMMUU_KAFKA_URL wherever this ledger is used.")
    console().print(told.format(n=size), markup=False)


def verify(ctx: typer.Context, fmt: FormatOption = ListingFormat.table, data: DataOption = None) -> None:
    from thammuu.ledger import log
    from thammuu.memos import numbers, rights

    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        # events that cannot be read say nothing of numbers and rights
        faults = log.verify(connection) or [*numbers.faults(connection), *rights.faults(connection)]
        size, root = log.checkpoint(connection)
    if fmt == "json":
        print_json({"whole": not faults, "events": size, "root": root, "faults": faults})
    elif faults:
        for fault in faults:
            console(stderr=True).print(fault, style="bold red", markup=False)
    else:
        console().print(_("The ledger is whole: {n} events, root {root}.").format(n=size, root=root), soft_wrap=True)
    if faults:
        raise typer.Exit(1)
