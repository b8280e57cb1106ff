"""A chat message in which nothing but our own links means anything to a chat program.

What programs read as mentions, commands, links, emphasis or markup is broken by a character that nobody sees (U+2060,
word joiner) or written with a letter that looks the same, so that one text is safe for HTML, Markdown and dialects.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from thammuu.memos.printing.chat import fitted

if TYPE_CHECKING:
    from collections.abc import Iterable

JOINER: Final = "\u2060"
_LOOK_ALIKES: Final = str.maketrans("<>*_`~|\\", "‹›∗ˍˋ∼∣∖")
_BROKEN: Final = re.compile(
    # mentions; ends of link texts; headings and tags; entities; schemes and shortcuts of pictures
    r"[@＠#$\]]|&(?=[A-Za-z#])|:(?=[A-Za-z+/])"
    # names of hosts; commands
    r"|(?<=\w)\.(?=[^\W\d_])|(?<!\S)[/!](?=\w)"
)
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def neutral(text: str, links: Iterable[str] = ()) -> str:
    """Return a text that chat programs show as it is, of at most 1,500 characters.

    Args:
        text: Without markup.
        links: Our own, which stay links where they stand alone.
    """
    own = [re.escape(one) for one in sorted(set(links), key=len, reverse=True) if one]
    pieces = re.split(rf"(?<!\S)({'|'.join(own)})(?!\S)", text) if own else [text]
    return fitted("".join(one if place % 2 else _plain(one) for place, one in enumerate(pieces)))


def _plain(text: str) -> str:
    seen = "".join(one for one in text if one == "\n" or unicodedata.category(one) not in _UNSEEN)
    return _BROKEN.sub(lambda found: found[0] + JOINER, seen).translate(_LOOK_ALIKES)


def as_markdown(text: str, links: Iterable[str]) -> str:
    """Return a neutral text as Markdown: lines stay lines, our own links become links.

    Args:
        text: As :func:`neutral` returns it.
        links: Our own.
    """
    own = set(filter(None, links))
    lines = (" ".join(f"[{one}]({one})" if one in own else one for one in line.split(" ")) for line in text.split("\n"))
    return "\n\n".join(lines)
