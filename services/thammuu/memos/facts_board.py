"""The facts of a publication as the memos of its units ask for them: computed once, for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from thammuu.memos.facts_rows import FactsRows
from thammuu.memos.nearest import Neighbours
from thammuu.memos.view import SAME_TOTAL, BestPeer, Climber, NearPeer, scale_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from thammuu.rulepack.units import UnitRegistry

_LEADERS = 2
"""The best unit and the next: one of them is not the memo's own unit."""
_CLIMBERS = 3
_NAMES = ("code", "unit_id", "unit_code")
_FIGURES = ("score", "attainment", "rank", "delta", "previous_score", "previous_attainment")


class Peers(TypedDict):
    """What a view holds of other units."""

    best_peer: dict[str, BestPeer]
    climbers: dict[str, tuple[Climber, ...]]
    near: dict[str, NearPeer]


@dataclass(frozen=True)
class FactsBoard:
    """The stored facts of a publication, with what every unit's memo asks of the others.

    Args:
        facts: All facts.
        roots: Those of the totals, sorted by unit.
        best: Node code → the units with the best attainment.
        climbers: Node code → the units whose attainment rose most.
        neighbours: Who is near whom by the previous total.
        totals: The totals on the full scale of all units that have one: those that ranks are made of, rising, rounded
            as they are compared.
        unscored: How many units have none.
        aggregates: Rows that are no units: label → node code → score.
        silenced: Unit → firings of rules that a person silenced.
    """

    facts: FactsRows
    roots: pl.DataFrame
    best: dict[str, list[dict[str, Any]]]
    climbers: dict[str, list[dict[str, Any]]]
    neighbours: Neighbours
    totals: tuple[float, ...]
    unscored: int
    aggregates: Mapping[str, Mapping[str, float]]
    silenced: Mapping[str, int]

    @property
    def units(self) -> frozenset[str]:
        """The units of the publication."""
        return self.facts.units

    def rows(self, unit_id: str) -> list[dict[str, Any]]:
        """Return a unit's facts, one mapping a node; none for a unit that the publication lacks."""
        return self.facts.of(unit_id)

    @classmethod
    def of(  # noqa: PLR0913  what a publication is, beside its facts
        cls,
        facts: pl.DataFrame | Iterable[pl.DataFrame],
        root: str,
        *,
        complete: bool,
        aggregates: Mapping[str, Mapping[str, float]],
        silenced: Mapping[str, int],
        full: float | None = None,
    ) -> FactsBoard:
        """Return the board of a publication's facts.

        Args:
            facts: All facts, or parts of them; all rows of a unit in the same part.
            root: The code of the total.
            complete: Whether all units are there; of some units only, nobody is known to be the best.
            aggregates: See the class.
            silenced: See the class.
            full: The maximum of the total; None leaves totals as they are.
        """
        import polars as pl

        parts = [facts] if isinstance(facts, pl.DataFrame) else facts
        rows, roots, compared = _taken(parts, root)
        compared = compared if complete else compared.clear()
        totals = (roots if complete else roots.clear()).select("total", _maximum(full)).rows()
        return cls(
            facts=rows,
            roots=roots,
            best=_leaders(compared, "attainment", _LEADERS),
            climbers=_leaders(_risen(compared), "delta", _CLIMBERS + 1),
            neighbours=Neighbours.of(compared, root),
            totals=tuple(
                sorted(round(total * scale_of(full, own), SAME_TOTAL) for total, own in totals if total is not None)
            ),
            unscored=sum(total is None for total, _own in totals),
            aggregates=aggregates,
            silenced=silenced,
        )

    def peers(self, units: UnitRegistry, unit_id: str) -> Peers:
        """Return what a unit's memo tells of the others."""
        best = {code: [one for one in found if one["unit_id"] != unit_id] for code, found in self.best.items()}
        climbed = {code: [one for one in found if one["unit_id"] != unit_id] for code, found in self.climbers.items()}
        return {
            "best_peer": {
                code: BestPeer(units.get(found[0]["unit_id"]), found[0]["score"])
                for code, found in best.items()
                if found
            },
            "climbers": {
                code: tuple(
                    Climber(units.get(one["unit_id"]), one["score"], one["delta"], one["previous_score"], one["rank"])
                    for one in found[:_CLIMBERS]
                )
                for code, found in climbed.items()
                if found
            },
            "near": {
                one["code"]: NearPeer(units.get(one["unit_id"]), one["score"], one["rank"])
                for one in self.neighbours.best_near(unit_id)
            },
        }


def _taken(parts: Iterable[pl.DataFrame], root: str) -> tuple[FactsRows, pl.DataFrame, pl.DataFrame]:
    """Return the facts, those of the totals, and what units are compared by, the latter two sorted by unit."""
    import polars as pl

    facts, roots, compared = FactsRows(), list[pl.DataFrame](), list[pl.DataFrame]()
    for part in parts:
        facts.add(part)
        roots.append(part.filter(pl.col("code") == root))
        figures = [name for name in _FIGURES if name in part.columns]
        compared.append(part.select(pl.col(_NAMES).cast(pl.Categorical), *figures))
    by_unit = pl.col("unit_id").cast(pl.String)
    return facts, pl.concat(roots).sort(by_unit), pl.concat(compared).sort(by_unit, maintain_order=True)


def _maximum(full: float | None) -> pl.Expr:
    import polars as pl

    return pl.lit(None).alias("max_score") if full is None else pl.col("max_score")


def _risen(compared: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return compared.filter(pl.col("delta") > 0)


def _leaders(frame: pl.DataFrame, by: str, many: int) -> dict[str, list[dict[str, Any]]]:
    import polars as pl

    held = frame.filter(pl.col(by).is_not_null()).sort(
        by, pl.col("unit_code").cast(pl.String), descending=[True, False]
    )
    top = held.group_by("code", maintain_order=True).head(many)
    leaders: dict[str, list[dict[str, Any]]] = {}
    for one in top.select("code", "unit_id", "score", "delta", "previous_score", "rank").to_dicts():
        leaders.setdefault(one["code"], []).append(one)
    return leaders
