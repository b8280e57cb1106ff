"""Working days: when an office is open, so that no deadline falls on a day off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from thammuu.i18n import _
from thammuu.rulepack.yaml_positions import read_yaml, refuse, validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.errors import Problem
    from thammuu.rulepack.yaml_positions import Document

FIXED_HOLIDAYS = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
_SATURDAY = 5


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    years: dict[str, tuple[date, ...]]
    working: dict[str, tuple[date, ...]] = {}


@dataclass(frozen=True)
class Calendar:
    """Weekends, fixed holidays and the days off of the dated list, and the Saturdays that make up for a day off."""

    days_off: frozenset[date]
    working: frozenset[date] = frozenset()

    def works(self, day: date) -> bool:
        """Return whether offices are open."""
        if day in self.working:
            return True
        return day.weekday() < _SATURDAY and (day.month, day.day) not in FIXED_HOLIDAYS and day not in self.days_off

    def working_day_by(self, day: date, *, after: date) -> date:
        """Return the last working day up to ``day``, or the first one after ``after`` when there is none between."""
        while day > after and not self.works(day):
            day -= timedelta(days=1)
        if day > after:
            return day
        day = after + timedelta(days=1)
        while not self.works(day):
            day += timedelta(days=1)
        return day


def load_calendar(path: Path) -> Calendar:
    """Read the dated list of days off.

    Raises:
        BadInputError: With all problems of the file, each with line and column.
    """
    document = read_yaml(path)
    file, problems = validate(document, _File)
    if file is not None:
        problems += [*_elsewhere(document, "years", file.years), *_elsewhere(document, "working", file.working)]
        problems += _both(document, file)
    refuse(problems, lambda: _("{file} is not a valid list of days off.").format(file=path.name))
    assert file is not None
    return Calendar(_days(file.years), _days(file.working))


def _days(years: dict[str, tuple[date, ...]]) -> frozenset[date]:
    return frozenset(day for days in years.values() for day in days)


def _elsewhere(document: Document, key: str, years: dict[str, tuple[date, ...]]) -> Iterator[Problem]:
    for year, days in years.items():
        for place, day in enumerate(days):
            if str(day.year) != year:
                expected = _("a day of the year it stands under")
                yield document.problem("day-off-year", expected, (key, year, place), value=str(day))


def _both(document: Document, file: _File) -> Iterator[Problem]:
    off = _days(file.years)
    for year, days in file.working.items():
        for place, day in enumerate(days):
            if day in off:
                expected = _("a day that is not among the days off as well")
                yield document.problem("day-off-working", expected, ("working", year, place), value=str(day))
