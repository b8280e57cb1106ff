"""``thammuu doctor``: is this data folder well, and what would mend it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import print_rows
from thammuu.cli.running import changing, run_pipeline
from thammuu.failpoints import reach
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from thammuu.bootstrap import Program
    from thammuu.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor", help=_("Check the data folder, the rules and the templates."))(check)


def check(
    ctx: typer.Context,
    finish: Annotated[bool, typer.Option("--finish", help=_("Finish what a stopped command left pending."))] = False,
    sweep: Annotated[bool, typer.Option("--sweep", help=_("Delete stored files that nothing names."))] = False,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu import bootstrap

    chosen = settings(ctx, data)
    if sweep and chosen.kafka_url:
        raise typer.BadParameter(
            _("Workers store a file before they commit its name: stop them and unset THAMMUU_KAFKA_URL for --sweep.")
        )
    if finish or sweep:
        with changing(chosen) as program:
            run_pipeline(program)
            if sweep:
                _sweep(program)
    with bootstrap.reading(chosen) as program:
        rows = _checks(program, chosen)
    print_rows([_told(row) for row in rows] if fmt == "table" else rows, ("check", "state", "detail"), fmt)
    if any(row["state"] == "fault" for row in rows):
        raise typer.Exit(1)


def _checks(program: Program, chosen: Settings) -> list[dict[str, Any]]:
    from thammuu.bus.aside import set_aside_now
    from thammuu.delivery.holders import told_nobody
    from thammuu.delivery.listing import by_state, late
    from thammuu.ledger import log
    from thammuu.ledger.named_blobs import mentioned, needed
    from thammuu.memos import numbers, rights

    context = program.context
    with context.database.snapshot() as connection:
        faults, (size, root) = log.verify(connection), log.checkpoint(connection)
        # events that cannot be read say nothing of numbers and rights
        unnumbered = [] if faults else numbers.faults(connection)
        untold_rights = [] if faults else rights.faults(connection)
        own = needed(connection)
        named = own | mentioned(connection)
        sent, behind, untold = by_state(connection), late(connection), told_nobody(connection)
    integrity, pending = context.database.integrity(), program.pending()
    aside = len(set_aside_now(context))
    stored = set(context.blobs.names())
    orphans, lost = len(stored - named) + len(context.blobs.unfinished()), sorted(own - stored)
    return [
        _row("data folder", str(chosen.data.absolute())),
        _row("database", integrity, fault=integrity != "ok"),
        _row("ledger", "; ".join(faults) or f"{size} · {root}", fault=bool(faults)),
        _row("numbers of documents", "; ".join(unnumbered) or "ok", fault=bool(unnumbered)),
        _row("rights of people", "; ".join(untold_rights) or "ok", fault=bool(untold_rights)),
        _row("pending events", str(pending), note=pending > 0),
        _row("events set aside", str(aside), fault=aside > 0),
        _row("stored files missing", ", ".join(lost[:5]) or "0", fault=bool(lost)),
        _row("stored files that nothing names", str(orphans), note=orphans > 0),
        _row("issued memos that nobody is told of", str(untold), note=untold > 0),
        _row("deliveries overdue", str(behind), fault=behind > 0),
        _deliveries_not_made(sent),
        *_pack_checks(program, chosen),
    ]


def _deliveries_not_made(sent: dict[tuple[str, str], int]) -> dict[str, Any]:
    ended = {state: sum(n for (_channel, one), n in sent.items() if one == state) for state in ("bounced", "failed")}
    told = ", ".join(f"{state} {n}" for state, n in ended.items() if n)
    return _row("deliveries that did not arrive", told or "0", note=bool(told))


def _pack_checks(program: Program, chosen: Settings) -> list[dict[str, Any]]:
    from thammuu.delivery.routes import Routes

    pack, renderer = program.context.packs.active, program.context.renderer
    checks: dict[str, Callable[[], object]] = {
        part: partial(getattr, pack, part) for part in ("frameworks", "units", "rules", "actions", "agencies")
    }
    checks |= {"routes": lambda: Routes.load(pack)}
    checks |= {"issuer": lambda: pack.issuer(chosen.issuer), "templates": renderer.check}
    return [_checked(name, check, str(pack.folder)) for name, check in checks.items()]


def _checked(name: str, check: Callable[[], object], where: str) -> dict[str, Any]:
    from thammuu.errors import BadInputError, ThammuuError

    try:
        check()
    except BadInputError as error:
        told = [f"{problem.place}: {problem.expected}" for problem in error.problems]
        return _row(name, "; ".join([str(error), *told]), fault=True)
    except ThammuuError as error:
        return _row(name, str(error), fault=True)
    return _row(name, where)


def _told(row: dict[str, Any]) -> dict[str, Any]:
    words = {
        "data folder": _("data folder"),
        "database": _("database"),
        "ledger": _("ledger"),
        "numbers of documents": _("numbers of documents"),
        "rights of people": _("rights of people"),
        "pending events": _("pending events"),
        "events set aside": _("events set aside"),
        "issued memos that nobody is told of": _("issued memos that nobody is told of"),
        "routes": _("routes"),
        "deliveries overdue": _("deliveries overdue"),
        "deliveries that did not arrive": _("deliveries that did not arrive"),
        "issuer": _("issuer"),
        "templates": _("templates"),
        "stored files missing": _("stored files missing"),
        "stored files that nothing names": _("stored files that nothing names"),
        "frameworks": _("frameworks"),
        "units": _("units"),
        "rules": _("rules"),
        "actions": _("actions"),
        "agencies": _("agencies"),
        "ok": _("ok"),
        "note": _("note"),
        "fault": _("fault"),
    }
    return row | {name: words[row[name]] for name in ("check", "state")}


def _row(check: str, detail: str, *, fault: bool = False, note: bool = False) -> dict[str, Any]:
    return {"check": check, "state": "fault" if fault else "note" if note else "ok", "detail": detail}


def _sweep(program: Program) -> None:
    from thammuu.ledger.named_blobs import mentioned, needed

    blobs = program.context.blobs
    stored = set(blobs.names())
    with program.context.database.snapshot() as connection:
        named = needed(connection) | mentioned(connection)
    for name in stored - named:
        blobs.remove(name)
        reach("sweep.removed")
    for path in blobs.unfinished():
        path.unlink()
