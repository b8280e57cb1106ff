"""A broker behind TLS and SASL: the right settings reach it, wrong ones wait or are refused, none tells a password."""

from __future__ import annotations

import asyncio
import gc
import secrets
import shutil
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from servers.certificates import authority
from servers.kafka import Kafka
from servers.ports import free_port
from servers.program import command, environment, ready, running
from thammuu.bus.context import Context
from thammuu.bus.kafka.connection import Connection, connection_of, make_topics
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.outbox import Outbox
from thammuu.bus.routes import Route
from thammuu.bus.status import Status
from thammuu.errors import BadInputError
from thammuu.events import Event, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.postgres import Postgres
    from thammuu.bus.context import UnitOfWork

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
WITHIN_S = 90.0
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_JAAS = "org.apache.kafka.common.security"


@dataclass(frozen=True)
class Guarded:
    """A broker whose only door for clients asks for TLS, a user and a password."""

    port: int
    password: str
    folder: Path

    def settings(self, **changed: Any) -> dict[str, Any]:  # noqa: ANN401  a setting's value
        """Return the settings that are right, but for those that are changed; the authority's file by its name."""
        right = {
            "kafka_url": f"127.0.0.1:{self.port}",
            "kafka_security": "SASL_SSL",
            "kafka_user": "thammuu",
            "kafka_password": self.password,
            "kafka_ca_file": "ca.pem",
            "kafka_partitions": "1",
        } | changed
        return right | {"kafka_ca_file": str(self.folder / right["kafka_ca_file"])}

    def connection(self, **changed: Any) -> Connection:  # noqa: ANN401  a setting's value
        return connection_of(Settings(**self.settings(**changed)))


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    folder = Path(tempfile.mkdtemp(prefix="thammuu-guarded-"))
    own, port, password = authority(), free_port(), secrets.token_hex(16)
    door = "listener.name.guarded"
    scram = f"{_JAAS}.scram.ScramLoginModule required;"
    settings = {
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,GUARDED:SASL_SSL",
        f"{door}.sasl.enabled.mechanisms": ",".join(MECHANISMS),
        f"{door}.plain.sasl.jaas.config": f'{_JAAS}.plain.PlainLoginModule required user_thammuu="{password}";',
        f"{door}.scram-sha-256.sasl.jaas.config": scram,
        f"{door}.scram-sha-512.sasl.jaas.config": scram,
        f"{door}.ssl.keystore.type": "PEM",
        f"{door}.ssl.keystore.location": str(own.server(folder / "server.pem")),
    }
    broker = Kafka(folder / "kafka", doors={"GUARDED": (port, port)}, settings=settings, users={"thammuu": password})
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        stack.callback(broker.stop)
        broker.start()
        own.trusted(folder / "ca.pem")
        authority().trusted(folder / "other.pem")
        yield Guarded(port, password, folder)


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    url = postgres.new_database()
    database = PostgresDatabase(url)
    database.upgrade()
    database.close()
    return url


@pytest.fixture
def context(tmp_path: Path, database_url: str) -> Iterator[Context]:
    database = PostgresDatabase(database_url)
    (tmp_path / "blobs").mkdir()
    parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None}
    yield Context(database=database, blobs=FolderBlobs(tmp_path / "blobs"), clock=lambda: NOON, **parts)
    database.close()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_relay_and_worker_pass_the_door_with_each_mechanism(
    context: Context, guarded: Guarded, tmp_path: Path, mechanism: str
) -> None:
    kafka = guarded.connection(kafka_mechanism=mechanism, topic_prefix=f"{tmp_path.name}.")
    handled: list[str] = []

    def note(event: Event, _work: UnitOfWork) -> list[NewEvent]:
        handled.append(event.id)
        return []

    async def scenario() -> None:
        stop = asyncio.Event()
        await make_topics(kafka, 1)
        worker = Worker(context, (Route("noting", RulesActivated, note),), ["noting"], kafka, Status())
        relay = Relay(Outbox(context, "one"), kafka, Status())
        tasks = [asyncio.create_task(one.run(stop)) for one in (worker, relay)]
        try:
            await until(lambda: bool(handled))
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    with context.database.transaction() as connection:
        log.append(connection, [envelope(NewEvent(subject="p", data=RulesActivated(pack="p")), "id-p", NOON)])
    asyncio.run(scenario())
    assert handled == ["id-p"]


async def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not reached():
        assert time.monotonic() < deadline, "not reached in time"
        await asyncio.sleep(0.05)


def variables(settings: dict[str, Any]) -> dict[str, str]:
    return {f"THAMMUU_{name.upper()}": value for name, value in settings.items()}


WRONG = secrets.token_hex(16)
FAULTS = {
    "password": ({"kafka_password": WRONG}, "Authentication failed"),
    "user": ({"kafka_user": "nobody"}, "Authentication failed"),
    "authority": ({"kafka_ca_file": "other.pem"}, "CERTIFICATE_VERIFY_FAILED"),
}


@pytest.mark.parametrize(
    ("process", "fault"),
    [
        ("relay", "password"),
        ("relay", "authority"),
        ("worker", "none"),
        ("worker", "password"),
        ("worker", "user"),
        ("worker", "authority"),
    ],
)
def test_a_process_that_is_refused_waits_and_tells_no_password(
    guarded: Guarded, database_url: str, tmp_path: Path, process: str, fault: str
) -> None:
    changed, because = FAULTS.get(fault, ({}, ""))
    settings = guarded.settings(**changed, topic_prefix=f"{tmp_path.name}.", database_url=database_url)
    env, port = environment(tmp_path / "data", **variables(settings)), free_port()
    expected = (503, f"{process}: waits: KafkaConnectionError") if because else (200, "ok")
    told, deadline = "", time.monotonic() + WITHIN_S
    with running(env, process, "--port", port) as one:
        while (answer := ready(port))[0] != expected[0] or expected[1] not in answer[1]:
            told += answer[1]
            assert one.process.poll() is None, one.said()
            assert time.monotonic() < deadline, answer
            time.sleep(0.2)
        one.stop()
        told += answer[1] + one.said()
    assert because in told
    assert guarded.password not in told
    assert WRONG not in told


PASSWORD = secrets.token_hex(16)
COMPLETE = {"kafka_url": "127.0.0.1:1", "kafka_user": "thammuu", "kafka_password": PASSWORD}
CA_FILE, USER, PASS = "THAMMUU_KAFKA_CA_FILE", "THAMMUU_KAFKA_USER", "THAMMUU_KAFKA_PASSWORD"


@pytest.mark.parametrize(
    ("security", "changed", "named"),
    [
        ("SASL_SSL", {"kafka_user": None}, [USER]),
        ("SASL_PLAINTEXT", {"kafka_password": None}, [PASS]),
        ("SSL", {"kafka_ca_file": "not-there.pem"}, [CA_FILE]),
        ("SASL_SSL", {"kafka_ca_file": "empty.pem"}, [CA_FILE]),
        ("SASL_SSL", {"kafka_ca_file": "folder", "kafka_user": None}, [CA_FILE, USER]),
        ("SASL_SSL", {"kafka_user": None, "kafka_password": None}, [USER, PASS]),
    ],
)
def test_settings_that_lack_something_are_refused_with_every_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str, changed: dict[str, Any], named: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.pem").touch()
    Path("folder").mkdir()
    merged = COMPLETE | {"kafka_security": security} | changed
    values: dict[str, Any] = {name: value for name, value in merged.items() if value is not None}
    with pytest.raises(BadInputError) as refused:
        connection_of(Settings(**values))
    assert [one.place.file for one in refused.value.problems] == named
    assert PASSWORD not in f"{refused.value!r} {refused.value.problems}"


@pytest.mark.parametrize("process", ["relay", "worker"])
def test_a_command_with_such_settings_is_bad_input(tmp_path: Path, process: str) -> None:
    values = {"kafka_url": "127.0.0.1:1", "kafka_security": "SASL_SSL", "kafka_password": PASSWORD}
    values["kafka_ca_file"] = str(tmp_path / "not-there.pem")
    done = command(environment(tmp_path / "data", **variables(values)), process)
    assert done.returncode == 2, done.stderr
    assert [CA_FILE in done.stderr, USER in done.stderr, PASS in done.stderr] == [True, True, False]
    assert PASSWORD not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("security", ["SASL_PLAINTEXT", "SASL_SSL"])
def test_a_connection_that_is_printed_does_not_tell_the_password(security: str) -> None:
    values: dict[str, Any] = COMPLETE | {"kafka_security": security}
    kafka = connection_of(Settings(**values))
    assert kafka.options["sasl_plain_password"] == PASSWORD
    assert PASSWORD not in repr(kafka)


# FastStream closes no producer that could not start; nothing of it is open
@pytest.mark.filterwarnings("ignore:Unclosed AIOKafkaProducer:ResourceWarning")
@pytest.mark.parametrize(
    "changed", [{"kafka_password": WRONG}, {"kafka_security": "SSL"}, {"kafka_ca_file": "other.pem"}]
)
def test_a_worker_and_a_relay_that_are_refused_wait_until_told_to_stop(
    context: Context, guarded: Guarded, changed: dict[str, Any]
) -> None:
    kafka, status = guarded.connection(**changed), {"worker": Status(), "relay": Status()}

    async def scenario() -> None:
        stop = asyncio.Event()
        route = Route("noting", RulesActivated, lambda _event, _work: [])
        worker = Worker(context, (route,), ["noting"], kafka, status["worker"])
        relay = Relay(Outbox(context, "one"), kafka, status["relay"])
        tasks = [asyncio.create_task(one.run(stop)) for one in (worker, relay)]
        try:
            for name, one in status.items():
                await until(lambda name=name, one=one: name in one.faults())  # type: ignore[misc]
                assert one.faults()[name].startswith("waits: Kafka")
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    asyncio.run(scenario())
    # what is to be ignored must be said before the test is over
    gc.collect()
