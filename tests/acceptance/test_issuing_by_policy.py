"""Drafts become documents by themselves where a policy says so, once nothing changed them for a while."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from commands import EXAMPLES

from thammuu import bootstrap
from thammuu.bootstrap import Program
from thammuu.bus.status import Status
from thammuu.events import MemoApproved, MemoIssued
from thammuu.intake.publishing import Request, publish
from thammuu.ledger import log
from thammuu.memos.approving import send_back
from thammuu.memos.shelf import find, listing
from thammuu.portal.following import Follower
from thammuu.settings import Settings

PUBLISHED = datetime(2023, 4, 12, 3, tzinfo=UTC)
HOURS = timedelta(hours=1)


class Clock:
    """The time that a test says it is."""

    def __init__(self) -> None:
        self.now = PUBLISHED

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@contextmanager
def running(tmp_path: Path, clock: Clock) -> Iterator[Program]:
    with bootstrap.changing(Settings(data=tmp_path / "data"), clock) as program:
        yield program


def published(program: Program, folder: Path) -> None:
    """Four provinces of PAPI 2022."""
    lines = (EXAMPLES / "papi" / "papi-2022.csv").read_text("utf-8").splitlines()
    names = ("Hà Nam", "Hà Nội", "Cao Bằng", "An Giang")
    header = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    kept = [*lines[: header + 1], *(line for line in lines[header + 1 :] if any(f",{one}," in line for one in names))]
    file = folder / "four.csv"
    file.write_text("\n".join(kept) + "\n", "utf-8")
    publish(program.context, Request(file, "papi", "2022", PUBLISHED.date(), partial=True))
    program.run()


def say_policy(rules: Path, policy: str) -> None:
    (rules / "delivery" / "policy.yaml").write_text(f"default: {{{policy}}}\n", "utf-8")


def test_a_quiet_draft_is_issued_by_the_next_command(tmp_path: Path, rules: Path, clock: Clock) -> None:
    say_policy(rules, "approval: automatic, issue_after: 2h")
    with running(tmp_path, clock) as program:
        published(program, tmp_path)
        send_back(program.context, find(program.context, "Hà Nội"), "Xem lại")
    clock.now += HOURS
    with running(tmp_path, clock) as program:
        assert {row["status"] for row in listing(program.context)} == {"draft", "returned"}
    clock.now += HOURS
    with running(tmp_path, clock) as program:
        rows = sorted(listing(program.context), key=lambda row: row["unit_code"])
        assert program.issue_due() == 0
        with program.context.database.snapshot() as connection:
            told = [one.event.data for one in log.read(connection, types=["memo.approved", "memo.issued"])]
    assert {row["unit_name"] for row in rows if row["status"] == "returned"} == {"Hà Nội"}
    assert [row["number"] for row in rows if row["status"] == "issued"] == [1, 2, 3]
    assert len(told) == 6
    assert {one.by for one in told if isinstance(one, MemoApproved | MemoIssued)} == {"policy:bo-noi-vu"}


@pytest.mark.parametrize("policy", ["approval: required", "approval: automatic", "approval: second-person"])
def test_nothing_is_issued_by_itself_under_another_policy(
    tmp_path: Path, rules: Path, clock: Clock, policy: str
) -> None:
    say_policy(rules, policy)
    with running(tmp_path, clock) as program:
        published(program, tmp_path)
    clock.now += 1_000 * HOURS
    with running(tmp_path, clock) as program:
        assert {row["status"] for row in listing(program.context)} == {"draft"}


def test_a_slip_in_the_policy_stops_no_other_command(tmp_path: Path, rules: Path, clock: Clock) -> None:
    say_policy(rules, "approval: sometimes")
    with running(tmp_path, clock) as program:
        published(program, tmp_path)
        assert len(listing(program.context)) == 4


def test_a_few_at_a_time_are_the_first_of_the_round(tmp_path: Path, rules: Path, clock: Clock) -> None:
    say_policy(rules, "approval: required")
    with running(tmp_path, clock) as program:
        published(program, tmp_path)
        clock.now += 3 * HOURS
        say_policy(rules, "approval: automatic, issue_after: 2h")
        assert program.issue_due(most=3) == 3
        rows = sorted(listing(program.context), key=lambda row: row["unit_code"])
    assert [row["number"] for row in rows] == [1, 2, 3, None]


def test_a_server_issues_what_became_due_without_any_command(tmp_path: Path, rules: Path, clock: Clock) -> None:
    say_policy(rules, "approval: automatic, issue_after: 2h")
    with running(tmp_path, clock) as program:
        published(program, tmp_path)
        clock.now += 3 * HOURS
        status = Status(60.0)
        follower = Follower(program, status)
        follower.start()
        try:
            until = time.monotonic() + 120
            while time.monotonic() < until and {row["status"] for row in listing(program.context)} != {"issued"}:
                time.sleep(0.2)
        finally:
            follower.stop()
        rows = sorted(listing(program.context), key=lambda row: row["unit_code"])
        assert [row["number"] for row in rows] == [1, 2, 3, 4]
        assert status.faults() == {}
