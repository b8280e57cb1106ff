"""Backups and copies, taken while others write, restored into either database and compared."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from servers.program import served
from servers.proxy import before
from thammuu import bootstrap
from thammuu.ledger import log
from thammuu.ledger.copying import TABLES, lines
from thammuu.ledger.named_blobs import needed
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.postgres import Postgres
    from servers.s3 import S3Server
EXAMPLES = Path(__file__).parents[2] / "examples" / "papi"
PUBLISH = ("publish", str(EXAMPLES / "papi-2022.csv"), "--index", "papi", "--period", "2022")
Rows = dict[str, list[bytes]]
DATED = ("--published-on", "2023-04-12")
WITHIN_S = 120.0


@dataclass(frozen=True)
class Place:
    """A data folder, and the database if it is not in it; commands run as processes of their own."""

    data: Path
    url: str | None = None
    others: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        files = self.others.get("THAMMUU_BLOBS_URL")
        return Settings.model_validate({"data": self.data, "database_url": self.url, "blobs_url": files})

    @property
    def environment(self) -> dict[str, str]:
        own = {"THAMMUU_LANG": "en", "THAMMUU_DATA": str(self.data), "COLUMNS": "200"} | self.others
        return os.environ | own | ({"THAMMUU_DATABASE_URL": self.url} if self.url else {})

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "thammuu", *map(str, arguments)]
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *arguments: str | Path, code: int = 0) -> str:
        process = self.start(*arguments)
        out, err = process.communicate()
        assert process.returncode == code, out + err
        return out if code == 0 else out + err

    def listed(self, *arguments: str) -> Any:  # noqa: ANN401  any JSON value
        return json.loads(self.run(*arguments, "--format", "json"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Publish PAPI 2022 in a data folder that no test changes."""
    place = Place(tmp_path_factory.mktemp("source") / "data")
    place.run(*PUBLISH, *DATED)
    return place


@pytest.fixture
def new_place(postgres: Postgres, tmp_path: Path) -> Callable[[str, str], Place]:
    """Make an empty place: a folder that is not there yet, or a database with empty tables."""

    def make(kind: str, name: str) -> Place:
        if kind == "sqlite":
            return Place(tmp_path / name)
        place = Place(tmp_path / name, postgres.new_database())
        place.run("db", "upgrade")
        return place

    return make


def whole(place: Place) -> Rows:
    """Check that the ledger is whole and no file is missing; return every row of every table."""
    with (
        bootstrap.reading(place.settings) as program,
        program.context.database.snapshot() as connection,
    ):
        assert program.context.database.integrity() == "ok"
        assert log.verify(connection) == []
        assert needed(connection) <= set(program.context.blobs.names())
        return {table.name: list(lines(connection, table)) for table in TABLES}


def outcome(place: Place) -> Any:  # noqa: ANN401  any comparable value
    """Return what does not depend on when and in which turn it was done."""
    whole(place)
    events = sorted((one["id"], one["type"], one["subject"], json.dumps(one["data"])) for one in place.listed("events"))
    memos = place.listed("memos", "list")
    return events, sorted((one["memo_id"], one["version"], one["model"], one["pdf"]) for one in memos)


@pytest.mark.parametrize("through", ["sqlite", "postgres"])
def test_a_backup_comes_back_equal_in_either_database(
    source: Place, new_place: Callable[[str, str], Place], tmp_path: Path, through: str
) -> None:
    expected = whole(source)
    source.run("backup", tmp_path / "first")
    middle = new_place(through, "middle")
    told = json.loads(middle.run("restore", tmp_path / "first", "--format", "json"))
    assert told["events"] == len(expected["events"])
    assert whole(middle) == expected
    middle.run("backup", tmp_path / "second")
    other = new_place("sqlite", "other")
    other.run("restore", tmp_path / "second")
    assert whole(other) == expected
    tables = [
        {path.name: path.read_bytes() for path in (tmp_path / name / "tables").iterdir()}
        for name in ("first", "second")
    ]
    assert tables[0] == tables[1]
    assert "./." in other.run("memos", "show", "Hà Nam")


def size_of(backup: Path) -> int:
    """Return how many events a backup has."""
    return int(json.loads((backup / "manifest.json").read_text())["events"])


def stopped(process: subprocess.Popen[str]) -> bool:
    status = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
    return status.rpartition(")")[2].split()[0] == "T"


def until_stopped(process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not stopped(process):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def bucket_of(server: S3Server) -> dict[str, str]:
    return {"THAMMUU_BLOBS_URL": f"s3://{server.new_bucket()}"}


def few_scores() -> bytes:
    """Return the scores of six provinces."""
    lines = (EXAMPLES / "papi-2022.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.startswith(("#", "period,")) or line[5:7] <= "10"]
    return "".join(kept).encode()


def until_raised(place: Place) -> None:
    """Wait until something was found, and is to be written about."""
    deadline = time.monotonic() + WITHIN_S
    assert place.url is not None
    with psycopg.connect(place.url, autocommit=True) as connection:
        while not connection.execute("SELECT 1 FROM events WHERE type = 'findings.raised' LIMIT 1").fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_backup_taken_while_others_write_is_one_moment_and_can_be_finished(
    source: Place, new_place: Callable[[str, str], Place], tmp_path: Path, kind: str
) -> None:
    place = new_place(kind, "busy")
    place.run("publications")
    writer = replace(place, others={"THAMMUU_FAIL_AT": "ledger.appended:4:SIGSTOP"}).start(*PUBLISH, *DATED)
    try:
        # its events are written and not committed while the first backup is taken
        until_stopped(writer)
        place.run("backup", tmp_path / "backup-0")
        assert stopped(writer)
        writer.send_signal(signal.SIGCONT)
        taken = 1
        while writer.poll() is None and taken < 4:
            place.run("backup", tmp_path / f"backup-{taken}")
            taken += 1
        _, told = writer.communicate()
    finally:
        writer.kill()
    assert writer.returncode == 0, told
    sizes = [size_of(tmp_path / f"backup-{number}") for number in range(taken)]
    assert sizes == sorted(sizes)
    assert 0 < sizes[0] < len(place.listed("events"))
    restored = new_place("sqlite", "restored")
    restored.run("restore", tmp_path / "backup-0")
    whole(restored)
    restored.run("doctor", "--finish")
    assert outcome(restored) == outcome(source)


def test_a_backup_beside_a_server_with_its_files_in_s3_comes_back_there_and_can_be_finished(
    new_place: Callable[[str, str], Place], s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    place = replace(new_place("postgres", "served"), others=bucket_of(s3_server))
    with before(s3_server.port) as network:
        through = {"THAMMUU_BLOBS_ENDPOINT": f"http://127.0.0.1:{network.port}"}
        with served(place.environment | through) as server:
            asked = {"index": "papi", "period": "2022", "published_on": "2023-04-12", "partial": "true"}
            assert server.publish(few_scores(), **asked).status == 202
            until_raised(place)
            # the server's own way to its files is silent: it stays in the middle of its work
            network.hold()
            place.run("backup", tmp_path / "backup")
            network.heal()
            server.until_handled("papi-2022-r1")
    assert 0 < size_of(tmp_path / "backup") < len(place.listed("events"))
    restored = replace(new_place("sqlite", "restored"), others=bucket_of(s3_server))
    restored.run("restore", tmp_path / "backup")
    whole(restored)
    restored.run("doctor", "--finish")
    assert outcome(restored) == outcome(place)


def test_a_copied_ledger_goes_on_in_postgresql(source: Place, new_place: Callable[[str, str], Place]) -> None:
    target = new_place("postgres", "target")
    assert target.url is not None
    told = target.run("copy", "--from", source.data, "--to", target.url)
    assert "compared and equal" in told
    assert whole(target) == whole(source)
    assert "same content" in target.run(*PUBLISH, *DATED)
    target.run("publish", EXAMPLES / "papi-2021.csv", "--index", "papi", "--period", "2021", "--history")
    whole(target)
    refused = target.run("copy", "--from", source.data, "--to", target.url, code=2)
    assert "is not empty" in refused.replace("\n", " ")


def test_a_broken_ledger_is_not_copied_and_nothing_half_written_stays(
    source: Place, new_place: Callable[[str, str], Place], tmp_path: Path
) -> None:
    import sqlite3

    shutil.copytree(source.data, tmp_path / "broken")
    with sqlite3.connect(tmp_path / "broken" / "ledger.sqlite3") as raw:
        raw.executescript("DROP TRIGGER events_never_DELETEd; DELETE FROM events WHERE position = 7;")
    raw.close()
    target = new_place("postgres", "target")
    assert "Position 7" in target.run("copy", "--from", tmp_path / "broken", "--to", str(target.url), code=3)
    assert target.listed("events") == []
    assert target.listed("publications") == []
    lost = next(path for path in (tmp_path / "broken" / "blobs").rglob("*") if path.is_file())
    shutil.copy(source.data / "ledger.sqlite3", tmp_path / "broken")
    lost.unlink()
    assert "missing" in target.run("copy", "--from", tmp_path / "broken", "--to", str(target.url), code=3)
    assert target.listed("events") == []


def test_no_backup_is_restored_over_anything_or_after_damage(
    source: Place, new_place: Callable[[str, str], Place], tmp_path: Path
) -> None:
    backup = tmp_path / "backup"
    source.run("backup", backup)
    assert "not empty" in source.run("backup", backup, code=2)
    assert "not empty" in source.run("restore", backup, code=2)
    assert "no backup" in new_place("sqlite", "a").run("restore", tmp_path, code=2)
    findings = backup / "tables" / "findings.jsonl"
    kept = findings.read_bytes()
    findings.write_bytes(kept.replace(b"major", b"minor", 1))
    assert "changed or damaged" in new_place("sqlite", "a").run("restore", backup, code=3)
    findings.write_bytes(kept)
    blob = next(path for path in (backup / "blobs").rglob("*") if path.is_file())
    blob.write_bytes(b"other")
    told = new_place("sqlite", "a").run("restore", backup, code=3)
    assert "changed or damaged" in told.replace("\n", " ")
    assert not (tmp_path / "a").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["backup"]


def test_a_stopped_backup_leaves_no_folder_that_looks_like_one(source: Place, tmp_path: Path) -> None:
    stopped = source.start("backup", tmp_path / "backup")
    while not list(tmp_path.iterdir()):
        time.sleep(0.002)
    stopped.kill()
    stopped.communicate()
    assert not (tmp_path / "backup").exists()
    source.run("backup", tmp_path / "backup")
    assert (tmp_path / "backup" / "manifest.json").exists()


def test_the_schema_is_told_and_brought_up_to_date(postgres: Postgres, tmp_path: Path) -> None:
    for place in (Place(tmp_path / "folder"), Place(tmp_path / "server", postgres.new_database())):
        assert "schema none" in place.run("db", "status", code=1).replace("\n", " ")
        changed = place.listed("db", "upgrade")
        assert (changed["from"], changed["to"]) == (None, place.listed("db", "status")["schema"])
        assert place.listed("db", "upgrade")["from"] == changed["to"]
