"""Processes that are stopped, frozen or told to leave: the others wait no longer than the settings say."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka_stage import CONSUMER, ROUTES, SLOW_SESSION_TIMEOUT_MS, Stage, numbered, submit, work_on_slowly
from sqlalchemy import insert, text

from thammuu.bus.inbox import handle_once
from thammuu.bus.outbox import Outbox, rewind
from thammuu.bus.routes import Route
from thammuu.events import Event, EventRejected, NewEvent, RulesActivated
from thammuu.ledger import log
from thammuu.ledger.postgres import Limits
from thammuu.ledger.schema import findings

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerProcess

    from thammuu.bus.context import UnitOfWork
IDLE_S = 5.0
SLOW_S = 1.0
STOPS_WITHIN_S = 20.0


def frozen(process: ForkServerProcess) -> bool:
    status = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
    return status.rpartition(")")[2].split()[0] == "T"


def resume(process: ForkServerProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGCONT)


def waiting_for_locks(stage: Stage) -> int:
    asked = text("SELECT count(*) FROM pg_stat_activity WHERE datname = :name AND wait_event_type = 'Lock'")
    with stage.database.snapshot() as connection:
        return int(connection.execute(asked, {"name": stage.name}).scalar_one())


@pytest.mark.parametrize("stage", [Limits(idle_s=IDLE_S, lock_s=2 * IDLE_S)], indirect=True)
def test_a_worker_frozen_with_the_ledgers_head_holds_others_up_no_longer_than_the_timeout(stage: Stage) -> None:
    stage.relay()
    stage.worker()
    submit(stage.database, 0, 30)
    stage.until(lambda: stage.count() == 30, 60)
    culprit = stage.worker(fail_at="ledger.head-locked:2:SIGSTOP")
    # slice by slice, until its share of the partitions has reached it
    events = 30
    while not frozen(culprit):
        submit(stage.database, events, 20)
        events += 20
        time.sleep(0.2)
        assert events < 3_000
    since = time.monotonic()
    # who appends now waits for the head too
    submit(stage.database, events, 1)
    held_s = time.monotonic() - since
    sys.stdout.write(f"an append waited {held_s:.2f} s, {IDLE_S:.0f} s at most are set\n")
    assert held_s < IDLE_S + 1.0
    handled = stage.count()
    stage.until(lambda: stage.count() > handled, 60)
    assert frozen(culprit)
    resume(culprit)
    stage.settled(events + 1, 120)
    stage.check(events + 1)
    assert stage.end() == [0, 0, 0]


def test_a_worker_told_to_stop_finishes_its_message_and_leaves_at_once(stage: Stage) -> None:
    stage.relay()
    leaving = stage.begin(work_on_slowly, stage.place("worker"), SLOW_S)
    submit(stage.database, 0, 8)
    stage.until(lambda: stage.count() >= 1, 60)
    time.sleep(SLOW_S / 2)
    assert stage.members() == 1
    assert leaving.pid is not None
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGTERM):
        os.kill(leaving.pid, number)
    begun = time.monotonic()
    leaving.join(30)
    assert leaving.exitcode == 0
    stopped_s = time.monotonic() - begun
    # who does not leave stays a member for a session after its last heartbeat
    assert stage.members() == 0
    assert time.monotonic() - begun - stopped_s < SLOW_SESSION_TIMEOUT_MS / 2_000
    # what it had at hand is done and acknowledged, the rest is untouched
    assert stage.count() + stage.lag() == 8
    begun, handled = time.monotonic(), stage.count()
    stage.worker()
    stage.until(lambda: stage.count() > handled, 60)
    taken_s = time.monotonic() - begun
    sys.stdout.write(f"stopped after {stopped_s:.1f} s with {SLOW_S:.0f} s of work; taken over {taken_s:.1f} s later\n")
    stage.settled(8, 60)
    stage.check(8)


async def delivered(stage: Stage) -> dict[TopicPartition, list[tuple[str, bytes]]]:
    """Return what a topic holds: key and body, in order."""
    kafka = stage.place().connection()
    topic = kafka.topics.of(RulesActivated.event_type)
    found: dict[TopicPartition, list[tuple[str, bytes]]] = {}
    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka.servers, auto_offset_reset="earliest") as reader:
        ends = await reader.end_offsets(reader.assignment())
        while [part for part, end in ends.items() if await reader.position(part) < end]:
            for part, some in (await reader.getmany(timeout_ms=500)).items():
                found.setdefault(part, []).extend((one.key.decode(), one.value) for one in some)
    return found


def test_a_relay_frozen_past_its_lease_repeats_and_reorders_nothing_that_is_new(stage: Stage) -> None:
    submit(stage.database, 0, 400)
    first = stage.relay(fail_at="relay.after-send:150:SIGSTOP")
    stage.until(lambda: frozen(first), 60)
    stage.relay()
    stage.until(lambda: stage.behind() < 400, 60)
    submit(stage.database, 400, 300)
    resume(first)
    submit(stage.database, 700, 300)
    stage.until(lambda: stage.behind() == 0, 60)
    assert stage.end() == [0, 0]
    came = asyncio.run(delivered(stage))
    ids = [Event.model_validate_json(body).id for some in came.values() for _key, body in some]
    assert set(ids) == {f"id-{n}" for n in range(1_000)}
    sys.stdout.write(f"{len(ids) - 1_000} of 1,000 came again\n")
    assert len(ids) > 1_000
    assert {body for some in came.values() for _key, body in some} == {one.body() for one in numbered(0, 1_000)}
    order = {one.body(): place for place, one in enumerate(numbered(0, 1_000))}
    for some in came.values():
        firsts = [order[body] for body in dict.fromkeys(body for _key, body in some)]
        assert firsts == sorted(firsts)


def test_events_that_are_to_be_sent_again_are_sent_again_while_a_relay_is_at_it(stage: Stage) -> None:
    submit(stage.database, 0, 20)
    with stage.place().context() as context:
        outbox = Outbox(context, "one")
        assert outbox.lead()
        assert outbox.sent(1, outbox.waiting()[-1].position)
        submit(stage.database, 20, 5)
        batch = outbox.waiting()
        with context.database.transaction() as connection:
            rewind(connection, 3)
        assert not outbox.sent(batch[0].position, batch[-1].position)
        assert outbox.waiting()[0].position == 4
        assert outbox.behind() == 22


def too_much(event: Event, work: UnitOfWork) -> list[NewEvent]:
    row = {"publication_id": "p", "unit_id": "u", "severity": "minor", "body": ""}
    work.connection.execute(insert(findings).values(finding_id=event.id, **row))
    return [NewEvent(subject="s" * 500, data=RulesActivated(pack="x" * 70_000))]


def test_an_event_whose_output_the_ledger_refuses_is_set_aside(stage: Stage) -> None:
    submit(stage.database, 0, 1)
    with stage.place().context() as context:
        assert handle_once(context, Route(CONSUMER, RulesActivated, too_much), numbered(0, 1)[0])
        with context.database.snapshot() as connection:
            *_before, last = log.read(connection)
        assert not handle_once(context, ROUTES[0], numbered(0, 1)[0])
    assert isinstance(last.event.data, EventRejected)
    assert last.event.data.rejected == "id-0"
    assert stage.count() == 0


def test_a_database_server_that_vanished_is_noticed_within_a_minute(stage: Stage) -> None:
    with stage.database.snapshot() as connection:
        wire = connection.connection.driver_connection
        assert isinstance(wire, psycopg.Connection)
        with socket.socket(fileno=os.dup(wire.fileno())) as end:
            user_timeout_ms = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
            idle_s, every_s, times = (
                end.getsockopt(socket.IPPROTO_TCP, option)
                for option in (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
            )
    assert 0 < user_timeout_ms <= 60_000
    assert idle_s + every_s * times <= 60


def test_a_relay_and_a_worker_told_to_stop_while_kafka_is_away_stop(stage: Stage) -> None:
    both = stage.relay(), stage.worker()
    submit(stage.database, 0, 60)
    stage.until(lambda: stage.count() >= 1, 60)
    stage.servers.kafka.kill()
    try:
        submit(stage.database, 60, 5)
        time.sleep(2)
        begun = time.monotonic()
        for process in both:
            process.terminate()
        ended = []
        for process in both:
            process.join(120)
            ended.append((process.exitcode, round(time.monotonic() - begun, 1)))
    finally:
        stage.servers.kafka.start()
    sys.stdout.write(f"relay and worker ended after {ended} s\n")
    assert [code for code, _seconds in ended] == [0, 0]
    assert max(seconds for _code, seconds in ended) < STOPS_WITHIN_S
    stage.relay()
    stage.worker()
    stage.settled(65, 240)
    stage.check(65)
