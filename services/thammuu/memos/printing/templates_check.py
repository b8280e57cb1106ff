"""Try the templates in a process of its own, which may take so long and so much memory and no more."""

from __future__ import annotations

import json
import subprocess
import sys
from threading import Event, Timer
from typing import TYPE_CHECKING, Any

from thammuu.errors import EnvironmentFaultError, Place, Problem
from thammuu.i18n import _
from thammuu.memos.printing.faults import MESSAGE, TEMPLATE_OF

if TYPE_CHECKING:
    from pathlib import Path

OUT_OF_MEMORY = "template-too-large"
MOST_SECONDS = 60.0
"""The shipped templates print every trial memo in two."""


def check_templates(templates: Path, *, seconds: float = MOST_SECONDS) -> list[Problem]:
    """Return what is wrong with the memo templates of a folder, each fault once, with file and line.

    Args:
        templates: The templates folder, with ``action_memo/`` and ``fonts/`` in it.
        seconds: How long printing all trial memos may take.

    Raises:
        EnvironmentFaultError: If the process does not start.
    """
    found: list[Problem] = []
    begun, done, late = ("", ""), False, Event()
    lines, fault = _told(templates, seconds, late)
    for line in lines:
        if "begins" in line:
            begun = (line["begins"][0], line["begins"][1])
        elif "problem" in line:
            found.append(_problem(line["problem"]))
        else:
            done = True
    if not (done or begun[0] or late.is_set()):
        raise EnvironmentFaultError(_("The templates could not be tried: {fault}").format(fault=fault))
    if not done:
        found.append(_unfinished(*begun, seconds=seconds if late.is_set() else None))
    return found


def _told(templates: Path, seconds: float, late: Event) -> tuple[list[dict[str, Any]], str]:
    """Return what the process told, and the last line of what it said when it broke."""
    command = [sys.executable, "-P", "-m", "thammuu.memos.printing.trial_run", str(templates.resolve())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as trial:  # noqa: S603  our own

        def end() -> None:
            late.set()
            trial.kill()

        timer = Timer(seconds, end)
        timer.start()
        try:
            printed, errors = trial.communicate()
        except BaseException:
            trial.kill()
            raise
        finally:
            timer.cancel()
    # a process that was ended may have left half a line
    lines = [json.loads(line) for line in printed.splitlines(keepends=True) if line.endswith(b"\n")]
    return lines, errors.decode(errors="replace").strip().rpartition("\n")[2]


def _problem(told: dict[str, Any]) -> Problem:
    place = Place(**{key: told[key] for key in ("file", "sheet", "row", "column", "line")})
    return Problem(told["code"], told["expected"], place, value=told["value"], severity=told["severity"])


def _unfinished(fmt: str, name: str, *, seconds: float | None) -> Problem:
    place = Place(file=f"{MESSAGE}/{TEMPLATE_OF.get(fmt, '')}")
    if seconds is not None:
        told = _("it takes too long: all memos are printed within {n} seconds (memo “{name}”)")
        return Problem("template-too-slow", told.format(n=round(seconds), name=name), place)
    told = _("it prints the memo “{name}” within the memory allowed").format(name=name)
    return Problem(OUT_OF_MEMORY, told, place)
