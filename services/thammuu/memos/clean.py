"""Text that is safe to print: normal form, no control characters, only letters the font can draw."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAX_LENGTH = 2000
"""A single text of a memo is cut at this many characters."""

REPLACEMENT = "?"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_SPACES = frozenset({"Zs", "Zl", "Zp"})


@lru_cache(maxsize=4)
def letters_of(fonts: Path) -> frozenset[int]:
    """Return the code points that every font of a folder can draw and a reader can see."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it ships no types

    covers: list[set[int]] = []
    for file in sorted(fonts.glob("*.ttf")):
        with TTFont(file, lazy=True) as font:
            covers.append(set(font.getBestCmap()))
    drawn = set.intersection(*covers) if covers else set[int]()
    return frozenset(code for code in drawn if unicodedata.category(chr(code)) not in _INVISIBLE)


def clean_text(text: str, *, limit: int = MAX_LENGTH) -> str:
    """Return text in NFC without control and format characters and without runs of spaces."""
    if len(text) <= limit and text.isprintable() and "  " not in text and unicodedata.is_normalized("NFC", text):
        return text.strip()
    normal = unicodedata.normalize("NFC", text[: limit * 4])
    spaced = (" " if _is_space(letter) else letter for letter in normal)
    visible = "".join(letter for letter in spaced if unicodedata.category(letter) not in _INVISIBLE)
    words = " ".join(visible.split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def _is_space(letter: str) -> bool:
    return letter in "\t\n\r\v\f" or unicodedata.category(letter) in _SPACES


def drawable(text: str, letters: frozenset[int]) -> str:
    """Return text in NFC, invisible letters dropped, those outside the font replaced; lines stay."""
    if text.isascii() and text.isprintable():
        return text
    normal = unicodedata.normalize("NFC", text)
    if letters.issuperset(map(ord, normal)):
        return normal
    return "".join(_drawn(letter, letters) for letter in normal)


def _drawn(letter: str, letters: frozenset[int]) -> str:
    if ord(letter) in letters or letter == "\n":
        return letter
    if _is_space(letter):
        return " "
    return "" if unicodedata.category(letter) in _INVISIBLE else REPLACEMENT
