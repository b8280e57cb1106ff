"""The values of a publication sorted within slots, and what leaving one of them out changes.

A slot is a node within a part of the units. Its values are sorted once. Leaving a unit out then only shifts the
places above its own: a leave-one-out figure takes few values in a slot, each over a run of neighbouring places.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from thammuu.analysis.scoring import ROUNDING


@dataclass(frozen=True)
class Ladder:
    """Values sorted within slots.

    Args:
        order: The cells, slot after slot, by value, nulls last in each.
        rungs: Their values.
        slots: One row a slot, in that order: ``slot`` (null for cells that are compared with nothing), ``start``
            (its first rung), ``n`` values, their ``sum`` and ``size`` cells.
    """

    order: pl.Series
    rungs: pl.Series
    slots: pl.DataFrame

    @cached_property
    def back(self) -> pl.Series:
        """The rung of each cell."""
        size = len(self.order)
        rungs = pl.int_range(size, dtype=pl.UInt32, eager=True)
        return pl.repeat(0, size, dtype=pl.UInt32, eager=True).scatter(self.order, rungs)

    @cached_property
    def counts(self) -> pl.DataFrame:
        """One row a rung: ``n`` values in its slot, ``others`` to compare with, ``lower`` and ``higher`` ones."""
        line = self.slots.select(pl.col("start", "n").repeat_by("size").explode())
        line = line.with_columns(value=self.rungs, at=pl.int_range(len(self.rungs), dtype=pl.UInt32))
        counts = line.select("n", others=pl.col("n") - pl.col("value").is_not_null(), **_neighbours())
        if self.slots["slot"].null_count():
            compared = self.slots.select(pl.col("slot").is_not_null().repeat_by("size").explode()).to_series()
            counts = counts.with_columns(pl.when(compared).then(pl.col("n", "others")))
        return counts.cast(pl.Int64)

    @cached_property
    def sums(self) -> pl.Series:
        """The sum of its slot's values, for each rung."""
        return self.slots.select(pl.col("sum").repeat_by("size").explode()).to_series()

    def quantile_of_others(self, share: float, least: int) -> pl.Series:
        """Return for each rung the quantile of the other values, by linear interpolation between the closest two.

        Args:
            share: Which quantile.
            least: Null where there are fewer others.
        """
        n, size = pl.col("n"), pl.col("size")
        low, high, between = _closest(n - 1, share)
        first, middle, last = (self._between(low + a, high + b, between) for a, b in ((1, 1), (0, 1), (0, 0)))
        runs = [
            (pl.min_horizontal(low + 1, n), n - 1, first),
            (high - low, n - 1, middle),
            ((n - 1 - high).clip(0), n - 1, last),
            (size - n, n, self._between(*_closest(n, share))),
        ]
        return self._laid(runs, least)

    def least_of_others(self, least: int) -> pl.Series:
        """Return for each rung the smallest other value, null where there are fewer others than ``least``."""
        n, size = pl.col("n"), pl.col("size")
        first = self._rung(pl.lit(0))
        return self._laid(
            [(n.clip(0, 1), n - 1, self._rung(pl.lit(1))), ((n - 1).clip(0), n - 1, first), (size - n, n, first)],
            least,
        )

    def most_of_others(self, least: int) -> pl.Series:
        """Return for each rung the largest other value, null where there are fewer others than ``least``."""
        n, size = pl.col("n"), pl.col("size")
        last = self._rung(n - 1)
        return self._laid(
            [((n - 1).clip(0), n - 1, last), (n.clip(0, 1), n - 1, self._rung(n - 2)), (size - n, n, last)], least
        )

    def _rung(self, place: pl.Expr) -> pl.Expr:
        """Return the value at a place of the slot."""
        return pl.lit(self.rungs).gather((pl.col("start") + place).clip(0, max(len(self.rungs) - 1, 0)))

    def _between(self, low: pl.Expr, high: pl.Expr, share: pl.Expr) -> pl.Expr:
        below, above = self._rung(low), self._rung(high)
        return below + (above - below) * share

    def _laid(self, runs: list[tuple[pl.Expr, pl.Expr, pl.Expr]], least: int) -> pl.Series:
        """Lay runs of equal values out over the rungs.

        Args:
            runs: Length, number of others and value of each run of a slot, in order of places.
            least: Null where there are fewer others.
        """
        enough = [pl.col("slot").is_not_null() & (others >= max(least, 1)) for _length, others, _value in runs]
        values = [pl.when(here).then(value) for here, (_length, _others, value) in zip(enough, runs, strict=True)]
        laid = self.slots.with_columns(pl.col("start", "n", "size").cast(pl.Int64)).select(
            length=pl.concat_list([length for length, _others, _value in runs]), value=pl.concat_list(values)
        )
        laid = laid.explode("length", "value").filter(pl.col("length") > 0)
        return laid.select(pl.col("value").repeat_by("length").explode()).to_series()


def _closest(others: pl.Expr, share: float) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return the two places closest to a quantile of so many values, and how far between them it lies."""
    last = (others - 1).clip(0)
    at = last * share
    low = at.floor().cast(pl.Int64)
    return low, pl.min_horizontal(low + 1, last), at - low


def _neighbours() -> dict[str, pl.Expr]:
    """Counts of lower and higher values, from where a run of equal values begins and ends."""
    value, at, start = pl.col("value").round(ROUNDING), pl.col("at"), pl.col("start")
    begins = (value != value.shift(1)) | (at == start)
    ends = (value != value.shift(-1)) | (at == start + pl.col("n") - 1)
    known = pl.col("value").is_not_null()
    first = pl.when(begins.fill_null(value=True)).then(at).forward_fill()
    last = pl.when(ends.fill_null(value=True)).then(at).backward_fill()
    return {"lower": pl.when(known).then(first - start), "higher": pl.when(known).then(start + pl.col("n") - 1 - last)}


def ladder(values: pl.Series, slot: pl.Series) -> Ladder:
    """Sort values within slots.

    Args:
        values: One value a cell, or null.
        slot: The slot of each cell; null for cells that are compared with nothing.
    """
    cells = pl.DataFrame({"slot": slot, "value": values}).with_row_index("cell")
    sorted_cells = pl.col("cell").gather(pl.col("value").arg_sort(nulls_last=True))
    slots = _slots(cells, sorted_cells)
    order = slots["cell"].explode().cast(pl.UInt32)
    return Ladder(order, values.gather(order), slots.drop("cell"))


def finer(steps: Ladder, slot: pl.Series) -> Ladder:
    """Return the ladder of the same values within parts of its slots, without sorting again."""
    cells = pl.DataFrame({"cell": steps.order, "slot": slot.gather(steps.order), "value": steps.rungs})
    slots = _slots(cells, pl.col("cell"), rungs="value")
    order, rungs = (slots[name].explode() for name in ("cell", "rungs"))
    return Ladder(order, rungs, slots.drop("cell", "rungs"))


def _slots(cells: pl.DataFrame, order: pl.Expr, **more: str) -> pl.DataFrame:
    value = pl.col("value")
    figures = {"n": value.count().cast(pl.UInt32), "size": pl.len().cast(pl.UInt32), "sum": value.sum()}
    slots = cells.group_by("slot", maintain_order=True).agg(order, **figures, **more)
    return slots.with_columns(start=pl.col("size").cum_sum() - pl.col("size"))
