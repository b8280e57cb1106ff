"""A worker or relay whose clients could lose a message does not start."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiokafka import AIOKafkaProducer
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from thammuu import pipeline
from thammuu.bus.context import Context
from thammuu.bus.kafka import relay
from thammuu.bus.kafka.connection import Connection, connection_of
from thammuu.bus.kafka.promises import refuse_unsafe_producer, refuse_unsafe_subscribers
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.status import Status
from thammuu.bus.topics import SUBMISSIONS
from thammuu.errors import BadInputError
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

NOBODY = "127.0.0.1:9"
SAFE: dict[str, Any] = {
    "group_id": "g",
    "ack_policy": AckPolicy.MANUAL,
    "rebalance_timeout_ms": 700_000,
    "max_poll_interval_ms": 700_000,
}
NONE: Any = None


def found(**changed: object) -> list[str]:
    broker = KafkaBroker(NOBODY, logger=None)
    broker.subscriber("topic", **SAFE | changed)
    try:
        refuse_unsafe_subscribers(broker.subscribers, 600.0)
    except BadInputError as error:
        return [problem.code for problem in error.problems]
    return []


def test_safe_subscribers_are_let_through() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("changed", "codes"),
    [
        ({"ack_policy": AckPolicy.ACK}, ["not-manual"]),
        ({"ack_policy": AckPolicy.NACK_ON_ERROR}, ["not-manual"]),
        ({"ack_policy": AckPolicy.ACK_FIRST}, ["not-manual", "commits-by-itself"]),
        ({"max_workers": 2}, ["many-in-flight"]),
        ({"batch": True}, ["many-in-flight"]),
        ({"rebalance_timeout_ms": 600_000}, ["handler-outlasts-group"]),
        ({"rebalance_timeout_ms": None}, ["handler-outlasts-group"]),
        ({"max_poll_interval_ms": 300_000}, ["handler-outlasts-group"]),
        (
            {"ack_policy": AckPolicy.ACK, "rebalance_timeout_ms": 1, "max_poll_interval_ms": 1},
            ["not-manual", "handler-outlasts-group", "handler-outlasts-group"],
        ),
    ],
)
def test_subscribers_that_could_lose_a_message_are_refused_with_every_reason(
    changed: dict[str, object], codes: list[str]
) -> None:
    assert found(**changed) == codes


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({"enable_idempotence": True, "acks": "all"}, []),
        ({"acks": "all"}, ["not-idempotent"]),
        ({"acks": 1}, ["not-idempotent", "acks-not-all"]),
        ({}, ["not-idempotent", "acks-not-all"]),
    ],
)
def test_a_producer_that_could_lose_or_double_a_message_is_refused(options: dict[str, Any], codes: list[str]) -> None:
    async def check() -> list[str]:
        producer = AIOKafkaProducer(bootstrap_servers=NOBODY, **options)
        try:
            refuse_unsafe_producer(producer)
        except BadInputError as error:
            return [problem.code for problem in error.problems]
        finally:
            await producer.stop()
        return []

    assert asyncio.run(check()) == codes


def worker(connection: Connection) -> Worker:
    return Worker(NONE, pipeline.ROUTES, pipeline.stages(), connection, Status())


def refused(start: Callable[[], Any]) -> list[str]:
    async def begin() -> None:
        await asyncio.wait_for(start().run(asyncio.Event()), 10)

    with pytest.raises(BadInputError) as caught:
        asyncio.run(begin())
    return [problem.code for problem in caught.value.problems]


def test_every_subscriber_of_a_worker_is_safe() -> None:
    connection = connection_of(Settings(kafka_url=NOBODY))
    subscribers = worker(connection).broker.subscribers
    assert len(subscribers) == len(pipeline.stages())
    refuse_unsafe_subscribers(subscribers, connection.longest_handler_s)


def test_a_worker_whose_database_may_take_longer_than_its_group_waits_does_not_start() -> None:
    settings = Settings(kafka_url=NOBODY, database_statement_timeout_s=3_600)
    codes = refused(lambda: worker(connection_of(settings)))
    assert codes == ["handler-outlasts-group"] * 2 * len(pipeline.stages())


def test_a_worker_whose_subscribers_acknowledge_by_themselves_does_not_start() -> None:
    def careless() -> Worker:
        one = worker(connection_of(Settings(kafka_url=NOBODY)))
        one.broker.subscriber("another", group_id="another")(lambda body: body)
        return one

    assert "not-manual" in refused(careless)


def test_a_worker_with_places_that_are_none_does_not_start() -> None:
    settings = Settings(kafka_url=NOBODY, submission_uris="ftp://files.example.org/")
    parts = dict.fromkeys(("database", "blobs", "packs", "renderer", "clock"), NONE)
    context = Context(**parts, settings=settings)
    codes = refused(lambda: Worker(context, (), [SUBMISSIONS], connection_of(settings), Status()))
    assert codes == ["bad-place"]


def test_a_relay_whose_producer_does_not_wait_for_all_replicas_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(relay, "PRODUCER", {"acks": 1})
    assert refused(lambda: Relay(NONE, Connection(NOBODY), Status())) == ["not-idempotent", "acks-not-all"]
