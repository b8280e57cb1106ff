"""Whole numbers inside a workbook's XML, of which nothing is taken for granted."""

from __future__ import annotations

_DIGITS = 9


def whole_number(text: str) -> int | None:
    """Return the number that at most nine ASCII digits spell, None for everything else."""
    return int(text) if len(text) <= _DIGITS and text.isascii() and text.isdecimal() else None
