"""Collect everything wrong with a file before refusing it."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NoReturn

from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Hashable

SHOWN_AT_MOST = 1_000
_COUNTED_AT_MOST = 100_000
_SHOWN_LENGTH = 80


def shown(value: str | None) -> str | None:
    """Return a value safe to print: control and invisible characters as code points, long text cut."""
    if value is None:
        return None
    cut = value if len(value) <= _SHOWN_LENGTH else value[:_SHOWN_LENGTH] + "…"
    return "".join(f"<U+{ord(c):04X}>" if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c for c in cut)


def refuse(code: str, expected: str, place: Place, value: str | None = None) -> NoReturn:
    """Refuse a file for one problem that makes further reading pointless.

    Raises:
        BadInputError: Always.
    """
    raise BadInputError(
        _("The score file {file} was not accepted.").format(file=place.file),
        [Problem(code, expected, place, shown(value))],
    )


class Problems:
    """The errors and warnings of one file; past a limit errors are counted, not kept."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.error_count = 0
        self.warnings: list[Problem] = []
        self._errors: list[Problem] = []
        self._seen: set[Hashable] = set()

    def error(self, code: str, expected: str, place: Place, value: str | None = None) -> None:
        """Add an error.

        Raises:
            BadInputError: If there are so many that reading on is pointless.
        """
        self.error_count += 1
        if self.error_count <= SHOWN_AT_MOST:
            self._errors.append(Problem(code, expected, place, shown(value)))
        elif self.error_count > _COUNTED_AT_MOST:
            self.raise_if_any()

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
        errors = list(self._errors)
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
