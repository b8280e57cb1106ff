"""Whom a memo holds up as an example: named practice, those that climbed most, and one close by that does well."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from thammuu.analysis.findings import Finding
from thammuu.memos.facts_board import FactsBoard
from thammuu.memos.nearest import NEAR, Neighbours
from thammuu.memos.scope import Part, Scope
from thammuu.memos.sections.practice import practice_section
from thammuu.memos.view import Climber, NearPeer, PublicationView
from thammuu.memos.wording import WORDS
from thammuu.period import Period
from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thammuu.memos.model import Language, Section, Sentence

SPRING_2023 = date(2023, 4, 12)
AUTUMN_2025 = date(2025, 9, 15)
CODE = "6.2"
CLIMBERS = (("ha-tinh", 0.5, 1.0), ("lai-chau", 0.4, 1.2), ("son-la", 0.01, 1.9))
"""Unit, rise as a share of the scale, score before."""


@lru_cache(maxsize=1)
def pack() -> RulePack:
    return RulePack(rules_folder())


def view(unit_id: str = "ha-nam", *, score: float = 1.0, **more: Any) -> PublicationView:  # noqa: ANN401  any field
    """PAPI 2022 of a unit with a finding on one criterion, on the scale of 2021."""
    framework = pack().frameworks.for_period("papi", Period("2022"))
    node = framework.node(CODE)
    assert node.min is not None
    assert node.max is not None
    before = (1.5 - node.min) / (node.max - node.min)
    facts = {"code": CODE, "score": score, "rank": 40, "n": 63, "gain_to_median": 0.5, "peer_median": 0.5}
    facts |= {"previous_period": "2021", "previous_score": 1.5, "previous_attainment": before}
    finding = Finding(f"of-{unit_id}", "papi-2022", unit_id, node.concept, CODE, "falling", "major", {"vi": "Giảm"}, {})
    climbers = [
        Climber(pack().units.get(one), before + rise * (node.max - node.min), rise, before)
        for one, rise, before in CLIMBERS
    ]
    given: dict[str, Any] = {
        "framework": framework,
        "unit_id": unit_id,
        "publication_id": "papi-2022",
        "period": "2022",
        "revision": 1,
        "complete": True,
        "published_on": SPRING_2023,
        "facts": [facts],
        "findings": [finding],
        "climbers": {CODE: climbers},
        "near": {CODE: NearPeer(pack().units.get("nam-dinh"), 2.1, 3)},
    }
    return PublicationView(**(given | more))


def scope(
    *views: PublicationView,
    body: str = "ha-nam",
    on: date = SPRING_2023,
    language: Language = "vi",
    practices: bool = False,
) -> Scope:
    words = WORDS[language]
    catalogue = pack().actions if practices else replace(pack().actions, practices=())
    return Scope(
        body=pack().units.get(body),
        round="2023",
        as_of=on,
        parts=[Part(pack().units.get(one.unit_id), [one], on, words) for one in views],
        catalogue=catalogue,
        agencies=pack().agencies,
        issuer=pack().issuer("bo-noi-vu"),
        words=words,
    )


def entries(section: Section | None) -> list[Sentence]:
    return [block.sentence for block in section.blocks if block.kind == "item"] if section else []


def only(section: Section | None) -> Sentence:
    (entry,) = entries(section)
    return entry


def test_climbers_are_told_with_where_they_came_from_and_the_nearest_good_peer_with_its_rank() -> None:
    told = only(practice_section(scope(view())))
    assert told.text == (
        "Về “Giáo dục tiểu học công lập” (PAPI năm 2022): tăng nhiều nhất so với năm 2021 là tỉnh Hà Tĩnh (từ 1,00 lên "
        "2,12 điểm, tăng 1,12 điểm) và tỉnh Lai Châu (từ 1,20 lên 2,10 điểm, tăng 0,90 điểm); trong nhóm gần nhất về "
        "tổng điểm kỳ trước, tỉnh Nam Định có kết quả tốt nhất (2,10 điểm, theo tính toán thứ 3/63)."
    )
    peers = {"fact:papi-2022/ha-tinh/6.2", "fact:papi-2022/lai-chau/6.2", "fact:papi-2022/nam-dinh/6.2"}
    assert peers | {"finding:of-ha-nam", "publication:papi-2022"} == set(told.because)


def test_the_english_edition_tells_the_same() -> None:
    told = only(practice_section(scope(view(), language="en"))).text
    assert "improved most on 2021: Ha Tinh Province (from 1.00 to 2.12 points, up 1.12 points)" in told
    assert "Nam Dinh Province does best (2.10 points, by computation 3rd of 63)" in told


def test_a_climb_smaller_than_noise_is_not_told() -> None:
    assert "Sơn La" not in only(practice_section(scope(view()))).text


def test_climbs_are_not_told_where_the_scale_changed() -> None:
    (facts,) = view().facts
    changed = view(facts=[facts | {"previous_attainment": 0.1}])
    assert "tăng nhiều nhất" not in only(practice_section(scope(changed))).text


@pytest.mark.parametrize(("score", "near"), [(2.09, 2.1), (1.0, 1.03), (1.0, 1.3)])
def test_a_peer_close_by_that_does_no_better_or_not_well_is_not_held_up(score: float, near: float) -> None:
    peer = NearPeer(pack().units.get("nam-dinh"), near, 30)
    section = practice_section(scope(view(score=score, near={CODE: peer}, climbers={})))
    assert section is None


def test_without_anything_to_tell_there_is_no_section() -> None:
    assert practice_section(scope(view(climbers={}, near={}))) is None


def test_a_criterion_of_several_former_provinces_is_told_once_and_none_of_them_is_held_up() -> None:
    views = [view("ha-nam"), view("nam-dinh")]
    told = only(practice_section(scope(*views, body="ninh-binh-2025", on=AUTUMN_2025)))
    assert "Nam Định" not in told.text
    assert "tỉnh Hà Tĩnh (từ" in told.text
    assert "tỉnh Lai Châu (từ" in told.text


def named(on: date, body: str = "kon-tum") -> Iterable[str]:
    framework = pack().frameworks.for_period("par-index", Period("2022"))
    concept = "par-index.public-post"
    node = next(one for one in framework.nodes if one.concept == concept)
    finding = Finding("post", "par-index-2022", body, concept, node.code, "zero-score", "critical", {"vi": "Không"}, {})
    one = view(
        body, framework=framework, findings=[finding], facts=[{"code": node.code, "score": 0.0}], climbers={}, near={}
    )
    section = practice_section(scope(one, body=body, on=on, practices=True))
    return [entry.because[0] for entry in entries(section)]


def test_named_practice_is_cited_from_the_day_it_was_reported() -> None:
    assert "practice:kon-tum-postal-staff" not in named(SPRING_2023, "ha-nam")
    assert "practice:kon-tum-postal-staff" in named(date(2023, 10, 3), "ha-nam")


def test_a_unit_is_not_taught_its_own_practice() -> None:
    assert "practice:kon-tum-postal-staff" not in named(date(2024, 4, 12), "kon-tum")
    assert "practice:kon-tum-postal-staff" not in named(date(2026, 4, 13), "quang-ngai-2025")


def board(totals: dict[str, float | None], scores: dict[str, float | None]) -> pl.DataFrame:
    rows = [
        {
            "unit_id": unit,
            "unit_code": unit,
            "code": code,
            "previous_score": before,
            "previous_attainment": before,
            "score": score,
            "attainment": score,
        }
        for unit in totals
        for code, before, score in (("total", totals[unit], None), ("1", None, scores.get(unit)))
    ]
    kinds = dict.fromkeys(("previous_score", "previous_attainment", "score", "attainment"), pl.Float64)
    return pl.DataFrame(rows, schema_overrides=kinds).with_columns(
        rank=pl.lit(1, pl.Int64), delta=pl.lit(None, pl.Float64), total=pl.col("score")
    )


def neighbours(totals: dict[str, float | None], scores: dict[str, float | None]) -> Neighbours:
    frame = board(totals, scores)
    return FactsBoard.of([frame], "total", complete=True, aggregates={}, silenced={}).neighbours


def test_those_near_are_the_nearest_by_the_previous_total_on_either_side() -> None:
    many = neighbours({f"u{place:02}": float(place) for place in range(40)}, {})
    assert set(many.near("u20")) == {f"u{place}" for place in range(15, 26) if place != 20}
    assert set(many.near("u00")) == {f"u{place:02}" for place in range(1, 1 + NEAR)}
    assert set(many.near("u39")) == {f"u{place}" for place in range(29, 39)}


def test_the_best_of_those_near_is_told_and_a_better_one_far_away_is_not() -> None:
    totals: dict[str, float | None] = {f"u{place:02}": float(place) for place in range(40)}
    found = neighbours(totals, {"u20": 9.0, "u18": 3.0, "u24": 4.0, "u39": 8.0}).best_near("u20")
    assert [(one["code"], one["unit_id"], one["score"]) for one in found] == [("1", "u24", 4.0)]


def test_of_equals_the_nearest_is_told() -> None:
    totals: dict[str, float | None] = {f"u{place:02}": float(place) for place in range(40)}
    found = neighbours(totals, {"u17": 4.0, "u21": 4.0}).best_near("u20")
    assert [one["unit_id"] for one in found] == ["u21"]


def test_a_unit_without_a_previous_total_has_nobody_near() -> None:
    one = neighbours({"a": None, "b": 1.0}, {"b": 1.0})
    assert one.near("a") == []
    assert one.best_near("a") == []
    assert one.best_near("b") == []


def test_where_only_some_units_are_known_nobody_is_the_best() -> None:
    frame = board({"a": 1.0, "b": 2.0}, {"a": 1.0, "b": 2.0})
    some = FactsBoard.of([frame], "total", complete=False, aggregates={}, silenced={})
    assert some.peers(pack().units, "a") == {"best_peer": {}, "climbers": {}, "near": {}}
    assert len(some.rows("a")) == 2
