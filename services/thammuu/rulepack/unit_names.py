"""How names of units are compared: any Unicode form, tone placement, case, prefix, dash or dots."""

from __future__ import annotations

import re
import unicodedata

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Grave, acute, tilde, hook above, dot below: the tone of a syllable, wherever in it the mark is put."""

_BREAKS = re.compile(r"[\s.,'’\-\u2010-\u2015\u2212_]+")
_PREFIXES = ((("thành", "phố"), "thành phố"), (("tỉnh",), "tỉnh"), (("tp",), "thành phố"), (("t",), "tỉnh"))
_SUFFIXES = ((("province",), "tỉnh"), (("city",), "thành phố"))
_LOOK_ALIKE = str.maketrans({"ð": "đ", "ɖ": "đ"})
"""Old fonts put the Icelandic or African letter where Vietnamese has its own."""


def hidden_character(text: str) -> str | None:
    """Return the name of the first character a reader would not see, such as a right-to-left mark."""
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"}:
            return unicodedata.name(character, f"U+{ord(character):04X}")
    return None


def name_key(text: str) -> str:
    """Return what two spellings of one name have in common.

    ``Tỉnh Hoà  Bình``, ``hòa bình`` and its decomposed form share one key, as do ``Bà Rịa – Vũng Tàu`` and
    ``BÀ RỊA-VŨNG TÀU``.
    """
    return "".join(_tone_last(word) for word in _parted(text)[0])


def stated_kind(text: str) -> str | None:
    """Return the kind a text states before or after the name: ``tỉnh``, ``thành phố``, or None."""
    return _parted(text)[1]


def _parted(text: str) -> tuple[tuple[str, ...], str | None]:
    """Return the words of the bare name, and the kind that stood beside them."""
    folded = unicodedata.normalize("NFC", text).casefold().translate(_LOOK_ALIKE)
    words = tuple(word for word in _BREAKS.split(folded) if word)
    for prefix, kind in _PREFIXES:
        if words[: len(prefix)] == prefix and len(words) > len(prefix):
            return words[len(prefix) :], kind
    for suffix, kind in _SUFFIXES:
        if words[-1:] == suffix and len(words) > 1:
            return words[:-1], kind
    return words, None


def _tone_last(word: str) -> str:
    marks = unicodedata.normalize("NFD", word)
    tones = "".join(mark for mark in marks if mark in _TONES)
    return "".join(mark for mark in marks if mark not in _TONES) + tones


def code_key(text: str) -> str | None:
    """Return a code with its leading zero (``1`` is ``01``), or None where the text is no code."""
    return text.zfill(2) if text.isascii() and text.isdigit() and len(text) <= 5 else None  # noqa: PLR2004  communes
