"""Events of memos late, repeated and between sends: nobody is told twice, nobody who has to be told is left out."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from delivery_parts import Desk, desk
from thammuu.delivery.holders import stands
from thammuu.ledger.schema import deliveries, delivery_memos
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.events import Event

UNITS = ("ha-nam", "ha-noi")
TREE = """\
route:
  to:
    - {role: secretariat, channels: [email, chat]}
    - {role: lead-agency, channels: [email]}
  group_window: WINDOW
"""
Sent = tuple[str, int, str, str, str]
"""Memo, version, recipient, channel, kind."""


@pytest.fixture(scope="module", params=["0", "10m"], ids=["apart", "grouped"])
def rules(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("routes") / "rules"
    shutil.copytree(rules_folder(), folder)
    (folder / "delivery" / "routes.yaml").write_text(TREE.replace("WINDOW", request.param), "utf-8")
    return folder


class World:
    """Memos that are issued and withdrawn, a consumer that comes after, and a sender."""

    def __init__(self, on: Desk) -> None:
        self.on = on
        self.pending: list[Event] = []
        self.handled: list[Event] = []
        self.versions = dict.fromkeys(UNITS, 0)
        self.withdrawn: set[str] = set()
        self.sent: list[Sent] = []
        self.to_be_told: set[Sent] = set()
        on.recipient("a-nam", "ha-nam", channels=("email", "chat"))
        on.recipient("b-nam", "ha-nam", role="lead-agency", address="a-nam@example.vn")
        on.recipient("c-noi", "ha-noi", address="a-nam@example.vn")
        on.recipient("d-noi", "ha-noi", role="lead-agency")
        self.told_of = {
            "ha-nam": {("a-nam", "email"), ("a-nam", "chat"), ("b-nam", "email")},
            "ha-noi": {("c-noi", "email"), ("d-noi", "email")},
        }

    def issue(self, unit: str) -> None:
        version = self.versions[unit] = self.versions[unit] + 1
        self.withdrawn.discard(unit)
        self.pending.append(self.on.issued(unit, version, unit))
        if version > 1:
            self.pending.append(self.on.superseded(unit, version - 1, "corrected", unit))

    def withdraw(self, unit: str) -> None:
        if not self.versions[unit] or unit in self.withdrawn:
            return
        self.withdrawn.add(unit)
        latest: dict[tuple[str, str], int] = {}
        for memo, version, recipient, channel, kind in self.sent:
            if memo == unit and kind == "memo":
                latest[recipient, channel] = max(version, latest.get((recipient, channel), 0))
        self.to_be_told |= {(unit, version, *key, "withdrawal") for key, version in latest.items()}
        self.pending.append(self.on.superseded(unit, self.versions[unit], "publication-withdrawn", unit))

    def handle(self, most: int) -> None:
        now, self.pending = self.pending[:most], self.pending[most:]
        self.on.handle(*now)
        self.handled += now

    def again(self, events: Sequence[Event]) -> None:
        self.on.handle(*events)

    def send(self) -> None:
        """Send what waits; of a message to several, each gets it."""
        c = delivery_memos.c
        with self.on.context.database.transaction() as connection:
            for row in connection.execute(select(deliveries).where(deliveries.c.state == "queued")).all():
                query = select(c.memo_id, c.version, c.recipient_id, c.channel, c.kind)
                query = query.where(c.delivery_id == row.delivery_id)
                if row.kind == "memo":
                    query = query.where(stands(delivery_memos))
                carried = [tuple(one) for one in connection.execute(query)]
                self.sent += carried
                mine = update(deliveries).where(deliveries.c.delivery_id == row.delivery_id)
                connection.execute(mine.values(state="accepted" if carried else "failed", attempts=1))


UNIT = st.sampled_from(UNITS)
STEPS = st.one_of(
    st.tuples(st.just("issue"), UNIT),
    st.tuples(st.just("withdraw"), UNIT),
    st.tuples(st.just("handle"), st.integers(1, 3)),
    st.tuples(st.just("again"), st.integers(0, 30)),
    st.tuples(st.just("send"), st.none()),
)


def take(world: World, step: tuple[str, object]) -> None:
    what, how = step
    if what == "again":
        assert isinstance(how, int)
        world.again(world.handled[how : how + 1])
    elif what == "send":
        world.send()
    else:
        getattr(world, what)(how)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, max_size=25))
def test_whatever_is_late_or_repeated_everybody_is_told_once(rules: Path, steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory(prefix="thammuu-desk-") as folder, desk(Path(folder) / "data", rules) as on:
        world = World(on)
        for step in steps:
            take(world, step)
        world.handle(len(world.pending))
        world.send()
        world.again(world.handled)
        world.again(world.handled[::-1])
        world.send()
        assert {one: n for one, n in Counter(world.sent).items() if n > 1} == {}
        last = {(unit, version) for unit, version in world.versions.items() if version and unit not in world.withdrawn}
        expected = {(unit, version, *key, "memo") for unit, version in last for key in world.told_of[unit]}
        assert expected <= set(world.sent)
        assert {one for one in world.sent if one[4] == "withdrawal"} == world.to_be_told
        assert {(one[2], one[3]) for one in world.sent} <= set().union(*world.told_of.values())
