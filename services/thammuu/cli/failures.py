"""Errors as a person reads them, on standard error."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

from thammuu.cli.output import console, print_json
from thammuu.errors import BadInputError, EnvironmentFaultError, ThammuuError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from thammuu.errors import Problem

_SHOWN = 200


def report(error: ThammuuError, arguments: Sequence[str] = ()) -> int:
    """Print an error with all its problems and return the exit code.

    With ``--format json`` the problems also go to standard output, as one object for programs.
    """
    err = console(stderr=True)
    err.print(str(error), style="bold red", markup=False)
    if isinstance(error, BadInputError):
        print_problems(error.problems, err)
        if _asked_format(arguments) == "json":
            print_json({"error": str(error), "problems": [problem.as_dict() for problem in error.problems]})
    return error.exit_code


def report_system(error: OSError, arguments: Sequence[str] = ()) -> int:
    """Print what the operating system refused and return the exit code for the environment."""
    if error.errno == errno.EPIPE:
        # the reader of our output closed it; what is still buffered must not raise again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    place = f" ({error.filename})" if error.filename else ""
    message = _("The system refused: {reason}{place}. What was accepted is kept, the rest was not written.")
    return report(EnvironmentFaultError(message.format(reason=error.strerror or error, place=place)), arguments)


def report_database(error: Exception, arguments: Sequence[str] = ()) -> int:
    """Print what the database refused and return the exit code for the environment."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    message = _("The database refused: {reason}. What was accepted is kept; if the file is damaged, restore a backup.")
    return report(EnvironmentFaultError(message.format(reason=reason)), arguments)


def print_problems(problems: Iterable[Problem], to: Console) -> None:
    """Print problems one a line: place, what stood there, what was expected."""
    listed = list(problems)
    for problem in listed[:_SHOWN]:
        value = "" if problem.value is None else f" {problem.value!r}:"
        place = f"{problem.place}:" if str(problem.place) else ""
        mark = _("warning") + ": " if problem.severity == "warning" else ""
        to.print(f"  {mark}{place}{value} {problem.expected}", markup=False, soft_wrap=True)
    if len(listed) > _SHOWN:
        to.print("  " + _("… and {n} more; --format json lists all.").format(n=len(listed) - _SHOWN), markup=False)


def _asked_format(arguments: Sequence[str]) -> str:
    for place, argument in enumerate(arguments):
        if argument.startswith("--format="):
            return argument.partition("=")[2]
        if argument == "--format" and place + 1 < len(arguments):
            return arguments[place + 1]
    return ""
