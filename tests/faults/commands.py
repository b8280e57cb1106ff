"""Commands of the program in forked children, and what a data folder holds after them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.bootstrap import DATABASE
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.named_blobs import needed
from thammuu.ledger.schema import findings, issued_memos, memos, publications
from thammuu.ledger.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator

PAPI = Path(__file__).parents[2] / "examples" / "papi"
PROVINCES = ("01", "02", "04", "06")
"""Hà Nội, Hà Giang, Cao Bằng, Bắc Kạn: enough for findings, peers and memos, few enough for hundreds of runs."""


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return os.WIFSIGNALED(self.status) and os.WTERMSIG(self.status) == signal.SIGKILL

    @property
    def code(self) -> int:
        assert os.WIFEXITED(self.status), f"ended by a signal: {self.status}\n{self.err}"
        return os.WEXITSTATUS(self.status)


class Thammuu:
    """Runs commands in children of a warm process.

    Args:
        folder: For what they print.
        environment: More variables of the warm process.
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("warm.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"COLUMNS": "200"} | (environment or {}),
        )

    def run(self, *arguments: str | Path, fail_at: str = "", fail_log: Path | None = None, **more: Any) -> Done:  # noqa: ANN401
        """Run one command; ``more`` goes to the child as it is."""
        out, err = self._folder / "out", self._folder / "err"
        asked = {"THAMMUU_FAIL_AT": fail_at, "THAMMUU_FAIL_LOG": str(fail_log or "")}
        request = {"arguments": [str(one) for one in arguments], "out": str(out), "err": str(err)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request | {"environment": asked} | more, default=str).encode() + b"\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the warm process ended"
        return Done(int(answer), out.read_text(), err.read_text())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@contextmanager
def warm(folder: Path, environment: dict[str, str] | None = None) -> Iterator[Thammuu]:
    """Keep a warm process for some tests."""
    folder.mkdir(exist_ok=True)
    process = Thammuu(folder, environment)
    try:
        yield process
    finally:
        process.close()


def cut(year: int, folder: Path) -> Path:
    """Write a test input: the lines of a few provinces, unchanged, from the real scores of a year."""
    lines = (PAPI / f"papi-{year}.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    head = [line for line in lines if line.startswith(("#", "period,"))]
    kept = [line for line in lines if line.startswith(tuple(f"{year},{code}," for code in PROVINCES))]
    path = folder / f"papi-{year}-cut.csv"
    path.write_text("".join([*head, *kept]), encoding="utf-8")
    return path


@contextmanager
def opened(data: Path) -> Iterator[SqliteDatabase]:
    """Open a ledger as the program's readers do."""
    database = SqliteDatabase(data / DATABASE, writable=False)
    try:
        yield database
    finally:
        database.close()


def accepted(data: Path) -> set[str]:
    """Return the publications that a data folder has; an interrupted first command may have left no table."""
    if not (data / DATABASE).exists():
        return set()
    from thammuu.ledger.sqlite import is_current

    if not is_current(data / DATABASE):
        return set()
    with opened(data) as database, database.snapshot() as connection:
        return set(connection.execute(select(publications.c.publication_id)).scalars())


State = dict[str, list[tuple[Any, ...]]]


def state(data: Path) -> State:
    """Return all that must not depend on what was killed, after a check that the folder is whole.

    Stored files are compared through their names, which are hashes of their contents: models and PDFs alike.
    """
    with opened(data) as database:
        assert database.integrity() == "ok"
        with database.snapshot() as connection:
            assert log.verify(connection) == []
            recorded = [one.event for one in log.read(connection)]
            blobs = FolderBlobs(data / "blobs")
            for name in needed(connection):
                blobs.get(name)
            found: State = {
                "events": sorted((one.id, one.type, one.subject, one.data.model_dump_json()) for one in recorded)
            }
            for table in (publications, findings, memos, issued_memos):
                rows = connection.execute(select(table).order_by(*table.primary_key.columns))
                found[table.name] = [tuple(row) for row in rows]
    return found


def copied(data: Path, target: Path) -> Path:
    """Copy a data folder; stored files never change, so they are linked."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(data, target, copy_function=_linked)
    return target


def _linked(source: str, target: str) -> None:
    if "/blobs/" in source:
        os.link(source, target)
    else:
        shutil.copy(source, target)
