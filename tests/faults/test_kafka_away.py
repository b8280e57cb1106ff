"""PostgreSQL, Kafka or the file store away for a while, under the real commands: not ready, nothing refused or lost."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from kafka_commands import Command, environment_of, wait
from kafka_real import left, publish, settings_of, undisturbed
from kafka_stage import Place, Servers, Stage, cut_scores, new_stage

from servers.proxy import Proxy, before
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
SHORTLY_AWAY_S, SILENT_S = 4.0, 11.0
NOTICED_WITHIN_S, BACK_WITHIN_S, UP_WITHIN_S, DONE_WITHIN_S = 40.0, 60.0, 90.0, 240.0
YEARS = (2020, 2021, 2022)


class Scene:
    """The two commands at work, and the network before the store of files."""

    def __init__(self, stage: Stage, environment: dict[str, str], files: Proxy) -> None:
        self.stage, self.environment, self.files = stage, environment, files
        self.relay, self.worker = (Command(name, environment, stage.folder) for name in ("relay", "worker"))

    def wait(self, reached: Callable[[], bool], within_s: float, what: str) -> float:
        return wait(reached, within_s, what, self.relay, self.worker)

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
    with before(s3_server.port) as files:
        store = {"THAMMUU_BLOBS_URL": f"s3://{s3_server.new_bucket()}"}
        store["THAMMUU_BLOBS_ENDPOINT"] = f"http://127.0.0.1:{files.port}"
        yield from _commands(Scene(stage, environment_of(stage) | s3_server.environment | store, files))


def _commands(scene: Scene) -> Iterator[Scene]:
    stage = scene.stage
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


def survive(servers: Servers, s3_server: S3Server, tmp_path: Path, *seconds: float) -> None:
    """Publish three years; under each of them something is away, for long, for some time or silent for a while."""
    away_s, shortly_s, silent_s = seconds
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
        scene.files.hold()
        handled = stage.count(inbox)
        scene.away((scene.worker,), silent_s, scene.files.heal)
        scene.wait(lambda: stage.count(inbox) > handled, DONE_WITHIN_S, "on after the silence")
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
    survive(servers, s3_server, tmp_path, AWAY_S, SHORTLY_AWAY_S, SILENT_S)


@pytest.mark.long
def test_what_is_away_for_five_minutes_is_waited_for(servers: Servers, s3_server: S3Server, tmp_path: Path) -> None:
    survive(servers, s3_server, tmp_path, LONG_AWAY_S, LONG_AWAY_S / 5, LONG_AWAY_S / 5)
