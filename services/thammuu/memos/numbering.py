"""Numbers of headings, tables and figures, in the order in which a memo prints them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from thammuu.memos.wording import roman

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import Section
    from thammuu.memos.wording import Words


@dataclass
class Numbering:
    """Hands out ``Bảng 1``, ``Hình 1`` …; the tables of annexes count for themselves."""

    words: Words
    _tables: Iterator[int] = field(default_factory=lambda: count(1))
    _figures: Iterator[int] = field(default_factory=lambda: count(1))
    _annex_tables: Iterator[int] = field(default_factory=lambda: count(1))

    def table(self) -> str:
        """Return the next table's name."""
        return self.words.say("Bảng {n}", "Table {n}", n=next(self._tables))

    def figure(self) -> str:
        """Return the next figure's name."""
        return self.words.say("Hình {n}", "Figure {n}", n=next(self._figures))

    def annex_table(self) -> str:
        """Return the next name of an annex's table."""
        return self.words.say("Bảng PL {n}", "Annex table {n}", n=next(self._annex_tables))


def numbered_headings(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Return sections with I, II … in capitals, and 1, 2 … below them; a section alone needs no number."""
    alone = sum(section.level == 1 and bool(section.heading) for section in sections) == 1
    main, below, made = 0, 0, []
    for section in sections:
        if section.level == 1:
            main, below = main + bool(section.heading), 0
            heading = section.heading.upper() if alone else f"{roman(main)}. {section.heading.upper()}"
        else:
            below += 1
            heading = f"{below}. {section.heading}"
        made.append(section.model_copy(update={"heading": heading if section.heading else ""}))
    return tuple(made)
