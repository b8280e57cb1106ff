"""The catalogue of facts: every name a rule may use, with its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thammuu.analysis.conditions import Kind

IDENTITY = ("unit_id", "unit_code", "unit_name", "concept", "code", "level")
"""The columns that say whose fact it is."""

PEER_FACTS: dict[str, type[pl.DataType]] = {
    "peers_n": pl.Int64,
    "peer_min": pl.Float64,
    "peer_p25": pl.Float64,
    "peer_median": pl.Float64,
    "peer_p75": pl.Float64,
    "peer_max": pl.Float64,
    "peer_mean": pl.Float64,
    "gap_to_median": pl.Float64,
    "rank_in_peers": pl.Int64,
    "percentile": pl.Float64,
    "peer_delta": pl.Float64,
    "gain_to_median": pl.Float64,
    "gain_to_best": pl.Float64,
    "rank_if_median": pl.Int64,
    "rank_if_max": pl.Int64,
}
"""The facts that depend on the rule's peer group."""

COUNTERFACTUALS = frozenset({"gain_to_median", "gain_to_best", "rank_if_median", "rank_if_max"})
"""The peer facts that say what raising one node would bring."""

FACTS: dict[str, type[pl.DataType]] = {
    "score": pl.Float64,
    "min_score": pl.Float64,
    "max_score": pl.Float64,
    "attainment": pl.Float64,
    "lost_points": pl.Float64,
    "direction": pl.String,
    "level": pl.String,
    "method": pl.String,
    "concept": pl.String,
    "code": pl.String,
    "framework": pl.String,
    "period": pl.String,
    "published_total": pl.Float64,
    "published_rank": pl.Int64,
    "total": pl.Float64,
    "total_rank": pl.Int64,
    "total_n": pl.Int64,
    "band": pl.String,
    "region": pl.String,
    "unit_level": pl.String,
    "rank": pl.Int64,
    "n": pl.Int64,
    **PEER_FACTS,
    "previous_period": pl.String,
    "previous_score": pl.Float64,
    "previous_attainment": pl.Float64,
    "delta": pl.Float64,
    "rank_change": pl.Int64,
    "periods_below": pl.Int64,
}
"""Every fact a rule may use."""

NEVER_NULL = frozenset({"direction", "level", "concept", "code", "framework", "period", "unit_level"})
"""The facts that every cell has."""

_SPREAD = ("peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max", "peer_mean", "peers_n")
_IMPLIED: dict[str, tuple[str, ...]] = {
    "attainment": ("score", "min_score", "max_score"),
    "lost_points": ("score",),
    "delta": ("attainment", "previous_attainment"),
    "previous_attainment": ("previous_score",),
    "previous_score": ("previous_period",),
    "rank_change": ("previous_period",),
    "total_rank": ("total", "total_n"),
    "gap_to_median": ("attainment", "peer_median"),
    "percentile": ("attainment", "peer_median"),
    "rank_in_peers": ("attainment", "peer_median"),
    "gain_to_median": ("attainment", "peer_median"),
    "gain_to_best": ("attainment", "peer_max"),
    **dict.fromkeys(_SPREAD[:-1], _SPREAD),
}


def known_with(names: Iterable[str]) -> frozenset[str]:
    """Return the facts that are not null where the given ones are not."""
    found, waiting = set[str](NEVER_NULL), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_IMPLIED.get(name, ()))
    return frozenset(found)


EVERY_COLUMN = (*IDENTITY, *(name for name in FACTS if name not in IDENTITY))
"""The columns of a table of facts, in order."""


def condition_names(groups: Iterable[str]) -> dict[str, Kind]:
    """Return the names a condition may use, with their kinds: all facts, and those of each peer group."""
    names: dict[str, Kind] = {name: "text" if kind == pl.String else "number" for name, kind in FACTS.items()}
    return names | {f"{group}.{name}": "number" for group in groups for name in PEER_FACTS}
