"""The composition root: builds the program's parts from settings; nothing is built at import."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from thammuu import pipeline, resources
from thammuu.bus.context import Context, PackStore
from thammuu.bus.embedded import EmbeddedBus
from thammuu.clock import Clock, system_clock
from thammuu.errors import EnvironmentFaultError
from thammuu.i18n import _
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.database import Database, is_current
from thammuu.ledger.folder_lock import writing
from thammuu.memos.printing.render import Renderer
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thammuu.settings import Settings

DATABASE = "ledger.sqlite3"


class Program:
    """The running program: its parts and the bus that drives them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.bus = EmbeddedBus(context, pipeline.ROUTES)

    def pending(self) -> int:
        """Return how many events wait to be handled."""
        with self.context.database.snapshot() as connection:
            return self.bus.pending(connection)

    def run(self, on_progress: Callable[[str, int], None] | None = None) -> int:
        """Handle what is pending and what follows from it."""
        return self.bus.run(on_progress)

    def close(self) -> None:
        """Close the database and drop temporary folders."""
        self.context.close()


@contextmanager
def reading(settings: Settings, clock: Clock = system_clock) -> Iterator[Program]:
    """Open a data folder to look at it; an empty one is made on first use."""
    folder = prepared_folder(settings.data)
    if not is_current(folder / DATABASE):
        with writing(folder):
            Database(folder / DATABASE, writable=True).close()
    program = _assemble(settings, clock, writable=False)
    try:
        yield program
    finally:
        program.close()


@contextmanager
def changing(settings: Settings, clock: Clock = system_clock) -> Iterator[Program]:
    """Open a data folder for a writing command, which first finishes what a stopped one left pending.

    Raises:
        EnvironmentFaultError: If another writing command holds the folder.
    """
    with writing(prepared_folder(settings.data)):
        program = _assemble(settings, clock, writable=True)
        try:
            program.run()
            yield program
        finally:
            program.close()


def prepared_folder(folder: Path) -> Path:
    """Return the data folder, made if it is not there.

    Raises:
        EnvironmentFaultError: If it cannot be made.
    """
    if (folder / "blobs").is_dir() and not (folder / DATABASE).exists() and any((folder / "blobs").iterdir()):
        raise EnvironmentFaultError(
            _("{folder} has stored files but no ledger: restore ledger.sqlite3 from a backup.").format(folder=folder)
        )
    try:
        (folder / "blobs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = _("The data folder {folder} cannot be made: {reason}.").format(folder=folder, reason=error.strerror)
        raise EnvironmentFaultError(message) from error
    return folder


def _assemble(settings: Settings, clock: Clock, *, writable: bool) -> Program:
    blobs = FolderBlobs(settings.data / "blobs")
    return Program(
        Context(
            database=Database(settings.data / DATABASE, writable=writable),
            blobs=blobs,
            packs=PackStore(RulePack(resources.rules_folder()), blobs),
            renderer=Renderer(resources.templates_folder()),
            clock=clock,
            settings=settings,
        )
    )
