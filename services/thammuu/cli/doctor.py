"""``thammuu doctor``: is this data folder well, and what would mend it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import print_rows
from thammuu.cli.running import changing, rejected_events, run_pipeline
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from thammuu.bootstrap import Program
    from thammuu.settings import Settings

_HASH = re.compile(rb"[0-9a-f]{64}")


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
    from thammuu.ledger import log

    context = program.context
    with context.database.snapshot() as connection:
        faults, (size, root) = log.verify(connection), log.checkpoint(connection)
        pending = program.bus.pending(connection)
        named = _named(program)
    integrity = context.database.integrity()
    aside = rejected_events(program)
    stored = set(context.blobs.names())
    orphans, lost = len(stored - named) + len(context.blobs.unfinished()), sorted(_own(program) - stored)
    return [
        _row("data folder", str(chosen.data.absolute())),
        _row("database", integrity, fault=integrity != "ok"),
        _row("ledger", "; ".join(faults) or f"{size} · {root}", fault=bool(faults)),
        _row("pending events", str(pending), note=pending > 0),
        _row("events set aside", str(aside), fault=aside > 0),
        _row("stored files missing", ", ".join(lost[:5]) or "0", fault=bool(lost)),
        _row("stored files that nothing names", str(orphans), note=orphans > 0),
        *_pack_checks(program, chosen),
    ]


def _pack_checks(program: Program, chosen: Settings) -> list[dict[str, Any]]:
    pack, renderer = program.context.packs.active, program.context.renderer
    checks: dict[str, Callable[[], object]] = {
        part: partial(getattr, pack, part) for part in ("frameworks", "units", "rules", "actions", "agencies")
    }
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
        "pending events": _("pending events"),
        "events set aside": _("events set aside"),
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


def _named(program: Program) -> set[str]:
    """Return every hash that the ledger mentions, or that a read model keeps for its own use."""
    from sqlalchemy import select

    from thammuu.ledger.schema import events

    names: set[str] = _own(program)
    with program.context.database.snapshot() as connection:
        for (body,) in connection.execute(select(events.c.body)).yield_per(1_000):
            names.update(found.decode() for found in _HASH.findall(body))
    return names


def _own(program: Program) -> set[str]:
    """Return the blobs that the read models need."""
    from sqlalchemy import select

    from thammuu.ledger.schema import analyses, memos, publications

    columns = (publications.c.content, publications.c.pack, analyses.c.facts, memos.c.model, memos.c.pdf)
    with program.context.database.snapshot() as connection:
        return {name for column in columns for (name,) in connection.execute(select(column)) if name}


def _sweep(program: Program) -> None:
    blobs = program.context.blobs
    for name in set(blobs.names()) - _named(program):
        blobs.remove(name)
    for path in blobs.unfinished():
        path.unlink()
