"""Facts on small tables whose answers can be worked out by hand."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from made_up_scores import bands, cell, framework, node, period, single

from thammuu.analysis.fact_catalogue import EVERY_COLUMN, FACTS
from thammuu.analysis.facts import compute_facts
from thammuu.analysis.inputs import IndexPeriod
from thammuu.analysis.peer_groups import BUILT_IN, PeerGroup


def facts(
    current: IndexPeriod, earlier: Sequence[IndexPeriod] = (), peers: PeerGroup = BUILT_IN["national"]
) -> pl.DataFrame:
    return compute_facts(current, earlier, peers)


def test_there_is_one_row_a_unit_and_node_in_order_of_code_and_framework() -> None:
    tree = framework(node("2"), node("1"))
    found = facts(period(tree, {"b": {"1": 1.0, "2": 2.0}, "a": {"1": 3.0}}))
    assert found.select("unit_code", "code").rows() == [(unit, code) for unit in "ab" for code in ("total", "2", "1")]
    assert tuple(found.columns) == EVERY_COLUMN
    assert {name: found.schema[name] for name in FACTS} == {name: kind() for name, kind in FACTS.items()}


def test_an_empty_publication_has_no_facts() -> None:
    assert facts(period(framework(node("1")), {})).height == 0


def test_attainment_is_turned_round_where_lower_is_better() -> None:
    found = facts(period(framework(node("1", direction="lower", min=0.0, max=4.0)), single([1.0, 0.0])))
    assert cell(found, "u00")["attainment"] == 0.75
    assert cell(found, "u00")["lost_points"] == 1.0
    assert cell(found, "u01")["attainment"] == 1.0
    assert cell(found, "u01")["rank"] == 1


@pytest.mark.parametrize(
    "more", [{"max": None}, {"min": None}, {"direction": "none"}, {"max": 0.0}, {"bounds": "soft", "max": 3.0}]
)
def test_attainment_is_null_where_the_scale_does_not_give_one(more: dict[str, Any]) -> None:
    found = cell(facts(period(framework(node("1", **more)), single([5.0]))), "u00")
    assert found["score"] == 5.0
    assert found["attainment"] is None
    assert found["rank"] is None


def test_a_score_outside_soft_bounds_lost_no_points_and_is_not_ranked_by_others() -> None:
    tree = framework(node("1", bounds="soft", max=1.0))
    found = facts(period(tree, single([25.77, 0.5, 0.6])))
    assert cell(found, "u00")["lost_points"] is None
    assert cell(found, "u02")["rank"] == 1
    assert cell(found, "u02")["n"] == 2


def test_a_blank_is_missing_and_a_zero_is_a_score() -> None:
    found = facts(period(framework(node("1")), single([None, 0.0])))
    assert cell(found, "u00")["score"] is None
    assert cell(found, "u01")["attainment"] == 0.0
    assert cell(found, "u01")["rank"] == 1


def test_a_missing_part_leaves_no_total_and_no_rank() -> None:
    tree = framework(node("1"), node("2"))
    found = facts(period(tree, {"a": {"1": 1.0, "2": None}, "b": {"1": 1.0, "2": 2.0}, "c": {"1": 9.0}}))
    assert [cell(found, unit, "total")["total"] for unit in "abc"] == [None, 3.0, None]
    assert cell(found, "b", "1")["total_rank"] == 1
    assert cell(found, "b", "1")["total_n"] == 1
    assert cell(found, "c", "1")["rank"] == 1


def test_a_framework_may_allow_a_total_of_the_parts_there_are() -> None:
    tree = framework(node("1"), node("2"), partial_total_allowed=True)
    found = facts(period(tree, {"a": {"1": 1.0, "2": None}, "b": {}}))
    assert [cell(found, unit, "total")["total"] for unit in "ab"] == [1.0, None]


def test_weights_of_the_whole_path_count_in_totals_and_gains() -> None:
    tree = framework(node("1", weight=0.5, max=100.0), node("1.1", "1", weight=2.0), node("1.2", "1"))
    scores = {f"u{at}": {"1.1": float(at), "1.2": 1.0} for at in range(7)}
    found = facts(period(tree, scores))
    assert cell(found, "u3", "1")["score"] == 7.0
    assert cell(found, "u3", "1.1")["total"] == 3.5
    lowest = cell(found, "u0", "1.1")
    assert lowest["peer_median"] == pytest.approx(0.35)
    assert lowest["gain_to_median"] == pytest.approx(3.5)
    assert lowest["gain_to_best"] == pytest.approx(6.0)


def test_a_mean_divides_by_its_weights_and_breaks_the_chain_of_sums() -> None:
    tree = framework(node("1", aggregate="mean"), node("1.1", "1", weight=3.0), node("1.2", "1"))
    found = facts(period(tree, {f"u{at}": {"1.1": 4.0, "1.2": float(at)} for at in range(7)}))
    assert cell(found, "u0", "1")["score"] == 3.0
    assert cell(found, "u0", "1.2")["gain_to_median"] is None
    assert cell(found, "u0", "1.2")["rank_if_max"] is None
    assert cell(found, "u0", "1")["gain_to_median"] is not None


def test_a_published_total_is_taken_as_printed() -> None:
    tree = framework(node("total", None, aggregate="published", max=100.0), node("1"))
    found = facts(period(tree, {"a": {"total": 81.5, "1": 2.0}, "b": {"1": 3.0}}, ranks={("a", "total"): 60}))
    assert cell(found, "a")["total"] == cell(found, "a")["published_total"] == 81.5
    assert cell(found, "a")["published_rank"] == 60
    assert cell(found, "a")["gain_to_best"] is None
    assert cell(found, "b")["total"] is None


def test_printed_totals_stand_beside_computed_ones() -> None:
    tree = framework(node("1"), node("2"))
    current = period(tree, {"a": {"1": 1.0, "2": 2.0, "total": 3.5}}, ranks={("a", "total"): 20})
    found = cell(facts(current), "a", "1")
    assert (found["total"], found["published_total"], found["total_rank"], found["published_rank"]) == (3, 3.5, 1, 20)


def test_a_part_that_does_not_apply_leaves_the_sum_and_the_scale() -> None:
    tree = framework(
        node("1", max=84.0), node("2", max=16.0), bands=bands(("A", 90), ("B", 80)), band_method="percent-of-max"
    )
    tree = framework(node("total", None, max=100.0), *tree.nodes[1:], bands=tree.bands, band_method=tree.band_method)
    found = facts(period(tree, {"a": {"1": 80.0, "2": "not-applicable"}, "b": {"1": 78.0, "2": 15.0}}))
    reduced = cell(found, "a", "total")
    assert (reduced["score"], reduced["max_score"]) == (80.0, 84.0)
    assert reduced["attainment"] == pytest.approx(80 / 84)
    assert reduced["total_rank"] == 1
    assert reduced["band"] == "A"
    assert cell(found, "b", "total")["total_rank"] == 2


def test_a_part_that_does_not_apply_leaves_the_scale_of_every_node_above_it() -> None:
    tree = framework(
        node("1", weight=2.0, max=30.0), node("1.1", "1"), node("1.2", "1", min=1.0, weight=2.0), node("2")
    )
    scores = {"a": {"1.1": 5.0, "1.2": "not-applicable", "2": 6.0}, "b": {"1.1": 5.0, "1.2": 5.0, "2": 6.0}}
    tree = framework(node("total", None, min=4.0, max=70.0), *tree.nodes[1:])
    found = facts(period(tree, scores))
    domain, total = cell(found, "a"), cell(found, "a", "total")
    assert (domain["score"], domain["min_score"], domain["max_score"]) == (5.0, -2.0, 10.0)
    assert (total["score"], total["min_score"], total["max_score"]) == (16.0, 0.0, 30.0)
    assert (cell(found, "b", "total")["max_score"], cell(found, "b", "total")["score"]) == (70.0, 36.0)
    assert total["total_rank"] == 1


def test_peers_leave_the_unit_itself_out_and_interpolate_between_the_closest_two() -> None:
    found = facts(period(framework(node("1")), single([1.0, 2.0, 3.0, 4.0, 5.0, 10.0])))
    highest = cell(found, "u05")
    assert (highest["peers_n"], highest["peer_min"], highest["peer_max"]) == (5, 0.1, 0.5)
    assert highest["peer_median"] == pytest.approx(0.3)
    assert highest["peer_p25"] == pytest.approx(0.2)
    assert highest["peer_mean"] == pytest.approx(0.3)
    assert highest["gap_to_median"] == pytest.approx(0.7)
    lowest = cell(found, "u00")
    assert lowest["peer_p25"] == pytest.approx(0.3)
    assert lowest["peer_p75"] == pytest.approx(0.5)
    assert (lowest["rank_in_peers"], lowest["percentile"]) == (6, 0.0)


def test_too_few_peers_leave_the_groups_facts_null() -> None:
    found = cell(facts(period(framework(node("1")), single([1.0, 2.0, 3.0, 4.0, 5.0]))), "u00")
    assert (found["peers_n"], found["peer_median"], found["percentile"], found["rank"]) == (4, None, None, 5)


def test_a_unit_without_a_score_still_has_peers() -> None:
    found = cell(facts(period(framework(node("1")), single([None, 1.0, 2.0, 3.0, 4.0, 5.0]))), "u00")
    assert (found["peers_n"], found["peer_median"], found["gap_to_median"]) == (5, pytest.approx(0.3), None)


def test_equal_scores_share_the_smaller_rank_and_rounding_makes_them_equal() -> None:
    found = facts(period(framework(node("1")), single([5.0, 5.0 + 1e-10, 7.0, 3.0])))
    assert [cell(found, f"u{at:02}")["rank"] for at in range(4)] == [2, 2, 1, 4]


def test_units_of_another_level_are_no_peers() -> None:
    scores = single([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0])
    found = facts(period(framework(node("1")), scores, levels={"u06": "ministry"}))
    assert (cell(found, "u06")["rank"], cell(found, "u06")["n"], cell(found, "u06")["peers_n"]) == (1, 1, 0)
    assert cell(found, "u05")["peer_max"] == 0.5
    assert cell(found, "u06", "total")["total_rank"] == 1
    assert cell(found, "u00")["rank_if_max"] == 1


def test_a_region_needs_three_peers_and_a_unit_without_region_has_none() -> None:
    regions = {"u00": "r", "u01": "r", "u02": "r", "u03": "r", "u04": "s", "u05": "s"}
    found = facts(
        period(framework(node("1")), single([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), regions=regions),
        (),
        BUILT_IN["region"],
    )
    assert (cell(found, "u00")["peers_n"], cell(found, "u00")["peer_median"]) == (3, pytest.approx(0.3))
    assert (cell(found, "u04")["peers_n"], cell(found, "u04")["peer_median"]) == (1, None)
    assert (cell(found, "u06")["peers_n"], cell(found, "u06")["peer_median"]) == (None, None)
    assert cell(found, "u00")["rank"] == 7


def test_members_of_a_list_are_one_anothers_peers_and_others_have_none() -> None:
    group = PeerGroup("cities", "list", 1, members=("u00", "u02"))
    found = facts(period(framework(node("1")), single([1.0, 2.0, 3.0])), (), group)
    assert cell(found, "u00")["peer_median"] == pytest.approx(0.3)
    assert cell(found, "u01")["peer_median"] is None


def test_units_of_the_same_band_are_compared() -> None:
    tree = framework(node("1"), bands=bands(("A", 50), ("B", 0)), band_method="percent-of-max")
    group = PeerGroup("band", "band", 1)
    found = facts(period(tree, single([1.0, 2.0, 8.0, 9.0])), (), group)
    assert (cell(found, "u00")["band"], cell(found, "u00")["peer_max"]) == ("B", pytest.approx(0.2))
    assert (cell(found, "u02")["band"], cell(found, "u02")["peer_max"]) == ("A", pytest.approx(0.9))


def test_the_nearest_units_are_those_nearest_by_previous_total_ties_by_code() -> None:
    tree = framework(node("1"))
    before = period(tree, single([1.0, 2.0, 3.0, 9.0, None]), year=2021)
    group = PeerGroup("nearest", "nearest", 1, size=1)
    found = facts(period(tree, single([5.0, 6.0, 7.0, 8.0, 9.0])), [before], group)
    # u01 is as far from u00 as from u02.
    assert [cell(found, f"u{at:02}")["peer_median"] for at in range(5)] == [0.6, 0.5, 0.6, 0.7, None]
    assert cell(found, "u02")["rank_in_peers"] == 1


def test_without_a_previous_period_nothing_is_nearest() -> None:
    found = facts(period(framework(node("1")), single([1.0, 2.0])), (), BUILT_IN["nearest"])
    assert found["peer_median"].null_count() == found.height


def test_a_band_boundary_belongs_to_the_higher_band() -> None:
    tree = framework(
        node("1", max=100.0), bands=bands(("A", 90), ("B", 80), ("C", 70), ("D", 0)), band_method="percent-of-max"
    )
    tree = framework(node("total", None, max=100.0), tree.nodes[1], bands=tree.bands, band_method=tree.band_method)
    found = facts(period(tree, single([90.0, 89.999999, 80.0, 0.0])))
    assert [cell(found, f"u{at:02}", "total")["band"] for at in range(4)] == ["A", "B", "B", "D"]


def test_trends_follow_the_concept_when_two_codes_change_places() -> None:
    before = framework(node("1", concept="poverty"), node("2", concept="information"))
    now = framework(node("1", concept="information"), node("2", concept="poverty"), id="made-up-2")
    found = facts(period(now, {"a": {"1": 5.0, "2": 6.0}}), [period(before, {"a": {"1": 1.0, "2": 2.0}}, year=2021)])
    assert (cell(found, "a", "1")["previous_score"], cell(found, "a", "2")["previous_score"]) == (2.0, 1.0)
    assert cell(found, "a", "1")["delta"] == pytest.approx(0.3)


def test_a_changed_scale_is_compared_by_attainment() -> None:
    before, now = framework(node("1", max=5.0)), framework(node("1", max=10.0), id="made-up-2")
    found = cell(facts(period(now, {"a": {"1": 5.0}}), [period(before, {"a": {"1": 3.0}}, year=2021)]), "a")
    assert (found["previous_attainment"], found["delta"]) == (0.6, pytest.approx(-0.1))


def test_previous_is_the_preceding_period_only() -> None:
    tree, other = framework(node("1")), framework(node("1", concept="other"), id="made-up-2")
    earlier = [period(other, {"a": {"1": 1.0}}, year=2021), period(tree, {"a": {"1": 1.0}}, year=2020)]
    found = cell(facts(period(tree, {"a": {"1": 5.0}}), earlier), "a")
    assert (found["previous_period"], found["previous_score"], found["delta"]) == (None, None, None)


def test_a_fall_in_rank_is_negative() -> None:
    tree = framework(node("1"))
    found = facts(period(tree, single([1.0, 2.0, 3.0])), [period(tree, single([3.0, 2.0, 1.0]), year=2021)])
    assert (cell(found, "u00")["rank_change"], cell(found, "u02", "total")["rank_change"]) == (-2, 2)


def test_peer_delta_is_the_median_of_the_others_changes_and_needs_enough_of_them() -> None:
    tree = framework(node("1"))
    before = period(tree, single([5.0] * 7), year=2021)
    found = facts(period(tree, single([1.0, 6.0, 7.0, 8.0, 9.0, 10.0, 5.0])), [before])
    assert cell(found, "u00")["peer_delta"] == pytest.approx(0.25)
    few = facts(
        period(tree, single([1.0, 6.0, 7.0, 8.0, 9.0, 10.0, 5.0])), [period(tree, single([5.0] * 5), year=2021)]
    )
    assert cell(few, "u00")["peer_delta"] is None
    assert cell(few, "u06")["peer_delta"] == pytest.approx(0.2)


def test_periods_below_count_back_from_now_until_one_is_not_below_or_missing() -> None:
    tree = framework(node("1"))
    low, high = [1.0, 5.0, 6.0, 7.0, 8.0, 9.0], [9.5, 5.0, 6.0, 7.0, 8.0, 9.0]
    gap = [None, 5.0, 6.0, 7.0, 8.0, 9.0]
    years = [period(tree, single(low), year=year) for year in (2021, 2020)]
    now = period(tree, single(low))
    assert cell(facts(now, years), "u00")["periods_below"] == 3
    for broken in (high, gap):
        ended = [years[0], period(tree, single(broken), year=2020), period(tree, single(low), year=2019)]
        assert cell(facts(now, ended), "u00")["periods_below"] == 2
    assert cell(facts(period(tree, single(gap)), years), "u00")["periods_below"] == 0


def test_ranks_if_one_node_changed_leave_all_others_as_they_are() -> None:
    tree = framework(node("1"), node("2"))
    scores = {f"u{at}": {"1": float(at), "2": 5.0} for at in range(7)}
    found = facts(period(tree, scores))
    assert cell(found, "u0", "1")["total_rank"] == 7
    assert cell(found, "u0", "1")["rank_if_max"] == 1
    # The median of u1 … u6 is 3.5: above u3, below u4, u5 and u6.
    assert cell(found, "u0", "1")["rank_if_median"] == 4
    assert cell(found, "u6", "1")["gain_to_median"] == 0.0
    assert cell(found, "u6", "1")["rank_if_median"] == 1


def test_a_partial_publication_has_published_ranks_and_no_peers() -> None:
    tree = framework(node("1"))
    scores, before = single([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]), single([1.0] * 7)
    current = period(tree, scores, complete=False, ranks={("u00", "total"): 60, ("u00", "1"): 7})
    earlier = period(tree, before, year=2021, complete=False, ranks={("u00", "total"): 43})
    found = facts(current, [earlier])
    one, total = cell(found, "u00"), cell(found, "u00", "total")
    assert (one["rank"], one["n"], one["peers_n"], one["peer_median"]) == (7, None, None, None)
    assert (one["total_rank"], one["total_n"], one["rank_if_max"], one["periods_below"]) == (None, None, None, None)
    assert (total["rank"], total["rank_change"], total["published_rank"]) == (60, -17, 60)
    assert one["delta"] == 0.0


def test_published_ranks_are_never_compared_with_computed_ones() -> None:
    tree = framework(node("1"))
    earlier = period(tree, single([3.0, 2.0]), year=2021)
    current = period(tree, single([1.0, 2.0]), complete=False, ranks={("u00", "total"): 60})
    assert facts(current, [earlier])["rank_change"].null_count() == 4


def test_a_unit_that_is_new_has_no_past() -> None:
    tree = framework(node("1"))
    found = facts(period(tree, {"ninh-binh-2025": {"1": 3.0}}), [period(tree, {"ninh-binh": {"1": 9.0}}, year=2021)])
    assert cell(found, "ninh-binh-2025")["previous_score"] is None
    assert cell(found, "ninh-binh-2025")["delta"] is None


def test_no_fact_is_ever_nan() -> None:
    tree = framework(node("1"), node("2", max=0.0), node("3", direction="none"))
    found = facts(period(tree, {"a": {"1": 1.0, "2": 0.0}, "b": {"1": 0.0, "3": 1.0}}))
    assert not any(found.select(pl.col(pl.Float64).is_nan().any()).row(0))


def test_the_number_of_scores_is_known_where_neither_way_is_better() -> None:
    tree = framework(node("1", direction="none"), node("2"))
    scores: dict[str, dict[str, float | None]] = {
        "a": {"1": 3.0, "2": 1.0},
        "b": {"1": 4.0, "2": None},
        "c": {"1": None},
    }
    found = facts(period(tree, scores, levels={"a": "province", "b": "province", "c": "province"}))
    assert [(cell(found, unit)["rank"], cell(found, unit)["n"]) for unit in "abc"] == [(None, 2)] * 3
    assert (cell(found, "a", "2")["rank"], cell(found, "a", "2")["n"]) == (1, 1)


@pytest.mark.parametrize(("before", "now"), [(1.375, 1.15), (2.275, 2.05)])
def test_a_fall_of_exactly_a_tenth_is_a_tenth_whatever_the_float_noise(before: float, now: float) -> None:
    tree = framework(node("1", min=0.25, max=2.5))
    others = [1.0, 1.1, 1.2, 1.3, 1.4, 1.6]
    found = facts(period(tree, single([now, *others])), [period(tree, single([before, *others]), year=2021)])
    assert cell(found, "u00")["delta"] == -0.1


def test_every_figure_is_rounded_as_it_is_stored() -> None:
    tree = framework(node("1", min=0.0, max=3.0))
    found = facts(period(tree, single([1.0, 2.0, 0.5, 1.7, 2.9, 2.2])), [period(tree, single([2.0] * 6), year=2021)])
    figures = [value for row in found.iter_rows() for value in row if isinstance(value, float)]
    assert figures
    assert all(value == round(value, 9) for value in figures)
