"""What earlier periods say: the previous score of the same concept, and how long a unit has been low."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.peer_figures import QUARTER
from thammuu.analysis.peer_groups import NATIONAL
from thammuu.analysis.peer_ladder import Ladder, ladder
from thammuu.analysis.scoring import ROUNDING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thammuu.analysis.scoring import Grid


def cells_before(now: Grid, before: Grid) -> pl.Series:
    """Return for each cell the row of the same unit and concept in an earlier grid, null where it has none."""
    unit = _positions(now.units["unit_id"], before.units["unit_id"])
    node = _positions(now.nodes["concept"], before.nodes["concept"])
    place = pl.lit(unit).gather(pl.col("u")) * before.nodes.height + pl.lit(node).gather(pl.col("k"))
    return now.cells.select(place).to_series()


def _positions(names: pl.Series, among: pl.Series) -> pl.Series:
    where = {name: at for at, name in enumerate(among)}
    return pl.Series([where.get(name) for name in names], dtype=pl.UInt32)


def level_slots(grid: Grid, part: pl.Series) -> pl.Series:
    """Return the slot of each cell: its node within the part of the units its unit is in."""
    parts = (part.max() or 0) + 1  # type: ignore[operator]  # numbers of parts
    return grid.cells.select(pl.col("k") * parts + pl.lit(part).gather(pl.col("u"))).to_series()


def trend_columns(now: Grid, ranks: pl.Series, before: Grid | None, ranks_before: pl.Series | None) -> pl.DataFrame:
    """Return ``previous_period previous_score previous_attainment delta rank_change`` of every cell.

    Args:
        now: The publication.
        ranks: Its ranks, computed or published.
        before: The index's previous period.
        ranks_before: Its ranks.
    """
    if before is None or ranks_before is None:
        empty = dict.fromkeys(("previous_score", "previous_attainment", "delta"), pl.lit(None, pl.Float64))
        empty |= {"previous_period": pl.lit(None, pl.String), "rank_change": pl.lit(None, pl.Int64)}
        return now.cells.select("u").with_columns(**empty).drop("u")
    place = cells_before(now, before)
    known = pl.lit(now.nodes["concept"].is_in(before.nodes["concept"].implode())).gather(pl.col("k"))
    past = before.cells["attainment"].gather(place)
    return now.cells.select(
        previous_period=pl.when(known).then(pl.lit(before.source.period.text)),
        previous_score=before.cells["score"].gather(place),
        previous_attainment=past,
        delta=pl.col("attainment") - past,
        rank_change=ranks_before.gather(place) - ranks,
    )


def periods_below(now: Grid, steps: Ladder, earlier: Iterable[tuple[Grid, Ladder]]) -> pl.Series:
    """Return how many published periods in a row, this one the last, attainment was below the national p25.

    Args:
        now: The publication.
        steps: Its national ladder.
        earlier: Earlier periods with their national ladders, newest first; a missing score or concept ends the run.
    """
    running = _below(steps)
    run = running.cast(pl.Int64)
    for grid, ladder_then in earlier:
        if not running.any() or not grid.source.complete:
            break
        low = _below(ladder_then)
        running &= low.gather(cells_before(now, grid)).fill_null(value=False)
        run += running.cast(pl.Int64)
    return run


def national_ladder(grid: Grid) -> Ladder:
    """Return the ladder of attainment among all units of a level."""
    levels = grid.units["unit_level"]
    part = levels.cast(pl.Enum(levels.unique(maintain_order=True))).to_physical().cast(pl.UInt32)
    return ladder(grid.cells["attainment"], level_slots(grid, part))


def _below(steps: Ladder) -> pl.Series:
    quarter = steps.quantile_of_others(QUARTER, NATIONAL.min_peers).round(ROUNDING)
    return (steps.rungs.round(ROUNDING) < quarter).fill_null(value=False)[steps.back]
