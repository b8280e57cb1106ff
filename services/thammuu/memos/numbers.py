"""The numbers of each register and year: every one up to the last is a document's, or was voided with a reason."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import select

from thammuu.canonical import derived_id
from thammuu.errors import BadInputError
from thammuu.events import Event, MemoIssued, MemoNumbersVoided, NewEvent, envelope
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import issued_memos
from thammuu.memos.clean import clean_text
from thammuu.memos.register import holder_of, next_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.memos.drafting import Draft

MAX_NUMBER: Final = 99_999
MAX_REASON: Final = 500
State = Literal["document", "voided", "missing"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which number a document is to get.

    Args:
        number: The next one if None.
        void: Why the free numbers before it are left out; None where none may be.

    Raises:
        BadInputError: If the number or the reason is out of bounds, or there is a reason without a number.
    """

    number: int | None = None
    void: str | None = None

    def __post_init__(self) -> None:
        if self.number is not None and not 1 <= self.number <= MAX_NUMBER:
            told = _("The number {number} is not one from 1 to {last}.")
            raise BadInputError(told.format(number=self.number, last=MAX_NUMBER))
        if self.void is None:
            return
        if self.number is None:
            raise BadInputError(_("Numbers are left out only before a number that is named."))
        if not 0 < len(clean_text(self.void, limit=MAX_REASON + 1)) <= MAX_REASON:
            raise BadInputError(_("Say why numbers are left out, in 1 to {n} letters.").format(n=MAX_REASON))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the book of numbers.

    Args:
        register: The issuer's, or one unit's where an issuer has a register for each.
        year: Of the documents' dates.
        first: The number; of a range its first.
        last: The same; of a range its last.
        state: Whether it is a document's, was voided, or is neither.
        memo_id: Whose document.
        version: Which version of it.
        dated: The document's day.
        reason: Why it was voided.
        by: Who voided it.
    """

    register: str
    year: int
    first: int
    last: int
    state: State
    memo_id: str | None = None
    version: int | None = None
    dated: date | None = None
    reason: str | None = None
    by: str | None = None


def turn_of(register: str) -> str:
    """Return the turn in which a register's numbers are given and voided: none becomes both."""
    return f"numbers of {register}"


def chosen(connection: Connection, register: str, year: int, wanted: Wanted) -> int:
    """Return the number that a document gets.

    Args:
        connection: A snapshot.
        register: The register's name.
        year: Of the document's date.
        wanted: What was asked for.

    Raises:
        BadInputError: If the register is full, the number is taken or voided, or would leave others out unsaid.
    """
    following = next_number(connection, register, year)
    if wanted.number is None:
        if following > MAX_NUMBER:
            raise BadInputError(_("The register {register} of {year} is full.").format(register=register, year=year))
        return following
    number = wanted.number
    named = {"number": number, "register": register, "year": year}
    if holder := holder_of(connection, register, year, number):
        told = _("Number {number} of {register} in {year} belongs to {memo} already.")
        raise BadInputError(told.format(memo=holder, **named))
    if void := next((one for one in _voided(connection, register, year) if one.first <= number <= one.last), None):
        told = _("Number {number} of {register} in {year} was voided: {reason}")
        raise BadInputError(told.format(reason=void.reason, **named))
    if number > following and wanted.void is None:
        told = _(
            "Number {number} of {register} in {year} would leave out {skipped}: the next one is {next}. "
            "With --void-skipped REASON they are recorded as voided."
        )
        raise BadInputError(told.format(skipped=_range(following, number - 1), next=following, **named))
    return number


def void_before(  # noqa: PLR0913, PLR0917  what is recorded
    context: Context, connection: Connection, draft: Draft, number: int, wanted: Wanted, by: str
) -> list[Event]:
    """Return the events that void every number before a document's that is nobody's; none without a reason.

    Args:
        context: The program's parts.
        connection: A transaction with the turn of the register.
        draft: The document.
        number: What it gets.
        wanted: With the reason.
        by: Who issues.
    """
    if wanted.void is None:
        return []
    register, year = draft.register, draft.dated.year
    taken = [(one.first, one.last) for one in entries(connection, register, year)]
    made = []
    for first, last in _gaps(taken, number):
        why = {"reason": clean_text(wanted.void), "memo_id": draft.memo_id, "by": by}
        data = MemoNumbersVoided(numbers_of=register, year=year, first=first, last=last, **why)
        event_id = derived_id("numbers-voided", register, year, first, last)
        made.append(envelope(NewEvent(subject=draft.unit_id, data=data), event_id, context.clock()))
    return made


def entries(connection: Connection, register: str | None = None, year: int | None = None) -> list[Entry]:
    """Return who has which number and which were voided, by register, year and number.

    Args:
        connection: Any connection.
        register: Only this one.
        year: Only of this year.
    """
    c = issued_memos.c
    query = select(c.register, c.year, c.number, c.memo_id, c.version, c.dated)
    query = query if register is None else query.where(c.register == register)
    query = query if year is None else query.where(c.year == year)
    documents = [
        Entry(row.register, row.year, row.number, row.number, "document", row.memo_id, row.version, row.dated)
        for row in connection.execute(query)
    ]
    found = [*documents, *_voided(connection, register, year)]
    return sorted(found, key=lambda one: (one.register, one.year, one.first, one.last))


def book(connection: Connection, year: int | None = None) -> list[Entry]:
    """Return every number of every register up to its last, the missing ones too.

    Args:
        connection: Any connection.
        year: Only of this year.
    """
    registers: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for one in entries(connection, year=year):
        registers[one.register, one.year].append(one)
    lines = []
    for (register, of), known in registers.items():
        gaps = _gaps(((one.first, one.last) for one in known), max(one.last for one in known))
        missing = [Entry(register, of, first, last, "missing") for first, last in gaps]
        lines += sorted([*known, *missing], key=lambda one: (one.first, one.last))
    return lines


def faults(connection: Connection) -> list[str]:
    """Return what does not hold of the numbers: each is one document's or voided, and the ledger tells of each.

    Args:
        connection: Any connection.
    """
    lines = book(connection)
    return [*_faults_of_book(lines), *_faults_of_ledger(connection, lines)]


def _faults_of_book(lines: list[Entry]) -> Iterator[str]:
    before: Entry | None = None
    for one in lines:
        named = {"register": one.register, "year": one.year, "numbers": _range(one.first, one.last)}
        if one.state == "missing":
            yield _("{register}, {year}: {numbers} is neither a document's nor voided.").format(**named)
        same = before is not None and (before.register, before.year) == (one.register, one.year)
        if before is not None and same and before.last >= one.first:
            yield _("{register}, {year}: {numbers} is there twice.").format(**named)
        before = one if before is None or not same or one.last > before.last else before


def _faults_of_ledger(connection: Connection, lines: list[Entry]) -> Iterator[str]:
    kept = {(one.memo_id, one.version): (one.first, one.dated) for one in lines if one.state == "document"}
    told: dict[tuple[str | None, int | None], tuple[int, date | None]] = {}
    for recorded in log.read(connection, types=[MemoIssued.event_type]):
        data = recorded.event.data
        assert isinstance(data, MemoIssued)
        told[data.memo_id, data.version] = (data.number, data.dated)
    for memo_id, version in sorted(kept.keys() | told.keys(), key=str):
        if kept.get((memo_id, version)) != told.get((memo_id, version)):
            known = _("{memo}, version {version}: the register and the ledger do not say the same number and day.")
            yield known.format(memo=memo_id, version=version)


def _voided(connection: Connection, register: str | None, year: int | None) -> Iterator[Entry]:
    for recorded in log.read(connection, types=[MemoNumbersVoided.event_type]):
        one = recorded.event.data
        assert isinstance(one, MemoNumbersVoided)
        if register in {None, one.numbers_of} and year in {None, one.year}:
            yield Entry(one.numbers_of, one.year, one.first, one.last, "voided", reason=one.reason, by=one.by)


def _gaps(taken: Iterable[tuple[int, int]], before: int) -> list[tuple[int, int]]:
    """Return the ranges of numbers from 1 to one before a number that nothing takes."""
    found, following = [], 1
    for first, last in sorted(taken):
        if following < min(first, before):
            found.append((following, min(first, before) - 1))
        following = max(following, last + 1)
    if following < before:
        found.append((following, before - 1))
    return found


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"
