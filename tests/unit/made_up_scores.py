"""Small made-up frameworks and score tables for the analysis tests."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from thammuu.analysis.inputs import SCORES_SCHEMA, IndexPeriod
from thammuu.period import Period
from thammuu.rulepack.framework_tree import Band, Framework, Node
from thammuu.rulepack.text import Text

NAME = Text(vi="tên", en="name")
BLANK = Framework(
    id="made-up-1",
    index="made-up",
    title=NAME,
    short_title=NAME,
    publisher=NAME,
    nodes=(),
    first_period=None,
    last_period=None,
    label=None,
    level_names=dict.fromkeys(("total", "domain", "criterion", "sub-criterion", "indicator"), NAME),
    unit_level="province",
    bands=(),
    band_method=None,
    officially_ranked=True,
    partial_total_allowed=False,
    sources=(),
    hash="made-up",
)


def node(code: str, parent: str | None = "total", **more: Any) -> Node:  # noqa: ANN401  any field of a node
    level = "total" if parent is None else "domain" if parent == "total" and "." not in code else "criterion"
    given = {"concept": f"c.{code}", "level": level, "name": NAME, "min": 0.0, "max": 10.0} | more
    return Node(code=code, parent=parent, **given)


def framework(*nodes: Node, **more: Any) -> Framework:  # noqa: ANN401  any field of a framework
    """A total over the given nodes; a total of another kind may come first among them."""
    root = () if nodes[0].parent is None else (node("total", None, max=10.0 * len(nodes)),)
    return replace(BLANK, nodes=(*root, *nodes), **more)


def bands(*steps: tuple[str, float]) -> tuple[Band, ...]:
    return tuple(Band(Text(vi=name), start) for name, start in steps)


def period(  # noqa: PLR0913  a table has many sides
    tree: Framework,
    scores: Mapping[str, Mapping[str, float | str | None]],
    *,
    year: int = 2022,
    complete: bool = True,
    ranks: Mapping[tuple[str, str], int] | None = None,
    regions: Mapping[str, str] | None = None,
    levels: Mapping[str, str] | None = None,
) -> IndexPeriod:
    """Scores by unit and code; a text instead of a number is the status of a missing score."""
    rows = [
        (unit, code, *_value(value), (ranks or {}).get((unit, code)))
        for unit, of_unit in scores.items()
        for code, value in ({code: None for ranked, code in ranks or {} if ranked == unit} | dict(of_unit)).items()
    ]
    table = pl.DataFrame(rows, schema=["unit_id", "code", "score", "status", "published_rank"], orient="row")
    units = pl.DataFrame(
        [(unit, unit, unit, (levels or {}).get(unit, "province"), (regions or {}).get(unit)) for unit in scores],
        schema=dict.fromkeys(("unit_id", "unit_code", "unit_name", "unit_level", "region"), pl.String),
        orient="row",
    )
    columns = table.select(pl.col(name).cast(kind) for name, kind in SCORES_SCHEMA.items())
    return IndexPeriod(f"pub-{year}", tree, Period(str(year)), complete, columns, units)


def _value(value: float | str | None) -> tuple[float | None, str]:
    if isinstance(value, str):
        return None, value
    return value, "missing" if value is None else "ok"


def single(values: Sequence[float | None], code: str = "1") -> dict[str, dict[str, float | None]]:
    """Units u00, u01 … with one score each."""
    return {f"u{at:02}": {code: value} for at, value in enumerate(values)}


def cell(facts: pl.DataFrame, unit: str, code: str = "1") -> dict[str, Any]:
    return facts.row(by_predicate=(pl.col("unit_id") == unit) & (pl.col("code") == code), named=True)
