"""PostgreSQL, Kafka or the file store away for a while, under the real commands: not ready, nothing refused or lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from kafka_real import left, publish, settings_of, undisturbed
from kafka_stage import Place, Servers, Stage, cut_scores, new_stage

from servers.ports import free_port
from thammuu import bootstrap
from thammuu.events import EventRejected
from thammuu.ledger import log
from thammuu.ledger.postgres import Limits
from thammuu.ledger.schema import events, inbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.s3 import S3Server
AWAY_S, LONG_AWAY_S = 10.0, 300.0
SHORTLY_AWAY_S = 4.0
NOTICED_WITHIN_S, BACK_WITHIN_S, UP_WITHIN_S, DONE_WITHIN_S = 40.0, 60.0, 90.0, 240.0
YEARS = (2020, 2021, 2022)


class Command:
    """``thammuu relay`` or ``thammuu worker``, asked for its health as a probe would ask."""

    def __init__(self, name: str, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "thammuu", name, "--port", str(self.port)]
        self.said = folder / f"{name}.log"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)

    def ready(self) -> bool | None:
        """Return what /readyz says; None if nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return True
        except urllib.error.HTTPError as answer:
            answer.close()
            return False
        except OSError:
            return None

    def end(self, *signals: signal.Signals) -> int:
        """Send signals one after the other and return the exit code."""
        for number in signals:
            self.process.send_signal(number)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Scene:
    """The two commands at work."""

    def __init__(self, stage: Stage, environment: dict[str, str]) -> None:
        self.stage, self.environment = stage, environment
        self.relay, self.worker = (Command(name, environment, stage.folder) for name in ("relay", "worker"))

    def wait(self, reached: Callable[[], bool], within_s: float, what: str) -> float:
        begun = time.monotonic()
        while not reached():
            both = "\n".join(one.said.read_text(errors="replace")[-2_000:] for one in (self.relay, self.worker))
            assert time.monotonic() - begun < within_s, f"{what}: not within {within_s:.0f} s\n{both}"
            time.sleep(0.1)
        return time.monotonic() - begun

    def away(self, who: tuple[Command, ...], seconds: float, back: Callable[[], object]) -> None:
        """See that commands are not ready while something is away, and ready again after it."""
        begun = time.monotonic()
        for one in who:
            self.wait(lambda one=one: one.ready() is False, NOTICED_WITHIN_S, "not ready")  # type: ignore[misc]
        noticed_s = time.monotonic() - begun
        while time.monotonic() - begun < seconds:
            # it answers, and never that it is ready
            assert [one.ready() for one in who] == [False] * len(who)
            time.sleep(0.5)
        back()
        took_s = self.wait(lambda: self.relay.ready() is self.worker.ready() is True, BACK_WITHIN_S, "ready again")
        sys.stdout.write(f"away {seconds:.0f} s: not ready after {noticed_s:.1f} s, ready {took_s:.1f} s after it\n")

    def publish(self, file: Path) -> None:
        process = self.stage.begin(publish_with, self.environment, self.stage.place(), file)
        process.join(DONE_WITHIN_S)
        assert process.exitcode == 0, self.stage.said()


def publish_with(environment: dict[str, str], place: Place, file: Path) -> None:
    """Publish with the environment of the commands."""
    os.environ.update(environment)
    publish(place, file)


@contextmanager
def at_work(servers: Servers, s3_server: S3Server, folder: Path) -> Iterator[Scene]:
    stage = new_stage(servers, folder, Limits(), partitions=2)
    place = stage.place()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("THAMMUU_")}
    environment |= s3_server.environment | {
        "THAMMUU_DATA": str(folder),
        "THAMMUU_DATABASE_URL": place.database,
        "THAMMUU_KAFKA_URL": place.kafka,
        "THAMMUU_TOPIC_PREFIX": place.prefix,
        "THAMMUU_BLOBS_URL": f"s3://{s3_server.new_bucket()}",
    }
    scene = Scene(stage, environment)
    try:
        scene.wait(lambda: scene.relay.ready() is scene.worker.ready() is True, UP_WITHIN_S, "up")
        yield scene
        # once is enough, and twice does no harm
        assert scene.worker.end(signal.SIGTERM, signal.SIGTERM) == 0
        assert scene.relay.end(signal.SIGINT) == 0
    finally:
        for one in (scene.relay, scene.worker):
            one.process.kill()
            one.process.wait()
        stage.end()
        stage.database.close()


def survive(servers: Servers, s3_server: S3Server, tmp_path: Path, away_s: float, shortly_s: float) -> None:
    """Publish three years; under each of them something is away."""
    files = [cut_scores(year, tmp_path) for year in YEARS]
    expected, sizes = undisturbed(tmp_path / "embedded", *files)
    with at_work(servers, s3_server, tmp_path / "data") as scene:
        stage, both = scene.stage, (scene.relay, scene.worker)

        def all_done(size: int) -> None:
            scene.wait(lambda: stage.count(events) >= size, DONE_WITHIN_S, f"{size} events")

        scene.publish(files[0])
        scene.wait(lambda: stage.count(inbox) >= 1, DONE_WITHIN_S, "in mid-flow")
        servers.postgres.kill()
        scene.away(both, away_s, servers.postgres.start)
        all_done(sizes[0])

        scene.publish(files[1])
        s3_server.kill()
        scene.away((scene.worker,), shortly_s, s3_server.start)
        all_done(sizes[1])

        servers.kafka.kill()
        scene.publish(files[2])
        scene.away(both, shortly_s, servers.kafka.start)
        all_done(sizes[2])

        with stage.database.snapshot() as connection:
            assert log.verify(connection) == []
            assert list(log.read(connection, types=[EventRejected.event_type])) == []
        with bootstrap.sharing(settings_of(stage.place())) as program:
            assert left(program.context) == expected


def test_what_is_away_for_a_while_is_waited_for(servers: Servers, s3_server: S3Server, tmp_path: Path) -> None:
    survive(servers, s3_server, tmp_path, AWAY_S, SHORTLY_AWAY_S)


@pytest.mark.long
def test_what_is_away_for_five_minutes_is_waited_for(servers: Servers, s3_server: S3Server, tmp_path: Path) -> None:
    survive(servers, s3_server, tmp_path, LONG_AWAY_S, LONG_AWAY_S / 5)
