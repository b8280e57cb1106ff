"""Figures of a unit's peers: quantiles, extremes and ranks of the others, one sort for a whole publication.

The values of each slot (a node within a part of the units) are sorted once. Leaving a unit out then only shifts
the places above its own, so that every leave-one-out figure is read off the same ladder.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.scoring import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Collection

    from thammuu.analysis.peer_groups import PeerGroup

QUARTER, MIDDLE, THREE_QUARTERS = 0.25, 0.5, 0.75
PEER_SPREAD = ("peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max", "peer_mean")


@dataclass(frozen=True)
class Ladder:
    """Values sorted within slots.

    Args:
        rungs: The sorted values, slot after slot, nulls last in each.
        places: One row a cell, in the cells' order: ``value``, ``place`` among the slot's values, ``start`` of the
            slot, ``n`` values in it, ``lower`` and ``higher`` values (rounded to 1e-9), ``others`` to compare with.
    """

    rungs: pl.Series
    places: pl.DataFrame


def ladder(values: pl.Series, slot: pl.Series, *, ranked: bool) -> Ladder:
    """Sort values within slots.

    Args:
        values: One value a cell, or null.
        slot: The slot of each cell; null for cells that are compared with nothing.
        ranked: Also count lower and higher values.
    """
    cells = pl.DataFrame({"slot": slot, "value": values}).with_row_index("cell")
    slots = cells.group_by("slot", maintain_order=True).agg(
        pl.col("cell").gather(pl.col("value").arg_sort(nulls_last=True)),
        n=pl.col("value").count(),
        size=pl.len(),
        sum=pl.col("value").sum(),
    )
    slots = slots.with_columns(start=pl.col("size").cum_sum() - pl.col("size"))
    order = slots["cell"].explode().cast(pl.UInt32)
    line = pl.select(at=pl.int_range(len(order), dtype=pl.UInt32), value=values.gather(order))
    # The cells of a slot stand together, so its figures are repeated instead of joined.
    line = line.hstack(slots.select(pl.col("n", "start", "sum").repeat_by("size").explode()))
    line = line.with_columns(place=pl.col("at") - pl.col("start"))
    counts = ["place", "start", "n"]
    if ranked:
        line = line.with_columns(**_neighbours())
        counts += ["lower", "higher"]
    back = pl.repeat(0, len(values), dtype=pl.UInt32, eager=True).scatter(order, line["at"])
    places = line.select(pl.col(counts).cast(pl.Int64), "sum")[back].with_columns(value=values)
    if slot.null_count():
        compared = slot.is_not_null()
        places = places.with_columns(n=pl.when(compared).then("n"))
    return Ladder(line["value"], places.with_columns(others=pl.col("n") - pl.col("value").is_not_null()))


def _neighbours() -> dict[str, pl.Expr]:
    """Counts of lower and higher values, from where a run of equal values begins and ends."""
    value, at, start = pl.col("value").round(ROUNDING), pl.col("at"), pl.col("start")
    begins = (value != value.shift(1)) | (at == start)
    ends = (value != value.shift(-1)) | (at == start + pl.col("n") - 1)
    known = pl.col("value").is_not_null()
    first = pl.when(begins.fill_null(value=True)).then(at).forward_fill()
    last = pl.when(ends.fill_null(value=True)).then(at).backward_fill()
    return {"lower": pl.when(known).then(first - start), "higher": pl.when(known).then(start + pl.col("n") - 1 - last)}


def quantile_of_others(steps: Ladder, share: float) -> pl.Expr:
    """Return the quantile of the other values, by linear interpolation between the closest two."""
    others, own, start = pl.col("others"), pl.col("place"), pl.col("start")
    at = (others - 1).clip(0) * share
    low = at.floor().cast(pl.Int64)
    high = pl.min_horizontal(low + 1, (others - 1).clip(0))
    rungs = pl.lit(steps.rungs)
    below = rungs.gather((start + low + (low >= own)).clip(0, len(steps.rungs) - 1))
    above = rungs.gather((start + high + (high >= own)).clip(0, len(steps.rungs) - 1))
    return pl.when(others > 0).then(below + (above - below) * (at - low))


def peer_columns(steps: Ladder, group: PeerGroup, wanted: Collection[str]) -> pl.DataFrame:
    """Return ``peers_n peer_min … percentile`` of every cell, null where the peers are too few.

    Args:
        steps: A ranked ladder of attainment within the group's parts.
        group: Says how many peers are needed.
        wanted: The columns that are needed.
    """
    start, n, own = pl.col("start"), pl.col("n"), pl.col("value")
    rungs, end = pl.lit(steps.rungs), max(len(steps.rungs) - 1, 0)
    lowest = start + (pl.col("place") == 0)
    highest = start + n - 1 - (pl.col("place") == n - 1)
    figures = {
        "peer_min": rungs.gather(lowest.clip(0, end)),
        "peer_p25": quantile_of_others(steps, QUARTER),
        "peer_median": quantile_of_others(steps, MIDDLE),
        "peer_p75": quantile_of_others(steps, THREE_QUARTERS),
        "peer_max": rungs.gather(highest.clip(0, end)),
        "peer_mean": (pl.col("sum") - own.fill_null(0.0)) / pl.col("others"),
        "rank_in_peers": pl.col("higher") + 1,
        "percentile": pl.col("lower") / pl.col("others"),
    }
    figures["gap_to_median"] = own - figures["peer_median"]
    enough = pl.col("others") >= max(group.min_peers, 1)
    kept = {name: pl.when(enough).then(figure) for name, figure in figures.items() if name in wanted}
    return steps.places.select(pl.col("others").alias("peers_n"), **kept)


def median_of_others(values: pl.Series, slot: pl.Series, group: PeerGroup) -> pl.Series:
    """Return the median of the peers' values, null where fewer than the group needs have one."""
    steps = ladder(values, slot, ranked=False)
    enough = pl.col("others") >= max(group.min_peers, 1)
    return steps.places.select(pl.when(enough).then(quantile_of_others(steps, MIDDLE))).to_series()


def named_peer_columns(values: pl.DataFrame, pairs: pl.DataFrame, width: int, group: PeerGroup) -> pl.DataFrame:
    """Return the peer columns and ``peer_delta`` where every unit has its own list of peers.

    Args:
        values: ``u k attainment delta`` of every cell.
        pairs: ``u peer``: who is whose peer.
        width: Number of nodes, so that a cell is ``u * width + k``.
        group: Says how many peers are needed.
    """
    beside = values.select(
        "u", "k", own=pl.col("attainment").round(ROUNDING), cell=pl.int_range(pl.len(), dtype=pl.UInt32)
    ).join(pairs, on="u")
    theirs = pl.col("peer") * width + pl.col("k")
    beside = beside.with_columns(
        value=pl.lit(values["attainment"]).gather(theirs), delta=pl.lit(values["delta"]).gather(theirs)
    )
    value, rounded = pl.col("value"), pl.col("value").round(ROUNDING)
    known = pl.col("own").is_not_null().first()
    figures = beside.group_by("cell").agg(
        peers_n=value.count().cast(pl.Int64),
        deltas=pl.col("delta").count(),
        peer_min=value.min(),
        peer_p25=value.quantile(QUARTER, "linear"),
        peer_median=value.quantile(MIDDLE, "linear"),
        peer_p75=value.quantile(THREE_QUARTERS, "linear"),
        peer_max=value.max(),
        peer_mean=value.mean(),
        rank_in_peers=pl.when(known).then((rounded > pl.col("own")).sum().cast(pl.Int64) + 1),
        percentile=pl.when(known).then((rounded < pl.col("own")).sum() / value.count()),
        peer_delta=pl.col("delta").median(),
    )
    cells = values.select("attainment", cell=pl.int_range(pl.len(), dtype=pl.UInt32))
    laid = cells.join(figures, on="cell", how="left", maintain_order="left")
    enough = pl.col("peers_n") >= max(group.min_peers, 1)
    names = [*PEER_SPREAD, "rank_in_peers", "percentile"]
    return laid.select(
        "peers_n",
        *(pl.when(enough).then(pl.col(name)).alias(name) for name in names),
        gap_to_median=pl.when(enough).then(pl.col("attainment") - pl.col("peer_median")),
        peer_delta=pl.when(pl.col("deltas") >= max(group.min_peers, 1)).then(pl.col("peer_delta")),
    )
