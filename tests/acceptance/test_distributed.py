"""Relay, workers, Kafka and PostgreSQL as processes: the same events and memos as the embedded program."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from commands import EXAMPLES
from processes import environment, events, publish, running, thammuu, until_there

from servers.ports import free_port
from servers.proxy import before

if TYPE_CHECKING:
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres

STAGES = ("analysis,memos", "memos,rendering", "rendering,delivery")


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


def ready(port: int) -> tuple[int, str]:
    """What /readyz says; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""


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
