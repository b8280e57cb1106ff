"""The tree of routes: which branch speaks, what it has from the ones above, and everything wrong with a file."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from thammuu.delivery.routes import Occasion, Routes
from thammuu.errors import BadInputError
from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TREE = """\
route:
  to:
    - {role: secretariat, channels: [email]}
  group_window: 10m
  repeat_every: 7d
  repeats: 2
  routes:
    - match: {index: papi, severity: [critical, major]}
      continue: true
      to:
        - {role: steering-committee, channels: [email, chat]}
      routes:
        - match: {unit: ha-nam}
          group_window: 0
        - match: {unit: ha-noi}
          to: []
    - match: {severity: critical}
      critical_passes: true
    - match: {correction: true}
      repeat_every: 0
      repeats: 0
    - match: {severity: [major, critical]}
      to:
        - {role: operator, channels: [webhook]}
"""


@pytest.fixture
def load(tmp_path: Path) -> Callable[[str], Routes]:
    rules = tmp_path / "rules"
    shutil.copytree(rules_folder(), rules)

    def loading(text: str) -> Routes:
        (rules / "delivery" / "routes.yaml").write_text(text, "utf-8")
        return Routes.load(RulePack(rules))

    return loading


def occasion(**more: Any) -> Occasion:  # noqa: ANN401  fields of every type
    told: dict[str, Any] = {"indices": frozenset({"papi"}), "unit_id": "cao-bang", "level": "province"}
    return Occasion(**(told | {"severity": "minor", "issuer": "bo-noi-vu"} | more))


def branches(routes: Routes, **more: Any) -> list[str]:  # noqa: ANN401  fields of every type
    return [one.branch.split(" ")[0] for one in routes.targets(occasion(**more))]


def test_a_memo_that_no_finer_route_takes_is_the_roots(load: Callable[[str], Routes]) -> None:
    (target,) = load(TREE).targets(occasion())
    assert (target.role, target.channels, target.branch) == ("secretariat", ("email",), "route (routes.yaml:2)")
    assert (target.group_window_s, target.repeat_every_s, target.repeats) == (600, 604_800, 2)


def test_the_first_route_that_matches_takes_it_and_continue_lets_others_have_it_too(
    load: Callable[[str], Routes],
) -> None:
    routes = load(TREE)
    assert branches(routes, severity="critical") == ["route.routes[0]", "route.routes[1]"]
    assert branches(routes, severity="major") == ["route.routes[0]", "route.routes[3]"]
    assert branches(routes, severity="major", indices=frozenset({"sipas"})) == ["route.routes[3]"]
    assert branches(routes, correction=True) == ["route.routes[2]"]


def test_a_finer_route_has_from_above_what_it_does_not_say(load: Callable[[str], Routes]) -> None:
    routes = load(TREE)
    (first, second) = routes.targets(occasion(severity="critical", unit_id="ha-nam"))
    assert (first.branch.split(" ")[0], first.role) == ("route.routes[0].routes[0]", "steering-committee")
    assert (first.group_window_s, first.repeats, first.passes) == (0, 2, False)
    assert (second.role, second.passes) == ("secretariat", True)
    (last,) = routes.targets(occasion(correction=True))
    assert (last.repeat_every_s, last.repeats) == (0, 0)


def test_a_route_may_tell_nobody(load: Callable[[str], Routes]) -> None:
    assert branches(load(TREE), severity="major", unit_id="ha-noi") == ["route.routes[3]"]


def test_only_critical_memos_pass_quiet_hours(load: Callable[[str], Routes]) -> None:
    routes = load(TREE.replace("  repeats: 2\n", "  repeats: 2\n  critical_passes: true\n"))
    assert [one.passes for one in routes.targets(occasion())] == [False]
    assert {one.passes for one in routes.targets(occasion(severity="critical"))} == {True}


def test_every_problem_of_the_file_is_told_at_once_with_its_place(load: Callable[[str], Routes]) -> None:
    wrong = """\
route:
  match: {index: papi}
  to:
    - {role: secretariat, channels: [email, email]}
    - {role: secretariat, channels: [chat]}
  repeats: 2
  routes:
    - to: []
    - match: {index: pap, unit: [ha-nam, ha-nm], level: provinse, issuer: bo-noi}
    - match: {unit: []}
"""
    with pytest.raises(BadInputError) as raised:
        load(wrong)
    found = [(one.code, one.place.line, one.place.column, one.value) for one in raised.value.problems]
    assert sorted(found) == sorted(
        [
            ("route-root", 2, 3, None),
            ("route-channel", 4, 37, None),
            ("route-role", 5, 14, "secretariat"),
            ("route-repeat", 2, 3, None),
            ("route-unreachable", 8, 7, None),
            ("route-index", 9, 22, "pap"),
            ("route-unit", 9, 42, "ha-nm"),
            ("route-level", 9, 57, "provinse"),
            ("route-issuer", 9, 75, "bo-noi"),
            ("route-match", 10, 21, None),
        ]
    )
    told = {one.code: one.expected for one in raised.value.problems}
    assert "papi" in told["route-index"]
    assert "ha-nam" in told["route-unit"]
    assert "province" in told["route-level"]


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("route:\n  to: []\n  routs: []\n", 3, "did you mean routes?"),
        ("route:\n  to: []\n  routes:\n    - {contine: true}\n", 4, "did you mean continue?"),
        ("route:\n  to: []\n  group_window: 10 minutes\n", 3, "a duration such as 30m"),
        ("route:\n  to: []\n  repeat_every: 400d\n  repeats: 1\n", 3, "of at most a year"),
        ("route:\n  to: [{role: chairman, channels: [email]}]\n", 2, "steering-committee"),
        ("route:\n  to: [{role: operator, channels: [fax]}]\n", 2, "webhook"),
        ("route:\n  to: [{role: operator, channels: []}]\n", 2, "at least one channel"),
        ("route:\n  group_window: 5m\n", 2, "the key to"),
        ("", 1, "keys and values"),
    ],
)
def test_a_slip_is_told_with_its_line_and_what_was_expected(
    load: Callable[[str], Routes], text: str, line: int, expected: str
) -> None:
    with pytest.raises(BadInputError) as raised:
        load(text)
    assert [(one.place.line, expected in one.expected) for one in raised.value.problems] == [(line, True)]


def test_the_shipped_routes_tell_more_offices_of_critical_memos(load: Callable[[str], Routes]) -> None:
    routes = load((rules_folder() / "delivery" / "routes.yaml").read_text("utf-8"))
    assert {one.role for one in routes.targets(occasion())} == {"steering-committee", "secretariat"}
    assert "lead-agency" in {one.role for one in routes.targets(occasion(severity="critical"))}
