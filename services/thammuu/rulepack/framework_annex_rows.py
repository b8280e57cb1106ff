"""The rows of an official annex: a sheet of criteria with code, level, parent, name, maximum and method."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _
from thammuu.intake.files import open_regular
from thammuu.intake.words import fold
from thammuu.intake.workbook import Workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from thammuu.intake.table import Row, Table
    from thammuu.rulepack.framework_tree import Level

Column = Literal["code", "level", "parent", "name", "maximum", "method"]

_HEADERS: dict[Column, str] = {
    "code": "code|ma|ma tieu chi|ma so|so hieu|stt|tt|so tt",
    "level": "level|cap|cap tieu chi|loai",
    "parent": "parent|ma cha|thuoc|thuoc ma|ma cap tren|ma tieu chi cha",
    "name": "name|ten|ten tieu chi|tieu chi|noi dung|linh vuc, tieu chi|linh vuc/tieu chi|criterion|"
    "linh vuc/tieu chi/tieu chi thanh phan|linh vuc, tieu chi, tieu chi thanh phan",
    "maximum": "maximum|max|max_score|diem toi da|diem chuan|thang diem|diem",
    "method": "method|phuong phap|phuong phap danh gia|cach danh gia|hinh thuc danh gia|cach cham",
}
_COLUMN_OF: dict[str, Column] = {word: column for column, words in _HEADERS.items() for word in words.split("|")}
_REQUIRED: tuple[Column, ...] = ("code", "name", "maximum")

_LEVELS: dict[str, Level] = {
    "total": "total",
    "tong": "total",
    "tong diem": "total",
    "domain": "domain",
    "linh vuc": "domain",
    "chi so noi dung": "domain",
    "criterion": "criterion",
    "tieu chi": "criterion",
    "noi dung thanh phan": "criterion",
    "sub-criterion": "sub-criterion",
    "subcriterion": "sub-criterion",
    "tieu chi thanh phan": "sub-criterion",
    "indicator": "indicator",
    "chi tieu": "indicator",
}
_BY_DEPTH: tuple[Level, ...] = ("domain", "criterion", "sub-criterion", "indicator")
_METHODS = (
    ("leader", "leader-survey"),
    ("lanh dao", "leader-survey"),
    ("nguoi dan", "citizen-survey"),
    ("sipas", "citizen-survey"),
    ("citizen", "citizen-survey"),
    ("dieu tra", "survey"),
    ("khao sat", "survey"),
    ("survey", "survey"),
    ("thong ke", "statistics"),
    ("statistic", "statistics"),
    ("tham dinh", "appraisal"),
    ("tu danh gia", "appraisal"),
    ("apprais", "appraisal"),
)
_FIGURE = re.compile(r"\d{1,6}(?:[.,]\d{1,6})?")
_CODE = re.compile(r"[0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*")


@dataclass(frozen=True, slots=True)
class AnnexRow:
    """One criterion of the annex; ``row`` is its row in the sheet."""

    row: int
    code: str
    level: Level
    parent: str | None
    name: str
    maximum: float | None
    method: str | None


@dataclass(frozen=True)
class Annex:
    """The criteria of an annex, and the total it prints, if any."""

    file: str
    sheet: str | None
    rows: tuple[AnnexRow, ...]
    total: float | None


def read_annex(path: Path) -> Annex:
    """Read the first sheet whose header names code, criterion and maximum.

    Raises:
        BadInputError: With all problems of the sheet, each with row and column.
    """
    with open_regular(path) as stream:
        workbook = Workbook(stream, str(path))
        for sheet in workbook.sheets:
            table = workbook.table(sheet)
            for head in table.head:
                columns = _columns(head.cells)
                if all(name in columns for name in _REQUIRED):
                    return _AnnexReader(table, head.number, columns).read()
    expected = _("a sheet with a header row of code (Mã), name (Tên tiêu chí) and maximum (Điểm tối đa)")
    raise _refusal(str(path), [Problem("annex-header", expected)])


def _refusal(file: str, problems: Iterable[Problem]) -> BadInputError:
    return BadInputError(_("The annex {file} was not imported.").format(file=file), problems)


def _columns(cells: Iterable[str]) -> dict[Column, int]:
    found: dict[Column, int] = {}
    for position, cell in enumerate(cells):
        column = _COLUMN_OF.get(fold(cell).strip(" .:*"))
        if column is not None:
            found.setdefault(column, position)
    return found


class _AnnexReader:
    """Reads the rows below the header, collecting what is wrong."""

    def __init__(self, table: Table, header: int, columns: Mapping[Column, int]) -> None:
        self._table, self._header, self._columns = table, header, columns
        self._problems: list[Problem] = []
        self._rows: dict[str, AnnexRow] = {}
        self._total: float | None = None
        self._held: dict[Column, str] = {}

    def read(self) -> Annex:
        for row in self._table.rows():
            if row.number > self._header and any(cell.strip() for cell in row.cells):
                self._read_row(row)
        for one in self._rows.values():
            if one.parent is not None and one.parent not in self._rows:
                self._add("unknown-parent", _("the code of another row"), one.row, "parent", one.parent)
        if not self._rows and not self._problems:
            self._add("no-criteria", _("at least one criterion below the header"), self._header, "code", None)
        if self._problems:
            raise _refusal(self._table.file, self._problems)
        return Annex(self._table.file, self._table.sheet, tuple(self._rows.values()), self._total)

    def _read_row(self, row: Row) -> None:
        code, name = self._cell(row, "code").rstrip("."), self._cell(row, "name")
        label = fold(name or code)
        if (not code or not name) and label.startswith(("tong", "total")):
            self._total = self._maximum(row)
            return
        if not code and not self._cell(row, "maximum"):
            return  # a note or a heading between the criteria
        self._check_names(row, code, name)
        if code in self._rows:
            expected = _("each code once; store codes as text, or 1.10 becomes 1.1")
            self._add("duplicate-code", expected, row.number, "code", code)
            return
        self._rows[code] = AnnexRow(
            row=row.number,
            code=code,
            level=self._level(row, code),
            parent=self._parent(row, code),
            name=" ".join(name.split()),
            maximum=self._maximum(row),
            method=self._method(row),
        )

    def _check_names(self, row: Row, code: str, name: str) -> None:
        if not _CODE.fullmatch(code):
            self._add("code", _("a code such as 1, 1.2 or 1.2.3"), row.number, "code", code)
        if not name:
            self._add("name", _("the criterion's name"), row.number, "name", None)

    def _cell(self, row: Row, column: Column) -> str:
        position = self._columns.get(column)
        return row.cells[position].strip() if position is not None and position < len(row.cells) else ""

    def _merged(self, row: Row, column: Column) -> str:
        """Return the cell, or what the merged range it lies in shows."""
        text = self._cell(row, column)
        position = self._columns.get(column)
        for merge in self._table.merges or ():
            if merge.left == merge.right == position and merge.top <= row.number <= merge.bottom:
                self._held[column] = text if row.number == merge.top else self._held.get(column, "")
                return self._held[column]
        return text

    def _level(self, row: Row, code: str) -> Level:
        text = self._merged(row, "level")
        if not text:
            return _BY_DEPTH[min(code.count("."), len(_BY_DEPTH) - 1)]
        level = _LEVELS.get(fold(text)) or _LEVELS.get(fold(text).replace("_", "-"))
        if level is None:
            expected = _("a level: lĩnh vực, tiêu chí, tiêu chí thành phần, chỉ tiêu")
            self._add("level", expected, row.number, "level", text)
        return level or "criterion"

    def _parent(self, row: Row, code: str) -> str | None:
        text = self._merged(row, "parent").rstrip(".")
        return text or (code.rpartition(".")[0] or None)

    def _maximum(self, row: Row) -> float | None:
        text = self._cell(row, "maximum")
        if not text:
            return None
        if not _FIGURE.fullmatch(text) or float(text.replace(",", ".")) <= 0:
            self._add("maximum", _("points above zero, such as 1,5"), row.number, "maximum", text)
            return None
        return float(text.replace(",", "."))

    def _method(self, row: Row) -> str | None:
        text = self._merged(row, "method")
        return next((name for word, name in _METHODS if word in fold(text)), text or None)

    def _add(self, code: str, expected: str, row: int, column: Column, value: str | None) -> None:
        place = self._table.place(row, self._columns.get(column))
        self._problems.append(Problem(f"annex-{code}", expected, place, value))
