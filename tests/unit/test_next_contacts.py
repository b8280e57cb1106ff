"""Whoever is written to when a message that carried memos of several units comes back."""

from __future__ import annotations

import shutil
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from delivery_parts import Desk, desk
from thammuu.clock import VIETNAM
from thammuu.delivery.deliveries import news
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUTES = "route:\n  to:\n    - {role: secretariat, channels: [email]}\n  group_window: 10m\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    shutil.copytree(rules_folder(), tmp_path / "rules")
    (tmp_path / "rules" / "delivery" / "routes.yaml").write_text(ROUTES, "utf-8")
    return tmp_path / "rules"


@pytest.fixture
def on(tmp_path: Path, rules: Path) -> Iterator[Desk]:
    with desk(tmp_path / "data", rules) as opened:
        yield opened


def test_each_unit_s_next_in_turn_gets_that_unit_s_memos_and_no_others(on: Desk) -> None:
    for unit in ("ha-nam", "ha-noi"):
        on.recipient(f"{unit}-1", unit_id=unit, address="both@example.vn")
        on.recipient(f"{unit}-2", unit_id=unit, turn=2)
        on.handle(on.issued(f"m-{unit}", unit_id=unit))
    (row,) = on.rows()
    on.becomes("accepted")
    assert news(on.context, row["delivery_id"], "bounced")
    carried = {(memo, who) for memo, _version, who, _channel, _repetition in on.carried()}
    assert carried - {("m-ha-nam", "ha-nam-1"), ("m-ha-noi", "ha-noi-1")} == {
        ("m-ha-nam", "ha-nam-2"),
        ("m-ha-noi", "ha-noi-2"),
    }


@pytest.mark.parametrize(
    ("routes", "hour"), [(ROUTES, 16), (ROUTES + "  critical_passes: true\n", 10), ("no routes", 16)]
)
def test_a_critical_memo_wakes_the_next_in_turn_only_where_the_routes_say_so(
    on: Desk, rules: Path, routes: str, hour: int
) -> None:
    on.recipient("first")
    on.recipient("second", turn=2, quiet_from="08:00", quiet_to="16:00")
    on.handle(on.issued("m", severity="critical"))
    on.becomes("accepted")
    (row,) = on.rows()
    (rules / "delivery" / "routes.yaml").write_text(routes, "utf-8")
    assert news(on.context, row["delivery_id"], "bounced")
    instead = next(one for one in on.rows() if one["recipient_id"] == "second")
    assert datetime.fromtimestamp(instead["due"], VIETNAM).hour == hour
