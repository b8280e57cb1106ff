"""Simulated scores for benchmarks: no unit, criterion or figure here is real."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.inputs import IndexPeriod
from thammuu.period import Period
from thammuu.rulepack.framework_tree import Framework, Node
from thammuu.rulepack.text import Text

if TYPE_CHECKING:
    from thammuu.rulepack.framework_tree import Level

CRITERIA = 100
DOMAINS = 10
REGIONS = 6
_NAME = Text(vi="mô phỏng", en="simulated")


def simulated_framework() -> Framework:
    """Return a tree of a total, 10 domains and 100 criteria of 2 points each."""
    nodes = [_node("total", "total", None, 2.0 * CRITERIA)]
    for domain in range(1, DOMAINS + 1):
        nodes.append(_node(str(domain), "domain", "total", 2.0 * CRITERIA / DOMAINS))
        nodes += [
            _node(f"{domain}.{criterion}", "criterion", str(domain), 2.0)
            for criterion in range(1, CRITERIA // DOMAINS + 1)
        ]
    return Framework(
        id="simulated-2022",
        index="simulated",
        title=_NAME,
        short_title=_NAME,
        publisher=_NAME,
        nodes=tuple(nodes),
        first_period=None,
        last_period=None,
        label=_NAME,
        level_names=dict.fromkeys(("total", "domain", "criterion"), _NAME),
        unit_level="commune",
        bands=(),
        band_method=None,
        officially_ranked=True,
        partial_total_allowed=False,
        sources=("simulated",),
        hash="simulated",
    )


def _node(code: str, level: Level, parent: str | None, highest: float) -> Node:
    return Node(code, f"simulated.{code}", level, parent, _NAME, min=0.0, max=highest)


def simulated_period(framework: Framework, year: int, units: int) -> IndexPeriod:
    """Return simulated scores: one in a hundred missing, one in a hundred zero, the rest spread over the scale."""
    codes = [node.code for node in framework.leaves]
    size = units * len(codes)
    row = pl.int_range(size, dtype=pl.UInt64, eager=True)
    draw = row.hash(seed=year) % 1_000_003
    frame = pl.DataFrame({"row": row, "draw": draw}).select(
        unit_id=pl.lit(pl.Series([f"simulated-{at:05}" for at in range(units)])).gather(pl.col("row") // len(codes)),
        code=pl.lit(pl.Series(codes)).gather(pl.col("row") % len(codes)),
        score=pl.when(pl.col("draw") % 100 == 1)
        .then(None)
        .when(pl.col("draw") % 100 == 0)
        .then(0.0)
        .otherwise((pl.col("draw") / 1_000_003 * 2).round(6)),
        published_rank=pl.lit(None, pl.Int64),
    )
    scores = frame.with_columns(
        status=pl.when(pl.col("score").is_null()).then(pl.lit("missing")).otherwise(pl.lit("ok"))
    )
    ids = [f"simulated-{at:05}" for at in range(units)]
    described = pl.DataFrame(
        {
            "unit_id": ids,
            "unit_code": [f"{at:05}" for at in range(units)],
            "unit_name": ids,
            "unit_level": ["commune"] * units,
            "region": [f"simulated region {at % REGIONS}" for at in range(units)],
        }
    )
    return IndexPeriod(f"simulated-{year}", framework, Period(str(year)), True, scores, described)  # noqa: FBT003
