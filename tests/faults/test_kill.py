"""``kill -9`` at every named place: what was accepted is there once, and the next commands finish the rest."""

import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from commands import State, Thammuu, accepted, copied, cut, opened, state, warm
from lives import Life, Step, lives

from thammuu.failpoints import POINTS
from thammuu.ledger import log

KILLS = 10
LONG_KILLS = 1_000
SEED = int(os.environ.get("SEED", "20221120"))
ELSEWHERE = ("inbox.", "relay.", "worker.", "sender.")
EMBEDDED = [name for name in POINTS if not name.startswith(ELSEWHERE)]
MUTED = {"refuse"}


@dataclass
class Story:
    """One life as it goes when nobody kills it.

    Args:
        life: The commands.
        start: The folder that it begins with.
        reached: How often each place is reached.
        expected: What is there in the end, by folder; the exported files by name.
    """

    life: Life
    start: Path
    reached: Counter[str] = field(default_factory=Counter)
    expected: list[object] = field(default_factory=list)


def given(program: Thammuu, step: Step, data: Path, fail_at: str = "", fail_log: Path | None = None) -> bool:
    """Give a command; tell whether it came to its end."""
    done = program.run(*step.arguments(data), fail_at=fail_at, fail_log=fail_log, **(step.more or {}))
    if "papi-2022-r1: published" in done.out:
        assert "papi-2022-r1" in accepted(data), "publish reported success and the publication is gone"
    if done.killed:
        return False
    assert done.code == (1 if (step.more or {}).keys() & MUTED else 0), done.out + done.err
    return True


def outcome(data: Path) -> list[object]:
    """Return everything that a life leaves behind; raises if any of it is not whole."""
    found: list[State | dict[str, bytes]] = [state(data)]
    if (data / "restored").exists():
        assert (data / "backup" / "manifest.json").exists()
        found.append(state(data / "restored"))
    if (data / "memos").exists():
        found.append({path.name: path.read_bytes() for path in (data / "memos").iterdir()})
    left = [path for path in data.rglob(".*") if "unfinished" in path.name or "writing" in path.name]
    assert left == []
    return [*found]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thammuu]:
    with warm(tmp_path_factory.mktemp("warm")) as process:
        yield process


@pytest.fixture(scope="module")
def stories(program: Thammuu, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Story]:
    folder = tmp_path_factory.mktemp("undisturbed")
    told = {}
    for name, life in lives(cut(2022, folder)).items():
        start, data, noted = folder / f"{name}-start", folder / name, folder / f"{name}.log"
        start.mkdir()
        for step in life.before:
            given(program, step, start)
        life.prepare(start)
        copied(start, data)
        for step in life.steps:
            given(program, step, data, fail_log=noted)
        told[name] = Story(life, start, Counter(noted.read_text().splitlines()), outcome(data))
    return told


@dataclass
class Killer:
    """Kills commands at one place until it has done so often enough.

    Args:
        program: Runs the commands.
        point: The place.
        left: How many kills are still to come.
        chance: Draws how often the place is reached before.
    """

    program: Thammuu
    point: str
    left: int
    chance: random.Random

    def live(self, story: Story, data: Path) -> None:
        """Live a story, and compare what is left."""
        copied(story.start, data)
        for step in story.life.steps:
            ended = False
            while not (ended or step.done(data)):
                times = self.chance.randint(1, max(1, story.reached[self.point] // 2))
                ended = given(self.program, step, data, f"{self.point}:{times}" if self.left else "")
                self.left -= not ended
                check_now(data)
        assert outcome(data) == story.expected


def check_now(data: Path) -> None:
    """See that the ledger is whole at once, before anything mended it."""
    if not accepted(data):
        return
    with opened(data) as database:
        assert database.integrity() == "ok"
        with database.snapshot() as connection:
            assert log.verify(connection) == []


def killed_at(program: Thammuu, stories: dict[str, Story], folder: Path, point: str, kills: int) -> None:
    chance = random.Random(f"{SEED} {point}")  # noqa: S311  a repeatable draw, no secret
    sys.stdout.write(f"seed {SEED}, {point}\n")
    story = next((one for one in stories.values() if one.reached[point]), None)
    assert story is not None, f"no command gets to {point}"
    killer = Killer(program, point, kills, chance)
    for _life in range(10 * kills):
        if killer.left:
            killer.live(story, folder / "data")
    assert killer.left == 0, f"{point}: {killer.left} of {kills} kills did not come about"


@pytest.mark.parametrize("point", EMBEDDED)
def test_killed_ten_times_at_a_place_the_outcome_is_the_same(
    point: str, program: Thammuu, stories: dict[str, Story], tmp_path: Path
) -> None:
    killed_at(program, stories, tmp_path, point, KILLS)


@pytest.mark.long
def test_killed_a_thousand_times_in_all_the_outcome_is_the_same(
    program: Thammuu, stories: dict[str, Story], tmp_path: Path
) -> None:
    for point in EMBEDDED:
        killed_at(program, stories, tmp_path, point, -(-LONG_KILLS // len(EMBEDDED)))
