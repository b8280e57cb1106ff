"""What no finished text of a task holds: notes to oneself, blanks to fill, days that are not in the calendar."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 600
"""A task is a sentence or two; the longest shipped has 202 letters."""
_NOTES = re.compile(r"(?<!\w)(TODO|TBD|FIXME|XXX+|N/A)(?!\w)|lorem ipsum", re.IGNORECASE)
_KNOWN_TOKEN = re.compile(r"\{[a-z]+(?:-[a-z]+)*\}")
_BLANKS = re.compile(r"\{[^{}]*\}|[{}\[\]<>]|%[sd](?!\w)|\$\w+|_{2,}|\.{3,}|…")
_URGINGS = re.compile(r"(?<!\w)(quyết liệt|mạnh mẽ|triệt để|resolutely|drastically|vigorously)(?!\w)", re.IGNORECASE)
_BY_NUMBERS = re.compile(
    r"(?<![\w/.,-])(?:(?P<said>ngày|trước|đến|từ|hạn|by|before|until|from|on)\s+)?"
    r"(?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>\d{4}))?(?![\w/])",
    re.IGNORECASE,
)
_BY_WORDS = re.compile(
    r"(?<!\w)ngày\s+(?P<day>\d{1,2})\s+tháng\s+(?P<month>\d{1,2})(?:\s+năm\s+(?P<year>\d{4}))?", re.IGNORECASE
)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_ENGLISH = re.compile(
    rf"(?<!\w)(?P<day>\d{{1,2}})\s+(?P<month>{'|'.join(_MONTHS)})(?:\s+(?P<year>\d{{4}}))?", re.IGNORECASE
)
_LEAP_YEAR = 2024


def unfinished(said: str) -> Iterator[tuple[str, str, str]]:
    """Yield the code, what was expected and what stood there, for each thing a finished text does not hold."""
    if len(said) > LONGEST:
        yield "action-too-long", _("a text of at most {n} letters").format(n=LONGEST), f"{said[:80]}…"
    if found := _NOTES.search(said):
        yield "action-unfinished", _("a finished text, without notes to oneself"), found[0]
    if found := _BLANKS.search(_KNOWN_TOKEN.sub("", said)):
        yield "action-blank", _("no blanks to fill but terms of agencies.yaml in braces"), found[0]
    if found := _URGINGS.search(said):
        yield "action-urging", _("what is to be done; urging can not be seen done"), found[0]
    for pattern in (_BY_NUMBERS, _BY_WORDS, _ENGLISH):
        for one in pattern.finditer(said):
            if not _is_a_day(one.groupdict()):
                yield "action-date", _("a day of the calendar"), one[0]


def _is_a_day(parts: dict[str, str | None]) -> bool:
    day, month, year = parts["day"] or "", parts["month"] or "", parts["year"]
    if "said" in parts and not parts["said"] and not year:
        return True  # a ratio or a number, such as 24/7
    number = int(month) if month.isdigit() else _MONTHS.index(month.casefold()) + 1
    try:
        date(int(year or _LEAP_YEAR), number, int(day))
    except ValueError:
        return False
    return True
