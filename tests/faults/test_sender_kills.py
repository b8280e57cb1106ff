"""``kill -9`` of the sender at every step: every message ends well, and a second copy is preceded by ``unknown``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from killable import Thammuu, copied, warm

from servers.deliveries import KEY, copies_in, issued, queued, recipient, rows, settings, told
from servers.mail_sink import Sink, mail_sink
from servers.program import environment
from thammuu import bootstrap
from thammuu.ledger.postgres import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.postgres import Postgres

MESSAGES = 6
ENDS_WITHIN_S = 300
KILLS = [
    *("sender.claimed", "sender.composed", "sender.composed:3", "sender.answered", "sender.answered:3"),
    *("sender.answered:6", "sender.recorded", "sender.recorded:2"),
    *(f"database.before-commit:{turn}" for turn in range(1, 6)),
    *(f"database.committed:{turn}" for turn in range(1, 6)),
    *("ledger.appended", "ledger.appended:2", "ledger.head-locked:2"),
]


@dataclass
class Killed:
    """A data folder on which a sender was killed."""

    data: Path
    names: list[str]
    at: str
    copies: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A data folder with messages that wait."""
    folder = tmp_path_factory.mktemp("waiting")
    with bootstrap.changing(settings(folder / "data")) as program:
        issued(program, folder)
        names = queued(program.context, [recipient(one) for one in range(MESSAGES)])
    return folder / "data", names


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with mail_sink() as server:
        yield server


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[Thammuu]:
    with warm(tmp_path_factory.mktemp("program"), mailing(sink)) as process:
        yield process


def mailing(sink: Sink) -> dict[str, str]:
    server = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port), "SMTP_SECURITY": "none"}
    named = server | {"SECRET_KEY": KEY, "SMTP_FROM": "bao-cao@thammuu.example"}
    return {f"THAMMUU_{name}": value for name, value in named.items()}


def checked(data: Path, names: list[str], copies: Counter[str]) -> int:
    """Return how many second copies there were; raises unless each was announced and everything arrived."""
    with bootstrap.reading(settings(data)) as opened:
        found = rows(opened.context)
        assert {found[name].state for name in names} == {"accepted"}, [
            (found[one].state, found[one].reason) for one in names
        ]
        for name in names:
            history = told(opened.context, name)
            assert 1 <= copies[name] <= 1 + found[name].unknowns, (name, copies[name], history)
            assert history.count("unknown") == found[name].unknowns
            tries = [place for place, what in enumerate(history) if what == "attempted"]
            assert all("unknown" in history[before:after] or "failed:queued" in history[before:after]
                       for before, after in pairwise(tries)), history  # fmt: skip
    return sum(copies[name] - 1 for name in names)


def test_without_a_kill_every_message_arrives_once(
    waiting: tuple[Path, list[str]], program: Thammuu, sink: Sink, tmp_path: Path
) -> None:
    data = copied(waiting[0], tmp_path / "data")
    sink.received.clear()
    assert program.run("--data", data, "deliveries", "send").code == 0
    assert checked(data, waiting[1], copies_in(sink)) == 0


def test_every_message_ends_well_whenever_the_sender_is_killed(
    waiting: tuple[Path, list[str]], program: Thammuu, sink: Sink, tmp_path: Path
) -> None:
    source, names = waiting
    killed = []
    for at in KILLS:
        one = Killed(copied(source, tmp_path / at.replace(":", "-")), names, at)
        sink.received.clear()
        done = program.run("--data", one.data, "deliveries", "send", fail_at=at)
        assert done.killed, f"{at} was not reached: {done.out}{done.err}"
        # what the sender finds of another one's
        assert program.run("--data", one.data, "deliveries", "send").code == 0
        one.copies += copies_in(sink)
        killed.append(one)
    # the longest wait before a second try
    time.sleep(15)
    second = {}
    for one in killed:
        sink.received.clear()
        assert program.run("--data", one.data, "deliveries", "send").code == 0
        second[one.at] = checked(one.data, names, one.copies + copies_in(sink))
    assert second["sender.claimed"] == 0, "nothing had been handed over"
    assert second["sender.answered:6"] > 0, "the test does not reach the case that it is about"


@pytest.mark.long
def test_a_sender_killed_beside_others_is_followed_by_another_within_five_minutes(
    postgres: Postgres, sink: Sink, tmp_path: Path
) -> None:
    url = postgres.new_database()
    database = PostgresDatabase(url)
    database.upgrade()
    database.close()
    chosen = settings(tmp_path / "data", database_url=url)
    with bootstrap.changing(chosen) as opened:
        issued(opened, tmp_path)
        names = queued(opened.context, [recipient(one) for one in range(40)])
    env = environment(tmp_path / "data", THAMMUU_DATABASE_URL=url, **mailing(sink))
    line = [sys.executable, "-m", "thammuu", "sender"]
    sink.received.clear()
    first = subprocess.Popen(line, env=env | {"THAMMUU_FAIL_AT": "sender.answered:9"}, stderr=subprocess.DEVNULL)
    assert first.wait(120) < 0
    begun = time.monotonic()
    second = subprocess.Popen(line, env=env, stderr=subprocess.DEVNULL)
    try:
        with bootstrap.reading(chosen) as opened:
            while {row.state for row in rows(opened.context).values()} != {"accepted"}:
                assert time.monotonic() - begun < ENDS_WITHIN_S, Counter(r.state for r in rows(opened.context).values())
                time.sleep(1)
            took, copies = time.monotonic() - begun, copies_in(sink)
            sys.stderr.write(f"all {len(names)} accepted after {took:.0f} s, {sum(copies.values())} copies\n")
            for name in names:
                assert 1 <= copies[name] <= 1 + rows(opened.context)[name].unknowns
    finally:
        second.terminate()
        assert second.wait(60) == 0
