"""Read one printed figure: ``43,28``, ``92,18%``, ``1.234,5``, ``KCDL``, ``n < 15``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from thammuu.intake.words import fold

if TYPE_CHECKING:
    from thammuu.intake.submission import Status

Sign = Literal["", "comma", "dot", "comma?", "dot?"]
"""The decimal sign a figure shows: certain, or (``?``) one that might group thousands."""

_SIGNS: dict[str, tuple[Sign, Sign]] = {".": ("dot", "dot?"), ",": ("comma", "comma?")}
"""Decimal sign → what it shows where it is certain, and where it might group thousands."""

_SIGNIFICANT_DIGITS = 30
_EXPONENT = 30
_LARGEST_EXPONENT = 308
_LONGEST = 100
_GROUP = 3

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:([.,])([0-9]{1,20}))?")
_DECIMAL = re.compile(r"(?P<whole>[0-9]*)(?:(?P<sign>[.,])(?P<part>[0-9]*))?")
_GROUPED = re.compile(
    r"[0-9]{1,3}(?:(?P<group>[.,])[0-9]{3})(?:(?P=group)[0-9]{3})*(?:(?!(?P=group))[.,](?P<part>[0-9]+))?"
)
_EXPONENTIAL = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{1,6}")
_TOO_FEW = re.compile(r"(?:n\s*)?[<≤]\s*=?\s*[0-9]+|n<\s*[0-9]+|too[- ]few|khong du mau|khong du so phieu")
_MISSING = frozenset(
    {"", "kcdl", "n/a", "na", "n.a.", "n.a", "null", "none", "missing", "...", "..", "-", "--", "---", "—", "−"}
    | {"khong co du lieu", "khong co so lieu", "khuyet du lieu", "khong danh gia", "khong duoc danh gia", "no data"}
)
_NOT_APPLICABLE = frozenset({"khong ap dung", "not applicable", "not-applicable"})


class Printed(NamedTuple):
    """A figure in plain decimal form with what its print says about it."""

    score: str | None
    status: Status = "ok"
    sign: Sign = ""
    percent: bool = False


class NotAFigureError(ValueError):
    """The text is neither a figure nor a word for a missing one."""


def read_printed(text: str) -> Printed:
    """Read the text of a score cell.

    Raises:
        NotAFigureError: With the reason: ``not-a-number``, ``not-finite`` or ``too-many-digits``.
    """
    plain = _PLAIN.fullmatch(text)
    if not plain:
        return _word(text) or _figure(text)
    sign, part = plain.groups()
    if sign == ",":
        text = text.replace(",", ".")
    if part is None or len(part) != _GROUP:
        kind: Sign = "" if part is None else _SIGNS[sign][0]
    else:
        kind = _SIGNS[sign][_may_group(text)]
    if text[0] == "-" and not text.strip("-0."):
        text = text[1:]
    return Printed(text, "ok", kind)


def _may_group(text: str) -> bool:
    """Tell whether the sign before three last digits could group thousands: 1.234, but not 0.837 or 1234.567."""
    whole = text.lstrip("-").partition(".")[0]
    return len(whole) <= _GROUP and whole != "0"


def _word(text: str) -> Printed | None:
    if len(text) > _LONGEST:
        return None
    folded = fold(text)
    if folded in _MISSING:
        return Printed(None, "missing")
    if _TOO_FEW.fullmatch(folded):
        return Printed(None, "too-few")
    if folded in _NOT_APPLICABLE:
        return Printed(None, "not-applicable")
    return None


def _figure(text: str) -> Printed:
    bare = text.strip().replace("−", "-")
    if len(bare) > _LONGEST:
        raise NotAFigureError("not-a-number")
    percent = bare.endswith("%")
    bare = bare.removesuffix("%").rstrip()
    negative = bare.startswith("-")
    digits, sign = _unsigned(bare[1:] if bare[:1] in {"-", "+"} else bare)
    digits = _within_limits(digits)
    return Printed(f"-{digits}" if negative and Decimal(digits) else digits, "ok", sign, percent)


def _unsigned(bare: str) -> tuple[str, Sign]:
    grouped = _GROUPED.fullmatch(bare)
    if grouped:
        return _ungrouped(bare, grouped)
    found = _DECIMAL.fullmatch(bare)
    if found and (found["whole"] or found["part"]):
        whole = found["whole"].lstrip("0") or "0"
        part = found["part"]
        sign: Sign = "" if not found["sign"] else "comma" if found["sign"] == "," else "dot"
        return (f"{whole}.{part}" if part else whole), sign
    if _EXPONENTIAL.fullmatch(bare):
        return bare, "dot" if "." in bare else ""
    folded = fold(bare)
    raise NotAFigureError("not-finite" if folded in {"nan", "inf", "infinity"} else "not-a-number")


def _ungrouped(bare: str, grouped: re.Match[str]) -> tuple[str, Sign]:
    group, part = grouped["group"], grouped["part"]
    comma_groups = group == ","
    if part is None and bare.count(group) == 1:
        whole, fraction = bare.split(group)
        certain = whole.startswith("0")
        sign: Sign = ("comma" if certain else "comma?") if comma_groups else ("dot" if certain else "dot?")
        return f"{whole.lstrip('0') or '0'}.{fraction}", sign
    whole = (bare.removesuffix(part)[:-1] if part else bare).replace(group, "").lstrip("0") or "0"
    return (f"{whole}.{part}" if part else whole), "dot" if comma_groups else "comma"


def _within_limits(digits: str) -> str:
    number = Decimal(digits)
    if number.adjusted() > _LARGEST_EXPONENT:
        raise NotAFigureError("not-finite")
    if len(number.as_tuple().digits) > _SIGNIFICANT_DIGITS or (number and abs(number.adjusted()) > _EXPONENT):
        raise NotAFigureError("too-many-digits")
    return format(number, "f")


def read_number(value: str, *, percent: bool) -> str:
    """Return the plain decimal of a spreadsheet's stored number, in its shortest form.

    Args:
        value: The stored text, such as ``43.280000000000001``.
        percent: Whether the cell shows the number as a percentage; it is then written with its sign.

    Raises:
        NotAFigureError: If it is no finite number.
    """
    try:
        shortest = repr(float(value))
    except ValueError:
        raise NotAFigureError("not-a-number") from None
    if not percent and "e" not in shortest and "n" not in shortest:
        return shortest.removesuffix(".0") if shortest != "-0.0" else "0"
    number = Decimal(shortest)
    if not number.is_finite():
        raise NotAFigureError("not-finite")
    plain = _plain(number.scaleb(2) if percent else number)
    return f"{plain}%" if percent else plain


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def read_rank(text: str) -> int | None:
    """Read a published rank such as ``20`` or ``20/60``; a blank or a missing word gives None.

    Raises:
        NotAFigureError: If it is no whole number from 1.
    """
    if fold(text) in _MISSING:
        return None
    found = re.fullmatch(r"(?P<rank>[0-9]{1,6})(?:\s*/\s*[0-9]{1,6})?", text.strip())
    if not found or int(found["rank"]) < 1:
        raise NotAFigureError("not-a-rank")
    return int(found["rank"])
