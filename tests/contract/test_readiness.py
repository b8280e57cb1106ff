"""Readiness knows lag without progress, a broker that is silent, and a consumer that has stalled."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from threading import Event as Gate
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from thammuu.bus import lag
from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.health import consumer_registry
from thammuu.bus.kafka.connection import Connection, make_topics
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.outbox import Outbox
from thammuu.bus.routes import Route
from thammuu.bus.status import Status
from thammuu.bus.topics import Topics
from thammuu.events import Event, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.postgres import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WITHIN_S = 60.0
STUCK_S = 2.0
PACKS = 5


@pytest.fixture
def context(tmp_path: Path, postgres: Postgres) -> Iterator[Context]:
    database = PostgresDatabase(postgres.new_database())
    database.upgrade()
    (tmp_path / "blobs").mkdir()
    parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None}
    yield Context(database=database, blobs=FolderBlobs(tmp_path / "blobs"), clock=lambda: NOON, **parts)
    database.close()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def activate(context: Context, *packs: str) -> None:
    new = [envelope(NewEvent(subject=pack, data=RulesActivated(pack=pack)), f"id-{pack}", NOON) for pack in packs]
    with context.database.transaction() as connection:
        log.append(connection, new)


async def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        await asyncio.sleep(0.05)


def figures(status: Status) -> dict[str, list[Any]]:
    text = generate_latest(consumer_registry(status)).decode()
    return {one.name: one.samples for one in text_string_to_metric_families(text)}


def test_lag_is_told_and_without_progress_the_worker_is_not_ready(
    context: Context, kafka_broker: Kafka, tmp_path: Path
) -> None:
    kafka = Connection(kafka_broker.servers, Topics(f"{tmp_path.name}."))
    go, status, relayed = Gate(), Status(STUCK_S), Status()

    def hang(_event: Event, _work: UnitOfWork) -> list[NewEvent]:
        assert go.wait(WITHIN_S)
        return []

    async def scenario() -> None:
        stop = asyncio.Event()
        await make_topics(kafka, 2)
        worker = Worker(context, (Route("noting", RulesActivated, hang),), ["noting"], kafka, status)
        tasks = [
            asyncio.create_task(worker.run(stop)),
            asyncio.create_task(Relay(Outbox(context, "one"), kafka, relayed).run(stop)),
        ]
        try:
            activate(context, *(f"pack-{number}" for number in range(PACKS)))
            await until(lambda: sum(one.value for one in figures(status)["thammuu_consumer_lag"]) == PACKS)
            await until(lambda: not status.ready())
            assert "no progress" in status.faults()["noting"]
            ready = {one.labels["consumer"]: one.value for one in figures(status)["thammuu_consumer_ready"]}
            assert ready == {"worker": 1.0, "noting": 0.0}
            go.set()
            await until(status.ready)
            await until(lambda: sum(one.value for one in figures(status)["thammuu_consumer_lag"]) == 0)
        finally:
            go.set()
            stop.set()
            await asyncio.gather(*tasks)

    asyncio.run(scenario())
    assert sum(one.value for one in figures(status)["thammuu_events_handled"]) == PACKS


def test_a_broker_that_is_silent_makes_an_idle_worker_not_ready(
    context: Context, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from servers.kafka import Kafka

    monkeypatch.setattr(lag, "ANSWER_WITHIN_S", 2.0)
    broker = Kafka(tmp_path_factory.mktemp("kafka"))
    kafka = Connection(broker.servers, Topics())
    status = Status(STUCK_S)

    async def scenario() -> None:
        stop = asyncio.Event()
        await make_topics(kafka, 1)
        worker = Worker(context, (Route("noting", RulesActivated, lambda _e, _w: []),), ["noting"], kafka, status)
        task = asyncio.create_task(worker.run(stop))
        try:
            await until(lambda: status.consumers().get("noting") is not None)
            assert status.ready()
            await asyncio.to_thread(broker.kill)
            await until(lambda: not status.ready())
            assert "does not answer" in status.faults()["noting"]
            await asyncio.to_thread(broker.start)
            await until(status.ready)
        finally:
            stop.set()
            await task

    broker.start()
    try:
        asyncio.run(scenario())
    finally:
        broker.stop()


def test_a_consumer_that_polls_no_more_is_lost(context: Context, kafka_broker: Kafka, tmp_path: Path) -> None:
    kafka = Connection(kafka_broker.servers, Topics(f"{tmp_path.name}."))
    status = Status(STUCK_S)

    async def scenario() -> None:
        stop = asyncio.Event()
        await make_topics(kafka, 1)
        worker = Worker(context, (Route("noting", RulesActivated, lambda _e, _w: []),), ["noting"], kafka, status)
        task = asyncio.create_task(worker.run(stop))
        try:
            await until(lambda: status.consumers().get("noting") is not None)
            (subscriber,) = worker.broker.subscribers
            await subscriber.stop()
            await until(lambda: not status.ready())
            assert "polls no more" in status.faults()["noting"]
        finally:
            stop.set()
            await task

    asyncio.run(scenario())


def test_who_waits_is_not_ready_and_who_is_idle_is() -> None:
    status = Status(0.01)
    status.idle("a")
    status.behind("a", 0)
    assert status.ready()
    status.stalled("a", ConnectionError("gone"))
    assert status.faults() == {"a": "waits: ConnectionError"}
    status.progressed("a", 1)
    assert status.ready()
    status.behind("a", 3)
    time.sleep(0.02)
    assert status.faults()["a"].startswith("3 wait, no progress")
    status.behind("a", 0)
    assert status.ready()
