"""What the consumer ``delivery`` decides on PostgreSQL, where several workers decide at the same time."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from delivery_parts import Desk, desk
from thammuu.bus.context import UnitOfWork
from thammuu.delivery import handlers
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.events import Event

TREE = "route:\n  to:\n    - {role: secretariat, channels: [email]}\n  group_window: 10m\n"
UNITS = ("ha-nam", "ha-noi", "cao-bang", "bac-kan")


@pytest.fixture
def on(tmp_path: Path, postgres: Postgres) -> Iterator[Desk]:
    shutil.copytree(rules_folder(), tmp_path / "rules")
    (tmp_path / "rules" / "delivery" / "routes.yaml").write_text(TREE, "utf-8")
    database = PostgresDatabase(postgres.new_database())
    database.upgrade()
    with desk(tmp_path / "data", tmp_path / "rules", database) as opened:
        yield opened


def test_a_memo_its_correction_and_its_withdrawal(on: Desk) -> None:
    on.recipient("a")
    on.recipient("b", address="a@example.vn")
    on.handle(on.issued("m"))
    on.becomes("accepted")
    on.handle(on.issued("m", 2), on.superseded("m", 1, "corrected"))
    assert {one[:3] for one in on.carried()} == {("m", version, name) for version in (1, 2) for name in ("a", "b")}
    on.handle(on.superseded("m", 2, "publication-withdrawn"))
    assert {one[:3] for one in on.carried("withdrawal")} == {("m", 1, "a"), ("m", 1, "b")}
    assert sorted(row["state"] for row in on.rows()) == ["accepted", "cancelled", "queued"]


def test_workers_that_write_to_one_office_at_once_make_one_message(on: Desk) -> None:
    for unit in UNITS:
        on.recipient(f"r-{unit}", unit_id=unit, address="one@example.vn")
    together = Barrier(len(UNITS))

    def work(event: Event) -> None:
        ready = handlers.plan_issued(event, on.context)
        with on.context.database.transaction() as connection:
            together.wait(30)
            handlers.queue_issued(event, UnitOfWork(connection, on.context, ready))

    for number in range(5):
        events = [on.issued(f"{unit}-{number}", unit_id=unit) for unit in UNITS]
        with ThreadPoolExecutor(len(UNITS)) as threads:
            list(threads.map(work, events))
        assert len({row["delivery_id"] for row in on.rows() if row["state"] == "queued"}) == 1
        assert len(on.carried()) == len(UNITS) * (number + 1)
        if number == 2:
            on.becomes("accepted")
