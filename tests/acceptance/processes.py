"""The distributed program as processes, and what it and the embedded one wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAPI = ("--index", "papi", "--period")
WITHIN_S = 180.0


def environment(data: Path, **more: str) -> dict[str, str]:
    """Return a process's variables: those of this one, a data folder and more settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THAMMUU_")}
    return kept | {"THAMMUU_DATA": str(data), "THAMMUU_LANG": "en"} | more


def thammuu(env: dict[str, str], *arguments: object) -> str:
    """Run a command that must end well; return what it printed."""
    command = [sys.executable, "-m", "thammuu", *map(str, arguments)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(
    env: dict[str, str], *arguments: object, within_s: float = 90.0, program: tuple[str, str] = ("-m", "thammuu")
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that is stopped in order, and ends well."""
    # a file: a pipe that nobody reads would stop a process that says much
    with TemporaryFile() as said:
        process = subprocess.Popen([sys.executable, *program, *map(str, arguments)], env=env, stderr=said)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(within_s)
        said.seek(0)
        assert process.returncode == 0, said.read().decode()


def publish(env: dict[str, str], file: Path, year: int, *more: str) -> None:
    """Publish a PAPI year as it was published, in the next April."""
    thammuu(env, "publish", file, *PAPI, year, "--published-on", f"{year + 1}-04-12", *more)


def events(env: dict[str, str]) -> dict[str, Any]:
    """Return what happened, without when: id → type, subject, data."""
    return told(thammuu(env, "events", "--format", "json"))


def told(printed: str) -> dict[str, Any]:
    """Return the same from what ``thammuu events`` printed."""
    return {one["id"]: (one["type"], one["subject"], one["data"]) for one in json.loads(printed)}


def memos(env: dict[str, str], to: Path) -> dict[str, Any]:
    """Return the memos' models without number, date and checkpoint, by file name."""
    thammuu(env, "memos", "export", to, "--format", "json")
    return models(to)


def models(folder: Path) -> dict[str, Any]:
    """Return the same from a folder that memos were written into."""
    return {path.name: _without_place(json.loads(path.read_text("utf-8"))) for path in sorted(folder.rglob("*.json"))}


def _without_place(model: dict[str, Any]) -> dict[str, Any]:
    dated = {"number", "place_and_date"}
    letterhead = {name: value for name, value in model["letterhead"].items() if name not in dated}
    provenance = {name: value for name, value in model["provenance"].items() if name != "checkpoint"}
    return model | {"letterhead": letterhead, "provenance": provenance, "dated": None}


def until_there(database: str, expected: int, within_s: float = WITHIN_S, password: str | None = None) -> None:
    """Wait until the ledger of a PostgreSQL database has so many events."""
    deadline = time.monotonic() + within_s
    with psycopg.connect(database, password=password, autocommit=True) as connection:
        while True:
            (size,) = connection.execute("SELECT size FROM ledger_head").fetchone() or (0,)
            if size >= expected:
                return
            assert time.monotonic() < deadline, f"{size} of {expected} events"
            time.sleep(0.5)
