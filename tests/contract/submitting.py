"""Messages as another system would write them, and a worker that answers them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer

from thammuu import bootstrap
from thammuu.bus.kafka.connection import connection_of, make_topics
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.status import Status
from thammuu.bus.topics import SUBMISSIONS
from thammuu.events import Event, SubmissionAnswered
from thammuu.ledger import log
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.bus.context import Context

WITHIN_S = 60.0
SOURCE = "/simulated/producer"
HEADER = "period,entity_code,entity_name,criterion_code,score\n"
ROWS = "2022,01,Hà Nội,1.1,1.29\n2022,02,Hà Giang,1.1,1.31\n"
CSV = HEADER + ROWS


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def message(submission_id: str, file: dict[str, Any], **said: object) -> bytes:
    data: dict[str, Any] = {
        "submission_id": submission_id,
        "index": "papi",
        "period": "2022",
        "published_on": "2023-04-12",
    }
    data |= {"partial": True, "file": {"name": "scores.csv", "format": "csv"} | file} | said
    head = {"specversion": "1.0", "id": f"m-{submission_id}", "source": SOURCE, "type": "thammuu.scores.submitted"}
    return json.dumps(head | {"data": data}).encode()


def in_parts(submission_id: str, content: bytes, of: int, **said: object) -> list[bytes]:
    size = -(-len(content) // of)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    whole = {"sha256": said.pop("sha256", sha256(content))}
    return [
        message(submission_id, whole | {"part": {"number": n, "of": of, "base64": encoded(piece)}}, **said)
        for n, piece in enumerate(pieces, 1)
    ]


@dataclass(frozen=True)
class Producer:
    """A producer and the worker that answers it."""

    context: Context
    settings: Settings

    def send(self, *bodies: bytes) -> None:
        """Put messages on the topic, one after the other on one partition."""
        asyncio.run(self._send(bodies))

    async def _send(self, bodies: tuple[bytes, ...]) -> None:
        kafka = connection_of(self.settings)
        producer = AIOKafkaProducer(bootstrap_servers=kafka.servers, max_request_size=2_000_000)
        await producer.start()
        try:
            for body in bodies:
                await producer.send_and_wait(kafka.topics.submitted, body, partition=0)
        finally:
            await producer.stop()

    def work_until(self, answers: int, extra_s: float = 0.0) -> list[SubmissionAnswered]:
        """Run a worker until there are so many answers in all, and return them."""
        asyncio.run(self._work_until(answers, extra_s))
        return self.answers()

    async def _work_until(self, answers: int, extra_s: float) -> None:
        stop = asyncio.Event()
        worker = Worker(self.context, (), [SUBMISSIONS], connection_of(self.settings), Status())
        task = asyncio.create_task(worker.run(stop))
        try:
            deadline = time.monotonic() + WITHIN_S
            while len(await asyncio.to_thread(self.answers)) < answers:
                assert time.monotonic() < deadline, f"{len(self.answers())} of {answers} answers"
                assert not task.done(), task.exception()
                await asyncio.sleep(0.05)
            await asyncio.sleep(extra_s)
        finally:
            stop.set()
            await task

    def answered(self, *bodies: bytes) -> SubmissionAnswered:
        """Send messages and return the one answer that they get."""
        before = len(self.answers())
        self.send(*bodies)
        (answer,) = self.work_until(before + 1)[before:]
        return answer

    def events(self, kind: str) -> list[Event]:
        with self.context.database.snapshot() as connection:
            return [found.event for found in log.read(connection, types=[kind])]

    def answers(self) -> list[SubmissionAnswered]:
        found = [event.data for event in self.events(SubmissionAnswered.event_type)]
        return [data for data in found if isinstance(data, SubmissionAnswered)]


@contextmanager
def producing(database_url: str, servers: str | None, folder: Path, **more: str) -> Iterator[Producer]:
    """Give a producer with topics and a database of its own."""
    values: dict[str, Any] = {"database_url": database_url, "kafka_url": servers, "data": folder / "data"}
    values |= {"topic_prefix": f"{folder.name}.", "kafka_partitions": 2}
    settings = Settings(**values | more)
    bootstrap.prepared_folder(settings.data)
    postgres = bootstrap.open_postgres(settings)
    postgres.upgrade()
    postgres.close()
    if servers:
        asyncio.run(make_topics(connection_of(settings), settings.kafka_partitions))
    with bootstrap.sharing(settings) as program:
        yield Producer(program.context, settings)
