"""Issue a memo: it gets its number and date, and is a document from then on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from thammuu.canonical import derived_id
from thammuu.clock import today
from thammuu.errors import BadInputError, Problem
from thammuu.events import Event, MemoIssued, MemoSuperseded, NewEvent, envelope
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import issued_memos, memos
from thammuu.memos.answering import answer_of
from thammuu.memos.approving import decide
from thammuu.memos.clearance import clearance
from thammuu.memos.drafting import Edition, stored_draft
from thammuu.memos.handlers import keep_draft
from thammuu.memos.numbers import Wanted, chosen, turn_of, void_before
from thammuu.memos.register import last_issued, register_of
from thammuu.memos.shelf import STANDS_AS_DRAFT, of_an_earlier_version

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.memos.answering import Answer
    from thammuu.memos.clearance import Clearance
    from thammuu.memos.drafting import Draft


AHEAD_DAYS = 60
"""How far ahead of today a document may be dated; nobody signs for the year after next."""


@dataclass(frozen=True, slots=True)
class IssuedMemo:
    """What a memo was issued as."""

    memo_id: str
    version: int
    number: int
    dated: date


@dataclass(frozen=True, slots=True)
class _Printed:
    """A document with its number, before either is given away."""

    draft: Draft
    number: int
    pdf: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A memo that another unit answers for on the day: its draft was written, to be looked at and issued."""

    memo_id: str
    name: str


def issue(  # noqa: PLR0913  how a memo is issued
    context: Context,
    row: dict[str, Any],
    *,
    number: int | None = None,
    void_skipped: str | None = None,
    dated: date | None = None,
    edition: Edition | None = None,
    by: str | None = None,
) -> IssuedMemo | Handed:
    """Give a draft its number and date; offices, law and deadlines are those of that date.

    Args:
        context: The program's parts.
        row: The memo's row of the shelf's listing.
        number: In the issuing body's register of the year; the next one by default.
        void_skipped: Why free numbers before it are left out; they are recorded as voided.
        dated: The day on the document; today by default.
        edition: In which form and whose name; the issuer's own by default.
        by: Who issues, where that is no person but a policy.

    Returns:
        The issued memo. Where the unit has merged by that day, the successor's draft instead: nothing is issued.

    Raises:
        BadInputError: If the memo is no draft, is not approved, the person may not issue it, the number is taken or
            would leave others out unsaid, or the day does not fit its publications.
        PermanentRefusalError: If it cannot be printed; no number is given away.
    """
    if row["status"] not in STANDS_AS_DRAFT:
        raise BadInputError(
            _("{memo} is no draft: its status is {status}.").format(memo=row["memo_id"], status=row["status"])
        )
    if row["at"] is None or row["pack"] is None:
        raise of_an_earlier_version(row["memo_id"])
    on = dated or today(context.clock)
    if on > today(context.clock) + timedelta(days=AHEAD_DAYS):
        raise BadInputError(_("The day {day} is more than {n} days ahead.").format(day=on, n=AHEAD_DAYS))
    asked = Wanted(number, void_skipped)
    wanted = edition or Edition()
    with context.database.snapshot() as connection:
        clearance(context, connection, row, wanted, by)  # refused before anything is printed
    for _attempt in range(3):
        made = _made(context, row, asked, on, wanted)
        if isinstance(made, Handed):
            return made
        reach("issue.printed")
        try:
            with context.database.transaction(turn_of(made.draft.register)) as connection:
                if chosen(connection, made.draft.register, on.year, asked) != made.number:
                    continue  # others were issued while it was printed
                cleared = clearance(context, connection, row, wanted, by, holding=True)
                return _recorded(context, connection, row, made, cleared, asked)
        except IntegrityError:
            continue
    raise BadInputError(_("The number could not be given: others were issued at the same time; try again."))


def _made(context: Context, row: dict[str, Any], asked: Wanted, on: date, edition: Edition) -> _Printed | Handed:
    """Write and print the document with its number, before the transaction that records it."""
    named = (row["unit_id"], row["round"], row["at"], row["pack"])
    with context.database.snapshot() as connection:
        answer = answer_of(context, connection, *named, on)
        if answer is None:
            raise BadInputError(_("{memo} answers no publication any more.").format(memo=row["memo_id"]))
        published = max(view.published_on for view in answer.views)
        if on < published:
            raise BadInputError(
                _("The day {day} is before the publication of {published}.").format(day=on, published=published)
            )
        if answer.body.id == row["unit_id"]:
            return _numbered(context, connection, answer, asked, edition)
        draft = stored_draft(context, connection, answer, Edition())
    with context.database.transaction() as connection:
        kept = keep_draft(draft, connection)
        cause = derived_id("hand-over", row["memo_id"], row["version"], on.isoformat())
        log.append(
            connection,
            [envelope(one, derived_id(cause, place), context.clock()) for place, one in enumerate(kept)],
        )
    return Handed(draft.memo_id, answer.body.full_name_on(on))


def _numbered(context: Context, connection: Connection, answer: Answer, asked: Wanted, edition: Edition) -> _Printed:
    old = last_issued(connection, answer.memo_id)
    if old is not None and answer.as_of < old.dated:
        raise BadInputError(
            _("The day {day} is before that of the document it replaces, {old}.").format(
                day=answer.as_of, old=old.dated
            )
        )
    issuer = answer.pack.issuer(edition.issuer or context.settings.issuer)
    given = chosen(connection, register_of(issuer, answer.body.id), answer.as_of.year, asked)
    draft = stored_draft(context, connection, answer, replace(edition, number=given, draft=False))
    if draft.lost:
        told = _("{memo}, dated {day}, does not say what a person changed; approve the draft of that day again.")
        problems = [Problem("memo-wording", one.wording, value=one.original) for one in draft.lost]
        raise BadInputError(told.format(memo=draft.memo_id, day=draft.dated), problems)
    # printed before the number is given away: a document that cannot be printed gets none
    return _Printed(draft, given, context.blobs.put(context.renderer.stored_pdf(context.blobs.get(draft.model_blob))))


def _recorded(  # noqa: PLR0913, PLR0917  what is recorded together
    context: Context,
    connection: Connection,
    row: dict[str, Any],
    made: _Printed,
    cleared: Clearance,
    asked: Wanted,
) -> IssuedMemo:
    draft, number, pdf = made.draft, made.number, made.pdf
    approved = [] if cleared.approval is None else [decide(context, connection, row, cleared.approval)]
    old = last_issued(connection, draft.memo_id)
    version = row["version"]
    still = (memos.c.memo_id == draft.memo_id) & (memos.c.version == version) & (memos.c.status == "draft")
    kept = {"model": draft.model_blob, "pdf": pdf, "issuer": draft.issuer, "form": draft.form}
    kept |= {name: getattr(draft, name) for name in ("dated", "own", "findings", "tasks")}
    if connection.execute(update(memos).where(still).values(status="issued", **kept)).rowcount != 1:
        raise BadInputError(_("{memo} was drafted anew meanwhile; look at it again.").format(memo=draft.memo_id))
    whose = {"memo_id": draft.memo_id, "version": version, "unit_id": draft.unit_id, "round": draft.round}
    where = {"register": draft.register, "year": draft.dated.year, "number": number}
    voided = void_before(context, connection, draft, number, asked, by=cleared.person)
    connection.execute(insert(issued_memos).values(**whose, **where, at=draft.at, pack=draft.pack, **kept))
    reach("issue.number-taken")
    data = MemoIssued(
        **whose,
        issuer=draft.issuer,
        form=draft.form,
        number=number,
        dated=draft.dated,
        model=draft.model_blob,
        corrects=None if old is None else old.version,
        by=cleared.person,
    )
    log.append(connection, approved + voided + _events(context, draft, data, _merged_away(connection, draft)))
    return IssuedMemo(draft.memo_id, version, number, draft.dated)


def _merged_away(connection: Connection, draft: Draft) -> list[NewEvent]:
    """Let the memos to units that have merged into this one stand no longer: it has replaced them."""
    out = []
    for memo_id, version in draft.replaces:
        former = memos.c.memo_id == memo_id
        connection.execute(update(memos).where(former).values(status="superseded"))
        unit_id = connection.execute(select(memos.c.unit_id).where(former)).scalar_one()
        data = MemoSuperseded(memo_id=memo_id, version=version, reason="units-merged")
        out.append(NewEvent(subject=unit_id, data=data))
    return out


def _events(context: Context, draft: Draft, data: MemoIssued, merged_away: list[NewEvent]) -> list[Event]:
    issued = envelope(
        NewEvent(subject=draft.unit_id, data=data),
        derived_id("issue", draft.memo_id, data.version),
        context.clock(),
    )
    ended = [(derived_id(issued.id, "merged", place), one) for place, one in enumerate(merged_away)]
    if data.corrects is not None:
        replaced = MemoSuperseded(memo_id=draft.memo_id, version=data.corrects, reason="corrected")
        ended.insert(0, (derived_id(issued.id, "corrected"), NewEvent(subject=draft.unit_id, data=replaced)))
    return [issued, *(envelope(one, event_id, context.clock(), issued.id) for event_id, one in ended)]
