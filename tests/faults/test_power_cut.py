"""A power cut at any moment: what was reported is there, what is there is whole, the next command finishes the rest."""

import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from commands import State, Thammuu, accepted, cut, opened, state, warm
from disk import Disk, Record, compiled, records
from sqlalchemy import select

from thammuu.ledger.schema import issued_memos

CUTS = 200
MENDED_EVERY = 5
"""Of the cuts in the short run; the long one goes on after every one."""
SHARES = (0.0, 0.2, 0.5, 0.8, 1.0)
SEED = int(os.environ.get("SEED", "20221121"))
PUBLISHED, ISSUED = b"papi-2022-r1: published", b"is number 1 of"


@dataclass
class Recorded:
    """What a publication, a memo's issue and an export did to the disk.

    Args:
        root: The folder that was watched.
        scores: The test input.
        calls: All of them, in order.
        expected: What is there in the end.
        exported: The exported files by name.
    """

    root: Path
    scores: Path
    calls: list[Record] = field(default_factory=list)
    expected: State = field(default_factory=dict)
    exported: dict[str, bytes] = field(default_factory=dict)

    def commands(self, data: Path) -> list[list[str]]:
        publish = ["publish", str(self.scores), "--index", "papi", "--period", "2022", "--partial"]
        return [
            ["--data", str(data), *rest]
            for rest in (
                [*publish, "--published-on", "2023-04-12"],
                ["memos", "issue", "Cao Bằng", "--dated", "2023-05-04"],
                ["memos", "export", str(data / "memos")],
            )
        ]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thammuu]:
    folder = tmp_path_factory.mktemp("warm")
    with warm(folder, {"LD_PRELOAD": str(compiled(folder))}) as process:
        yield process


def record(program: Thammuu, folder: Path, sabotage: str = "") -> Recorded:
    """Run the commands and record them."""
    root = folder / "watched"
    root.mkdir()
    made = Recorded(root, cut(2022, folder))
    for command in made.commands(root / "data"):
        done = program.run(*command, shim=[root, folder / "log", 0, 0], sabotage=sabotage)
        assert done.code == 0, done.out + done.err
    made.calls = list(records(folder / "log"))
    made.expected = state(root / "data")
    made.exported = files(root / "data" / "memos")
    return made


@pytest.fixture(scope="module")
def recorded(program: Thammuu, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(program, tmp_path_factory.mktemp("recorded"))


def files(folder: Path) -> dict[str, bytes]:
    if not folder.exists():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def cuts(recorded: Recorded, target: Path, number: int) -> Iterator[tuple[bytes, random.Random]]:
    """Leave what a power cut leaves in the target, again and again; yield what had been printed before."""
    chance = random.Random(SEED)  # noqa: S311  a repeatable draw, no secret
    sys.stdout.write(f"seed {SEED}\n")
    disk, done = Disk(recorded.root), 0
    for at in sorted(chance.sample(range(1, len(recorded.calls) + 1), number)):
        for call in recorded.calls[done:at]:
            disk.follow(call)
        done = at
        disk.cut(target, chance, chance.choice(SHARES))
        yield disk.printed, chance


def is_issued(data: Path) -> bool:
    if not accepted(data):
        return False
    with opened(data) as database, database.snapshot() as connection:
        return connection.execute(select(issued_memos.c.number)).scalar() == 1


def check_promise(data: Path, printed: bytes, recorded: Recorded) -> None:
    """See that what was reported is there, and that all that is there is whole, before any command mends it."""
    if PUBLISHED in printed:
        assert accepted(data) == {"papi-2022-r1"}, "reported as published, and lost"
    if ISSUED in printed:
        assert is_issued(data), "reported as issued, and lost"
    if accepted(data):
        state(data)
    for name, content in files(data / "memos").items():
        assert content == recorded.exported[name], f"{name} looks whole and is not"


def mend(program: Thammuu, recorded: Recorded, data: Path, printed: bytes) -> None:
    """Give the commands that a person would give next, and compare what is there then."""
    publish, issue, export = recorded.commands(data)
    given = [publish] if PUBLISHED not in printed else []
    given += [issue] if not is_issued(data) else []
    for command in [*(given or [["--data", str(data), "doctor", "--finish"]]), export]:
        done = program.run(*command)
        assert done.code == 0, done.out + done.err
    assert state(data) == recorded.expected
    assert files(data / "memos") == recorded.exported


def test_after_each_of_two_hundred_cuts_all_that_was_reported_is_there_and_whole(
    program: Thammuu, recorded: Recorded, tmp_path: Path
) -> None:
    target = tmp_path / "left"
    for number, (printed, _chance) in enumerate(cuts(recorded, target, CUTS)):
        check_promise(target / "data", printed, recorded)
        if number % MENDED_EVERY == 0:
            mend(program, recorded, target / "data", printed)


@pytest.mark.long
def test_after_each_of_two_hundred_cuts_the_next_commands_end_as_if_nothing_had_been(
    program: Thammuu, recorded: Recorded, tmp_path: Path
) -> None:
    target = tmp_path / "left"
    for printed, _chance in cuts(recorded, target, CUTS):
        check_promise(target / "data", printed, recorded)
        mend(program, recorded, target / "data", printed)


@pytest.mark.parametrize("sabotage", ["no sync of the database", "no sync of folders", "no sync of stored files"])
def test_a_program_that_does_not_sync_is_found_out(program: Thammuu, sabotage: str, tmp_path: Path) -> None:
    careless = record(program, tmp_path, sabotage)
    target, lost = tmp_path / "left", 0
    for printed, _chance in cuts(careless, target, CUTS):
        try:
            check_promise(target / "data", printed, careless)
        except Exception:  # noqa: BLE001  a damaged database, a lost publication, a stored file that is not whole
            lost += 1
    assert lost > 0
