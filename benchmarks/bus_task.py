"""What the benchmarks of the bus run in processes of their own: one small handler on both sides.

The handler inserts a row and emits one event. ``bare`` is a FastStream consumer with manual acknowledgement that
writes the same rows by the same SQLAlchemy statements, without looking whether they are there, without hashing and
without an order that holds for several consumers.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage  # noqa: TC002  FastStream reads the annotation
from sqlalchemy import create_engine, func, insert, select

from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.kafka.connection import Connection
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.outbox import Outbox
from thammuu.bus.routes import Route
from thammuu.bus.status import Status
from thammuu.bus.topics import Topics
from thammuu.events import Event, MemoSuperseded, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.ledger.schema import events, findings, inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROW = {"publication_id": "p", "unit_id": "u", "severity": "minor", "body": ""}


def note(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Insert a row and emit an event."""
    assert isinstance(event.data, RulesActivated)
    work.connection.execute(insert(findings).values(finding_id=event.data.pack, **ROW))
    data = MemoSuperseded(memo_id=event.data.pack, version=1, reason="publication-withdrawn")
    return [NewEvent(subject=event.data.pack, data=data)]


ROUTES = (Route("noting", RulesActivated, note),)


@contextmanager
def context_of(url: str) -> Iterator[Context]:
    """Open a database with nothing else around it."""
    with tempfile.TemporaryDirectory() as folder:
        database = PostgresDatabase(url)
        parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None}
        yield Context(database=database, blobs=FolderBlobs(Path(folder)), clock=lambda: datetime.now(UTC), **parts)
        database.close()


def publish(context: Context, first: int, many: int) -> None:
    """Append the events of small publications."""
    new = [
        envelope(NewEvent(subject=f"pack-{n}", data=RulesActivated(pack=f"pack-{n}")), f"id-{n}", NOON)
        for n in range(first, first + many)
    ]
    with context.database.transaction() as connection:
        log.append(connection, new)


def noted(context: Context) -> int:
    """Return how many rows the handler wrote."""
    with context.database.snapshot() as connection:
        return connection.execute(select(func.count()).select_from(findings)).scalar_one()


async def _until_told(run: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(stop)


def worker(url: str, servers: str, prefix: str) -> None:
    """Handle events until SIGTERM."""
    with context_of(url) as context:
        kafka = Connection(servers, Topics(prefix))
        asyncio.run(_until_told(Worker(context, ROUTES, ["noting"], kafka, Status()).run))


def relay(url: str, servers: str, prefix: str) -> None:
    """Relay events until SIGTERM."""
    with context_of(url) as context:
        asyncio.run(_until_told(Relay(Outbox(context, "bench"), Connection(servers, Topics(prefix)), Status()).run))


def bare(url: str, servers: str, prefix: str) -> None:
    """Write the same rows until SIGTERM, each message acknowledged after its transaction."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    positions = count(1_000_000_000)

    def write(body: dict[str, Any]) -> None:
        pack = body["data"]["pack"]
        said = {"id": f"out-{pack}", "type": "memo.superseded", "subject": pack, "data": {"memo_id": pack}}
        out = json.dumps(said | {"specversion": "1.0", "source": "/thammuu", "time": NOON.isoformat()}).encode()
        with engine.begin() as connection:
            connection.execute(insert(inbox).values(consumer="noting", event_id=pack))
            connection.execute(insert(findings).values(finding_id=pack, **ROW))
            row = {"position": next(positions), "id": f"out-{pack}", "type": "memo.superseded", "subject": pack}
            connection.execute(insert(events).values(body=out, **row))

    _consume(servers, f"{prefix}bare", write)


def _consume(servers: str, topic: str, write: Callable[[dict[str, Any]], None]) -> None:
    broker = KafkaBroker(servers, logger=None)

    @broker.subscriber(topic, group_id="bare", ack_policy=AckPolicy.MANUAL, auto_offset_reset="earliest")
    async def handle(body: dict[str, Any], message: KafkaMessage) -> None:
        await asyncio.get_running_loop().run_in_executor(None, write, body)
        await message.ack()

    async def run(stop: asyncio.Event) -> None:
        await broker.start()
        await stop.wait()
        await broker.stop()

    asyncio.run(_until_told(run))


def echo(_url: str, servers: str, prefix: str) -> None:
    """Answer each message on another topic until SIGTERM."""
    broker = KafkaBroker(servers, logger=None)

    @broker.subscriber(f"{prefix}ask", group_id="echo", auto_offset_reset="earliest")
    @broker.publisher(f"{prefix}answer")
    async def answer(body: bytes) -> bytes:
        return body

    async def run(stop: asyncio.Event) -> None:
        await broker.start()
        await stop.wait()
        await broker.stop()

    asyncio.run(_until_told(run))


async def send(servers: str, topic: str, bodies: list[bytes]) -> None:
    """Put messages on a topic."""
    producer = AIOKafkaProducer(bootstrap_servers=servers)
    await producer.start()
    for body in bodies:
        await producer.send(topic, body)
    await producer.stop()


def wait_until(reached: Callable[[], bool], within_s: float) -> float:
    """Wait for something and return the seconds it took."""
    begun = time.perf_counter()
    while not reached():
        if time.perf_counter() - begun > within_s:
            sys.exit("not reached in time")
        time.sleep(0.01)
    return time.perf_counter() - begun


if __name__ == "__main__":
    {"worker": worker, "relay": relay, "bare": bare, "echo": echo}[sys.argv[1]](*sys.argv[2:])
