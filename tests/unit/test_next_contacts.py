"""Whoever is written to when a message that carried memos of several units comes back."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from delivery_parts import Desk, desk
from thammuu.delivery.deliveries import news
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROUTES = "route:\n  to:\n    - {role: secretariat, channels: [email]}\n  group_window: 10m\n"


@pytest.fixture
def on(tmp_path: Path, rules_with_routes: Path) -> Iterator[Desk]:
    with desk(tmp_path / "data", rules_with_routes) as opened:
        yield opened


@pytest.fixture
def rules_with_routes(tmp_path: Path) -> Path:
    shutil.copytree(rules_folder(), tmp_path / "rules")
    (tmp_path / "rules" / "delivery" / "routes.yaml").write_text(ROUTES, "utf-8")
    return tmp_path / "rules"


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
