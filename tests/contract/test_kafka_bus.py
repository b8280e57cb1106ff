"""The distributed bus on real Kafka and PostgreSQL: nothing lost or doubled, poison set aside, faults waited out."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from aiokafka import AIOKafkaProducer
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, insert, select

from thammuu import failpoints
from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.health import consumer_registry
from thammuu.bus.kafka.connection import Connection, make_topics
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.outbox import Outbox, rewind
from thammuu.bus.routes import Route
from thammuu.bus.status import Status
from thammuu.bus.topics import POSITION, Topics
from thammuu.errors import EnvironmentFaultError
from thammuu.events import Event, EventRejected, MemoSuperseded, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.ledger.schema import findings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WITHIN_S = 60.0


@pytest.fixture
def kafka(kafka_broker: Kafka, tmp_path: Path) -> Connection:
    """The broker, with topics of the test's own."""
    connection = Connection(kafka_broker.servers, Topics(f"{tmp_path.name}."))
    asyncio.run(make_topics(connection, partitions=2))
    return connection


@pytest.fixture
def context(tmp_path: Path, postgres: Postgres) -> Iterator[Context]:
    database = PostgresDatabase(postgres.new_database())
    database.upgrade()
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None}
    yield Context(database=database, blobs=FolderBlobs(blobs), clock=lambda: NOON, **parts)
    database.close()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def activated(context: Context, *packs: str) -> None:
    new = [envelope(NewEvent(subject=pack, data=RulesActivated(pack=pack)), f"id-{pack}", NOON) for pack in packs]
    with context.database.transaction() as connection:
        log.append(connection, new)


def note(event: Event, work: UnitOfWork) -> list[NewEvent]:
    assert isinstance(event.data, RulesActivated)
    row = {"publication_id": "p", "unit_id": "u", "severity": "minor", "body": ""}
    work.connection.execute(insert(findings).values(finding_id=event.data.pack, **row))
    data = MemoSuperseded(memo_id=event.data.pack, version=1, reason="publication-withdrawn")
    return [NewEvent(subject=event.data.pack, data=data)]


ROUTES = (Route("noting", RulesActivated, note),)


def noted(context: Context) -> int:
    with context.database.snapshot() as connection:
        return connection.execute(select(func.count()).select_from(findings)).scalar_one()


def events_of(context: Context, kind: str) -> list[Event]:
    with context.database.snapshot() as connection:
        return [found.event for found in log.read(connection, types=[kind])]


def told(status: Status, figure: str) -> float:
    """What the figures say of the consumer; what is set aside is counted by process, so by more than one test."""
    text = generate_latest(consumer_registry(status)).decode()
    (family,) = (one for one in text_string_to_metric_families(text) if one.name == figure)
    return sum(
        one.value for one in family.samples if one.labels == {"consumer": "noting"} and one.name == f"{figure}_total"
    )


@asynccontextmanager
async def running(*tasks: Coroutine[Any, Any, None], stop: asyncio.Event) -> AsyncIterator[None]:
    started = [asyncio.create_task(task) for task in tasks]
    try:
        yield
    finally:
        stop.set()
        done = await asyncio.wait_for(asyncio.gather(*started, return_exceptions=True), 60)
        assert [one for one in done if isinstance(one, Exception)] == []


async def until(reached: Callable[[], bool], within_s: float = WITHIN_S) -> None:
    deadline = time.monotonic() + within_s
    while not await asyncio.to_thread(reached):
        assert time.monotonic() < deadline, "not reached in time"
        await asyncio.sleep(0.02)


def worker(
    context: Context, kafka: Connection, routes: tuple[Route, ...] = ROUTES, status: Status | None = None
) -> Worker:
    return Worker(context, routes, ["noting"], kafka, status or Status())


def relay(context: Context, kafka: Connection, name: str = "one", lease_s: float = 10.0) -> Relay:
    return Relay(Outbox(context, name, lease_s), kafka, Status())


def test_every_event_is_handled_once_however_often_it_is_sent(context: Context, kafka: Connection) -> None:
    packs = [f"pack-{n}" for n in range(100)]

    async def scenario() -> None:
        stop, one = asyncio.Event(), worker(context, kafka)
        outbox = Outbox(context, "one")
        async with running(Relay(outbox, kafka, Status()).run(stop), one.run(stop), stop=stop):
            activated(context, *packs)
            await until(lambda: noted(context) == len(packs))
            for _time in range(2):
                await until(lambda: outbox.behind() == 0)
                with context.database.transaction() as connection:
                    rewind(connection, 0)
            await until(lambda: outbox.behind() == 0)
            activated(context, "last")
            await until(lambda: noted(context) == len(packs) + 1)

    asyncio.run(scenario())
    assert len(events_of(context, MemoSuperseded.event_type)) == len(packs) + 1
    assert events_of(context, EventRejected.event_type) == []
    with context.database.snapshot() as connection:
        assert log.verify(connection) == []


def test_poison_is_set_aside_with_its_bytes_and_delays_the_next_by_two_seconds_at_most(
    context: Context, kafka: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    always_fails = envelope(NewEvent(subject="x", data=RulesActivated(pack="fails")), "id-fails", NOON)
    wrong_schema = json.loads(always_fails.body()) | {"id": "wrong", "data": {"pack": 1, "more": 2}}
    unreadable = [
        b"{not json",
        b"\xff\xfe\x00",
        b"{}",
        b'{"type":"no.such.type","data":{}}',
        json.dumps(wrong_schema).encode(),
        b"",
    ]
    poison = [*unreadable, always_fails.body()]
    delays: list[float] = []
    status = Status()
    before = told(status, "thammuu_events_rejected")

    def fails(event: Event, work: UnitOfWork) -> list[NewEvent]:
        if event.id.startswith("id-fails"):
            raise ZeroDivisionError
        return note(event, work)

    async def scenario() -> None:
        stop, one = asyncio.Event(), worker(context, kafka, (Route("noting", RulesActivated, fails),), status)
        producer = AIOKafkaProducer(bootstrap_servers=kafka.servers)
        await producer.start()
        async with running(relay(context, kafka).run(stop), one.run(stop), stop=stop):
            activated(context, "first")
            await until(lambda: noted(context) == 1)
            for number, bad in enumerate(poison * 15):
                body = bad.replace(b'"id-fails"', b'"id-fails-%d"' % number)
                headers = [("broken", b"\xff\xfe"), (POSITION, b"none")] if number % 2 else []
                await producer.send_and_wait(
                    kafka.topics.of(RulesActivated.event_type), body, key=b"x", headers=headers, partition=0
                )
                begun = time.monotonic()
                activated(context, f"good-{number}")
                await until(lambda number=number: noted(context) == number + 2)  # type: ignore[misc]
                delays.append(time.monotonic() - begun)
            await until(lambda: told(status, "thammuu_events_handled") == 2 * len(delays) + 1)
        await producer.stop()

    asyncio.run(scenario())
    rejected = [event.data for event in events_of(context, EventRejected.event_type)]
    blobs = {one.raw for one in rejected if isinstance(one, EventRejected)}
    assert {context.blobs.get(str(name)) for name in blobs if name} == set(unreadable)
    assert sum("ZeroDivisionError" in one.reason for one in rejected if isinstance(one, EventRejected)) == 15
    # the same bytes that come fifteen times are set aside once
    assert told(status, "thammuu_events_rejected") - before == len(rejected) == len(unreadable) + 15
    assert told(status, "thammuu_retries") == 0
    late = statistics.quantiles(delays, n=100)
    with capsys.disabled():
        print(f"\nafter a poison message the next good one took {late[49]:.3f} s at p50, {late[98]:.3f} s at p99")  # noqa: T201  the figure asked for
    assert late[98] < 2.0


def test_a_handler_that_always_fails_is_set_aside_and_the_next_event_handled(
    context: Context, kafka: Connection
) -> None:
    def fails(event: Event, work: UnitOfWork) -> list[NewEvent]:
        if event.subject == "bad":
            raise ZeroDivisionError
        return note(event, work)

    async def scenario() -> None:
        stop = asyncio.Event()
        one = worker(context, kafka, (Route("noting", RulesActivated, fails),))
        async with running(relay(context, kafka).run(stop), one.run(stop), stop=stop):
            activated(context, "bad", "good")
            await until(lambda: noted(context) == 1)
            await until(lambda: len(events_of(context, EventRejected.event_type)) == 1)

    asyncio.run(scenario())
    (rejected,) = events_of(context, EventRejected.event_type)
    assert isinstance(rejected.data, EventRejected)
    assert rejected.data.rejected == "id-bad"
    assert "ZeroDivisionError" in rejected.data.reason


def test_a_fault_that_passes_is_waited_out_and_the_worker_is_not_ready_meanwhile(
    context: Context, kafka: Connection
) -> None:
    away, status, waited = [True], Status(), [0]
    before = told(status, "thammuu_events_rejected")

    def waits(event: Event, work: UnitOfWork) -> list[NewEvent]:
        if away[0]:
            waited[0] += 1
            raise EnvironmentFaultError("the store does not answer")
        return note(event, work)

    async def scenario() -> None:
        stop = asyncio.Event()
        one = worker(context, kafka, (Route("noting", RulesActivated, waits),), status)
        async with running(relay(context, kafka).run(stop), one.run(stop), stop=stop):
            activated(context, "a", "b")
            await until(lambda: not status.ready())
            await asyncio.sleep(1.0)
            assert noted(context) == 0
            away[0] = False
            await until(lambda: noted(context) == 2)
            await until(status.ready)

    asyncio.run(scenario())
    assert events_of(context, EventRejected.event_type) == []
    assert told(status, "thammuu_retries") == waited[0] > 1
    assert told(status, "thammuu_events_rejected") == before


def test_a_rejection_whose_transaction_was_undone_is_a_try_and_counted_once_it_is_there(
    context: Context, kafka: Connection
) -> None:
    undone, status = [0], Status()
    before = told(status, "thammuu_events_rejected")

    def fails(event: Event, work: UnitOfWork) -> list[NewEvent]:
        if event.subject == "bad":
            raise ZeroDivisionError
        return note(event, work)

    def undo_twice(place: str) -> None:
        if place == "inbox.handled" and undone[0] < 2:
            undone[0] += 1
            raise EnvironmentFaultError("the database does not answer")

    async def scenario() -> None:
        stop = asyncio.Event()
        one = worker(context, kafka, (Route("noting", RulesActivated, fails),), status)
        async with running(relay(context, kafka).run(stop), one.run(stop), stop=stop):
            activated(context, "bad")
            await until(lambda: len(events_of(context, EventRejected.event_type)) == 1)
            await until(lambda: told(status, "thammuu_events_handled") == 1)

    failpoints.tell(undo_twice)
    try:
        asyncio.run(scenario())
    finally:
        failpoints.tell(None)
    assert told(status, "thammuu_retries") == 2
    assert told(status, "thammuu_events_rejected") - before == 1


def test_one_relay_sends_and_another_takes_over_when_it_is_gone(context: Context, kafka: Connection) -> None:
    async def scenario() -> None:
        stop, stop_first = asyncio.Event(), asyncio.Event()
        one = worker(context, kafka)
        first = asyncio.create_task(relay(context, kafka, "first", 1.0).run(stop_first))
        async with running(relay(context, kafka, "second", 1.0).run(stop), one.run(stop), stop=stop):
            activated(context, "a")
            await until(lambda: noted(context) == 1)
            stop_first.set()
            await first
            activated(context, "b")
            await until(lambda: noted(context) == 2)
            await until(lambda: Outbox(context, "third").behind() == 0)

    asyncio.run(scenario())


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    context: Context, kafka: Connection, kafka_broker: Kafka
) -> None:
    async def scenario() -> None:
        stop, one = asyncio.Event(), worker(context, kafka)
        async with running(relay(context, kafka).run(stop), one.run(stop), stop=stop):
            activated(context, "before")
            await until(lambda: noted(context) == 1)
            await asyncio.to_thread(kafka_broker.kill)
            activated(context, *(f"during-{n}" for n in range(20)))
            await asyncio.sleep(2)
            await asyncio.to_thread(kafka_broker.start)
            await until(lambda: noted(context) == 21, 120)

    asyncio.run(scenario())
    assert len(events_of(context, MemoSuperseded.event_type)) == 21
