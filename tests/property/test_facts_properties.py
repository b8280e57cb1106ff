"""Facts on random tables: what must not matter does not, and what is fast agrees with what is plain."""

import statistics
from dataclasses import replace
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thammuu.analysis.facts import compute_facts
from thammuu.analysis.inputs import SCORES_SCHEMA, IndexPeriod
from thammuu.analysis.peer_groups import BUILT_IN
from thammuu.period import Period
from thammuu.rulepack.framework_tree import Framework, Node
from thammuu.rulepack.text import Text

NAME = Text(vi="tên")
CODES = ("1", "2", "3")
REGIONS = ("north", "south", None)
Scores = list[dict[str, Any]]

SCORE = st.one_of(
    st.none(), st.sampled_from([0.0, 2.5, 5.0, 10.0]), st.floats(0, 10, allow_nan=False).map(lambda x: round(x, 3))
)
UNIT = st.fixed_dictionaries({"region": st.sampled_from(REGIONS), **dict.fromkeys(CODES, SCORE)})
UNITS = st.lists(UNIT, min_size=1, max_size=14)


def tree(factor: float = 1.0) -> Framework:
    root = Node("total", "total", "total", None, NAME, min=0.0, max=30.0 * factor)
    leaves = [Node(code, f"c{code}", "criterion", "total", NAME, min=0.0, max=10.0 * factor) for code in CODES]
    return Framework(
        id="made-up", index="made-up", title=NAME, short_title=NAME, publisher=NAME, nodes=(root, *leaves),
        first_period=None, last_period=None, label=None, level_names={}, unit_level="province", bands=(),
        band_method=None, officially_ranked=True, partial_total_allowed=False, sources=(), hash="",
    )  # fmt: skip


def published(units: Scores, *, year: int = 2022, factor: float = 1.0, order: list[int] | None = None) -> IndexPeriod:
    """Units in any order; their ids and codes do not depend on it."""
    order = order or list(range(len(units)))
    rows = [(f"u{at:02}", code, units[at][code]) for at in order for code in CODES]
    scores = pl.DataFrame(
        {
            "unit_id": [unit for unit, _code, _score in rows],
            "code": [code for _unit, code, _score in rows],
            "score": [None if score is None else score * factor for *_rest, score in rows],
            "published_rank": [None] * len(rows),
            "status": ["missing" if score is None else "ok" for *_rest, score in rows],
        },
        schema=SCORES_SCHEMA,
    )
    named = [f"u{at:02}" for at in order]
    described = pl.DataFrame(
        {"unit_id": named, "unit_code": named, "unit_name": named, "unit_level": ["province"] * len(named),
         "region": [units[at]["region"] for at in order]},
        schema_overrides={"region": pl.String},
    )  # fmt: skip
    return IndexPeriod(f"p{year}", tree(factor), Period(str(year)), complete=True, scores=scores, units=described)


def quantile(values: list[float], share: float) -> float:
    ordered, place = sorted(values), share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@settings(deadline=None, max_examples=40)
@given(UNITS, UNITS, st.randoms(use_true_random=False), st.sampled_from(list(BUILT_IN)))
def test_the_order_of_units_and_rows_does_not_matter(now: Scores, before: Scores, random: Random, group: str) -> None:
    order, past = list(range(len(now))), list(range(len(before)))
    plain = compute_facts(published(now), [published(before, year=2021)], BUILT_IN[group])
    random.shuffle(order)
    random.shuffle(past)
    mixed = published(now, order=order)
    mixed = replace(mixed, scores=mixed.scores.sample(fraction=1, shuffle=True, seed=1))
    shuffled = compute_facts(mixed, [published(before, year=2021, order=past)], BUILT_IN[group])
    numbers = pl.selectors.float()
    assert plain.select(~numbers).equals(shuffled.select(~numbers))
    for name in plain.select(numbers).columns:
        assert plain[name].to_list() == pytest.approx(shuffled[name].to_list(), abs=1e-12, nan_ok=False)


@settings(deadline=None, max_examples=40)
@given(UNITS, st.sampled_from([0.5, 4.0, 128.0]), st.sampled_from(["national", "region"]))
def test_another_unit_of_points_changes_no_share_and_no_rank(units: Scores, factor: float, group: str) -> None:
    shares = [
        "attainment",
        "peer_min",
        "peer_p25",
        "peer_median",
        "peer_p75",
        "peer_max",
        "gap_to_median",
        "percentile",
    ]
    counts = ["rank", "n", "peers_n", "rank_in_peers", "rank_if_median", "rank_if_max", "periods_below"]
    plain, scaled = (
        compute_facts(published(units, factor=by), [published(units, factor=by, year=2021)], BUILT_IN[group])
        for by in (1.0, factor)
    )
    assert plain.select(shares + counts).equals(scaled.select(shares + counts))


@settings(deadline=None, max_examples=60)
@given(UNITS)
def test_ranks_are_competition_ranks(units: Scores) -> None:
    facts = compute_facts(published(units), [])
    for code in CODES:
        of_code = facts.filter(pl.col("code") == code)
        values = [round(value, 9) for value in of_code["attainment"].drop_nulls()]
        expected = [
            None if value is None else 1 + sum(other > round(value, 9) for other in values)
            for value in of_code["attainment"]
        ]
        assert of_code["rank"].to_list() == expected


@settings(deadline=None, max_examples=60)
@given(UNITS, st.sampled_from(["national", "region"]))
def test_peer_figures_are_those_of_the_others_alone(units: Scores, group: str) -> None:
    need = BUILT_IN[group].min_peers
    facts = compute_facts(published(units), [], BUILT_IN[group])
    for row in facts.filter(pl.col("level") == "criterion").iter_rows(named=True):
        peers = [
            other[row["code"]] / 10
            for at, other in enumerate(units)
            if f"u{at:02}" != row["unit_id"]
            and other[row["code"]] is not None
            and (group == "national" or (row["region"] is not None and other["region"] == row["region"]))
        ]
        if len(peers) < need:
            assert row["peer_median"] is None
            continue
        assert row["peers_n"] == len(peers)
        assert row["peer_min"] == pytest.approx(min(peers), abs=1e-9)
        assert row["peer_max"] == pytest.approx(max(peers), abs=1e-9)
        assert row["peer_mean"] == pytest.approx(statistics.fmean(peers), abs=1e-9)
        for name, share in (("peer_p25", 0.25), ("peer_median", 0.5), ("peer_p75", 0.75)):
            assert row[name] == pytest.approx(quantile(peers, share), abs=1e-9)
        if row["attainment"] is not None:
            lower = sum(round(peer, 9) < round(row["attainment"], 9) for peer in peers)
            assert row["percentile"] == pytest.approx(lower / len(peers))


@settings(deadline=None, max_examples=40)
@given(UNITS)
def test_gains_by_criterion_add_up_to_the_gain_of_the_total(units: Scores) -> None:
    """Raising every criterion to its own best peer adds exactly the sum of the single gains."""
    facts = compute_facts(published(units), [])
    for unit_id in facts.filter(pl.col("total").is_not_null())["unit_id"].unique():
        rows = facts.filter((pl.col("unit_id") == unit_id) & (pl.col("level") == "criterion"))
        if rows["gain_to_best"].null_count():
            continue
        raised = sum(max(row["score"], row["peer_max"] * 10) for row in rows.iter_rows(named=True))
        assert rows["total"][0] + rows["gain_to_best"].sum() == pytest.approx(raised, abs=1e-9)
