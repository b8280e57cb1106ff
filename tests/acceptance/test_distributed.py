"""Relay, workers, Kafka and PostgreSQL as processes: the same events and memos as the embedded program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from commands import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres

pytest_plugins = ["servers.kafka", "servers.postgres"]
PAPI = ("--index", "papi", "--period")
WITHIN_S = 180.0
STAGES = ("analysis,memos", "memos,rendering", "rendering")


def environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THAMMUU_")}
    return kept | {"THAMMUU_DATA": str(data), "THAMMUU_LANG": "en"} | more


def thammuu(env: dict[str, str], *arguments: object) -> str:
    command = [sys.executable, "-m", "thammuu", *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(env: dict[str, str], *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped in order, and ends well."""
    process = subprocess.Popen([sys.executable, "-m", "thammuu", *map(str, arguments)], env=env, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        _out, said = process.communicate(timeout=90)
    assert process.returncode == 0, said.decode()


def publish(env: dict[str, str], year: int, *more: str) -> None:
    file = EXAMPLES / "papi" / f"papi-{year}.csv"
    thammuu(env, "publish", file, *PAPI, year, "--published-on", f"{year + 1}-04-12", *more)


def events(env: dict[str, str]) -> dict[str, Any]:
    """What happened, without when: id → type, subject, data."""
    found = json.loads(thammuu(env, "events", "--format", "json"))
    return {one["id"]: (one["type"], one["subject"], one["data"]) for one in found}


def until_quiet(env: dict[str, str], expected: int) -> dict[str, Any]:
    deadline = time.monotonic() + WITHIN_S
    while len(found := events(env)) < expected:
        assert time.monotonic() < deadline, f"{len(found)} of {expected} events"
        time.sleep(1)
    return found


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    env = environment(tmp_path_factory.mktemp("embedded") / "data")
    publish(env, 2021, "--history")
    publish(env, 2022)
    return events(env)


def test_three_workers_write_what_the_embedded_program_writes(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka, embedded: dict[str, Any]
) -> None:
    env = environment(
        tmp_path / "data",
        THAMMUU_DATABASE_URL=postgres.new_database(),
        THAMMUU_KAFKA_URL=kafka_broker.servers,
        THAMMUU_TOPIC_PREFIX=f"{tmp_path.name}.",
        THAMMUU_KAFKA_PARTITIONS="4",
    )
    thammuu(env, "db", "upgrade")
    with running(env, "relay"), running(env, "worker", "--stages", STAGES[0]):
        publish(env, 2021, "--history")
        publish(env, 2022)
        with running(env, "worker", "--stages", STAGES[1]), running(env, "worker", "--stages", STAGES[2]):
            found = until_quiet(env, len(embedded))
    assert found == embedded
    assert json.loads(thammuu(env, "memos", "list", "--format", "json"))[0]["pdf"]
    thammuu(env, "ledger", "verify")


def test_a_worker_says_that_it_is_alive_and_whether_it_is_ready(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka
) -> None:
    from servers.ports import free_port

    port = free_port()
    env = environment(
        tmp_path / "data",
        THAMMUU_DATABASE_URL=postgres.new_database(),
        THAMMUU_KAFKA_URL=kafka_broker.servers,
        THAMMUU_TOPIC_PREFIX=f"{tmp_path.name}.",
    )
    thammuu(env, "db", "upgrade")
    with running(env, "worker", "--port", port):
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                    assert answer.read() == b"ok\n"
                break
            except (urllib.error.URLError, ConnectionError):
                assert time.monotonic() < deadline
                time.sleep(0.3)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"thammuu_events_handled_total" in answer.read()


def test_a_worker_without_its_settings_says_which(tmp_path: Path) -> None:
    for more, missing in (({}, "THAMMUU_KAFKA_URL"), ({"THAMMUU_KAFKA_URL": "127.0.0.1:1"}, "THAMMUU_DATABASE_URL")):
        command = [sys.executable, "-m", "thammuu", "worker"]
        env = environment(tmp_path / "data", **more)
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2
        assert missing in done.stderr
        assert "Traceback" not in done.stderr
