"""Who is near whom: units in order of their previous totals, each as a share of what the unit could reach."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

NEAR = 10
"""How many units count as near."""
_ALIKE = 9
"""Shares that agree to so many decimals are equal."""


@dataclass(frozen=True)
class Neighbours:
    """The units with a previous total, by it, and where their facts stand.

    Args:
        facts: ``code unit_id score attainment rank`` of every node, the rows of a unit together.
        spans: Unit → (first row, rows).
        totals: Previous total, as a share of the unit's own maximum, and unit, ascending; units of equal totals in
            code order.
        places: Unit → its place in ``totals``.
    """

    facts: pl.DataFrame
    spans: Mapping[str, tuple[int, int]]
    totals: tuple[tuple[float, str], ...]
    places: Mapping[str, int]

    @classmethod
    def of(cls, frame: pl.DataFrame, root: str) -> Neighbours:
        """Return the neighbours of a publication's facts, its rows sorted by unit."""
        import polars as pl

        share = pl.col("previous_attainment").round(_ALIKE).alias("share")
        with_total = frame.filter((pl.col("code") == root) & pl.col("previous_attainment").is_not_null())
        ordered = with_total.select(share, pl.col("unit_code").cast(pl.String), "unit_id").sort("share", "unit_code")
        runs = frame.with_row_index("at").group_by("unit_id", maintain_order=True).agg(pl.col("at").first(), pl.len())
        return cls(
            facts=frame.select("code", "unit_id", "score", "attainment", "rank"),
            spans={unit: (at, length) for unit, at, length in runs.rows()},
            totals=tuple(ordered.select("share", "unit_id").rows()),
            places={unit: place for place, unit in enumerate(ordered["unit_id"])},
        )

    def near(self, unit_id: str) -> list[str]:
        """Return the units nearest to one by the previous total, the nearest first; none where it had no total."""
        place = self.places.get(unit_id)
        if place is None:
            return []
        own = self.totals[place][0]
        around = self.totals[max(place - NEAR, 0) : place + NEAR + 1]
        away = [(round(abs(total - own), _ALIKE), at, unit) for at, (total, unit) in enumerate(around)]
        others = [one for one in away if one[-1] != unit_id]
        return [unit for _distance, _at, unit in nsmallest(NEAR, others)]

    def best_near(self, unit_id: str) -> list[dict[str, Any]]:
        """Return one row a node: the unit nearby with the best attainment, the nearest of equals."""
        near = self.near(unit_id)
        if not near:
            return []
        import polars as pl

        rows = pl.concat([self.facts.slice(*self.spans[unit]) for unit in near])
        held = rows.filter(pl.col("attainment").is_not_null()).sort("attainment", descending=True, maintain_order=True)
        best = held.unique("code", keep="first", maintain_order=True)
        return best.select("code", "unit_id", "score", "rank").to_dicts()
