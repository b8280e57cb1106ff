"""Figures, dates, counts and comparisons as administrative Vietnamese prints them, and its English edition.

A sentence is written in both languages where it is made: ``words.say("{name} đạt …", "{name} scored …", name=…)``.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from thammuu.period import Period
from thammuu.rulepack.legal import vietnamese_day

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thammuu.memos.model import Language
    from thammuu.rulepack.text import Text
    from thammuu.rulepack.units import Unit

_SPELLED = {
    "BCCI": "bưu chính công ích",
    "CBCCVC": "cán bộ, công chức, viên chức",
    "CCHC": "cải cách hành chính",
    "DVC": "dịch vụ công",
    "DVCTT": "dịch vụ công trực tuyến",
    "HĐND": "Hội đồng nhân dân",
    "KT-XH": "kinh tế - xã hội",
    "TTHC": "thủ tục hành chính",
    "UBND": "Ủy ban nhân dân",
    "VBQPPL": "văn bản quy phạm pháp luật",
}
"""Abbreviations that names of criteria hold; a letter has no room to explain each where it first stands."""
_SHORT = re.compile(rf"\b({'|'.join(sorted(_SPELLED, key=len, reverse=True))})\b")
_PERCENT = "percent"
_FULL_DECIMALS = 4
_LEAST_DECIMALS = 2
_TEN = 10


class Words(ABC):
    """How one language writes what memos say."""

    language: ClassVar[Language]
    before_merger: ClassVar[str]
    no_data: ClassVar[str]

    @abstractmethod
    def say(self, vi: str, en: str, /, **values: object) -> str:
        """Return the sentence of this language, its ``{names}`` filled in."""

    def text(self, text: Text) -> str:
        """Return a bilingual text in this language."""
        return text.in_language(self.language)

    @abstractmethod
    def figure(self, value: float, decimals: int = 2) -> str:
        """Return a number with the language's decimal and thousands signs."""

    def score_figure(self, value: float) -> str:
        """Return a total as published: up to four decimals, at least two."""
        sign = "," if self.language == "vi" else "."
        whole, _, decimals = self.figure(value, _FULL_DECIMALS).partition(sign)
        return f"{whole}{sign}{decimals.rstrip('0').ljust(_LEAST_DECIMALS, '0')}"

    def scale_end(self, value: float) -> str:
        """Return the end of a scale without useless decimals: ``80``, ``2,5``, ``3,33``."""
        return self.figure(value, _LEAST_DECIMALS).rstrip("0").rstrip(",.")

    @abstractmethod
    def count(self, number: int) -> str:
        """Return a count as the language writes it."""

    @abstractmethod
    def counted(self, number: int, name: str) -> str:
        """Return a count with what is counted: ``02 tiêu chí``, ``2 criteria``."""

    @abstractmethod
    def day(self, day: date) -> str:
        """Return a day inside a sentence."""

    @abstractmethod
    def long_day(self, day: date) -> str:
        """Return a day as the head of a document has it."""

    @abstractmethod
    def period_name(self, period: str) -> str:
        """Return a period in words: ``năm 2021``, ``quý II/2022``, ``tháng 6/2022``, ``ngày 15/6/2022``."""

    @abstractmethod
    def change(self, difference: float, unit: str, since: str, decimals: int = 2) -> str:
        """Return a change in words; a percent index changes by percentage points.

        Args:
            difference: Now minus before.
            unit: The node's scale unit.
            since: What it is compared with, a phrase of :meth:`period_name`; empty leaves the comparison out.
            decimals: Of the figure.
        """

    @abstractmethod
    def rank_change(self, places: int, since: str) -> str:
        """Return a change of rank in words; a positive number is a climb; ``since`` as in :meth:`change`."""

    @abstractmethod
    def place_in(self, rank: int, n: int | None) -> str:
        """Return ``thứ 60/63 tỉnh, thành phố``; without the number of units where it is not known."""

    @abstractmethod
    def joined(self, parts: Sequence[str]) -> str:
        """Return a list in words: ``a, b và c``."""

    @abstractmethod
    def unit_name(self, unit: Unit, on: date) -> str:
        """Return a unit's full name as of a date, marked when it has been merged away by then."""


class Vietnamese(Words):
    """Administrative Vietnamese."""

    language = "vi"
    before_merger = "(trước sắp xếp)"
    no_data = "khuyết dữ liệu"

    def say(self, vi: str, en: str, /, **values: object) -> str:  # noqa: D102
        del en
        return vi.format(**values) if values else vi

    def figure(self, value: float, decimals: int = 2) -> str:  # noqa: D102
        return _figure(value, decimals).replace(",", " ").replace(".", ",").replace(" ", ".")

    def count(self, number: int) -> str:
        """Return a count; counts under ten take a zero: ``03``."""
        return f"{number:02d}" if 0 < number < _TEN else self.figure(number, 0)

    def counted(self, number: int, name: str) -> str:  # noqa: D102
        return f"{self.count(number)} {name}"

    def day(self, day: date) -> str:
        """Return ``05/01/2026``, ``30/9/2022``."""
        return vietnamese_day(day)

    def long_day(self, day: date) -> str:
        """Return ``ngày 05 tháng 01 năm 2026``: a zero before days under 10 and before months 1 and 2."""
        month = f"{day.month:02d}" if day.month <= 2 else str(day.month)  # noqa: PLR2004  January and February
        return f"ngày {day.day:02d} tháng {month} năm {day.year}"

    def period_name(self, period: str) -> str:  # noqa: D102
        year, _, rest = period.partition("-")
        if not rest:
            return f"năm {year}"
        if rest.startswith("Q"):
            return f"quý {roman(int(rest[1:]))}/{year}"
        end = Period(period).end
        return f"ngày {vietnamese_day(end)}" if "-" in rest else f"tháng {int(rest)}/{year}"

    def change(self, difference: float, unit: str, since: str, decimals: int = 2) -> str:
        """Return ``giảm 0,42 điểm so với năm 2020``."""
        compared = f" so với {since}" if since else ""
        if round(difference, decimals) == 0:
            return f"không thay đổi{compared}"
        verb = "tăng" if difference > 0 else "giảm"
        size = self.figure(abs(difference), decimals)
        return f"{verb} {size} {'điểm phần trăm' if unit == _PERCENT else 'điểm'}{compared}"

    def rank_change(self, places: int, since: str) -> str:
        """Return ``giảm 17 bậc so với năm 2020``."""
        compared = f" so với {since}" if since else ""
        if places == 0:
            return f"giữ nguyên thứ hạng{compared}"
        return f"{'tăng' if places > 0 else 'giảm'} {self.count(abs(places))} bậc{compared}"

    def place_in(self, rank: int, n: int | None) -> str:  # noqa: D102
        return f"thứ {rank}/{n} tỉnh, thành phố" if n else f"thứ {rank}"

    def joined(self, parts: Sequence[str]) -> str:  # noqa: D102
        return _joined(parts, " và ")

    def unit_name(self, unit: Unit, on: date) -> str:  # noqa: D102
        return _marked(unit, unit.full_name_on(on), self.before_merger, on)


class English(Words):
    """The English edition."""

    language = "en"
    before_merger = "(before the merger)"
    no_data = "no data"

    def say(self, vi: str, en: str, /, **values: object) -> str:  # noqa: D102
        del vi
        return en.format(**values) if values else en

    def figure(self, value: float, decimals: int = 2) -> str:  # noqa: D102
        return _figure(value, decimals)

    def count(self, number: int) -> str:  # noqa: D102
        return f"{number:,}"

    def counted(self, number: int, name: str) -> str:  # noqa: D102
        return f"{self.count(number)} {name if number == 1 else plural(name)}"

    def day(self, day: date) -> str:
        """Return ``5 January 2026``."""
        return f"{day.day} {day:%B %Y}"

    def long_day(self, day: date) -> str:  # noqa: D102
        return self.day(day)

    def period_name(self, period: str) -> str:  # noqa: D102
        year, _, rest = period.partition("-")
        if not rest:
            return year
        if rest.startswith("Q"):
            return f"quarter {roman(int(rest[1:]))} of {year}"
        end = Period(period).end
        return self.day(end) if "-" in rest else f"{end:%B %Y}"

    def change(self, difference: float, unit: str, since: str, decimals: int = 2) -> str:
        """Return ``down 0.42 points on 2020``."""
        compared = f" on {since}" if since else ""
        if round(difference, decimals) == 0:
            return f"unchanged{compared}"
        size = self.figure(abs(difference), decimals)
        kind = "percentage points" if unit == _PERCENT else "points"
        return f"{'up' if difference > 0 else 'down'} {size} {kind}{compared}"

    def rank_change(self, places: int, since: str) -> str:
        """Return ``down 17 places on 2020``."""
        compared = f" on {since}" if since else ""
        if places == 0:
            return f"the same rank{compared.replace(' on ', ' as in ')}"
        return f"{'up' if places > 0 else 'down'} {self.counted(abs(places), 'place')}{compared}"

    def place_in(self, rank: int, n: int | None) -> str:
        """Return ``60th of 63 provinces``."""
        return f"{ordinal(rank)} of {n} provinces" if n else ordinal(rank)

    def joined(self, parts: Sequence[str]) -> str:  # noqa: D102
        return _joined(parts, " and ")

    def unit_name(self, unit: Unit, on: date) -> str:
        """Return ``Ha Nam Province``, ``Hue City``."""
        kind = "City" if unit.kind_on(on) == "thành phố" else "Province"
        return _marked(unit, f"{unit.name_en_on(on)} {kind}", self.before_merger, on)


WORDS: dict[Language, Words] = {"vi": Vietnamese(), "en": English()}


def _figure(value: float, decimals: int) -> str:
    plain = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit not in "0,." for digit in plain)
    return f"-{plain}" if negative else plain


def _joined(parts: Sequence[str], last: str) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}{last}{parts[-1]}"


def _marked(unit: Unit, name: str, mark: str, on: date) -> str:
    gone = unit.valid_to is not None and unit.valid_to < on
    return f"{name} {mark}" if gone else name


def plural(name: str) -> str:
    """Return the plural of an English noun phrase: ``criteria``, ``sub-dimensions``, ``factors``."""
    if name.endswith("criterion"):
        return f"{name[:-2]}a"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch")) else f"{name}s"


def ordinal(number: int) -> str:
    """Return ``1st``, ``2nd``, ``11th``, ``22nd``."""
    teens = number % 100 in {11, 12, 13}
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def roman(number: int) -> str:
    """Return a Roman number."""
    signs = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    found = ""
    for value, sign in signs:
        times, number = divmod(number, value)
        found += sign * times
    return found


def spelled(text: str) -> str:
    """Return text with the trade's abbreviations in full."""
    return _SHORT.sub(lambda short: _SPELLED[short[0]], text)


def capital(text: str) -> str:
    """Return text with its first letter in capitals, the rest as it is."""
    return text[:1].upper() + text[1:]
