"""Scores of every node: sums from their parts, and attainment on each node's scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from thammuu.canonical import FIGURE_DECIMALS

if TYPE_CHECKING:
    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.rulepack.frameworks import Framework, Node

ROUNDING = FIGURE_DECIMALS
"""Decimals to which values are rounded before they are ranked, compared with one another or seen by a rule."""


@dataclass(frozen=True)
class Grid:
    """A full rectangle of units × nodes: row ``u * nodes.height + k``.

    Args:
        source: The published period.
        nodes: One row a node, in framework order: ``code concept level method direction min_score max_score
            weight`` (of the whole path) ``summed`` (to the total) ``leaf``.
        units: One row a unit, in code order.
        cells: ``u k score published published_rank min_score max_score attainment``.
    """

    source: IndexPeriod
    nodes: pl.DataFrame
    units: pl.DataFrame
    cells: pl.DataFrame

    def of_nodes(self, places: pl.Series) -> Grid:
        """Return the same with some of the nodes only, given by their places in framework order."""
        here = pl.int_range(self.units.height * len(places), dtype=pl.UInt32, eager=True)
        k = here % len(places)
        row = here // len(places) * self.nodes.height + places.gather(k)
        return Grid(self.source, self.nodes[places], self.units, self.cells[row].with_columns(k=k))

    @property
    def has_root(self) -> bool:
        """Whether the total is among the nodes; then it is the first one."""
        return self.nodes.height > 0 and self.nodes["code"][0] == self.source.framework.root.code


def score_grid(source: IndexPeriod) -> Grid:
    """Return scores and attainment of every node for every unit of the publication."""
    nodes = node_table(source.framework)
    units = source.units.sort("unit_code", "unit_id")
    printed = _printed_cells(source, nodes, units)
    scaled = _scores(source.framework, nodes, printed)
    cells = printed.select("u", "k", "published_rank", published="score").hstack(scaled)
    return Grid(source, nodes, units, cells.with_columns(attainment=_attainment(nodes)))


def node_table(framework: Framework) -> pl.DataFrame:
    """Return the framework's nodes as a frame, with the weight of each node's whole path to the total."""
    weights: dict[str | None, float] = {}
    for node in framework.nodes:
        weights[node.code] = 1.0 if node.parent is None else node.weight * weights[node.parent]
    rows = [
        (
            node.code,
            node.concept,
            node.level,
            node.method,
            node.direction,
            node.min,
            node.max,
            weights[node.code],
            framework.summed_to_total(node.code),
            framework.is_leaf(node.code),
            node.bounds == "soft",
        )
        for node in framework.nodes
    ]
    text, number = pl.String, pl.Float64
    schema = {"code": text, "concept": text, "level": text, "method": text, "direction": text, "min_score": number}
    schema |= {"max_score": number, "weight": number, "summed": pl.Boolean, "leaf": pl.Boolean, "soft": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _printed_cells(source: IndexPeriod, nodes: pl.DataFrame, units: pl.DataFrame) -> pl.DataFrame:
    size, width = units.height * nodes.height, nodes.height
    place = pl.col("unit_id").cast(pl.Enum(units["unit_id"]), strict=False).to_physical().cast(pl.UInt32) * width
    place += pl.col("code").cast(pl.Enum(nodes["code"]), strict=False).to_physical().cast(pl.UInt32)
    rows = source.scores.select(
        "score", "published_rank", place=place, inapplicable=pl.col("status") == "not-applicable"
    ).drop_nulls("place")
    cell = pl.int_range(size, dtype=pl.UInt32, eager=True)
    row = pl.int_range(rows.height, dtype=pl.UInt32, eager=True)
    printed = rows.drop("place")[pl.repeat(None, size, dtype=pl.UInt32, eager=True).scatter(rows["place"], row)]
    return printed.select(
        pl.lit(cell // width).alias("u"),
        pl.lit(cell % width).alias("k"),
        "score",
        "published_rank",
        pl.col("inapplicable").fill_null(value=False),
    )


def _scores(framework: Framework, nodes: pl.DataFrame, printed: pl.DataFrame) -> pl.DataFrame:
    """Return ``score min_score max_score`` of every cell.

    A leaf that does not apply to a unit leaves both the sum and the scale of the nodes above it.
    """
    scale = nodes[printed["k"]].select("min_score", "max_score")
    computed = [node for node in framework.nodes if not framework.is_leaf(node.code) and node.aggregate != "published"]
    if not computed:
        return printed.select("score").hstack(scale)
    partly = bool(printed["inapplicable"].any())
    wide = _summed(framework, _wide(printed, scale, nodes.height, partly=partly), partly=partly)
    score = _long(wide, "s", nodes.height)
    if not partly:
        return score.rename({"s": "score"}).hstack(scale)
    return score.hstack([_long(wide, part, nodes.height).to_series() for part in ("lo", "hi")]).rename(
        {"s": "score", "lo": "min_score", "hi": "max_score"}
    )


def _wide(printed: pl.DataFrame, scale: pl.DataFrame, width: int, *, partly: bool) -> pl.DataFrame:
    parts = {"s": printed["score"]}
    if partly:
        parts |= {"na": printed["inapplicable"], "lo": scale["min_score"], "hi": scale["max_score"]}
    return pl.DataFrame(
        {f"{part}{k}": column.gather_every(width, k) for part, column in parts.items() for k in range(width)}
    )


def _long(wide: pl.DataFrame, part: str, width: int) -> pl.DataFrame:
    return wide.select(pl.concat_arr([f"{part}{k}" for k in range(width)]).alias(part)).explode(part)


def _summed(framework: Framework, wide: pl.DataFrame, *, partly: bool) -> pl.DataFrame:
    number = {node.code: k for k, node in enumerate(framework.nodes)}
    for node in reversed(framework.nodes):
        if framework.is_leaf(node.code) or node.aggregate == "published":
            continue
        parts = [(number[child.code], child.weight) for child in framework.children(node.code)]
        at, mean, lenient = number[node.code], node.aggregate == "mean", framework.partial_total_allowed
        if partly:
            wide = wide.with_columns(_scale_left(framework, node, number))
        wide = wide.with_columns(_combined(parts, mean=mean, lenient=lenient, partly=partly).alias(f"s{at}"))
        if partly:
            wide = wide.with_columns(pl.all_horizontal([f"na{k}" for k, _ in parts]).alias(f"na{at}"))
    return wide


def _combined(parts: list[tuple[int, float]], *, mean: bool, lenient: bool, partly: bool) -> pl.Expr:
    counted = [pl.lit(value=True) if not partly else ~pl.col(f"na{k}") for k, _ in parts]
    if lenient:
        counted = [use & pl.col(f"s{k}").is_not_null() for use, (k, _) in zip(counted, parts, strict=True)]
    points = [pl.col(f"s{k}") * weight for k, weight in parts]
    if lenient or partly:
        points = [pl.when(use).then(point).otherwise(0.0) for use, point in zip(counted, points, strict=True)]
    total = pl.sum_horizontal(points, ignore_nulls=False)
    if mean:
        total /= pl.sum_horizontal(
            [use.cast(pl.Float64) * weight for use, (_, weight) in zip(counted, parts, strict=True)]
        )
    return pl.when(pl.any_horizontal(counted)).then(total) if lenient or partly else total


def _scale_left(framework: Framework, node: Node, number: dict[str, int]) -> list[pl.Expr]:
    """Return the node's own scale less what its parts lost, for a sum; a mean keeps its scale.

    A part that does not apply loses its whole scale, another what it lost itself.
    """
    if node.aggregate == "mean":
        return []
    lost: dict[str, list[pl.Expr]] = {"lo": [], "hi": []}
    for part in framework.children(node.code):
        at, bounds = number[part.code], {"lo": part.min, "hi": part.max}
        for end, bound in bounds.items():
            left = (pl.lit(bound) - pl.col(f"{end}{at}")).fill_null(0.0)
            whole = pl.lit(bound, pl.Float64)
            lost[end].append(pl.when(pl.col(f"na{at}")).then(whole).otherwise(left) * part.weight)
    at = number[node.code]
    return [pl.col(f"{end}{at}") - pl.sum_horizontal(lost[end], ignore_nulls=False) for end in ("lo", "hi")]


def _attainment(nodes: pl.DataFrame) -> pl.Expr:
    """(score − min) / (max − min), turned round where lower is better; null out of soft bounds."""
    node = {name: pl.lit(nodes[name]).gather(pl.col("k")) for name in ("direction", "soft")}
    low, high, score = pl.col("min_score"), pl.col("max_score"), pl.col("score")
    share = (score - low) / pl.when(high > low).then(high - low)
    turned = pl.when(node["direction"] == "lower").then(1 - share).otherwise(share)
    usable = node["direction"].ne("none") & ~(node["soft"] & ~share.is_between(-1e-9, 1 + 1e-9))
    return pl.when(usable).then(turned)
