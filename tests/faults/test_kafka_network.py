"""Duplicates, workers that come, go and freeze, crashes, cut networks: nothing is missing and nothing is double."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from kafka_stage import SESSION_TIMEOUT_MS, Stage, submit

from thammuu.bus.topics import CONTENT_TYPE, POSITION
from thammuu.events import RulesActivated
from thammuu.ledger import log

if TYPE_CHECKING:
    from collections.abc import Callable
SHORT, LONG = 1_000, 10_000
SEED = int(os.environ.get("SEED", "20221105"))


@pytest.fixture
def chance() -> random.Random:
    sys.stdout.write(f"seed {SEED}\n")
    return random.Random(SEED)  # noqa: S311  a repeatable draw, no secret


async def _repeat(stage: Stage, count: int, chance: random.Random, window: int = 200) -> None:
    """Send every event twice more, out of order, as the relay would send it."""
    kafka = stage.place("relay").connection()
    async with AIOKafkaProducer(bootstrap_servers=kafka.servers) as producer:
        sent = 0
        while sent < count:
            with stage.database.snapshot() as connection:
                found = list(log.read(connection, after=sent, types=[RulesActivated.event_type], limit=window))
            copies = found * 2
            chance.shuffle(copies)
            for one in copies:
                headers = [("content-type", CONTENT_TYPE.encode()), (POSITION, str(one.position).encode())]
                topic = kafka.topics.of(one.event.type)
                await producer.send(topic, one.event.body(), key=one.event.subject.encode(), headers=headers)
            sent = found[-1].position if found else sent


def look(stage: Stage, over: threading.Event, seen: set[int]) -> None:
    """Note how many members the group has, again and again."""
    while not over.wait(0.2):
        # the first to come to a broker have to wait until it coordinates groups
        with suppress(KafkaError):
            seen.add(stage.members())


def come_and_go(stage: Stage, over: threading.Event) -> None:
    """Let a fourth worker join and leave, every two seconds."""
    while not over.is_set():
        guest = stage.worker()
        over.wait(2)
        guest.terminate()
        over.wait(2)


def churn(stage: Stage, count: int, chance: random.Random) -> None:
    over, seen = threading.Event(), set[int]()
    stage.relay()
    workers = [stage.worker() for _number in range(3)]
    beside = [
        threading.Thread(target=come_and_go, args=(stage, over)),
        threading.Thread(target=look, args=(stage, over, seen)),
    ]
    # all there first: a repeat then never waits for its original
    submit(stage.database, 0, count)
    for thread in beside:
        thread.start()
    try:
        stage.until(lambda: stage.count() >= count // 4, 120)
        frozen, since = chance.choice(workers), time.monotonic()
        assert frozen.pid is not None
        os.kill(frozen.pid, signal.SIGSTOP)
        sys.stdout.write(f"one of three frozen at {stage.count()} of {count}\n")
        asyncio.run(_repeat(stage, count, chance))
        time.sleep(max(0.0, since + 1.5 * SESSION_TIMEOUT_MS / 1_000 - time.monotonic()))
        os.kill(frozen.pid, signal.SIGCONT)
        stage.settled(count, 60 + count / 10)
    finally:
        over.set()
        for thread in beside:
            thread.join()
    sys.stdout.write(f"members seen: {sorted(seen)}\n")
    assert max(seen, default=0) > len(workers)
    assert stage.messages() >= 3 * count
    stage.check(count)
    codes = stage.end()
    assert set(codes[:4]) == {0}
    # a guest may be told to leave before it listens
    assert set(codes[4:]) <= {0, -signal.SIGTERM}


def test_events_that_come_three_times_act_once_while_workers_join_leave_and_freeze(
    stage: Stage, chance: random.Random
) -> None:
    churn(stage, SHORT, chance)


@pytest.mark.long
def test_ten_thousand_events_that_come_three_times_act_once(stage: Stage, chance: random.Random) -> None:
    churn(stage, LONG, chance)


def crash_kafka(stage: Stage, _seconds: float) -> None:
    stage.servers.kafka.kill()
    stage.servers.kafka.start()


def crash_postgres(stage: Stage, _seconds: float) -> None:
    stage.servers.postgres.stop(signal.SIGKILL)
    stage.servers.postgres.start()


def cut(name: str, how: str) -> Callable[[Stage, float], None]:
    def lose_the_network(stage: Stage, seconds: float) -> None:
        proxy = stage.servers.proxies[name]
        if how == "severed":
            proxy.sever()
        else:
            proxy.hold()
        time.sleep(seconds)
        proxy.heal(reset=how == "forgotten")

    return lose_the_network


CUTS = {
    f"{name} {how}": cut(name, how)
    for name in ("worker-kafka", "relay-kafka", "worker-postgres", "relay-postgres")
    for how in ("severed", "held", "forgotten")
}
CRASHES = {"Kafka killed": crash_kafka, "PostgreSQL killed": crash_postgres}


def endure(stage: Stage, count: int, faults: list[str], seconds: Callable[[], float]) -> None:
    """Have one fault after another while events flow, some before each and more during it."""
    stage.relay()
    for _number in range(2):
        stage.worker()
    each = count // len(faults)
    for number, fault in enumerate(faults):
        first, last = number * each, count if number == len(faults) - 1 else (number + 1) * each
        submit(stage.database, first, each // 2)
        # in mid-flow: something of this slice is through, something is not
        stage.until(lambda first=first: stage.count() > first, 120)  # type: ignore[misc]
        sys.stdout.write(f"{fault} at {stage.count()}\n")
        submit(stage.database, first + each // 2, last - first - each // 2)
        (CUTS | CRASHES)[fault](stage, seconds())
    stage.settled(count, 120 + count / 10)
    stage.check(count)
    assert set(stage.end()) == {0}


def test_events_survive_crashes_of_kafka_and_postgresql(stage: Stage) -> None:
    endure(stage, 300, list(CRASHES), lambda: 0.0)


def test_events_survive_cuts_between_any_two_parts(stage: Stage, chance: random.Random) -> None:
    faults = [f"{name} {chance.choice(('severed', 'held', 'forgotten'))}" for name in stage.servers.proxies]
    endure(stage, SHORT, faults, lambda: 1.0)


@pytest.mark.long
def test_ten_thousand_events_survive_every_crash_and_cut(stage: Stage, chance: random.Random) -> None:
    faults = [*CUTS, *CRASHES] * 2
    chance.shuffle(faults)
    endure(stage, LONG, faults, lambda: chance.uniform(0.5, 2 * SESSION_TIMEOUT_MS / 1_000))
