"""Publish a score file: read it, accept it, say what came of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from thammuu.clock import today
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.intake import acceptance, register
from thammuu.intake.occasion import occasion_for
from thammuu.ledger.schema import analyses, findings
from thammuu.memos import round as rounds
from thammuu.period import Period

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from thammuu.bus.context import Context
    from thammuu.errors import Problem
    from thammuu.intake.acceptance import Along
    from thammuu.intake.occasion import Occasion
    from thammuu.intake.submission import Submission
    from thammuu.rulepack.frameworks import Framework


@dataclass(frozen=True, slots=True)
class Request:
    """What the publisher asks for; None takes the default that the command's help states."""

    file: Path
    index: str
    period: str
    published_on: date | None = None
    round: str | None = None
    units_as_of: date | None = None
    sheet: str | None = None
    history: bool = False
    partial: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a request; of the file only what its reader noticed and accepted."""

    publication_id: str
    changed: bool
    warnings: list[Problem]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What publishing a file would do."""

    warnings: list[Problem]
    summary: dict[str, Any]


def publish(context: Context, request: Request, along: Along | None = None) -> Outcome:
    """Read and accept a file; it is durable when this returns, and its analysis is pending.

    Args:
        context: The program's parts.
        request: What the publisher asks for.
        along: What is written in the same transaction; see :func:`thammuu.intake.acceptance.accept`.

    Raises:
        BadInputError: With every problem of the file or the request; nothing was written.
    """
    submission, framework, occasion = _read(context, request)
    accepted = acceptance.accept(context, submission, framework, occasion, along)
    return Outcome(accepted.publication_id, accepted.changed, submission.warnings)


def foresee(context: Context, request: Request) -> Foreseen:
    """Say what publishing a file would do, without writing anything.

    Raises:
        BadInputError: As :func:`publish` would.
    """
    from thammuu.analysis.preview import preview

    submission, framework, occasion = _read(context, request)
    body = submission.payload()
    acceptance.check_pack(context)
    with context.database.snapshot() as connection:
        decision = acceptance.decide(
            connection, submission.index, request.period, submission.content_hash(), history=request.history
        )
    foreseen = preview(context, decision.publication_id, body, framework, occasion.published_on)
    drafts = not occasion.history and foreseen.newest and decision.changed
    told = _("It would be {id}.") if decision.changed else _("{id}, the latest revision, has the same content.")
    summary = {
        "publication_id": decision.publication_id,
        "index": submission.index,
        "period": submission.period.text,
        "revision": decision.revision,
        **asdict(acceptance.counts_of(submission)),
        "findings": foreseen.findings if decision.changed else 0,
        "memos": foreseen.bodies if drafts else 0,
        "round": occasion.round,
        "changed": decision.changed,
        "complete": submission.complete,
        "warnings": [problem.as_dict() for problem in submission.warnings],
        "notes": [told.format(id=decision.publication_id)],
    }
    return Foreseen(submission.warnings, summary)


def report(context: Context, outcome: Outcome) -> dict[str, Any]:
    """Return what a publication led to: counts, warnings and, for an older period, what it changes now."""
    publication = outcome.publication_id
    with context.database.snapshot() as connection:
        row = register.get(connection, publication)
        found = connection.execute(select(func.count()).where(findings.c.publication_id == publication)).scalar_one()
        latest = register.latest_by_period(connection, row.index_id)
        drafts = rounds.drafts_memos(register.all_publications(connection, row.index_id), row)
        units = connection.execute(select(analyses.c.units).where(analyses.c.publication_id == publication)).scalar()
    scored = json.loads(units) if units and drafts else []
    return {
        "publication_id": publication,
        "index": row.index_id,
        "period": row.period,
        "revision": row.revision,
        "units": row.units,
        "scores": row.scores,
        "missing": row.missing,
        "findings": found,
        "memos": len(context.packs.get(row.pack).units.answering_for(scored, row.published_on)),
        "round": row.round,
        "changed": outcome.changed,
        "complete": row.complete,
        "warnings": [problem.as_dict() for problem in outcome.warnings],
        "notes": _notes(context, row, latest, changed=outcome.changed),
    }


def _notes(
    context: Context, row: register.Registered, latest: list[register.Registered], *, changed: bool
) -> list[str]:
    if not changed:
        same = _("As before: published on {day} in round {round}.").format(day=row.published_on, round=row.round)
        return [same]
    if not latest or latest[0].period_end <= row.period_end:
        return []
    from thammuu.analysis.preview import changed_findings

    appeared, gone = changed_findings(context, latest[0])
    return [
        _("An older period: no memos. With it, {id} would gain {appeared} findings and lose {gone}.").format(
            id=latest[0].publication_id, appeared=appeared, gone=gone
        )
    ]


def standing_revision(context: Context, row: register.Registered) -> str | None:
    """Return the latest standing publication of a withdrawn one's period, if there is one."""
    with context.database.snapshot() as connection:
        found = register.standing_of(connection, row.index_id, row.period)
    return found.publication_id if found else None


def _read(context: Context, request: Request) -> tuple[Submission, Framework, Occasion]:
    from thammuu.intake.reading import read_submission

    try:
        period = Period(request.period)
    except ValueError as error:
        raise BadInputError(
            _("{text} is not a period: use 2022, 2022-Q2, 2022-06 or 2022-06-15.").format(text=repr(request.period))
        ) from error
    pack = context.packs.active
    framework = pack.frameworks.for_period(request.index, period)
    with context.database.snapshot() as connection:
        standing = register.standing_of(connection, request.index, period.text)
    occasion = occasion_for(
        period=period,
        today=today(context.clock),
        published_on=request.published_on,
        round_name=request.round,
        history=request.history,
        standing=standing,
    )
    submission = read_submission(
        request.file,
        framework=framework,
        units=pack.units,
        period=period,
        partial=request.partial,
        units_as_of=request.units_as_of,
        sheet=request.sheet,
    )
    return submission, framework, occasion
