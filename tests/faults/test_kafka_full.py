"""A worker whose disk is full, and PostgreSQL whose disk is: both are waited for, nothing is refused or lost."""

from __future__ import annotations

import errno
import signal
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from cut_disk import compiled
from kafka_commands import Command, environment_of, wait
from kafka_real import left, publish, relay, request, settings_of, undisturbed
from kafka_stage import Servers, Stage, cut_scores, new_stage

from thammuu import bootstrap
from thammuu.errors import EnvironmentFaultError
from thammuu.intake import publishing
from thammuu.ledger.postgres import Limits
from thammuu.ledger.schema import events

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
FULL_S = 2.0
WITHIN_S = 120.0
PROVINCES = ("01", "02", "04")
FILLED = f"""
import ctypes, os, signal
disk = ctypes.CDLL(None)
def fill(number, _frame):
    disk.shim_start(os.environ["FULL"].encode(), b"", b"{errno.ENOSPC}" if number == signal.SIGUSR1 else b"0", b"0")
for number in (signal.SIGUSR1, signal.SIGUSR2):
    signal.signal(number, fill)
from thammuu.cli.main import run
run()
"""
"""The program on a disk that is full from SIGUSR1 to SIGUSR2."""
REFUSING = """
CREATE FUNCTION full_{0}() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_{0} BEFORE INSERT ON {0} FOR EACH ROW EXECUTE FUNCTION full_{0}();
"""


@contextmanager
def no_room_for(stage: Stage, table: str) -> Iterator[None]:
    """Let PostgreSQL refuse new rows of a table as it does on a full disk."""
    with psycopg.connect(stage.servers.postgres.url(stage.name), autocommit=True) as connection:
        connection.execute(REFUSING.format(table))  # type: ignore[arg-type]  # names of this file
        yield
        connection.execute(f"DROP TRIGGER full_{table} ON {table}")  # type: ignore[arg-type]


@contextmanager
def worker_of(stage: Stage, folder: Path) -> Iterator[Command]:
    """Run a worker whose disk can be filled, and a relay."""
    disk = {"LD_PRELOAD": str(compiled(folder)), "FULL": str(stage.folder / "blobs")}
    worker = Command("worker", environment_of(stage) | disk, stage.folder, ("-c", FILLED))
    stage.begin(relay, stage.place())
    try:
        wait(lambda: worker.ready() is True, WITHIN_S, "up", worker)
        yield worker
        assert worker.end(signal.SIGTERM) == 0
    finally:
        worker.process.kill()
        worker.process.wait()
        stage.end()
        stage.database.close()


def waits(worker: Command, stage: Stage, why: str) -> None:
    """See that a worker is not ready for one reason and adds nothing meanwhile."""
    wait(lambda: why in (worker.fault() or ""), WITHIN_S, why, worker)
    size, begun = stage.count(events), time.monotonic()
    while time.monotonic() - begun < FULL_S:
        assert why in (worker.fault() or "")
        time.sleep(0.2)
    assert stage.count(events) == size
    sys.stdout.write(f"{why}: {size} events\n")


def test_a_worker_waits_while_its_disk_or_that_of_postgresql_is_full_and_goes_on(
    servers: Servers, tmp_path: Path
) -> None:
    first, second = (cut_scores(year, tmp_path, PROVINCES) for year in (2021, 2022))
    expected, sizes = undisturbed(tmp_path / "embedded", first, second)
    stage = new_stage(servers, tmp_path / "data", Limits(), partitions=2)
    with worker_of(stage, tmp_path) as worker:
        worker.process.send_signal(signal.SIGUSR1)
        publisher = stage.begin(publish, stage.place(), first)
        publisher.join(WITHIN_S)
        assert publisher.exitcode == 0, stage.said()
        waits(worker, stage, "analysis: waits: OSError")
        with no_room_for(stage, "memos"):
            with no_room_for(stage, "events"):
                worker.process.send_signal(signal.SIGUSR2)
                # the ledger takes no output; a handler never gets so far
                waits(worker, stage, "analysis: waits: EnvironmentFaultError")
                with (
                    bootstrap.sharing(settings_of(stage.place())) as program,
                    pytest.raises(EnvironmentFaultError, match="No space left on device"),
                ):
                    publishing.publish(program.context, request(second))
            # a handler's own row is refused
            waits(worker, stage, "memos: waits: EnvironmentFaultError")
        wait(lambda: stage.count(events) >= sizes[0], WITHIN_S, "on", worker)
        wait(lambda: worker.ready() is True, WITHIN_S, "ready", worker)
        stage.begin(publish, stage.place(), second).join(WITHIN_S)
        wait(lambda: stage.count(events) >= sizes[1], WITHIN_S, "all", worker)
        with bootstrap.sharing(settings_of(stage.place())) as program:
            found = left(program.context)
        assert found.events == expected.events
        assert found.rows == expected.rows
