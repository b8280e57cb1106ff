"""A full or read-only disk: a clear sentence, exit code 3, nothing half-written, and all is well once there is room."""

import errno
import os
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from commands import State, Thammuu, accepted, copied, cut, state, warm
from disk import compiled, records

SEED = int(os.environ.get("SEED", "20221122"))
TRIES = 4
COMMANDS = ("publish", "issue", "withdraw", "finish", "export", "backup", "restore", "init", "upgrade")
REFUSALS = {
    "full": (errno.ENOSPC, "No space left|full|disk I/O"),
    "read-only": (errno.EROFS, "ead-only|readonly|open|disk I/O"),
}
WRITING = frozenset("CDWTR")


@dataclass(frozen=True)
class Place:
    """A folder with a publication and a backup, what each command's arguments are, and where the test input is."""

    start: Path
    scores: Path

    def arguments(self, command: str, folder: Path) -> list[str]:
        publish = ["publish", str(self.scores), "--index", "papi", "--period", "2022", "--partial"]
        return {
            "publish": ["--data", f"{folder}/new", *publish, "--published-on", "2023-04-12"],
            "issue": ["--data", f"{folder}/data", "memos", "issue", "Cao Bằng", "--dated", "2023-05-04"],
            "withdraw": ["--data", f"{folder}/data", "publish", "--withdraw", "papi-2022-r1", "--reason", "a test"],
            "finish": ["--data", f"{folder}/data", "doctor", "--finish", "--sweep"],
            "export": ["--data", f"{folder}/data", "memos", "export", f"{folder}/memos", "--format", "pdf,txt"],
            "backup": ["--data", f"{folder}/data", "backup", f"{folder}/second"],
            "restore": ["--data", f"{folder}/restored", "restore", f"{folder}/backup"],
            "init": ["init", f"{folder}/own"],
            "upgrade": ["--data", f"{folder}/new", "db", "upgrade"],
        }[command]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thammuu]:
    folder = tmp_path_factory.mktemp("warm")
    with warm(folder, {"LD_PRELOAD": str(compiled(folder))}) as process:
        yield process


@pytest.fixture(scope="module")
def place(program: Thammuu, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("start")
    made = Place(folder / "start", cut(2022, folder))
    made.start.mkdir()
    arguments = made.arguments("publish", made.start)
    assert program.run("--data", made.start / "data", *arguments[2:]).code == 0
    assert program.run("--data", made.start / "data", "backup", made.start / "backup").code == 0
    return made


def contents(folder: Path) -> dict[str, State | bytes]:
    """Return what a command left: ledgers as their state, other files by their bytes, hidden and lock files aside."""
    found: dict[str, State | bytes] = {}
    for path in sorted(folder.iterdir()):
        if accepted(path):
            found[path.name] = state(path)
        elif not path.name.startswith("."):
            whole = (one for one in path.rglob("*") if one.is_file() and "blobs" not in one.parts)
            found |= {
                str(one.relative_to(folder)): one.read_bytes()
                for one in whole
                if not one.name.startswith((".", "writer.", "ledger.", "manifest."))
            }
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_refuses_is_named_and_nothing_is_left_half_written(
    command: str, program: Thammuu, place: Place, tmp_path: Path
) -> None:
    chance = random.Random(f"{SEED} {command}")  # noqa: S311  a repeatable draw, no secret
    sys.stdout.write(f"seed {SEED}\n")
    smooth, rough = copied(place.start, tmp_path / "smooth"), tmp_path / "rough"
    before = contents(smooth)
    arguments = place.arguments(command, smooth)
    assert program.run(*arguments, shim=[smooth, tmp_path / "log", 0, 0]).code == 0
    writes = sum(one.what in WRITING for one in records(tmp_path / "log"))
    expected = contents(smooth)
    for number, told in REFUSALS.values():
        for after in [0, *sorted(chance.sample(range(1, writes), TRIES - 2)), writes - 1]:
            copied(place.start, rough)
            refused = program.run(*place.arguments(command, rough), shim=[rough, "", number, after])
            if refused.code == 0:
                # what came last, such as folding SQLite's log into its file, can be done by the next command
                assert contents(rough) == expected
                continue
            assert "Traceback" not in refused.err
            assert (refused.code, bool(re.search(told, refused.err))) == (3, True), refused.err
            for name, content in contents(rough).items():
                assert isinstance(content, dict) or content == (expected | before)[name], f"{name} is not whole"
            again = program.run(*place.arguments(command, rough))
            assert again.code == 0 or "was withdrawn before" in again.err or "is no draft" in again.err, again.err
            assert program.run(*place.arguments("finish", rough)).code == 0
            assert contents(rough) == expected
