"""Turn the cells of one unit and node into a checked figure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from thammuu.i18n import _
from thammuu.intake.printed import NotAFigureError, Printed, Sign, read_printed, read_rank
from thammuu.intake.words import fold

if TYPE_CHECKING:
    from thammuu.intake.problems import Problems
    from thammuu.intake.submission import Status
    from thammuu.intake.table import Mark, Row, Table
    from thammuu.rulepack.frameworks import Node

_STATUS_WORDS: dict[Status, str] = {
    "ok": "ok",
    "missing": "missing|blank|kcdl|khong co du lieu|khuyet du lieu|n/a|no data|no data kcdl",
    "too-few": "too-few|too few|it mau|khong du mau",
    "not-applicable": "not-applicable|not applicable|khong ap dung",
}
_STATUSES = {word: status for status, words in _STATUS_WORDS.items() for word in words.split("|")}
_AMBIGUOUS_KEPT = 1_000


class Cells(NamedTuple):
    """Where the parts of one figure stand in a row; None where the layout has no such column."""

    score: int | None
    rank: int | None = None
    status: int | None = None


class Figure(NamedTuple):
    """What the cells say."""

    score: str | None
    rank: int | None
    status: Status


class FigureReader:
    """Reads figures of one table, listing what is wrong with them.

    Args:
        table: For places.
        problems: Where errors and warnings go.
    """

    def __init__(self, table: Table, problems: Problems) -> None:
        self._table, self._problems = table, problems
        self._signs: dict[Sign, list[tuple[int, int, str]]] = {"comma": [], "dot": [], "comma?": [], "dot?": []}

    def read(self, row: Row, where: Cells, node: Node) -> Figure | None:
        """Return a figure, or None if its cells are wrong."""
        score, rank, status = where
        printed = Printed(None, "missing") if score is None else self._score(row, score, node)
        rank_number = None if rank is None else self._rank(row, rank)
        if printed is None or rank_number == 0:
            return None
        if status is None:
            return Figure(printed.score, rank_number, printed.status)
        return self._with_status(row, status, printed, rank_number)

    def _score(self, row: Row, column: int, node: Node) -> Printed | None:
        text = row.cells[column]
        mark = row.marks.get(column) if row.marks else None
        if mark is not None and not self._usable(row, column, mark):
            return None
        try:
            printed = read_printed(text)
        except NotAFigureError as fault:
            self._problems.error(str(fault), _expected(str(fault)), self._table.place(row.number, column), text)
            return None
        if printed.sign and mark is None:
            seen = self._signs[printed.sign]
            if len(seen) < (_AMBIGUOUS_KEPT if printed.sign.endswith("?") else 1):
                seen.append((row.number, column, text))
        return self._percent(row, column, node, printed) if printed.percent else printed

    def _percent(self, row: Row, column: int, node: Node, printed: Printed) -> Printed:
        if node.scale_unit == "ratio" and printed.score is not None:
            return printed._replace(score=format(Decimal(printed.score).scaleb(-2), "f"))
        if node.scale_unit != "percent":
            text = _("points; the % sign is left out, the number is kept as printed")
            place = self._table.place(row.number, column)
            self._problems.warn("percent-sign", text, place, row.cells[column], once=node.code)
        return printed

    def _usable(self, row: Row, column: int, mark: Mark) -> bool:
        place, value = self._table.place(row.number, column), row.cells[column]
        if mark == "formula":
            text = _("a value; the result that the formula had when the file was saved is used")
            self._problems.warn("formula", text, place, value, once=column)
        elif mark == "no-value":
            text = _("a formula saved with its result; open the file in Excel or LibreOffice and save it again")
            self._problems.error("formula-without-value", text, place)
        elif mark == "error":
            self._problems.error(
                "error-cell", _("a number, or KCDL for no data; the cell shows an error"), place, value
            )
        elif mark in {"date", "boolean"}:
            self._problems.error("not-a-number", _("a number; the cell holds a date or a truth value"), place, value)
        return mark in {"formula", "number"}

    def _rank(self, row: Row, column: int) -> int | None:
        mark = row.marks.get(column) if row.marks else None
        if mark is not None and not self._usable(row, column, mark):
            return 0
        try:
            return read_rank(row.cells[column])
        except NotAFigureError:
            text = _("a rank: a whole number from 1")
            self._problems.error("not-a-rank", text, self._table.place(row.number, column), row.cells[column])
            return 0

    def _with_status(self, row: Row, column: int, printed: Printed, rank: int | None) -> Figure | None:
        text = row.cells[column]
        stated = _STATUSES.get(text) or _STATUSES.get(fold(text.replace("_", " ")))
        if stated == printed.status or not text.strip():
            return Figure(printed.score, rank, printed.status)
        place = self._table.place(row.number, column)
        if stated is None:
            expected = _("a status: ok, missing, too-few or not-applicable")
            self._problems.error("unknown-status", expected, place, text)
        elif (stated == "ok") != (printed.status == "ok"):
            expected = _("a score exactly where the status is ok")
            self._problems.error("status-disagrees", expected, place, text)
        else:
            return Figure(None, rank, printed.status if stated == "missing" else stated)
        return None

    def check_signs(self) -> None:
        """List the figures whose dot or comma may group thousands, given how the rest of the table is written."""
        dots, commas = self._signs["dot?"], self._signs["comma?"]
        for doubtful, contrary in ((dots, self._signs["comma"] or commas), (commas, self._signs["dot"] or dots)):
            for number, column, text in doubtful if contrary else ():
                expected = _(
                    "an unambiguous number; this file also uses the other decimal sign, so write it without grouping"
                )
                self._problems.error("ambiguous-number", expected, self._table.place(number, column), text)
        if self._signs["comma"] and self._signs["dot"]:
            number, column, text = self._signs["dot"][0]
            expected = _("one decimal sign; this file uses comma and dot, each number was read by its own")
            self._problems.warn("mixed-decimals", expected, self._table.place(number, column), text)


def _expected(fault: str) -> str:
    if fault == "not-finite":
        return _("a finite number")
    if fault == "too-many-digits":
        return _("a number of at most 30 digits")
    return _("a number, or a word for no data such as KCDL")
