"""Read a worksheet's XML as it streams by: values, formulas and merged ranges in one pass, nothing kept.

openpyxl's read-only mode shows a cell's formula or its cached value but not both, drops merged ranges and believes
the sheet's declared dimension; its full mode keeps some fifty times the file in memory. So the cells are read here,
with expat; a document type declaration, the start of every entity attack, is refused.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from thammuu.errors import Place
from thammuu.i18n import _
from thammuu.intake.limits import LIMITS, Limits
from thammuu.intake.printed import NotAFigureError, read_number
from thammuu.intake.problems import refuse
from thammuu.intake.table import Mark, Merge, Row
from thammuu.intake.whole_numbers import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_MERGED = re.compile(rb'mergeCell [^>]{0,100}?ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')
_MERGE_LENGTH = 160
_MERGES = 10_000
_LAST_ROW = 1_048_576
_STRANGE_ELEMENTS = 100_000
_ORDINARY = frozenset(
    {"c", "v", "f", "row", "is", "si", "t", "r", "rPr", "phoneticPr", "rPh", "sz", "color", "rFont", "family"}
)
_TEXT_OF = frozenset({"v", "t"})


class XmlEvents:
    """Feeds pieces of XML to handlers that know elements by their local names.

    Raises:
        BadInputError: For a document type, broken XML, or a flood of strange elements.
    """

    def __init__(self, file: str, sheet: str | None) -> None:
        self.place = Place(file, sheet)
        self._strange = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self.text

    def feed(self, piece: bytes, *, final: bool = False) -> None:
        """Parse a piece."""
        try:
            self._parser.Parse(piece, final)
        except (expat.ExpatError, ValueError) as fault:
            refuse("broken-workbook", _("a sound .xlsx workbook ({reason})").format(reason=fault), self.place)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name if name in _ORDINARY else name.rpartition(":")[2]
        if local not in _ORDINARY:
            self._strange += 1
            if self._strange > _STRANGE_ELEMENTS:
                refuse("broken-workbook", _("a sheet of ordinary cells"), self.place, name)
        self.start(local, attributes)

    def _end(self, name: str) -> None:
        self.end(name if name in _ORDINARY else name.rpartition(":")[2])

    def _refuse_doctype(self, *_declared: Any) -> None:  # noqa: ANN401  expat's arguments
        refuse("unsafe-xml", _("a workbook without document type declarations"), self.place)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Handle the start of an element."""

    def end(self, name: str) -> None:
        """Handle the end of an element."""

    def text(self, text: str) -> None:
        """Handle character data."""


class SharedStrings(XmlEvents):
    """The workbook's table of texts, phonetic guides left out."""

    def __init__(self, file: str) -> None:
        super().__init__(file, None)
        self.texts: list[str] = []
        self._parts: list[str] = []
        self._in_text = self._in_guide = False

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002  the texts have no attributes of use
        """Begin a text or a part of one."""
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._in_guide = True
        elif name == "t":
            self._in_text = not self._in_guide

    def end(self, name: str) -> None:
        """Keep a finished text."""
        if name == "si":
            self.texts.append("".join(self._parts))
        elif name == "rPh":
            self._in_guide = False
        elif name == "t":
            self._in_text = False

    def text(self, text: str) -> None:
        """Collect the text."""
        if self._in_text:
            self._parts.append(text)


class SheetRows(XmlEvents):
    """The rows of one sheet.

    Args:
        file: The workbook's name, for places.
        sheet: The sheet's name.
        texts: The shared strings.
        styles: Style number → ``date``, ``percent`` or nothing.
        limits: The bounds.
    """

    def __init__(
        self, file: str, sheet: str, texts: list[str], styles: dict[int, str], limits: Limits = LIMITS
    ) -> None:
        super().__init__(file, sheet)
        self._texts, self._styles, self._limits = texts, styles, limits
        self._done: list[Row] = []
        self._number = self._column = self._cells_read = self._length = 0
        self._cells: list[str] = []
        self._marks: dict[int, Mark] = {}
        self._cell: dict[str, str] = {}
        self._value: list[str] = []
        self._has_formula = self._has_value = self._in_value = self._in_guide = False

    def rows(self, pieces: Iterable[bytes]) -> Iterator[Row]:
        """Yield the rows that have cells."""
        for piece in pieces:
            self.feed(piece)
            yield from self._done
            self._done.clear()
        self.feed(b"", final=True)
        yield from self._done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin a row, a cell or its value."""
        if name in _TEXT_OF:
            self._in_value = not self._in_guide
            self._has_value = True
        elif name == "c":
            self._start_cell(attributes)
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._start_row(attributes)
        elif name == "rPh":
            self._in_guide = True

    def end(self, name: str) -> None:
        """Finish a row, a cell or its value."""
        if name in _TEXT_OF:
            self._in_value = False
        elif name == "c":
            self._end_cell()
        elif name == "row" and self._cells:
            self._done.append(Row(self._number, self._cells, self._marks))
        elif name == "rPh":
            self._in_guide = False

    def text(self, text: str) -> None:
        """Collect a value."""
        if self._in_value:
            self._value.append(text)
            self._length += len(text)
            if self._length > self._limits.text_bytes:
                refuse_length(self.place)

    def _start_row(self, attributes: dict[str, str]) -> None:
        stated = attributes.get("r", "")
        number = whole_number(stated) if stated.isdecimal() else self._number + 1
        if number is None or not self._number < number <= _LAST_ROW:
            refuse("broken-workbook", _("rows in their order, up to {last}").format(last=_LAST_ROW), self.place, stated)
        self._number, self._column, self._cells, self._marks = number, -1, [], {}

    def _start_cell(self, attributes: dict[str, str]) -> None:
        self._cell, self._value, self._length = attributes, [], 0
        self._has_formula = self._has_value = self._in_guide = False
        found = _REFERENCE.fullmatch(attributes.get("r", ""))
        column = column_number(found[1]) if found else self._column + 1
        self._cells_read += 1
        if column >= self._limits.columns:
            text = _("at most {columns} columns").format(columns=self._limits.columns)
            refuse("too-many-columns", text, self.place, attributes.get("r"))
        if column <= self._column:
            refuse("broken-workbook", _("cells in their order"), self.place, attributes.get("r"))
        if self._cells_read > self._limits.sheet_cells:
            refuse_cells(self.place, self._limits)
        self._cells.extend([""] * (column - len(self._cells)))
        self._column = column

    def _end_cell(self) -> None:
        text, mark = self._read_cell("".join(self._value))
        if self._has_formula and mark in {None, "number"}:
            blank_text = self._cell.get("t") == "str"  # the saved result of a formula may be a blank text
            mark = "formula" if self._has_value and (text or blank_text) else "no-value"
        if mark is not None:
            self._marks[self._column] = mark
        self._cells.append(text)

    def _read_cell(self, value: str) -> tuple[str, Mark | None]:
        kind = self._cell.get("t", "n")
        if kind == "s":
            return self._shared_text(value), None
        if kind == "e":
            return value, "error"
        if kind == "b":
            return ("TRUE" if value == "1" else "FALSE"), "boolean"
        if kind == "d":
            return value, "date"
        return self._read_number(value) if kind == "n" and value else (value, None)

    def _shared_text(self, value: str) -> str:
        number = whole_number(value)
        if number is not None and number < len(self._texts):
            return self._texts[number]
        if value:
            text = _("a sound .xlsx workbook ({reason})").format(reason=_("a text is missing"))
            refuse("broken-workbook", text, self.place, self._cell.get("r"))
        return ""

    def _read_number(self, value: str) -> tuple[str, Mark | None]:
        number = whole_number(self._cell.get("s", "0"))
        style = None if number is None else self._styles.get(number)
        if style == "date":
            return value, "date"
        try:
            return read_number(value, percent=style == "percent"), "number"
        except NotAFigureError:
            return value, None


def refuse_cells(place: Place, limits: Limits) -> None:
    """Refuse a sheet with too many cells.

    Raises:
        BadInputError: Always.
    """
    refuse("too-many-rows", _("a sheet of at most {cells} cells; use CSV").format(cells=limits.sheet_cells), place)


def refuse_length(place: Place) -> None:
    """Refuse a sheet with a text or tag of monstrous length.

    Raises:
        BadInputError: Always.
    """
    refuse("too-large", _("cells of ordinary length"), place)


def column_number(name: str) -> int:
    """Return the column of spreadsheet letters, counted from 0."""
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def survey(pieces: Iterable[bytes], place: Place, limits: Limits = LIMITS) -> tuple[Merge, ...]:
    """Pass once over a sheet's bytes: refuse a flood before it is parsed, find the merged ranges.

    Raises:
        BadInputError: If there are too many cells.
    """
    cells, unbroken, rest = 0, 0, b""
    merges: list[Merge] = []
    for piece in pieces:
        cells += piece.count(b"<c ") + piece.count(b"<c>") + piece.count(b"<c/>") + piece.count(b"<row")
        if cells > limits.sheet_cells + _LAST_ROW:
            refuse_cells(place, limits)
        unbroken = 0 if b">" in piece else unbroken + len(piece)
        if unbroken > limits.text_bytes:
            refuse_length(place)
        joined = rest + piece
        if b"mergeCell " in joined and len(merges) < _MERGES:
            merges.extend(_merge(found) for found in _MERGED.finditer(joined))
        rest = joined[-_MERGE_LENGTH:]
    return tuple(dict.fromkeys(merges))


def _merge(found: re.Match[bytes]) -> Merge:
    left, top, right, bottom = (part.decode() for part in found.groups())
    return Merge(int(top), column_number(left), int(bottom), column_number(right))
