"""The composition root: builds the program's parts from settings; nothing is built at import."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from thammuu import pipeline, resources
from thammuu.appearing import appearing, make_durably
from thammuu.bus import handover
from thammuu.bus.context import Context, PackStore
from thammuu.bus.embedded import EmbeddedBus
from thammuu.clock import Clock, system_clock
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _
from thammuu.ledger.blobs import open_blobs
from thammuu.ledger.folder_lock import WAIT_S, writing
from thammuu.ledger.sqlite import SqliteDatabase, is_current
from thammuu.memos.printing.printing_apart import renderer_of
from thammuu.native import return_large_blocks
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from thammuu.ledger.blobs import Blobs
    from thammuu.ledger.database import Database
    from thammuu.ledger.postgres import PostgresDatabase
    from thammuu.settings import Settings

DATABASE = "ledger.sqlite3"


class Program:
    """The running program: its parts and the bus that drives them."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.bus = EmbeddedBus(context, pipeline.ROUTES)

    def pending(self) -> int:
        """Return how many events wait to be handled, by whoever does that."""
        with self.context.database.snapshot() as connection:
            if self._has_workers(connection):
                return sum(handover.left_to_workers(connection, pipeline.ROUTES).values())
            return self.bus.pending(connection)

    def has_workers(self) -> bool:
        """Tell whether Kafka's workers handle the events, as the settings say or the ledger shows."""
        with self.context.database.snapshot() as connection:
            return self._has_workers(connection)

    def _has_workers(self, connection: Connection) -> bool:
        return bool(self.context.settings.kafka_url) or handover.is_workers(connection, pipeline.ROUTES)

    def refuse_beside_workers(self) -> None:
        """See that nothing is done here that Kafka's workers do.

        Raises:
            BadInputError: If workers handle the events and the settings do not say so.
        """
        if not self.context.settings.kafka_url:
            with self.context.database.snapshot() as connection:
                handover.refuse_beside_workers(connection, pipeline.ROUTES)

    def run(self, on_progress: Callable[[str, int], None] | None = None) -> int:
        """Handle what is pending and what follows from it; with Kafka that is the workers' part.

        Raises:
            BadInputError: If workers handle the events and the settings do not say so.
        """
        if self.context.settings.kafka_url:
            return 0
        self.refuse_beside_workers()
        return self.bus.run(on_progress)

    def issue_due(self, most: int | None = None) -> int:
        """Issue what a policy issues by itself, handle what follows, and return how many memos that were.

        Raises:
            BadInputError: If workers handle the events and the settings do not say so.
        """
        from thammuu.memos.scheduling import due

        self.refuse_beside_workers()
        issued = due(self.context, most)
        if issued:
            self.run()
        return issued

    def close(self) -> None:
        """Close the database and drop temporary folders."""
        self.context.close()


@contextmanager
def reading(settings: Settings, clock: Clock = system_clock) -> Iterator[Program]:
    """Open the data to look at it; an empty data folder is made on first use.

    Raises:
        EnvironmentFaultError: If a PostgreSQL database cannot be reached or lacks migrations.
    """
    if settings.database_url is not None:
        database: Database = _postgres(settings)
    else:
        path = prepared_folder(settings.data) / DATABASE
        if not is_current(path):
            with writing(path.parent):
                SqliteDatabase(path, writable=True).close()
        database = SqliteDatabase(path, writable=False)
    program = _assemble(settings, clock, database)
    try:
        yield program
    finally:
        program.close()


@contextmanager
def changing(settings: Settings, clock: Clock = system_clock) -> Iterator[Program]:
    """Open the data for a writing command, which first finishes what a stopped one left pending.

    Raises:
        BadInputError: If Kafka's workers handle the events and the settings do not say so.
        EnvironmentFaultError: If another writing command is at it.
    """
    with holding(settings, clock) as program:
        program.run()
        program.issue_due()
        yield program


@contextmanager
def holding(settings: Settings, clock: Clock = system_clock) -> Iterator[Program]:
    """Open the data so that no other writing command is at it; what is pending stays so.

    Raises:
        EnvironmentFaultError: If another writing command is at it.
    """
    with ExitStack() as stack:
        if settings.database_url is not None:
            # not the folder's lock: the other command may run on another machine
            postgres = _postgres(settings)
            stack.callback(postgres.close)
            stack.enter_context(postgres.alone(WAIT_S))
            database: Database = postgres
        else:
            folder = prepared_folder(settings.data)
            stack.enter_context(writing(folder))
            database = SqliteDatabase(folder / DATABASE, writable=True)
        program = _assemble(settings, clock, database)
        stack.callback(program.close)
        yield program


@contextmanager
def filling(settings: Settings) -> Iterator[tuple[Database, Blobs, str]]:
    """Open an empty place for a ledger that comes from elsewhere; a data folder appears only when all is written.

    Yields:
        The database, where the stored files go, and what to call the place.

    Raises:
        BadInputError: If the data folder is there already and not empty.
        EnvironmentFaultError: If a PostgreSQL database cannot be reached, lacks migrations or is in use.
    """
    with ExitStack() as stack:
        if settings.database_url is not None:
            postgres = _postgres(settings)
            stack.callback(postgres.close)
            stack.enter_context(postgres.alone(WAIT_S))
            yield postgres, open_blobs(settings.blobs_url, settings.data / "blobs"), postgres.place
            return
        folder = prepared_folder(stack.enter_context(appearing(settings.data)))
        database = SqliteDatabase(folder / DATABASE, writable=True)
        stack.callback(database.close)
        yield database, open_blobs(settings.blobs_url, folder / "blobs"), str(settings.data)


@contextmanager
def sharing(settings: Settings, clock: Clock = system_clock) -> Iterator[Program]:
    """Open the data for a process that works beside others: a worker, a relay, a server.

    Raises:
        BadInputError: If the ledger is a file, which only one process may write, or if Kafka's workers handle its
            events and the settings do not say so.
        EnvironmentFaultError: If the database cannot be reached or lacks migrations.
    """
    if settings.database_url is None:
        raise BadInputError(_("THAMMUU_DATABASE_URL is not set: several processes share a PostgreSQL database."))
    program = _assemble(settings, clock, _postgres(settings))
    try:
        program.refuse_beside_workers()
        yield program
    finally:
        program.close()


@contextmanager
def serving(settings: Settings, address: str, clock: Clock = system_clock) -> Iterator[Program]:
    """Open the data for a server: a folder is its own for as long as it runs, a database it shares.

    Args:
        settings: Where the data lives.
        address: Where the server answers; commands that find the folder taken are told.
        clock: The present moment.

    Raises:
        BadInputError: If Kafka's workers handle the events and the settings do not say so.
        EnvironmentFaultError: If another process is at the folder, or the database cannot be reached.
    """
    if settings.database_url is not None:
        if settings.blobs_url is None:
            (settings.data / "blobs").mkdir(parents=True, exist_ok=True)
        with sharing(settings, clock) as program:
            yield program
        return
    folder = prepared_folder(settings.data)
    with writing(folder, server=address):
        program = _assemble(settings, clock, SqliteDatabase(folder / DATABASE, writable=True))
        try:
            program.refuse_beside_workers()
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
        if not (folder / DATABASE).exists() or not (folder / "blobs").exists():
            make_durably(folder / "blobs")
    except OSError as error:
        message = _("The data folder {folder} cannot be made: {reason}.").format(folder=folder, reason=error.strerror)
        raise EnvironmentFaultError(message) from error
    return folder


def open_postgres(settings: Settings) -> PostgresDatabase:
    """Return the PostgreSQL database of the settings, whatever schema it has.

    Raises:
        BadInputError: If its address is not one of PostgreSQL.
    """
    from thammuu.ledger.postgres import Limits, PostgresDatabase

    assert settings.database_url is not None
    limits = Limits(
        idle_s=settings.database_idle_timeout_s,
        lock_s=settings.database_lock_timeout_s,
        statement_s=settings.database_statement_timeout_s,
        connections=settings.database_connections,
    )
    return PostgresDatabase(settings.database_url.get_secret_value(), limits)


def _postgres(settings: Settings) -> PostgresDatabase:
    database = open_postgres(settings)
    try:
        database.check_schema()
    except BaseException:
        database.close()
        raise
    return database


def _assemble(settings: Settings, clock: Clock, database: Database) -> Program:
    return_large_blocks()
    blobs = open_blobs(settings.blobs_url, settings.data / "blobs")
    return Program(
        Context(
            database=database,
            blobs=blobs,
            packs=PackStore(RulePack(resources.rules_folder()), blobs),
            renderer=renderer_of(resources.templates_folder()),
            clock=clock,
            settings=settings,
        )
    )
