"""Totals of units: rank, band, and what raising one node alone would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.scoring import ROUNDING

if TYPE_CHECKING:
    from thammuu.analysis.scoring import Grid
    from thammuu.rulepack.frameworks import Framework

FULL_PERCENT = 100


def unit_totals(grid: Grid) -> pl.DataFrame:
    """Return one row a unit: ``published_total published_rank total total_rank total_n band level scale ranked_on``.

    ``scale`` brings a total to the full scale where a part does not apply to the unit (it is compared by
    percentage), ``ranked_on`` is that total rounded to 1e-9. In a partial publication no rank is computed.
    """
    framework, complete = grid.source.framework, grid.source.complete
    root = grid.cells.gather_every(grid.nodes.height)
    full = grid.nodes["max_score"][0]
    reduced = pl.lit(value=False) if full is None else pl.col("max_score") != full
    totals = root.select(
        level=grid.units["unit_level"],
        published_total="published",
        published_rank="published_rank",
        total="score",
        scale=pl.when(reduced).then(full / pl.when(pl.col("max_score") > 0).then("max_score")).otherwise(1.0),
    )
    totals = totals.with_columns(ranked_on=(pl.col("total") * pl.col("scale")).round(ROUNDING))
    ranked = pl.col("ranked_on") if complete else pl.lit(None, pl.Float64)
    totals = totals.with_columns(
        total_rank=ranked.rank("min", descending=True).over("level").cast(pl.Int64),
        total_n=ranked.count().over("level").cast(pl.Int64) if complete else pl.lit(None, pl.Int64),
    )
    return totals.with_columns(band=_bands(framework, totals, full, complete=complete))


def _bands(framework: Framework, totals: pl.DataFrame, full: float | None, *, complete: bool) -> pl.Series:
    # of two bands that begin at the same total the better one holds it
    rising = sorted(framework.bands, key=lambda band: band.from_value or 0.0)
    if framework.band_method == "percent-of-max" and full:
        percent = pl.col("ranked_on") / full * FULL_PERCENT
        steps = [(band.name.vi, band.from_value or 0.0) for band in rising]
        return totals.select(_stepped(percent.round(ROUNDING), steps)).to_series()
    if framework.band_method == "quartile" and complete:
        parts = []
        for _level, part in totals.with_row_index("u").group_by("level", maintain_order=True):
            marks = [
                (band.name.vi, _percentile_mark(part["ranked_on"].to_list(), (band.from_value or 0.0) / FULL_PERCENT))
                for band in rising
            ]
            parts.append(part.select("u", band=_stepped(pl.col("ranked_on"), marks)))
        return pl.concat(parts).sort("u")["band"] if parts else pl.Series("band", [], pl.String)
    return pl.Series("band", [None] * totals.height, pl.String)


def _stepped(value: pl.Expr, steps: list[tuple[str, float]]) -> pl.Expr:
    """Return the name of the last step that a value reaches; the steps rise."""
    named = pl.lit(None, pl.String)
    for name, start in steps:
        named = pl.when(value >= start).then(pl.lit(name)).otherwise(named)
    return named


def _percentile_mark(totals: list[float | None], share: float) -> float:
    """Return the total from which a unit stands at or above a percentile of all units of the publication.

    Units without a total keep their place, below all others: so the four groups of PAPI 2022 (61 of 63 provinces
    scored) hold 16, 16, 15 and 14 units, as published.
    """
    scored = sorted(total for total in totals if total is not None)
    unscored = len(totals) - len(scored)
    at = share * (len(totals) - 1) - unscored
    if at <= 0 or not scored:
        return float("-inf")
    low = int(at)
    high = min(low + 1, len(scored) - 1)
    return round(scored[low] + (scored[high] - scored[low]) * (at - low), ROUNDING)


def counterfactual_columns(
    cells: pl.DataFrame, totals: pl.DataFrame, nodes: pl.DataFrame, *, complete: bool
) -> pl.DataFrame:
    """Return ``gain_to_median gain_to_best rank_if_median rank_if_max``, this node alone changed.

    Args:
        cells: ``u k score attainment min_score max_score peer_median peer_max`` of every cell.
        totals: :func:`unit_totals`.
        nodes: The node table.
        complete: Whether ranks may be computed.
    """
    node = {name: pl.lit(nodes[name]).gather(pl.col("k")) for name in ("weight", "summed", "direction")}
    counts = node["summed"] & pl.lit(totals["total"]).gather(pl.col("u")).is_not_null()
    points = (pl.col("max_score") - pl.col("min_score")) * node["weight"]
    best = pl.when(node["direction"] == "lower").then("min_score").otherwise("max_score")
    to_best = pl.when(counts & pl.col("attainment").is_not_null()).then((best - pl.col("score")) * node["weight"])
    gains = cells.select(
        "u",
        to_best.alias("to_best"),
        gain_to_median=pl.when(counts).then((pl.col("peer_median") - pl.col("attainment")).clip(0) * points),
        gain_to_best=pl.when(counts).then((pl.col("peer_max") - pl.col("attainment")).clip(0) * points),
    )
    nothing = pl.repeat(None, gains.height, dtype=pl.Int64, eager=True)
    return gains.select("gain_to_median", "gain_to_best").with_columns(
        rank_if_median=_rank_after(gains.select("u", gain="gain_to_median"), totals) if complete else nothing,
        rank_if_max=_rank_after(gains.select("u", gain="to_best"), totals) if complete else nothing,
    )


def _rank_after(gains: pl.DataFrame, totals: pl.DataFrame) -> pl.Series:
    """Return the rank of each unit's total if it grew by ``gain``, the totals of all others unchanged."""
    levels = totals["level"].unique(maintain_order=True)
    numbered = totals.with_columns(level=pl.col("level").cast(pl.Enum(levels)).to_physical())
    unit = {name: pl.lit(numbered[name]).gather(pl.col("u")) for name in ("level", "total", "scale", "ranked_on")}
    moved = gains.select(
        level=unit["level"],
        to=((unit["total"] + pl.col("gain")) * unit["scale"]).round(ROUNDING),
        own=unit["ranked_on"],
    )
    rank = pl.lit(None, pl.Int64)
    for level in range(len(levels)):
        field = numbered.filter(pl.col("level") == level)["ranked_on"].drop_nulls().sort()
        above = len(field) - pl.lit(field).search_sorted(pl.col("to"), side="right").cast(pl.Int64)
        rank = pl.when(pl.col("level") == level).then(above - (pl.col("own") > pl.col("to")) + 1).otherwise(rank)
    return moved.select(pl.when(pl.col("to").is_not_null()).then(rank)).to_series()
