"""Figures, dates and comparisons as administrative Vietnamese prints them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from thammuu.period import Period
from thammuu.rulepack.legal import vietnamese_day

if TYPE_CHECKING:
    from datetime import date

    from thammuu.rulepack.units import Unit

__all__ = [
    "capital",
    "change",
    "count",
    "dated_name",
    "figure",
    "joined",
    "long_day",
    "period_name",
    "place_in",
    "rank_change",
    "roman",
    "score_figure",
    "spelled",
    "vietnamese_day",
]

BEFORE_MERGER = "(trước sắp xếp)"
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


def figure(value: float, decimals: int = 2) -> str:
    """Return a number with a decimal comma and dots between thousands."""
    plain = f"{abs(value):,.{decimals}f}".replace(",", " ").replace(".", ",").replace(" ", ".")
    negative = value < 0 and any(digit not in "0,." for digit in plain)
    return f"-{plain}" if negative else plain


def score_figure(value: float) -> str:
    """Return a total as published: up to four decimals, at least two."""
    whole, _, decimals = figure(value, _FULL_DECIMALS).partition(",")
    return f"{whole},{decimals.rstrip('0').ljust(_LEAST_DECIMALS, '0')}"


def scale_end(value: float) -> str:
    """Return the end of a scale without useless decimals: ``80``, ``2,5``, ``3,33``."""
    return figure(value, _LEAST_DECIMALS).rstrip("0").rstrip(",")


def count(number: int) -> str:
    """Return a count; counts under ten take a zero: ``03``."""
    return f"{number:02d}" if 0 < number < _TEN else figure(number, 0)


def long_day(day: date) -> str:
    """Return ``ngày 05 tháng 01 năm 2026``: a zero before days under 10 and before months 1 and 2."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)  # noqa: PLR2004  January and February
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def period_name(period: str) -> str:
    """Return a period in words: ``năm 2021``, ``quý II/2022``, ``tháng 6/2022``, ``ngày 15/6/2022``."""
    year, _, rest = period.partition("-")
    if not rest:
        return f"năm {year}"
    if rest.startswith("Q"):
        return f"quý {roman(int(rest[1:]))}/{year}"
    end = Period(period).end
    return f"ngày {vietnamese_day(end)}" if "-" in rest else f"tháng {int(rest)}/{year}"


def roman(number: int) -> str:
    """Return a Roman number."""
    signs = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
    found = ""
    for value, sign in signs:
        times, number = divmod(number, value)
        found += sign * times
    return found


def change(difference: float, unit: str, since: str, decimals: int = 2) -> str:
    """Return a change in words: ``giảm 0,42 điểm so với năm 2020``; a percent index changes by percentage points."""
    if round(difference, decimals) == 0:
        return f"không thay đổi so với {since}"
    verb = "tăng" if difference > 0 else "giảm"
    size = figure(abs(difference), decimals)
    return f"{verb} {size} {'điểm phần trăm' if unit == _PERCENT else 'điểm'} so với {since}"


def rank_change(places: int, since: str) -> str:
    """Return a change of rank in words; a positive number is a climb."""
    if places == 0:
        return f"giữ nguyên thứ hạng so với {since}"
    return f"{'tăng' if places > 0 else 'giảm'} {count(abs(places))} bậc so với {since}"


def place_in(rank: int, n: int | None) -> str:
    """Return ``thứ 60/63 tỉnh, thành phố``."""
    return f"thứ {rank}/{n} tỉnh, thành phố" if n else f"thứ {rank}"


def spelled(text: str) -> str:
    """Return text with the trade's abbreviations in full."""
    return _SHORT.sub(lambda short: _SPELLED[short[0]], text)


def capital(text: str) -> str:
    """Return text with its first letter in capitals, the rest as it is."""
    return text[:1].upper() + text[1:]


def joined(parts: list[str]) -> str:
    """Return a list in words: ``a, b và c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} và {parts[-1]}"


def dated_name(unit: Unit, on: date) -> str:
    """Return a unit's full name as of a date, marked when it has been merged away by then."""
    name = unit.full_name_on(on)
    gone = unit.valid_to is not None and unit.valid_to < on
    return f"{name} {BEFORE_MERGER}" if gone else name
