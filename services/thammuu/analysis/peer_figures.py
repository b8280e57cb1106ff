"""Figures of a unit's peers: quantiles, extremes and ranks of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.peer_ladder import ladder
from thammuu.analysis.scoring import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Collection

    from thammuu.analysis.peer_groups import PeerGroup
    from thammuu.analysis.peer_ladder import Ladder

QUARTER, MIDDLE, THREE_QUARTERS = 0.25, 0.5, 0.75
PEER_SPREAD = ("peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max", "peer_mean")
_QUANTILES = {"peer_p25": QUARTER, "peer_median": MIDDLE, "peer_p75": THREE_QUARTERS}


def peer_columns(steps: Ladder, group: PeerGroup, wanted: Collection[str]) -> pl.DataFrame:
    """Return ``peers_n peer_min … percentile`` of every cell, null where the peers are too few.

    Args:
        steps: A ladder of attainment within the group's parts.
        group: Says how many peers are needed.
        wanted: The columns that are needed.
    """
    least, others, own = max(group.min_peers, 1), pl.col("peers_n"), pl.lit(steps.rungs)
    names = {*wanted, "peer_median"} if "gap_to_median" in wanted else {*wanted}
    columns = {"peers_n": steps.counts["others"]}
    columns |= {name: steps.quantile_of_others(share, least) for name, share in _QUANTILES.items() if name in names}
    if "peer_min" in names:
        columns["peer_min"] = steps.least_of_others(least)
    if "peer_max" in names:
        columns["peer_max"] = steps.most_of_others(least)
    figures = {
        "peer_mean": (pl.lit(steps.sums) - own.fill_null(0.0)) / others,
        "rank_in_peers": pl.lit(steps.counts["higher"]) + 1,
        "percentile": pl.lit(steps.counts["lower"]) / others,
        "gap_to_median": own - pl.col("peer_median"),
    }
    kept = {name: pl.when(others >= least).then(figure) for name, figure in figures.items() if name in wanted}
    return pl.DataFrame(columns).with_columns(**kept)[steps.back]


def median_of_others(values: pl.Series, slot: pl.Series, group: PeerGroup) -> pl.Series:
    """Return the median of the peers' values, null where fewer than the group needs have one."""
    steps = ladder(values, slot)
    return steps.quantile_of_others(MIDDLE, group.min_peers)[steps.back]


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
