"""Periods of an index: a year, a quarter, a month or a day."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from functools import total_ordering

_FORM = re.compile(r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d{2})(?:-(?P<day>\d{2}))?)?", re.ASCII)


_LENGTHS = (4, 7, 10)
"""Lengths of a year, a quarter or month, a day: the longer period is the shorter text."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Period:
    """A scored period; periods are ordered by their last day, the longer first where days agree.

    Args:
        text: ``2022``, ``2022-Q2``, ``2022-06`` or ``2022-06-15``.

    Raises:
        ValueError: If the text has another form or names a day that does not exist.
    """

    text: str

    def __post_init__(self) -> None:
        _ = self.end

    @property
    def end(self) -> date:
        """The last day of the period."""
        found = _FORM.fullmatch(self.text)
        if not found:
            msg = f"{self.text!r} is not a period: use 2022, 2022-Q2, 2022-06 or 2022-06-15"
            raise ValueError(msg)
        year = int(found["year"])
        if found["day"]:
            return date(year, int(found["month"]), int(found["day"]))
        month = int(found["quarter"]) * 3 if found["quarter"] else int(found["month"] or 12)
        if not 1 <= month <= 12:  # noqa: PLR2004  months of a year
            msg = f"{self.text!r} names month {month}"
            raise ValueError(msg)
        return date(year, month, monthrange(year, month)[1])

    @property
    def start(self) -> date:
        """The first day of the period."""
        end, found = self.end, _FORM.fullmatch(self.text)
        assert found is not None
        if found["day"]:
            return end
        months = 3 if found["quarter"] else 1 if found["month"] else 12
        return date(end.year, end.month - months + 1, 1)

    def _key(self) -> tuple[date, int, str]:
        return (self.end, _LENGTHS.index(len(self.text)), self.text)

    def __lt__(self, other: Period) -> bool:
        """Order by last day."""
        return self._key() < other._key()

    def __str__(self) -> str:
        return self.text
