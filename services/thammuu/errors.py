"""The errors that callers are meant to see, each with its exit code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an input a problem sits; every part that is known is filled.

    Rows, lines and columns count from 1, as a spreadsheet or an editor shows them. ``column`` is the
    spreadsheet letter or the header's name for tables, a number for text files.
    """

    file: str | None = None
    sheet: str | None = None
    row: int | None = None
    column: str | int | None = None
    line: int | None = None

    def __str__(self) -> str:
        """Return ``file:line:column`` for text files, ``file[sheet]!columnrow`` for tables."""
        head = self.file or ""
        if self.line is not None:
            return ":".join(str(part) for part in (head, self.line, self.column) if part not in ("", None))
        if self.sheet:
            head += f"[{self.sheet}]"
        if self.row is not None:
            head += " " + _("row {row}").format(row=self.row)
        if self.column is not None:
            head += " " + _("column {column}").format(column=self.column)
        return head.strip()


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where, what stood there, what was expected.

    ``code`` is a stable kebab-case name for programs; ``expected`` is a translated sentence for people.
    """

    code: str
    expected: str
    place: Place = field(default_factory=Place)
    value: str | None = None
    severity: Literal["error", "warning"] = "error"

    def as_dict(self) -> dict[str, Any]:
        """Return the problem as plain values for JSON output."""
        place = self.place
        return {
            "code": self.code,
            "severity": self.severity,
            "file": place.file,
            "sheet": place.sheet,
            "row": place.row,
            "column": place.column,
            "line": place.line,
            "value": self.value,
            "expected": self.expected,
        }


class ThammuuError(Exception):
    """An error with a message for people and an exit code for shells."""

    exit_code = 1


class BadInputError(ThammuuError):
    """An input was refused; all its problems are listed at once.

    Args:
        message: One translated sentence.
        problems: Every problem found.
    """

    exit_code = 2

    def __init__(self, message: str, problems: Iterable[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class EnvironmentFaultError(ThammuuError):
    """The machine refuses: a full disk, a locked folder, a missing file of ours."""

    exit_code = 3


class ServedError(EnvironmentFaultError):
    """A server holds the folder for as long as it runs; it takes score files itself.

    Args:
        message: Who holds it.
        address: Where it answers.
    """

    def __init__(self, message: str, address: str) -> None:
        super().__init__(message)
        self.address = address


class PermanentRefusalError(ThammuuError):
    """A handler will never accept this event; it is set aside, not retried."""
