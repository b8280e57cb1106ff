"""Characters that a reader of a sheet cannot see, and that may make two names look like one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.intake.problems import Problems
    from thammuu.intake.table import Row, Table

_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def has_invisible(text: str) -> bool:
    """Tell whether a text holds control, zero-width or direction-changing characters."""
    return not text.isprintable() and _INVISIBLE.search(text) is not None


def checked(table: Table, problems: Problems) -> Iterator[Row]:
    """Yield a table's rows, listing the cells with invisible characters."""
    for row in table.rows():
        if has_invisible("".join(row.cells)):
            list_invisible(row, table, problems)
        yield row


def list_invisible(row: Row, table: Table, problems: Problems) -> None:
    """List the cells of a row that hold invisible characters."""
    for column, cell in enumerate(row.cells):
        if has_invisible(cell):
            text = _("text without control, invisible or direction-changing characters")
            problems.error("invisible-character", text, table.place(row.number, column), cell)
