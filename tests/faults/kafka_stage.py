"""What the faults on Kafka and PostgreSQL happen to: servers behind proxies, processes to kill, a toy route."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from sqlalchemy import func, insert, select

from thammuu import failpoints, logs
from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.embedded import EmbeddedBus
from thammuu.bus.kafka.connection import Connection, make_topics
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.outbox import Outbox
from thammuu.bus.routes import Route
from thammuu.bus.status import Status
from thammuu.bus.topics import Topics
from thammuu.errors import EnvironmentFaultError
from thammuu.events import Event, EventRejected, EventReplayed, MemoSuperseded, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.postgres import Limits, PostgresDatabase
from thammuu.ledger.schema import findings, inbox
from thammuu.ledger.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.context import ForkServerProcess

    from servers.kafka import Kafka
    from servers.postgres import Postgres
    from servers.proxy import Proxy
    from thammuu.ledger.database import Database

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SESSION_TIMEOUT_MS = 3_000
SLOW_SESSION_TIMEOUT_MS = 30_000
LEASE_S = 2.0
CONSUMER = "noting"
SUBJECTS = 97
EXAMPLES = Path(__file__).parents[2] / "examples" / "papi"
PROVINCES = ("01", "02", "04", "06", "08", "10")
"""The real input is cut from the real file: the scores of these provinces."""
_FORKS = multiprocessing.get_context("forkserver")
_OURS = ("bootstrap", "bus.kafka", "intake.publishing", "ledger.postgres", "pipeline")
_THEIRS = ("psycopg", "sqlalchemy.dialects.postgresql.psycopg", "sqlglot", "rapidfuzz", "rfc8785", "kafka_story")
_FORKS.set_forkserver_preload([*(f"thammuu.{name}" for name in _OURS), "typst", "polars", "aiokafka", *_THEIRS])
State = dict[str, tuple[str, str, str]]


def note(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Insert a row, which a second time would refuse, and say so in an event."""
    assert isinstance(event.data, RulesActivated)
    row = {"publication_id": "p", "unit_id": event.subject, "severity": "minor", "body": ""}
    work.connection.execute(insert(findings).values(finding_id=event.data.pack, **row))
    data = MemoSuperseded(memo_id=event.data.pack, version=1, reason="publication-withdrawn")
    return [NewEvent(subject=event.subject, data=data)]


ROUTES = (Route(CONSUMER, RulesActivated, note),)


def numbered(first: int, count: int) -> list[Event]:
    """Return events to begin with."""
    return [
        envelope(NewEvent(subject=f"unit-{n % SUBJECTS:02d}", data=RulesActivated(pack=f"p{n}")), f"id-{n}", NOON)
        for n in range(first, first + count)
    ]


def cut_scores(year: int, folder: Path, provinces: Sequence[str] = PROVINCES) -> Path:
    """Write the scores of a few provinces to a file of their own."""
    lines = (EXAMPLES / f"papi-{year}.csv").read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.startswith(("#", "period")) or line.split(",")[1] in provinces]
    cut = folder / f"papi-{year}.csv"
    cut.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return cut


def submit(database: Database, first: int, count: int, at_once: int = 100) -> None:
    """Append events to begin with, as somebody who tries again while the database is away."""
    for start in range(first, first + count, at_once):
        new, until = numbered(start, min(at_once, first + count - start)), time.monotonic() + 30
        while True:
            try:
                with database.transaction() as connection:
                    log.append(connection, new)
                break
            except EnvironmentFaultError:
                # the connection at hand went with the server that was killed
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)


@dataclass
class Servers:
    """Kafka and PostgreSQL, and a proxy before each of them for workers and one for relays."""

    kafka: Kafka
    postgres: Postgres
    proxies: dict[str, Proxy]
    _pattern: str = ""

    def new_database(self) -> str:
        """Make a database with empty tables, by copying the first one, and return its address."""
        if not self._pattern:
            url = self.postgres.new_database()
            database = PostgresDatabase(url)
            database.upgrade()
            database.close()
            self._pattern = url.rpartition("/")[2]
        return self.postgres.new_database(self._pattern)


@dataclass(frozen=True)
class Place:
    """One test's database and topics, as a process reaches them."""

    database: str
    kafka: str
    prefix: str
    folder: Path
    limits: Limits

    def connection(self) -> Connection:
        return Connection(self.kafka, Topics(self.prefix), session_timeout_ms=SESSION_TIMEOUT_MS)

    @contextmanager
    def context(self) -> Iterator[Context]:
        database = PostgresDatabase(self.database, self.limits)
        parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None}
        yield Context(database=database, blobs=FolderBlobs(self.folder), clock=lambda: NOON, **parts)
        database.close()


@dataclass
class Stage:
    """A test's places, its processes and what came of it."""

    servers: Servers
    database: PostgresDatabase
    name: str
    prefix: str
    folder: Path
    limits: Limits = field(default_factory=Limits)
    processes: list[ForkServerProcess] = field(default_factory=list)

    def place(self, who: str = "") -> Place:
        """Return how a worker or a relay reaches the servers, through its proxies; by no name directly."""
        proxies, kafka = self.servers.proxies, self.servers.kafka
        database = self.servers.postgres.url(self.name, proxies[f"{who}-postgres"].port if who else None)
        servers = f"127.0.0.1:{proxies[f'{who}-kafka'].port}" if who else kafka.servers
        return Place(database, servers, self.prefix, self.folder / "blobs", self.limits)

    def begin(self, work: Callable[..., None], *arguments: object, fail_at: str = "") -> ForkServerProcess:
        """Start a process; what it says goes to a file."""
        said = self.folder / f"process-{len(self.processes)}.log"
        process = _FORKS.Process(target=_in_process, args=(work, str(said), fail_at, *arguments), daemon=True)
        process.start()
        self.processes.append(process)
        return process

    def worker(self, *, fail_at: str = "") -> ForkServerProcess:
        """Start a worker of the toy route."""
        return self.begin(work_on, self.place("worker"), fail_at=fail_at)

    def relay(self, *, fail_at: str = "", lease_s: float = LEASE_S) -> ForkServerProcess:
        """Start a relay."""
        return self.begin(relay_from, self.place("relay"), lease_s, fail_at=fail_at)

    def said(self) -> str:
        """Return the end of what the processes said."""
        return "\n".join(
            f"{one.name}:\n{one.read_text(errors='replace')[-1_500:]}" for one in self.folder.glob("*.log")
        )

    def count(self, table: Any = findings) -> int:  # noqa: ANN401  a table or a column
        """Return how many rows a table has; a connection from before a crash is broken, so it may ask again."""
        for _kept in range(10):
            with suppress(EnvironmentFaultError), self.database.snapshot() as connection:
                return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        raise AssertionError(self.said())

    def behind(self) -> int:
        """Return how many events wait for the relay."""
        return Outbox(Context(database=self.database, **dict.fromkeys(_NOT_NEEDED)), "looking").behind()  # type: ignore[arg-type]

    def messages(self) -> int:
        """Return how many messages the toy route's topic holds."""
        ends, _done = asyncio.run(_ends_and_done(self.place().connection(), CONSUMER, [RulesActivated.event_type]))
        return sum(ends.values())

    def lag(self, consumer: str = CONSUMER, types: Sequence[str] = (RulesActivated.event_type,)) -> int:
        """Return how many messages a consumer has not acknowledged."""
        ends, done = asyncio.run(_ends_and_done(self.place().connection(), consumer, types))
        return sum(end - done.get(part, 0) for part, end in ends.items())

    def members(self) -> int:
        """Return how many consumers the toy route's group has."""
        return asyncio.run(_members(self.place().connection()))

    def settled(self, events: int, within_s: float) -> None:
        """Wait until all is handled, sent and acknowledged."""
        self.until(lambda: self.count() >= events, within_s)
        self.until(lambda: self.behind() == 0, within_s)
        self.until(lambda: self.lag() == 0, within_s)

    def until(self, reached: Callable[[], bool], within_s: float) -> None:
        """Wait for something, or fail with what the processes said."""
        deadline = time.monotonic() + within_s
        while not reached():
            assert time.monotonic() < deadline, f"{self.count()} handled; not reached in time\n{self.said()}"
            time.sleep(0.1)

    def check(self, events: int) -> None:
        """See that nothing is missing or double and that the output is that of the embedded program."""
        found = state(self.database)
        rejected = [one for one in found.values() if one[0] == EventRejected.event_type]
        assert rejected == []
        assert self.count() == self.count(inbox) == events
        assert found == embedded(self.folder / "embedded", events)
        with self.database.snapshot() as connection:
            assert log.verify(connection) == []
            assert log.size(connection) == 2 * events

    def end(self) -> list[int | None]:
        """Stop every process in order; return their exit codes, -9 for one that was killed."""
        for process in self.processes:
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGCONT)
                process.terminate()
        for process in self.processes:
            process.join(60)
            if process.is_alive():
                process.kill()
                process.join()
                raise AssertionError(f"a process did not stop\n{self.said()}")
        return [process.exitcode for process in self.processes]


_NOT_NEEDED = ("blobs", "packs", "renderer", "clock", "settings")


def new_stage(servers: Servers, folder: Path, limits: Limits, partitions: int = 6) -> Stage:
    """Make a database and topics, none of these with no partitions."""
    url = servers.new_database()
    database = PostgresDatabase(url)
    (folder / "blobs").mkdir(parents=True, exist_ok=True)
    name = url.rpartition("/")[2]
    stage = Stage(servers, database, name, f"{name}.", folder, limits)
    if partitions:
        asyncio.run(make_topics(stage.place().connection(), partitions))
    return stage


def work_on(place: Place) -> None:
    """Be a worker until told to stop."""
    with place.context() as context:
        until_told(lambda stop: Worker(context, ROUTES, [CONSUMER], place.connection(), Status()).run(stop))


def work_on_slowly(place: Place, seconds: float) -> None:
    """Be a worker that takes its time; a session of 30 s, so that one who does not leave is waited for."""

    def slowly(event: Event, work: UnitOfWork) -> list[NewEvent]:
        time.sleep(seconds)
        return note(event, work)

    kafka = replace(place.connection(), session_timeout_ms=SLOW_SESSION_TIMEOUT_MS)
    with place.context() as context:
        worker = Worker(context, (Route(CONSUMER, RulesActivated, slowly),), [CONSUMER], kafka, Status())
        until_told(worker.run)


def relay_from(place: Place, lease_s: float) -> None:
    """Be a relay until told to stop."""
    with place.context() as context:
        outbox = Outbox(context, f"relay {os.getpid()}", lease_s)
        until_told(lambda stop: Relay(outbox, place.connection(), Status()).run(stop))


def until_told(run: Callable[[asyncio.Event], Any]) -> None:
    """Run until SIGTERM."""

    async def main() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await run(stop)

    asyncio.run(main())


def _in_process(work: Callable[..., None], said: str, fail_at: str, *arguments: object) -> None:
    handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(handle, number)
    logs.configure()
    if fail_at:
        failpoints.tell(failpoints.deadly(fail_at))
    work(*arguments)


def state(database: Database) -> State:
    """Return what happened, without when."""
    with database.snapshot() as connection:
        found = [one.event for one in log.read(connection)]
    return {_known_by(one): (one.type, one.subject, json.dumps(one.data.model_dump(mode="json"))) for one in found}


def _known_by(one: Event) -> str:
    """Return an event's id, or its cause where the id names a place in the ledger, which is another in each run."""
    return f"replayed {one.data.consumer} {one.data.replayed}" if isinstance(one.data, EventReplayed) else one.id


def embedded(folder: Path, events: int) -> State:
    """Return what the embedded program makes of the same events."""
    folder.mkdir(parents=True)
    database = SqliteDatabase(folder / "ledger.sqlite3", writable=True)
    parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None, "blobs": None}
    submit(database, 0, events, at_once=1_000)
    EmbeddedBus(Context(database=database, clock=lambda: NOON, **parts), ROUTES).run()
    found = state(database)
    database.close()
    assert len([one for one in found.values() if one[0] == MemoSuperseded.event_type]) == events
    return found


async def _members(kafka: Connection) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    try:
        (answer,) = await admin.describe_consumer_groups([kafka.topics.group_of(CONSUMER)])
    finally:
        await admin.close()
    ((_fault, _name, _state, _kind, _protocol, members, *_more),) = answer.groups
    return len(members)


async def _ends_and_done(
    kafka: Connection, consumer: str, types: Sequence[str]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    try:
        described = await admin.describe_topics(list(kafka.topics.of_all(types)))
        parts = [TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]]
        done = await admin.list_consumer_group_offsets(f"{kafka.topics.prefix}thammuu.{consumer}")
    finally:
        await admin.close()
    async with AIOKafkaConsumer(bootstrap_servers=kafka.servers) as reader:
        ends = await reader.end_offsets(parts)
    return ends, {part: found.offset for part, found in done.items() if found.offset > 0}
