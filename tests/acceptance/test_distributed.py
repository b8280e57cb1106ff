"""Relay, workers, Kafka and PostgreSQL as processes: the same events and memos as the embedded program."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from aiokafka import AIOKafkaProducer
from commands import EXAMPLES
from processes import WITHIN_S, environment, events, publish, running, thammuu, until_there

from servers.ports import free_port
from servers.program import ready
from servers.proxy import before

if TYPE_CHECKING:
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres

STAGES = ("analysis,memos", "memos,rendering", "rendering,delivery")


OLDER = (
    "-c",
    "from thammuu.events import TYPES; del TYPES['findings.raised']; from thammuu.cli.main import run; run()",
)
"""The program before it knew an event type, as it still runs while an installation is being updated."""
NONSENSE = b"{no event"


def publish_two(env: dict[str, str]) -> None:
    publish(env, EXAMPLES / "papi" / "papi-2021.csv", 2021, "--history")
    publish(env, EXAMPLES / "papi" / "papi-2022.csv", 2022)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    env = environment(tmp_path_factory.mktemp("embedded") / "data")
    publish_two(env)
    return events(env)


def test_three_workers_write_what_the_embedded_program_writes(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka, embedded: dict[str, Any]
) -> None:
    database = postgres.new_database()
    env = environment(
        tmp_path / "data",
        THAMMUU_DATABASE_URL=database,
        THAMMUU_KAFKA_URL=kafka_broker.servers,
        THAMMUU_TOPIC_PREFIX=f"{tmp_path.name}.",
        THAMMUU_KAFKA_PARTITIONS="4",
    )
    thammuu(env, "db", "upgrade")
    with running(env, "relay"), running(env, "worker", "--stages", STAGES[0]):
        publish_two(env)
        with running(env, "worker", "--stages", STAGES[1]), running(env, "worker", "--stages", STAGES[2]):
            until_there(database, len(embedded))
    assert events(env) == embedded
    assert json.loads(thammuu(env, "memos", "list", "--format", "json"))[0]["pdf"]
    thammuu(env, "ledger", "verify")


def count(database: str, table: str, **where: str) -> int:
    asked = " AND ".join(f"{name} = %s" for name in where)
    with psycopg.connect(database, autocommit=True) as connection:
        query = f"SELECT count(*) FROM {table} WHERE {asked}"  # noqa: S608  names of this file
        (found,) = connection.execute(query, list(where.values())).fetchone() or (0,)  # type: ignore[arg-type]
    return int(found)


def until_set_aside(database: str, expected: int) -> None:
    deadline = time.monotonic() + WITHIN_S
    while (found := count(database, "events", type="event.rejected")) < expected:
        assert time.monotonic() < deadline, f"{found} of {expected} set aside"
        time.sleep(0.2)


async def send(servers: str, topic: str, body: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await producer.send_and_wait(topic, body, key=b"x")


def test_what_an_older_worker_could_not_read_is_handed_back_and_sent_again_and_handled_once(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka, embedded: dict[str, Any]
) -> None:
    database, prefix = postgres.new_database(), f"{tmp_path.name}."
    env = environment(
        tmp_path / "data",
        THAMMUU_DATABASE_URL=database,
        THAMMUU_KAFKA_URL=kafka_broker.servers,
        THAMMUU_TOPIC_PREFIX=prefix,
        # one partition: what is set aside last belongs to the year published last, which has memos
        THAMMUU_KAFKA_PARTITIONS="1",
    )
    unread = sum(kind == "findings.raised" for kind, _subject, _data in embedded.values())
    thammuu(env, "db", "upgrade")
    with running(env, "relay"):
        publish_two(env)
        with running(env, "worker", "--stages", "analysis"), running(env, "worker", "--stages", "memos", program=OLDER):
            until_set_aside(database, 1)
            asyncio.run(send(kafka_broker.servers, f"{prefix}thammuu.analysis", NONSENSE))
            until_set_aside(database, unread + 1)
        nonsense, readable = told_apart(json.loads(thammuu(env, "events", "rejected", "--format", "json")))
        assert len(readable) == unread
        assert all("unknown event type 'findings.raised'" in one["reason"] for one in readable)
        assert "JSON" in nonsense["reason"]
        assert "still no event" in refused(env, nonsense["id"])
        assert "1 events followed" in thammuu(env, "events", "replay", readable[-1]["id"])
        assert count(database, "inbox", consumer="memos") == 1
        assert "No consumer has set aside" in refused(env, readable[-1]["id"])
        thammuu(env, "events", "replay", "--from", "0")
        with running(env, "worker"):
            until_there(database, len(embedded) + unread + 2)
    after = events(env)
    about_it = {"event.rejected", "event.replayed"}
    assert {name: one for name, one in after.items() if one[0] not in about_it} == embedded
    assert sorted(one[0] for one in after.values() if one[0] in about_it) == [
        *["event.rejected"] * (unread + 1),
        "event.replayed",
    ]
    assert count(database, "inbox", consumer="memos") == unread
    # what was handled when it was sent again is nobody's concern any more
    assert [one["id"] for one in json.loads(thammuu(env, "events", "rejected", "--format", "json"))] == [nonsense["id"]]
    thammuu(env, "ledger", "verify")


def told_apart(rejected: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The message that is none, and the others as they came."""
    assert {one["consumer"] for one in rejected} == {"memos"}
    name = f"bytes:{hashlib.sha256(NONSENSE).hexdigest()}"
    (nonsense,) = (one for one in rejected if one["id"] == name)
    readable = [one for one in rejected if one["id"] != name]
    assert readable == sorted(readable, key=lambda one: one["position"])
    return nonsense, readable


def refused(env: dict[str, str], event_id: str) -> str:
    """What `events replay` says where it cannot."""
    line = [sys.executable, "-m", "thammuu", "events", "replay", event_id]
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return " ".join(done.stderr.split())


def until_ready(port: int, status: int, because: str) -> None:
    deadline = time.monotonic() + 60
    while (told := ready(port))[0] != status or because not in told[1]:
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


def test_a_worker_started_before_its_servers_waits_for_them_and_says_so(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka
) -> None:
    port, database_port, kafka_port = free_port(), free_port(), free_port()
    direct = postgres.new_database()
    env = environment(
        tmp_path / "data",
        THAMMUU_DATABASE_URL=postgres.url(direct.rpartition("/")[2], database_port),
        THAMMUU_KAFKA_URL=f"127.0.0.1:{kafka_port}",
        THAMMUU_TOPIC_PREFIX=f"{tmp_path.name}.",
    )
    with running(env, "worker", "--port", port):
        until_ready(port, 503, "worker: waits: EnvironmentFaultError")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/livez", timeout=5) as answer:
            assert answer.read() == b"ok\n"
        with before(postgres.port, database_port):
            # there, and without its tables: the person in charge is about to make them
            thammuu(env, "db", "upgrade")
            until_ready(port, 503, "worker: waits: KafkaConnectionError")
            with before(int(kafka_broker.servers.rpartition(":")[2]), kafka_port):
                until_ready(port, 200, "ok")
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                    assert b"thammuu_events_handled_total" in answer.read()
        # it has nothing to do and would not notice by itself
        until_ready(port, 503, "database: ")


def test_a_worker_without_its_settings_says_which(tmp_path: Path) -> None:
    for more, missing in (({}, "THAMMUU_KAFKA_URL"), ({"THAMMUU_KAFKA_URL": "127.0.0.1:1"}, "THAMMUU_DATABASE_URL")):
        command = [sys.executable, "-m", "thammuu", "worker"]
        env = environment(tmp_path / "data", **more)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2
        assert missing in done.stderr
        assert "Traceback" not in done.stderr
