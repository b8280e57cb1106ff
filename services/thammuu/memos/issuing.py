"""Issue a memo: it gets its number and date, and is a document from then on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from thammuu.canonical import derived_id
from thammuu.clock import today
from thammuu.errors import BadInputError
from thammuu.events import Event, MemoIssued, MemoSuperseded, NewEvent, envelope
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import issued_memos, memos
from thammuu.memos.answering import answer_of
from thammuu.memos.drafting import Edition, stored_draft
from thammuu.memos.register import holder_of, last_issued, next_number
from thammuu.memos.shelf import of_an_earlier_version

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.memos.drafting import Draft


@dataclass(frozen=True, slots=True)
class IssuedMemo:
    """What a memo was issued as."""

    memo_id: str
    version: int
    number: int
    dated: date


def issue(context: Context, row: dict[str, Any], *, number: int | None = None, dated: date | None = None) -> IssuedMemo:
    """Give a draft its number and date; offices, law and deadlines are those of that date.

    Args:
        context: The program's parts.
        row: The memo's row of the shelf's listing.
        number: In the issuing body's register of the year; the next free one by default.
        dated: The day on the document; today by default.

    Raises:
        BadInputError: If the memo is no draft, the number is taken, or the day does not fit its publications.
    """
    if row["status"] != "draft":
        raise BadInputError(
            _("{memo} is no draft: its status is {status}.").format(memo=row["memo_id"], status=row["status"])
        )
    on = dated or today(context.clock)
    for _attempt in range(3):
        draft, given = _made(context, row, number, on)
        try:
            with context.database.transaction() as connection:
                return _recorded(context, connection, row, draft, given)
        except IntegrityError:
            if number is not None:
                raise
    raise BadInputError(_("The number could not be given: others were issued at the same time; try again."))


def _made(context: Context, row: dict[str, Any], number: int | None, on: date) -> tuple[Draft, int]:
    """Write the document with its number, before the transaction that records it."""
    if row["at"] is None or row["pack"] is None:
        raise of_an_earlier_version(row["memo_id"])
    with context.database.snapshot() as connection:
        drafted = answer_of(context, connection, row["unit_id"], row["round"], row["at"], row["pack"])
        answer = answer_of(context, connection, row["unit_id"], row["round"], row["at"], row["pack"], on)
        assert drafted is not None
        _check_day(drafted.as_of, on)
        if answer is None or answer.body.id != row["unit_id"]:
            heir = answer.body.full_name_on(on) if answer else "…"
            raise BadInputError(
                _("On {day} {heir} answers for {memo}; give a day on which its own committee does.").format(
                    day=on, heir=heir, memo=row["memo_id"]
                )
            )
        given = number or next_number(connection, context.settings.issuer, on.year)
        _check_number(connection, context.settings.issuer, on.year, given)
        return stored_draft(context, connection, answer, Edition(number=given, draft=False)), given


def _check_day(published_on: date, on: date) -> None:
    if on < published_on:
        raise BadInputError(
            _("The day {day} is before the publication of {published}.").format(day=on, published=published_on)
        )


def _check_number(connection: Connection, issuer: str, year: int, number: int) -> None:
    if number < 1:
        raise BadInputError(_("The number {number} is not a positive whole number.").format(number=number))
    if holder := holder_of(connection, issuer, year, number):
        raise BadInputError(
            _("Number {number} of {issuer} in {year} belongs to {memo} already.").format(
                number=number, issuer=issuer, year=year, memo=holder
            )
        )


def _recorded(
    context: Context, connection: Connection, row: dict[str, Any], draft: Draft, number: int
) -> IssuedMemo:  # fmt: skip
    old = last_issued(connection, draft.memo_id)
    version = row["version"]
    kept = {"model": draft.model_blob, "dated": draft.dated, "pdf": None}
    still = (memos.c.memo_id == draft.memo_id) & (memos.c.version == version) & (memos.c.status == "draft")
    values = {"status": "issued", "own": draft.own, "findings": draft.findings, "tasks": draft.tasks}
    if connection.execute(update(memos).where(still).values(**values, **kept)).rowcount != 1:
        raise BadInputError(_("{memo} was drafted anew meanwhile; look at it again.").format(memo=draft.memo_id))
    register = {"issuer": draft.issuer, "year": draft.dated.year, "number": number, "form": draft.form}
    whose = {"memo_id": draft.memo_id, "version": version, "unit_id": draft.unit_id, "round": draft.round}
    connection.execute(insert(issued_memos).values(**whose, **register, **kept))
    corrects = old._mapping["version"] if old is not None else None  # noqa: SLF001  SQLAlchemy's public name
    data = MemoIssued(
        **whose,
        issuer=draft.issuer,
        form=draft.form,
        number=number,
        dated=draft.dated,
        model=draft.model_blob,
        corrects=corrects,
    )
    log.append(connection, _events(context, draft, data, corrects))
    return IssuedMemo(draft.memo_id, version, number, draft.dated)


def _events(context: Context, draft: Draft, data: MemoIssued, corrects: int | None) -> list[Event]:
    issued = envelope(
        NewEvent(subject=draft.unit_id, data=data),
        derived_id("issue", draft.memo_id, data.version),
        context.clock(),
    )
    if corrects is None:
        return [issued]
    replaced = MemoSuperseded(memo_id=draft.memo_id, version=corrects, reason="corrected")
    return [
        issued,
        envelope(
            NewEvent(subject=draft.unit_id, data=replaced),
            derived_id(issued.id, "corrected"),
            context.clock(),
            issued.id,
        ),
    ]
