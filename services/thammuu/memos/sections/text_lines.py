"""How many lines a text takes in the memo's typeface, by the widths of Times; marks on letters take none."""

from __future__ import annotations

import unicodedata

_WIDTHS = {
    250: " ,.",
    278: "ijlt/:;\\",
    333: "I-()[]!rf`",
    389: "Js",
    444: "acez?",
    469: "^",
    500: "0123456789bdghknopquvxyđ_#$*",
    556: "FPS",
    564: "+<=>",
    611: "ELTZ",
    667: "BCR",
    722: "ADGHKNOQUVXYwĐ",
    778: "m&",
    889: "M",
    944: "W",
}
"""Thousandths of the size, from the Adobe font metrics of Times-Roman; Liberation Serif has the same."""
_WIDTH_OF = {letter: width for width, letters in _WIDTHS.items() for letter in letters}
_OTHER = 1000
_BOLD = 1.08
"""How much wider bold letters are, at most, over a line."""


def lines_of(text: str, size: float, room: float, *, indent: float = 0.0, bold: bool = False) -> int:
    """Return how many lines a text takes, broken between words.

    Args:
        text: One paragraph.
        size: Of its letters, in points.
        room: The width of a line, in points.
        indent: What the first line lacks, in points.
        bold: Whether it is bold.
    """
    lines, at = 1, indent
    space = _width(" ", size, bold=bold)
    for word in text.split(" "):
        width = _width(word, size, bold=bold)
        if at > indent * (lines == 1) and at + width > room:
            lines, at = lines + 1, 0.0
        at += width + space
    return lines


def _width(text: str, size: float, *, bold: bool) -> float:
    bare = (letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return sum(_WIDTH_OF.get(letter, _OTHER) for letter in bare) * size / 1000 * (_BOLD if bold else 1.0)
