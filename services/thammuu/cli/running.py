"""How commands open the program, show progress and say what waits."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from thammuu.cli.output import console
from thammuu.errors import ThammuuError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.bootstrap import Program
    from thammuu.settings import Settings


@contextmanager
def changing(settings: Settings) -> Iterator[Program]:
    """Open the data folder for a writing command."""
    from thammuu import bootstrap, logs, tracing

    logs.configure()
    tracing.configure("command")
    # what a stopped command left pending belongs to traces of its own
    with bootstrap.changing(settings) as program, tracing.span(f"thammuu {_command()}"):
        yield program


@contextmanager
def reading(settings: Settings) -> Iterator[Program]:
    """Open the data folder for a listing; says on standard error when events are pending."""
    from thammuu import bootstrap, logs

    logs.configure()
    with bootstrap.reading(settings) as program:
        if waiting := program.pending():
            told = (
                _("{n} events wait for Kafka's workers.")
                if program.has_workers()
                else _("{n} events pending: the next writing command finishes them, or run `thammuu doctor --finish`.")
            )
            console(stderr=True).print(told.format(n=waiting))
        yield program


def _command() -> str:
    """Return the command's name: the first word that is no option and no folder."""
    words = iter(sys.argv[1:])
    for word in words:
        if word == "--data":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return "command"


def run_pipeline(program: Program) -> None:
    """Handle everything pending, with a progress bar on a terminal."""
    err = console(stderr=True)
    if not err.is_terminal:
        program.run()
        return
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        stages: dict[str, tuple[TaskID, int]] = {}

        def advance(stage: str, done: int) -> None:
            if stage not in stages:
                stages[stage] = (bar.add_task(stage, total=None), 0)
            task, before = stages[stage]
            stages[stage] = (task, before + done)
            bar.update(task, completed=before + done)

        program.run(advance)


def refuse_rejected(rejected: int) -> None:
    """Raise if consumers set aside events that a command has led to; the others were handled.

    Raises:
        ThammuuError: With their number and where to look.
    """
    if rejected:
        raise ThammuuError(
            _("{n} events could not be handled and were set aside; see `thammuu events rejected`.").format(n=rejected)
        )


def ledger_size(program: Program) -> int:
    """Return how many events the ledger has."""
    from thammuu.ledger import log

    with program.context.database.snapshot() as connection:
        return log.size(connection)
