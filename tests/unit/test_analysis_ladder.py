"""Leave-one-out figures read off a ladder, against the same figures worked out by leaving each value out."""

import random
import statistics

import polars as pl
import pytest

from thammuu.analysis.peer_ladder import Ladder, finer, ladder

Values = list[float | None]
Slots = list[int | None]


def quantile(values: list[float], share: float) -> float:
    at = (len(values) - 1) * share
    low = int(at)
    high = min(low + 1, len(values) - 1)
    return sorted(values)[low] + (sorted(values)[high] - sorted(values)[low]) * (at - low)


def cells(steps: Ladder, figures: pl.Series) -> list[float | None]:
    return figures[steps.back].to_list()


def others(values: Values, slots: Slots, at: int) -> list[float]:
    if slots[at] is None:
        return []
    pairs = enumerate(zip(values, slots, strict=True))
    return [value for place, (value, slot) in pairs if place != at and slot == slots[at] and value is not None]


def drawn(seed: int) -> tuple[Values, Slots]:
    chance = random.Random(seed)  # noqa: S311  the same draws every time, no secrets
    size = chance.randint(1, 60)
    values = [None if chance.random() < 0.2 else chance.randint(0, 8) / 8 for _ in range(size)]
    return values, [None if chance.random() < 0.1 else chance.randint(0, 4) for _ in range(size)]


def on_ladder(values: Values, slots: Slots) -> Ladder:
    return ladder(pl.Series(values, dtype=pl.Float64), pl.Series(slots, dtype=pl.UInt32))


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_quantile_of_the_others_is_that_of_a_list_without_the_value(seed: int, share: float) -> None:
    values, slots = drawn(seed)
    steps = on_ladder(values, slots)
    left = [others(values, slots, at) for at in range(len(values))]
    expected = [quantile(rest, share) if len(rest) >= 2 else None for rest in left]
    assert cells(steps, steps.quantile_of_others(share, 2)) == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(40))
def test_extremes_sums_and_counts_are_those_of_a_list_without_the_value(seed: int) -> None:
    values, slots = drawn(seed)
    steps = on_ladder(values, slots)
    left = [others(values, slots, at) for at in range(len(values))]
    assert cells(steps, steps.least_of_others(1)) == [min(rest, default=None) for rest in left]
    assert cells(steps, steps.most_of_others(1)) == [max(rest, default=None) for rest in left]
    counts = steps.counts[steps.back]
    compared = [slot is not None for slot in slots]
    assert counts["others"].to_list() == [len(rest) if use else None for rest, use in zip(left, compared, strict=True)]
    for own, rest, use, row in zip(values, left, compared, counts.iter_rows(named=True), strict=True):
        if own is not None and use:
            assert row["lower"] == sum(one < own for one in rest)
            assert row["higher"] == sum(one > own for one in rest)
    in_slots = zip(steps.sums[steps.back].to_list(), values, left, compared, strict=True)
    assert all(total == pytest.approx(sum(rest) + (own or 0.0)) for total, own, rest, use in in_slots if use)


@pytest.mark.parametrize("seed", range(40))
def test_a_ladder_of_parts_is_the_ladder_that_sorting_again_would_give(seed: int) -> None:
    values, slots = drawn(seed)
    chance = random.Random(seed)  # noqa: S311  the same draws every time, no secrets
    parts = [None if slot is None or chance.random() < 0.1 else slot * 3 + chance.randint(0, 2) for slot in slots]
    again, part = on_ladder(values, parts), finer(on_ladder(values, slots), pl.Series(parts, dtype=pl.UInt32))
    for share in (0.25, 0.5, 0.75):
        assert cells(part, part.quantile_of_others(share, 1)) == cells(again, again.quantile_of_others(share, 1))
    assert part.counts["others"][part.back].equals(again.counts["others"][again.back])
    assert cells(part, part.least_of_others(1)) == cells(again, again.least_of_others(1))


def test_values_that_differ_by_less_than_the_rounding_are_neither_lower_nor_higher() -> None:
    steps = on_ladder([0.5, 0.5 + 1e-12, 0.75], [0, 0, 0])
    assert steps.counts.select("lower", "higher")[steps.back].rows() == [(0, 1), (0, 1), (2, 0)]
    assert statistics.median([0.5, 0.75]) == cells(steps, steps.quantile_of_others(0.5, 1))[1]
