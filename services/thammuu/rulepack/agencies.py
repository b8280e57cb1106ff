"""Agencies: which office exists when, and which one holds a duty on a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from thammuu.errors import ThammuuError
from thammuu.i18n import _
from thammuu.rulepack.text import Text
from thammuu.rulepack.yaml_positions import Document, read_yaml, refuse, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from thammuu.errors import Problem

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Verb = Literal["assign", "ask"]
Basis = Literal["read", "memory"]
CITY = "thành phố"


class UnknownAgencyError(ThammuuError):
    """An agency, duty or term that the register does not hold, or not on that date."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Dated(_Entry):
    valid_from: date | None = Field(None, alias="from")
    valid_to: date | None = Field(None, alias="to")

    def on(self, day: date) -> bool:
        """Return whether the entry holds on a day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Agency(_Dated):
    """An office a task can be given to.

    Args:
        verb: Whether a provincial People's Committee assigns it work or asks it.
    """

    id: Slug
    name: Text
    name_in_city: Text | None = None
    verb: Verb
    source: str
    basis: Basis

    @property
    def always(self) -> bool:
        """Whether the office existed at every date the program knows of."""
        return self.valid_from is None and self.valid_to is None

    def name_for(self, kind: str) -> str:
        """Return the Vietnamese name in a ``tỉnh`` or a ``thành phố``."""
        name = self.name_in_city if self.name_in_city and kind == CITY else self.name
        return name.vi.replace("{kind}", kind)


class Holding(_Dated):
    """Who holds a duty in a span of time."""

    agency: Slug


class Duty(_Entry):
    """A duty, by the offices that hold it one after the other."""

    id: Slug
    held_by: tuple[Holding, ...] = Field(min_length=1)


class Wording(_Dated):
    """How a term is said in a span of time."""

    text: Text


class Term(_Entry):
    """A word of task sentences that depends on the date."""

    id: Slug
    said_as: tuple[Wording, ...] = Field(min_length=1)


class _File(_Entry):
    agencies: tuple[Agency, ...]
    duties: tuple[Duty, ...] = ()
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class AgencyRegister:
    """All agencies, duties and dated terms."""

    agencies: dict[str, Agency]
    duties: dict[str, Duty]
    terms: dict[str, Term]

    def __contains__(self, name: str) -> bool:
        """Return whether a name is an agency or a duty."""
        return name in self.agencies or name in self.duties

    def holder(self, name: str, on: date) -> Agency:
        """Return the office that answers to a duty or an agency id on a day.

        Raises:
            UnknownAgencyError: If nothing of that name exists on the day.
        """
        duty = self.duties.get(name)
        held = next((one.agency for one in duty.held_by if one.on(on)), None) if duty else name
        agency = self.agencies.get(held or "")
        if agency is None or not agency.on(on):
            raise UnknownAgencyError(_("No office answers to {name} on {day}.").format(name=name, day=on))
        return agency

    def say(self, term: str, on: date, language: str = "vi") -> str:
        """Return the wording of a term on a day, in ``vi`` or ``en``.

        Raises:
            UnknownAgencyError: If the term has no wording for the day.
        """
        found = next((one for one in self.terms[term].said_as if one.on(on)), None) if term in self.terms else None
        if found is None:
            raise UnknownAgencyError(_("The term {name} has no wording on {day}.").format(name=term, day=on))
        return found.text.in_language(language)


def load_agencies(path: Path) -> AgencyRegister:
    """Read the register of agencies.

    Raises:
        BadInputError: With all problems of the file, each with line and column.
    """
    document = read_yaml(path)
    file, problems = validate(document, _File)
    if file is not None:
        problems += _contradictions(document, file)
    refuse(problems, lambda: _("{file} is not a valid register of agencies.").format(file=path.name))
    assert file is not None
    return AgencyRegister(
        {one.id: one for one in file.agencies},
        {one.id: one for one in file.duties},
        {one.id: one for one in file.terms},
    )


def _contradictions(document: Document, file: _File) -> Iterator[Problem]:
    known = {one.id: one for one in file.agencies}
    seen: set[str] = set()
    lists: tuple[tuple[str, Sequence[Agency | Duty | Term]], ...] = (
        ("agencies", file.agencies),
        ("duties", file.duties),
        ("terms", file.terms),
    )
    for key, entries in lists:
        for place, entry in enumerate(entries):
            if entry.id in seen:
                yield document.problem("agency-twice", _("each id once"), (key, place, "id"), value=entry.id)
            seen.add(entry.id)
    for place, duty in enumerate(file.duties):
        way = ("duties", place, "held_by")
        yield from _gaps(document, way, duty.held_by)
        for number, holding in enumerate(duty.held_by):
            agency = known.get(holding.agency)
            if agency is None or not _inside(holding, agency):
                expected = _("an agency of this file that exists for the whole span")
                yield document.problem("agency-unknown", expected, (*way, number), value=holding.agency)
    for place, term in enumerate(file.terms):
        yield from _gaps(document, ("terms", place, "said_as"), term.said_as)


def _gaps(document: Document, way: tuple[str | int, ...], spans: Sequence[_Dated]) -> Iterator[Problem]:
    if spans[0].valid_from is not None or spans[-1].valid_to is not None:
        expected = _("spans that leave no date out: the first without from, the last without to")
        yield document.problem("agency-span", expected, way)
    for number, (earlier, later) in enumerate(pairwise(spans)):
        ends, begins = earlier.valid_to, later.valid_from
        if ends is None or begins is None or begins != ends + timedelta(days=1):
            expected = _("a span that begins the day after the one before it ends")
            yield document.problem("agency-span", expected, (*way, number + 1))


def _inside(span: _Dated, whole: _Dated) -> bool:
    starts = whole.valid_from is None or (span.valid_from is not None and span.valid_from >= whole.valid_from)
    return starts and (whole.valid_to is None or (span.valid_to is not None and span.valid_to <= whole.valid_to))
