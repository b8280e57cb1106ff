"""What a memo needs to know of one publication, filled by whoever reads the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from thammuu.analysis.findings import Finding
    from thammuu.memos.model import MemoModel
    from thammuu.rulepack.frameworks import Framework
    from thammuu.rulepack.units import Unit

Facts = dict[str, Any]
"""One row of the facts table: one unit, one node."""
SAME_TOTAL = 9
"""Totals and gains are compared rounded to this many decimals."""


def scale_of(full: float | None, own: float | None) -> float:
    """Return what brings a total to the full scale, so that totals out of different maxima can be ranked.

    Args:
        full: The maximum of the total.
        own: The unit's own maximum, less than that where a part does not apply to the unit.
    """
    return full / own if full and own and own != full else 1.0


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """A unit's total in one period, with its rank where it has one.

    Args:
        n: How many units were ranked; None when the publication does not say.
        published: Whether the rank is the publisher's or the press's, not our own computation.
        publication_id: Where the total and the rank are from; empty where that is not known.
    """

    period: str
    total: float | None
    rank: int | None
    n: int | None
    published: bool = False
    publication_id: str = ""


@dataclass(frozen=True, slots=True)
class BestPeer:
    """The unit with the best attainment on a node, the memo's own unit left out."""

    unit: Unit
    score: float


@dataclass(frozen=True, slots=True)
class Climber:
    """The unit whose attainment rose most on a node since the previous period, the memo's own unit left out."""

    unit: Unit
    score: float
    delta: float
    previous_score: float | None = None
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class NearPeer:
    """The unit that does best on a node among those nearest to the memo's own by the previous total."""

    unit: Unit
    score: float
    rank: int | None


@dataclass(frozen=True, slots=True)
class PartResult:
    """What a unit that merged into the memo's unit had in the period before: shown as it was, never averaged."""

    unit: Unit
    period: str
    total: float | None
    rank: int | None
    n: int | None
    publication_id: str = ""


@dataclass(frozen=True)
class PublicationView:
    """One index's latest publication as one unit sees it.

    Args:
        unit_id: The unit.
        facts: The unit's rows of the facts table with national peers, every node, the total included.
        findings: The findings raised on the unit in this publication.
        history: Earlier periods and this one, oldest first.
        best_peer: By node code.
        climbers: By node code, the unit that climbed most first.
        near: By node code, the unit with the best attainment among the ten nearest by the previous total.
        totals: The totals on the full scale of all units that have one, the unit's own included: rising, rounded as
            they are compared.
        unscored: How many units of the publication have no total.
        parts: The units that merged into this one since the period before, in code order.
        silenced: How many findings a person silenced for this unit.
        aggregates: Rows that are not units, such as the national mean: label → score by node code.
    """

    framework: Framework
    unit_id: str
    publication_id: str
    period: str
    revision: int
    complete: bool
    published_on: date
    facts: Sequence[Facts]
    findings: Sequence[Finding]
    history: Sequence[HistoryPoint] = ()
    best_peer: Mapping[str, BestPeer] = field(default_factory=dict)
    climbers: Mapping[str, Sequence[Climber]] = field(default_factory=dict)
    near: Mapping[str, NearPeer] = field(default_factory=dict)
    totals: Sequence[float] = ()
    unscored: int = 0
    parts: Sequence[PartResult] = ()
    silenced: int = 0
    aggregates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def row(self, code: str) -> Facts:
        """Return the facts of a node; empty when the publication has none."""
        return next((row for row in self.facts if row["code"] == code), {})

    @property
    def total_row(self) -> Facts:
        """The facts of the total."""
        return self.row(self.framework.root.code)

    @property
    def scale(self) -> float:
        """The full scale of the total by the unit's own: above 1 where a part does not apply to the unit."""
        return scale_of(self.framework.root.max, self.total_row.get("max_score"))

    @property
    def total_on_full_scale(self) -> float | None:
        """The total that ranks are made of."""
        total = self.total_row.get("total")
        return None if total is None else float(total) * self.scale


@dataclass(frozen=True, slots=True)
class Issued:
    """A memo that was issued: what a later one may speak of.

    Args:
        number: In the issuer's register.
    """

    memo_id: str
    version: int
    number: int
    dated: date
    model: MemoModel


@dataclass(frozen=True, slots=True)
class SinceLast:
    """What came before this memo.

    Args:
        corrects: The issued memos of the same round that this one replaces: the unit's own first, then those to
            units that have merged into it.
        previous: The last issued memos of an earlier round, the unit's own and those to units that have merged into
            it; their criteria are looked at again.
        items: What became of its tasks: finished sentences without their full stop, from the follow-up stage.
    """

    corrects: tuple[Issued, ...] = ()
    previous: tuple[Issued, ...] = ()
    items: tuple[str, ...] = ()

    def own(self, unit_id: str) -> Issued | None:
        """Return the unit's own memo among those replaced."""
        return next((one for one in self.corrects if one.model.unit.id == unit_id), None)
