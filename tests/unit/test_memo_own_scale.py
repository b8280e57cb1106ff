"""A unit scored out of less than the full scale: percentages compare, and every section gives it the same rank."""

from statistics import median
from typing import Any

import pytest
from made_up_scores import period
from memo_parts import ON, SCORED, level_scores, pack, scope, texts

from thammuu.analysis.assessment import assess
from thammuu.memos.facts_board import FactsBoard
from thammuu.memos.numbering import Numbering
from thammuu.memos.sections.gain import gain_section, shortest_path
from thammuu.memos.sections.paths import smallest_set, smallest_set_to_group
from thammuu.memos.sections.standing import standing_section
from thammuu.memos.summary_sections import IndexRound, RoundView, UnitResult, results_section
from thammuu.memos.view import PublicationView
from thammuu.memos.wording import WORDS
from thammuu.period import Period

FULL, OWN = 100.0, 90.0
MEAN = "Cả nước (TB 63 tỉnh)"
INDEX, YEAR = "par-index", 2022


def dropped() -> set[str]:
    """Surveyed criteria that make ten points together."""
    leaves = pack().frameworks.for_period(INDEX, Period(str(YEAR))).leaves
    found: set[str] = set()
    left = FULL - OWN
    for node in sorted(leaves, key=lambda node: -(node.max or 0)):
        points = (node.max or 0.0) * node.weight
        if node.surveyed and points <= left + 1e-9:
            found.add(node.code)
            left -= points
    assert left == pytest.approx(0)
    return found


def reduced_view(
    attainment: float,
    *,
    before: float | None = None,
    unit: str = "ha-nam",
    **more: Any,  # noqa: ANN401
) -> PublicationView:
    """Hà Nam out of 90 points; the others out of 100, at 60, 65 … 85 percent."""
    tree = pack().frameworks.for_period(INDEX, Period(str(YEAR)))

    def sheet(own: float, year: int) -> Any:  # noqa: ANN401
        others = [unit for unit in SCORED if unit != "ha-nam"]
        scores = {unit: level_scores(INDEX, YEAR, 0.6 + 0.05 * at) for at, unit in enumerate(others)}
        mine = level_scores(INDEX, YEAR, own) | dict.fromkeys(dropped(), "not-applicable")
        return period(tree, scores | {"ha-nam": mine}, year=year)

    earlier = [sheet(before, YEAR - 1)] if before is not None else []
    facts = assess(pack().rules, sheet(attainment, YEAR), earlier).facts
    board = FactsBoard.of([facts], tree.root.code, full=tree.root.max, complete=True, aggregates={}, silenced={})
    given: dict[str, Any] = {
        "framework": tree,
        "unit_id": unit,
        "publication_id": f"{INDEX}-{YEAR}-r1",
        "period": str(YEAR),
        "revision": 1,
        "complete": True,
        "published_on": ON,
        "facts": board.rows(unit),
        "findings": [],
        "totals": board.totals,
        "unscored": board.unscored,
    }
    return PublicationView(**given | more)


def line(view: PublicationView, language: str = "vi") -> str:
    one = scope(view, language=language)
    return texts(standing_section(one, one.parts[0], Numbering(WORDS["vi"])))[0]


def test_totals_are_those_that_ranks_are_made_of() -> None:
    view = reduced_view(0.83)
    row = view.total_row
    assert row["max_score"] == pytest.approx(OWN)
    assert sum(total > row["total"] + 1e-9 for total in view.totals) + 1 != row["total_rank"]
    assert view.total_on_full_scale == pytest.approx(83, abs=0.1)
    assert sum(total > (view.total_on_full_scale or 0) + 1e-9 for total in view.totals) + 1 == row["total_rank"] == 2


def test_the_line_tells_points_of_the_units_own_maximum_and_their_percentage() -> None:
    told = line(reduced_view(0.83))
    assert "đạt 74,70/90 điểm (83,00%)" in told
    assert "xếp thứ 2/7" in told
    assert "scored 74.70 of 90 points (83.00%)" in line(reduced_view(0.83), "en")


def test_a_unit_on_the_full_scale_needs_no_percentage() -> None:
    told = line(reduced_view(0.83, unit="bac-kan"))
    assert "đạt 65,00/100 điểm" in told
    assert "%" not in told


def test_mean_and_change_are_compared_by_percentage() -> None:
    told = line(reduced_view(0.83, before=0.80, aggregates={MEAN: {"total": 84.5}}))
    assert "(83,00%), tăng 3,00 điểm phần trăm so với năm 2021" in told
    assert "thấp hơn trung bình cả nước (84,50%) 1,50 điểm phần trăm" in told


def test_what_could_be_gained_starts_from_the_rank_of_the_standing_line() -> None:
    view = reduced_view(0.62)
    rank, n = view.total_row["total_rank"], view.total_row["total_n"]
    path = smallest_set(view, 1)
    assert (path.rank_now, path.n) == (rank, n)
    middle = shortest_path(view)
    assert middle is not None
    assert middle.reached
    assert middle.rank_now == rank == 6
    assert (middle.total_then or 0.0) * view.scale >= median(view.totals)
    one = scope(view)
    assert f"từ thứ {rank} lên thứ {middle.rank_then}/{n}" in " ".join(
        texts(gain_section(one, one.parts[0], Numbering(WORDS["vi"])))
    )


def test_the_next_group_is_reached_on_the_full_scale() -> None:
    view = reduced_view(0.68)
    found = smallest_set_to_group(view)
    assert found is not None
    assert (found[1].total_then or 0.0) * view.scale >= found[0].from_value  # type: ignore[operator]


def test_those_near_are_near_on_the_full_scale() -> None:
    """63 of 90 points are 70 of 100: near a unit of 70 percent, not one of 63 points."""
    tree = pack().frameworks.for_period(INDEX, Period(str(YEAR)))
    others = [unit for unit in SCORED if unit != "ha-nam"]
    share = 0.7
    scores = {unit: level_scores(INDEX, YEAR, 0.63 if at else share) for at, unit in enumerate(others)}
    mine = level_scores(INDEX, YEAR, share) | dict.fromkeys(dropped(), "not-applicable")
    before = period(tree, scores | {"ha-nam": mine}, year=YEAR - 1)
    facts = assess(pack().rules, period(tree, scores | {"ha-nam": mine}, year=YEAR), [before]).facts
    board = FactsBoard.of(facts, tree.root.code, full=tree.root.max, complete=True, aggregates={}, silenced={})
    assert board.neighbours.near("ha-nam")[0] == others[0]


def test_the_reports_median_is_of_totals_on_the_full_scale() -> None:
    tree = pack().frameworks.for_period(INDEX, Period(str(YEAR)))
    view = reduced_view(0.83)
    totals = {"ha-nam": (81.0, OWN), "nam-dinh": (88.0, FULL), "ninh-binh": (92.0, FULL)}
    rows = [
        {"unit_id": unit, "total": total, "max_score": own, "total_rank": rank, "total_n": len(totals)}
        for rank, (unit, (total, own)) in enumerate(totals.items(), start=1)
    ]
    results = tuple(UnitResult(pack().units.get(row["unit_id"]), row) for row in rows)
    told = results_section(scope(view), RoundView((IndexRound(view, results),)), "Phụ lục I")
    assert tree.root.max == FULL
    assert "trung vị 90,00" in texts(told)[0]
