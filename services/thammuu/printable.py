"""Text from outside made safe to show: what a terminal would obey, or a reader cannot see, as code points."""

from __future__ import annotations

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def printable(text: str) -> str:
    """Return a text with its control, invisible and unpaired characters written as ``<U+001B>``."""
    if text.isprintable():
        return text
    return "".join(f"<U+{ord(one):04X}>" if unicodedata.category(one) in _UNSEEN else one for one in text)
