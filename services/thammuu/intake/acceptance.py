"""Accept a submission as a publication, or take a publication back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from thammuu.canonical import canonical_json, derived_id, sha256_hex
from thammuu.errors import BadInputError
from thammuu.events import Event, NewEvent, RulesActivated, ScoresPublished, ScoresWithdrawn, envelope
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.intake import register
from thammuu.intake.occasion import checked_reason
from thammuu.ledger import log
from thammuu.ledger.schema import events, publications

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.errors import Problem
    from thammuu.intake.occasion import Occasion
    from thammuu.intake.submission import Submission
    from thammuu.period import Period
    from thammuu.rulepack.frameworks import Framework

    Along = Callable[[Connection, "Acceptance", "Sealed"], list[Event]]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of a submission; ``changed`` is false where the latest revision has the same content."""

    publication_id: str
    revision: int
    changed: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How much a submission holds."""

    units: int
    scores: int
    missing: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """A submission as it will be stored: its rows, of thousands of units some megabytes, are not held any more."""

    index: str
    framework_id: str
    period: Period
    complete: bool
    sources: tuple[str, ...]
    warnings: list[Problem]
    counts: Counts
    body: bytes


def seal(submission: Submission) -> Sealed:
    """Return a submission as it will be stored."""
    same = ("index", "framework_id", "period", "complete", "warnings")
    return Sealed(
        **{name: getattr(submission, name) for name in same},
        sources=tuple(submission.sources),
        counts=counts_of(submission),
        body=canonical_json(submission.payload()),
    )


def counts_of(submission: Submission) -> Counts:
    """Count a submission's units, its figures and the places without one."""
    scored = sum(row.status == "ok" for row in submission.scores)
    units = len({row.unit_id for row in submission.scores})
    return Counts(units, scored, len(submission.scores) - scored)


def decide(connection: Connection, index: str, period: str, content: str, *, history: bool) -> Acceptance:
    """Return what accepting this content would do; "same content" compares with the latest revision only.

    Content that was loaded as history and is now published for memos is a revision of its own.
    """
    standing = register.standing_of(connection, index, period)
    if standing and standing.content == content and standing.history <= history:
        return Acceptance(standing.publication_id, standing.revision, changed=False)
    same_period = (publications.c.index_id == index, publications.c.period == period)
    last = connection.execute(select(func.max(publications.c.revision)).where(*same_period)).scalar() or 0
    return Acceptance(f"{index}-{period}-r{last + 1}", last + 1, changed=True)


def accept(
    context: Context, submission: Sealed, framework: Framework, occasion: Occasion, along: Along | None = None
) -> Acceptance:
    """Store a submission durably as the next revision of its period; the same content again changes nothing.

    Args:
        context: The program's parts.
        submission: What was read.
        framework: The index's edition.
        occasion: When and for what it is published.
        along: What is written in the same transaction, told of the decision and of what was read; its events come
            last, and if it raises, nothing is accepted.

    Raises:
        OSError: If the disk refuses; then nothing is accepted.
    """
    content = sha256_hex(submission.body)
    period = str(submission.period)
    with context.database.snapshot() as connection:
        foreseen = decide(connection, submission.index, period, content, history=occasion.history)
    if not foreseen.changed and along is None:
        return foreseen
    check_pack(context)
    pack = context.packs.active
    context.blobs.put(pack.archive)
    reach("accept.pack-stored")
    context.blobs.put(submission.body)
    reach("accept.content-stored")

    def record(connection: Connection) -> Acceptance:
        decision = decide(connection, submission.index, period, content, history=occasion.history)
        new: list[Event] = []
        if decision.changed:
            data = _published(submission, framework, occasion, decision, pack.hash, content)
            connection.execute(insert(publications).values(**_row(connection, submission, data)))
            reach("accept.row-written")
            event_id = derived_id("publish", decision.publication_id, content)
            published = envelope(NewEvent(subject=submission.index, data=data), event_id, context.clock())
            new = [*_activation(connection, context, pack.hash), published]
        log.append(connection, [*new, *(along(connection, decision, submission) if along else ())])
        return decision

    decision = context.database.carry_out(record, "register")
    reach("accept.accepted")
    return decision


def check_pack(context: Context) -> None:
    """Read everything that the stages will need, so that nothing is accepted that they could only set aside.

    Raises:
        BadInputError: With all problems of the rules folder's files, or when they changed meanwhile.
        EnvironmentFaultError: If the templates are not whole.
    """
    pack = context.packs.active
    archived = pack.hash
    for part in ("frameworks", "units", "rules", "actions", "agencies"):
        getattr(pack, part)
    pack.issuer(context.settings.issuer)
    context.renderer.check()
    if type(pack)(pack.folder).hash != archived:
        raise BadInputError(
            _("The rules in {folder} changed while they were read; try again.").format(folder=pack.folder)
        )


def withdraw(context: Context, publication_id: str, reason: str) -> register.Registered:
    """Take a publication back; the revision before it, if one stands, is the latest again.

    Raises:
        BadInputError: If it does not exist or was withdrawn before.
    """
    reason = checked_reason(reason)
    check_pack(context)
    pack = context.packs.active
    context.blobs.put(pack.archive)
    with context.database.transaction("register") as connection:
        row = register.get(connection, publication_id)
        if row.withdrawn_sequence is not None:
            raise BadInputError(_("{id} was withdrawn before: {reason}").format(
                id=publication_id, reason=row.withdrawn_reason
            ))  # fmt: skip
        values = {"withdrawn_sequence": register.next_sequence(connection), "withdrawn_reason": reason}
        connection.execute(update(publications).where(publications.c.publication_id == publication_id).values(values))
        reach("withdraw.row-written")
        data = ScoresWithdrawn(
            publication_id=publication_id, index=row.index_id, period=row.period, pack=pack.hash, reason=reason
        )
        new = NewEvent(subject=row.index_id, data=data)
        withdrawn = envelope(new, derived_id("withdraw", publication_id), context.clock())
        log.append(connection, [*_activation(connection, context, pack.hash), withdrawn])
    return row


def _published(  # noqa: PLR0913, PLR0917  the parts of one event
    submission: Sealed, framework: Framework, occasion: Occasion, decision: Acceptance, pack: str, content: str
) -> ScoresPublished:
    return ScoresPublished(
        publication_id=decision.publication_id,
        index=submission.index,
        framework=submission.framework_id,
        framework_hash=framework.hash,
        pack=pack,
        period=str(submission.period),
        revision=decision.revision,
        content=content,
        complete=submission.complete,
        published_on=occasion.published_on,
        round=occasion.round,
        history=occasion.history,
        units=submission.counts.units,
        scores=submission.counts.scores,
        missing=submission.counts.missing,
        sources=submission.sources,
    )


def _row(connection: Connection, submission: Sealed, data: ScoresPublished) -> dict[str, object]:
    same = ("publication_id", "pack", "period", "revision", "content", "complete", "published_on", "round", "history")
    counts = ("units", "scores", "missing")
    return {name: getattr(data, name) for name in (*same, *counts)} | {
        "index_id": data.index,
        "framework_id": data.framework,
        "period_end": submission.period.end,
        "sequence": register.next_sequence(connection),
    }


def _activation(connection: Connection, context: Context, pack: str) -> list[Event]:
    """Return the event that a new rule pack came into use, if the last one differs."""
    query = select(events.c.position).where(events.c.type == RulesActivated.event_type)
    last = connection.execute(query.order_by(events.c.position.desc()).limit(1)).scalar()
    if last is not None:
        recorded = next(log.read(connection, after=last - 1, limit=1)).event
        if isinstance(recorded.data, RulesActivated) and recorded.data.pack == pack:
            return []
    new = NewEvent(subject=pack, data=RulesActivated(pack=pack))
    return [envelope(new, derived_id("activate", pack, last or 0), context.clock())]
