"""The programs of the guide for other systems, and every message of a run against the document, on a real broker."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
import yaml
from aiokafka import AIOKafkaConsumer
from jsonschema import Draft7Validator
from submitting import CSV, Producer, message, producing

from thammuu import pipeline
from thammuu.bus.kafka.connection import connection_of
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.outbox import Outbox, rewind
from thammuu.bus.status import Status
from thammuu.bus.topics import Topics
from thammuu.events import Event, EventRejected, MemoIssued, MemoRendered
from thammuu.ledger import log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiokafka import ConsumerRecord

    from servers.kafka import Kafka
    from servers.postgres import Postgres
DOCS = Path(__file__).parents[2] / "docs"
WITHIN_S = 120.0


@pytest.fixture(scope="module")
def producer(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, kafka_broker: Kafka) -> Iterator[Producer]:
    """An installation with a relay and a worker of all stages, and the guide's programs in its folder."""
    folder = tmp_path_factory.mktemp("guide")
    page = (DOCS / "integrator.md").read_text("utf-8")
    for name, text in re.findall(r"^```python\n# name: (\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        (folder / name).write_text(text, "utf-8")
    with (
        structlog.testing.capture_logs(),
        producing(postgres.new_database(), kafka_broker.servers, folder) as one,
        running(one),
    ):
        yield one


@contextmanager
def running(producer: Producer) -> Iterator[None]:
    """Run relay and worker in a thread of their own."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    kafka = connection_of(producer.settings)

    async def both() -> None:
        worker = Worker(producer.context, pipeline.ROUTES, pipeline.stages(), kafka, Status())
        await asyncio.gather(worker.run(stop), Relay(Outbox(producer.context, "one"), kafka, Status()).run(stop))

    thread = threading.Thread(target=loop.run_until_complete, args=(both(),))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def until(producer: Producer, kind: str, number: int) -> list[Event]:
    deadline = time.monotonic() + WITHIN_S
    while len(found := producer.events(kind)) < number:
        assert time.monotonic() < deadline, f"{len(found)} of {number} {kind}"
        time.sleep(0.1)
    return found


def program(producer: Producer, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    settings = producer.settings
    env = os.environ | {"KAFKA": str(settings.kafka_url), "PREFIX": settings.topic_prefix, "SOURCE": "/guide"}
    command = [sys.executable, name, *arguments]
    folder = settings.data.parent
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=WITHIN_S)


def handed_in(producer: Producer, text: str, submission_id: str) -> tuple[int, dict[str, Any]]:
    (producer.settings.data.parent / "scores.csv").write_text(text, "utf-8")
    said = ("partial=true", 'published_on="2023-04-12"')
    done = program(producer, "hand_in.py", "scores.csv", "papi", "2022", submission_id, *said)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def memos(producer: Producer) -> list[str]:
    """Issue both memos of the round on the command line; return their names."""
    producer.send(message("for-memos", {"text": CSV}))
    until(producer, MemoRendered.event_type, 2)
    for unit in ("01", "02"):
        thammuu(producer, "memos", "issue", unit, "--dated", "2023-05-04")
    until(producer, MemoRendered.event_type, 4)
    found = [event.data for event in producer.events(MemoIssued.event_type)]
    return [data.memo_id for data in found if isinstance(data, MemoIssued)]


def thammuu(producer: Producer, *arguments: str) -> None:
    settings = producer.settings
    assert settings.database_url is not None
    env = os.environ | {
        "THAMMUU_DATA": str(settings.data),
        "THAMMUU_DATABASE_URL": settings.database_url.get_secret_value(),
        "THAMMUU_KAFKA_URL": str(settings.kafka_url),
        "THAMMUU_TOPIC_PREFIX": settings.topic_prefix,
    }
    command = [sys.executable, "-m", "thammuu", *arguments]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=WITHIN_S)
    assert done.returncode == 0, done.stderr


def test_the_guides_program_hands_scores_in_and_says_what_became_of_them(producer: Producer) -> None:
    assert handed_in(producer, CSV.replace("1.29", "many"), "bad")[0] == 1
    code, answer = handed_in(producer, CSV, "good")
    assert (code, answer["status"], answer["publication_id"]) == (0, "accepted", "papi-2022-r1")
    assert handed_in(producer, CSV, "good") == (code, answer)
    of_two_parts = CSV + f"{'':99}\n" * 12_000
    code, answer = handed_in(producer, of_two_parts, "large")
    assert (code, answer["changed"]) == (0, False)


def test_the_guides_program_notes_every_issued_memo_once(producer: Producer, memos: list[str]) -> None:
    assert len(memos) == 2
    for _time in range(2):
        done = program(producer, "issued_memos.py", "issued.sqlite3", "2")
        assert done.returncode == 0, done.stderr
        with producer.context.database.transaction() as connection:
            rewind(connection, 0)
    database = sqlite3.connect(producer.settings.data.parent / "issued.sqlite3")
    assert database.execute("SELECT memo, number, dated FROM issued ORDER BY number").fetchall() == [
        (memo, number, "2023-05-04") for number, memo in enumerate(memos, 1)
    ]
    database.close()


async def recorded(producer: Producer, number: int) -> list[ConsumerRecord[bytes, bytes]]:
    """Return what stands on all topics, once each of so many events is there."""
    kafka = connection_of(producer.settings)
    found: dict[str, Any] = {}
    consumer = AIOKafkaConsumer(
        *kafka.topics.all(), bootstrap_servers=kafka.servers, auto_offset_reset="earliest", enable_auto_commit=False
    )
    async with consumer:
        while len([key for key in found if key.isdigit()]) < number:
            record = await asyncio.wait_for(consumer.getone(), WITHIN_S)
            headers = dict(record.headers)
            found[headers["ce_ledgerposition"].decode() if headers else f"{record.offset} {record.partition}"] = record
    return list(found.values())


@pytest.mark.usefixtures("memos")
def test_every_message_of_the_run_follows_the_document(producer: Producer) -> None:
    producer.send(b"{no json")
    until(producer, EventRejected.event_type, 1)
    with producer.context.database.snapshot() as connection:
        number = log.size(connection)
    described = yaml.safe_load((DOCS / "asyncapi.yaml").read_text("utf-8"))
    prefix = producer.settings.topic_prefix
    kinds = set()
    for record in asyncio.run(recorded(producer, number)):
        topic = described["channels"][record.topic.removeprefix(prefix)]
        if record.topic == Topics(prefix).submitted:
            continue
        event = json.loads(record.value)
        kinds.add(event["type"])
        assert event["type"] in topic["messages"]
        assert record.key.decode() == event["subject"]
        entry = described["components"]["messages"][event["type"]]
        headers = {name: value.decode() for name, value in record.headers}
        for schema, value in ((entry["headers"], headers), (entry["payload"], event)):
            validator = Draft7Validator(schema | {"components": described["components"]})
            assert [error.message for error in validator.iter_errors(value)] == []
        known = described["components"]["schemas"]["Event"]["properties"]
        assert set(event) <= set(known)
    assert kinds >= {
        "rules.activated", "scores.published", "submission.answered", "findings.raised", "memo.drafted",
        "memo.issued", "memo.rendered", "event.rejected",
    }  # fmt: skip
