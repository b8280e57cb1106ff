"""``kill -9`` at any moment, then the next command: what was accepted is there once, the rest not at all."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples" / "papi"
KILLS = 3
LONG_KILLS = 100
State = tuple[list[tuple[str, ...]], list[tuple[object, ...]]]
Undisturbed = tuple[State, float]


def command(data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "thammuu", "--data", str(data), *arguments]


def publishing(data: Path) -> list[str]:
    arguments = ("--index", "papi", "--period", "2022", "--published-on", "2023-04-12")
    return command(data, "publish", str(EXAMPLES / "papi-2022.csv"), *arguments)


def listed(data: Path, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(command(data, *arguments, "--format", "json"), capture_output=True, check=True)
    return json.loads(done.stdout)


def state(data: Path) -> State:
    """Everything that must not depend on what was killed: events without time, memos without rendering order."""
    events = sorted(
        (event["id"], event["type"], event["subject"], json.dumps(event["data"], sort_keys=True))
        for event in listed(data, "events")
    )
    memos = sorted(
        (memo["memo_id"], memo["version"], memo["model"], memo["pdf"]) for memo in listed(data, "memos", "list")
    )
    return events, memos


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    data = tmp_path_factory.mktemp("undisturbed")
    started = time.monotonic()
    subprocess.run(publishing(data), check=True, capture_output=True)
    return state(data), time.monotonic() - started


def kill_and_recover(tmp_path: Path, undisturbed: Undisturbed, kills: int, seed: int) -> None:
    expected, duration = undisturbed
    chance = random.Random(seed)  # noqa: S311  a repeatable draw, no secret
    sys.stdout.write(f"seed {seed}\n")
    for number in range(kills):
        data = tmp_path / str(number)
        victim = subprocess.Popen(publishing(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        time.sleep(duration * chance.random())
        victim.send_signal(signal.SIGKILL)
        printed = victim.communicate()[0]
        accepted = listed(data, "publications")
        assert len(accepted) <= 1
        if b"published" in printed:
            assert accepted, "publish reported success and the publication is gone"
        checked = subprocess.run(command(data, "doctor", "--finish", "--sweep"), capture_output=True, check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        if accepted:
            assert state(data) == expected
        else:
            assert state(data) == ([], [])
            subprocess.run(publishing(data), check=True, capture_output=True)
            assert state(data) == expected


def test_a_killed_publish_leaves_all_of_it_or_nothing(tmp_path: Path, undisturbed: Undisturbed) -> None:
    kill_and_recover(tmp_path, undisturbed, KILLS, seed=20220620)


@pytest.mark.long
def test_a_hundred_killed_publishes_leave_all_of_it_or_nothing(tmp_path: Path, undisturbed: Undisturbed) -> None:
    kill_and_recover(tmp_path, undisturbed, LONG_KILLS, seed=int(os.environ.get("SEED", "1")))


def test_what_was_reported_as_published_survives_a_kill_at_once(tmp_path: Path, undisturbed: Undisturbed) -> None:
    data = tmp_path / "data"
    with subprocess.Popen(publishing(data), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as victim:
        assert victim.stdout is not None
        assert b"published" in victim.stdout.readline()
        victim.kill()
    assert len(listed(data, "publications")) == 1
    subprocess.run(command(data, "doctor", "--finish"), capture_output=True, check=True)
    assert state(data) == undisturbed[0]


def test_two_commands_at_once_take_turns(tmp_path: Path) -> None:
    data = tmp_path / "data"
    arguments = ("--index", "papi", "--history", "--period")
    both = [
        subprocess.Popen(
            command(data, "publish", str(EXAMPLES / f"papi-{year}.csv"), *arguments, str(year)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        for year in (2021, 2022)
    ]
    for one in both:
        _, told = one.communicate()
        assert one.returncode == 0, told
    assert len(listed(data, "publications")) == 2
    assert subprocess.run(command(data, "ledger", "verify"), capture_output=True, check=False).returncode == 0
