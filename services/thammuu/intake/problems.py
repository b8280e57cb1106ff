"""Collect everything wrong with a file before refusing it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn

from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Hashable

SHOWN_AT_MOST = 1_000
_COUNTED_AT_MOST = 100_000
_SHOWN_LENGTH = 80
_FIRST_ROWS = 5


def shown(value: str | None) -> str | None:
    """Return a value safe to print: control and invisible characters as code points, long text cut."""
    if value is None:
        return None
    return printable(value if len(value) <= _SHOWN_LENGTH else value[:_SHOWN_LENGTH] + "…")


def refuse(code: str, expected: str, place: Place, value: str | None = None) -> NoReturn:
    """Refuse a file for one problem that makes further reading pointless.

    Raises:
        BadInputError: Always.
    """
    raise BadInputError(
        _("The score file {file} was not accepted.").format(file=place.file),
        [Problem(code, expected, place, shown(value))],
    )


@dataclass
class _Alike:
    """The rows with the same error."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, place: Place) -> None:
        self.count += 1
        if len(self.first) < _FIRST_ROWS and place.row is not None:
            self.first.append(str(place.row))


class Problems:
    """The errors and warnings of one file; past a limit errors are counted, not kept."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.error_count = 0
        self.warnings: list[Problem] = []
        self._errors: list[Problem] = []
        self._seen: set[Hashable] = set()
        self._alike: dict[Hashable, _Alike] = {}
        self._alike_of: list[Hashable] = []
        self._again = 0

    def error(
        self, code: str, expected: str, place: Place, value: str | None = None, *, alike: Hashable = None
    ) -> None:
        """Add an error; with ``alike``, :meth:`again` counts the other rows that have it.

        Raises:
            BadInputError: If there are so many that reading on is pointless.
        """
        self.error_count += 1
        if alike is not None and alike not in self._alike:
            self._alike[alike] = _Alike()
            self._alike[alike].add(place)
        if self.error_count <= SHOWN_AT_MOST:
            self._errors.append(Problem(code, expected, place, shown(value)))
            self._alike_of.append(alike)
        elif self.error_count > _COUNTED_AT_MOST:
            self.raise_if_any()

    def again(self, alike: Hashable, place: Place) -> bool:
        """Count one more row with an error that was told before; False if it was not.

        Raises:
            BadInputError: If there are so many that reading on is pointless.
        """
        known = self._alike.get(alike)
        if known is None:
            return False
        known.add(place)
        self._again += 1
        if self._again > _COUNTED_AT_MOST:
            self.raise_if_any()
        return True

    def _told(self, problem: Problem, alike: Hashable) -> Problem:
        rows = self._alike.get(alike)
        if rows is None or rows.count == 1:
            return problem
        first = ", ".join(rows.first) + (" …" if rows.count > len(rows.first) else "")
        text = _("{expected} (in {count} rows: {rows})")
        return replace(problem, expected=text.format(expected=problem.expected, count=rows.count, rows=first))

    def warn(self, code: str, expected: str, place: Place, value: str | None = None, *, once: Hashable = None) -> None:
        """Add a warning; with ``once``, only the first of its kind."""
        if len(self.warnings) < SHOWN_AT_MOST and (once is None or (code, once) not in self._seen):
            self._seen.add((code, once))
            self.warnings.append(Problem(code, expected, place, shown(value), "warning"))

    def give_up_on_names(self, place: Place) -> None:
        """Stop reading a file whose units or criteria are nearly all unknown.

        Raises:
            BadInputError: With every error so far.
        """
        self.error(
            "reading-stopped", _("known units and criteria; so many are unknown that reading stopped here"), place
        )
        self.raise_if_any()

    def raise_if_any(self) -> None:
        """Refuse the file if it has errors.

        Raises:
            BadInputError: With every error, and after the limit their count.
        """
        if not self.error_count:
            return
        errors = [self._told(one, alike) for one, alike in zip(self._errors, self._alike_of, strict=True)]
        hidden = self.error_count - len(errors)
        if hidden:
            text = _("{count} more errors are not shown; mend these first").format(count=hidden)
            errors.append(Problem("more-errors", text, Place(file=self.file), str(hidden)))
        raise BadInputError(
            _("The score file {file} was not accepted: {count} errors, nothing was stored.").format(
                file=self.file, count=self.error_count
            ),
            errors,
        )
