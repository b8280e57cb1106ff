"""What a policy issues by itself is issued by senders, where Kafka's workers draft: each document and number once."""

from __future__ import annotations

import asyncio
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from servers.deliveries import KEY, PAPI, settings
from servers.program import environment, running
from thammuu import bootstrap
from thammuu.bus.lease import Lease
from thammuu.bus.status import Status
from thammuu.delivery.issuing import NAME, Issuing
from thammuu.intake.publishing import Request, publish
from thammuu.ledger import log
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.memos.scheduling import due
from thammuu.memos.shelf import listing
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.bootstrap import Program

CODES = ("01", "04", "11", "12", "14", "20", "38", "40")
"""Provinces that have not merged: their memos are issued on whatever day."""
WITHIN_S = 180.0
AUTOMATIC = "default: {approval: automatic, issue_after: 1s}\n"
NOWHERE = "127.0.0.1:9"
"""Of Kafka only its being set counts here: senders do not speak to it."""


@pytest.fixture
def drafted(postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401  settings
    """Drafts on PostgreSQL that are due, as workers leave them; the settings of a sender."""
    rules, file = tmp_path / "rules", tmp_path / "some.csv"
    shutil.copytree(rules_folder(), rules)
    monkeypatch.setenv("THAMMUU_RULES", str(rules))
    lines = (PAPI / "papi-2022.csv").read_text("utf-8").splitlines(keepends=True)
    kept = ("#", "period,", *(f"2022,{code}," for code in CODES))
    file.write_text("".join(line for line in lines if line.startswith(kept)), "utf-8")
    url = postgres.new_database()
    database = PostgresDatabase(url)
    database.upgrade()
    database.close()
    chosen = settings(tmp_path / "data", database_url=SecretStr(url))
    with bootstrap.changing(chosen) as program:
        publish(program.context, Request(file, "papi", "2022", date(2023, 4, 12), partial=True))
        program.run()
        assert len(listing(program.context)) == len(CODES)
    (rules / "delivery" / "policy.yaml").write_text(AUTOMATIC, "utf-8")
    time.sleep(1.1)
    return chosen.model_copy(update={"kafka_url": NOWHERE})


@pytest.fixture
def two(drafted: Any) -> Iterator[list[Program]]:  # noqa: ANN401  settings
    """Two processes' programs."""
    with ExitStack() as stack:
        yield [stack.enter_context(bootstrap.sharing(drafted)) for _turn in range(2)]


def given(program: Program) -> list[int | None]:
    """The numbers of the memos, in the order of unit codes."""
    return [row["number"] for row in sorted(listing(program.context), key=lambda row: row["unit_code"])]


def numbers(program: Program) -> list[int | None]:
    """The same, once nobody issues any more; every document is in the ledger once."""
    rows = listing(program.context)
    with program.context.database.snapshot() as connection:
        assert log.verify(connection) == []
        told = [one.event.subject for one in log.read(connection, types=["memo.issued"])]
    assert sorted(told) == sorted(row["unit_id"] for row in rows if row["number"] is not None)
    return given(program)


def until_issued(program: Program) -> None:
    """Wait for the last number, for a while."""
    deadline = time.monotonic() + WITHIN_S
    while None in given(program) and time.monotonic() < deadline:
        time.sleep(0.2)


def test_of_two_senders_one_issues_at_a_time_and_numbers_follow_the_units(two: list[Program]) -> None:
    status = Status(60.0)

    async def both() -> None:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for place, program in enumerate(two):
                group.create_task(Issuing(program, status, f"sender {place}", look_every_s=0.2).run(stop))
            await asyncio.to_thread(until_issued, two[0])
            stop.set()

    asyncio.run(both())
    assert numbers(two[0]) == list(range(1, len(CODES) + 1))
    assert status.faults() == {}
    assert status.consumers()[NAME].handled == len(CODES)
    assert Lease(two[0].context.database, NAME, "the next", 5.0).taken(), "a sender that ended kept its lease"


def test_two_that_issue_at_the_same_moment_leave_no_gap_and_issue_nothing_twice(two: list[Program]) -> None:
    together = Barrier(2)

    def work(program: Program) -> int:
        together.wait(30)
        return due(program.context)

    with ThreadPoolExecutor(2) as threads:
        issued = list(threads.map(work, two))
    # what one was refused since the other was at it is due for the next look
    issued.append(due(two[0].context))
    assert sum(issued) == len(CODES)
    assert sorted(one for one in numbers(two[0]) if one is not None) == list(range(1, len(CODES) + 1))


def test_a_lease_is_taken_over_once_its_holder_is_gone(two: list[Program]) -> None:
    first, second = (
        Lease(one.context.database, "work", name, lasts_s=1.0) for one, name in zip(two, "ab", strict=True)
    )
    assert first.taken()
    assert not second.taken()
    assert first.taken(), "its holder renews it"
    time.sleep(1.2)
    assert second.taken()
    assert not first.taken()


def test_sender_processes_issue_what_became_due(drafted: Any, tmp_path: Path) -> None:  # noqa: ANN401  settings
    named = {"DATABASE_URL": drafted.database_url.get_secret_value(), "KAFKA_URL": NOWHERE, "SECRET_KEY": KEY}
    env = environment(tmp_path / "data", **{f"THAMMUU_{name}": value for name, value in named.items()})
    env["THAMMUU_RULES"] = str(tmp_path / "rules")
    with bootstrap.reading(drafted) as program:
        with running(env, "sender"), running(env, "sender"):
            until_issued(program)
        assert numbers(program) == list(range(1, len(CODES) + 1))
