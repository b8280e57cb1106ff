"""A workbook's sheets: which there are, which one holds the scores."""

from __future__ import annotations

from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from thammuu.errors import Place
from thammuu.i18n import _
from thammuu.intake.archive import Archive
from thammuu.intake.limits import LIMITS, Limits
from thammuu.intake.problems import refuse
from thammuu.intake.sheet_xml import SharedStrings, SheetRows, survey
from thammuu.intake.table import HEAD_ROWS, Row, Table
from thammuu.intake.whole_numbers import whole_number
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_PERCENT_FORMATS = frozenset({9, 10})


class Sheet(NamedTuple):
    """A sheet's name, the part that holds it, and whether people see it."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """An .xlsx file.

    Args:
        stream: The open file.
        file: Its name, for places.
        limits: The bounds.

    Raises:
        BadInputError: If it is no sound workbook.
    """

    def __init__(self, stream: BinaryIO, file: str, limits: Limits = LIMITS) -> None:
        self.file, self.limits = file, limits
        self._archive = Archive(stream, file, limits)
        if _WORKBOOK not in self._archive.names:
            refuse("wrong-kind", _("an Excel workbook (.xlsx); this zip archive is something else"), Place(file))
        self.sheets = self._sheets()

    def _xml(self, part: str) -> Element:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import fromstring

        try:
            root: Element = fromstring(self._archive.small(part), forbid_dtd=True)
        except DefusedXmlException:
            refuse("unsafe-xml", _("a workbook without document type declarations"), Place(self.file), part)
        except (ParseError, ValueError) as fault:
            text = _("a sound .xlsx workbook ({reason})").format(reason=fault)
            refuse("broken-workbook", text, Place(self.file), part)
        return root

    def _sheets(self) -> list[Sheet]:
        parts = {relation.get("Id"): relation.get("Target", "") for relation in self._xml(_RELATIONS)}
        found = []
        for element in self._xml(_WORKBOOK).iter():
            if _local(element) != "sheet":
                continue
            identity = next((value for key, value in element.items() if key.endswith("}id")), None)
            target = parts.get(identity, "")
            part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
            if "worksheets/" in part:
                found.append(Sheet(element.get("name", ""), part, element.get("state", "visible") != "visible"))
        if len(found) > self.limits.sheets:
            refuse("broken-workbook", _("at most {count} sheets").format(count=self.limits.sheets), Place(self.file))
        return found

    @cached_property
    def _texts(self) -> list[str]:
        part = "xl/sharedStrings.xml"
        if part not in self._archive.names:
            return []
        strings = SharedStrings(self.file)
        for piece in self._archive.pieces(part, self.limits.strings_bytes):
            strings.feed(piece)
        strings.feed(b"", final=True)
        return strings.texts

    @cached_property
    def _styles(self) -> dict[int, str]:
        """Style number → ``date`` or ``percent``, by the number format of each cell style."""
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

        if "xl/styles.xml" not in self._archive.names:
            return {}
        root = self._xml("xl/styles.xml")
        own = {e.get("numFmtId", ""): e.get("formatCode", "") for e in root.iter() if _local(e) == "numFmt"}
        formats = [e for parent in root if _local(parent) == "cellXfs" for e in parent]
        styles = {}
        for number, element in enumerate(formats):
            identity = element.get("numFmtId", "0")
            code = own.get(identity) or BUILTIN_FORMATS.get(whole_number(identity) or 0, "")
            if is_date_format(code):
                styles[number] = "date"
            elif "%" in code:
                styles[number] = "percent"
        return styles

    def table(self, sheet: Sheet) -> Table:
        """Return a sheet's table, its merged ranges known.

        Raises:
            BadInputError: If the sheet holds too much.
        """
        merges = survey(self._pieces(sheet), Place(self.file, printable(sheet.name)), self.limits)
        head = list(islice(self._rows(sheet), HEAD_ROWS))
        return Table(self.file, printable(sheet.name), head, lambda: self._rows(sheet), merges=merges)

    def _pieces(self, sheet: Sheet) -> Iterator[bytes]:
        return self._archive.pieces(sheet.part, self.limits.sheet_bytes)

    def _rows(self, sheet: Sheet) -> Iterator[Row]:
        reader = SheetRows(self.file, printable(sheet.name), self._texts, self._styles, self.limits)
        return reader.rows(self._pieces(sheet))


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def choose_sheet(workbook: Workbook, understands: Callable[[Table], int], wanted: str | None = None) -> Table:
    """Return the table of the sheet that holds the scores.

    Args:
        workbook: The workbook.
        understands: Tells how many columns of a table's header are understood.
        wanted: The sheet's name, where the caller says it.

    Raises:
        BadInputError: If no sheet, or more than one, looks like scores.
    """
    place = Place(workbook.file)
    names = ", ".join(printable(sheet.name) for sheet in workbook.sheets)
    if wanted is not None:
        named = [sheet for sheet in workbook.sheets if sheet.name == wanted]
        if not named:
            refuse("no-such-sheet", _("one of the sheets {names}").format(names=names), place, wanted)
        return workbook.table(named[0])
    tables, probed = list[Table](), 0
    for sheet in workbook.sheets:
        if not sheet.hidden:
            tables.append(workbook.table(sheet))
            probed += sum(len(row.cells) for row in tables[-1].head)
        if probed > workbook.limits.probed_cells:
            refuse("several-sheets", _("one sheet of scores; name it with --sheet: {names}").format(names=names), place)
    scored = [table for table in tables if understands(table)]
    if len(scored) > 1:
        found = ", ".join(str(table.sheet) for table in scored)
        refuse("several-sheets", _("one sheet of scores; name it with --sheet: {names}").format(names=found), place)
    if not scored and len(tables) != 1:
        refuse(
            "no-scores",
            _("a visible sheet with a header of units and criteria, among {names}").format(names=names),
            place,
        )
    return scored[0] if scored else tables[0]
