"""What a memo needs to know of one publication, filled by whoever reads the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from thammuu.analysis.findings import Finding
    from thammuu.rulepack.frameworks import Framework

Facts = dict[str, Any]
"""One row of the facts table: one unit, one node."""


@dataclass(frozen=True, slots=True)
class HistoryPoint:
    """A unit's total in one period, with its rank where it has one.

    Args:
        n: How many units were ranked; None when the publication does not say.
        published: Whether the rank is the publisher's or the press's, not our own computation.
    """

    period: str
    total: float | None
    rank: int | None
    n: int | None
    published: bool = False


@dataclass(frozen=True, slots=True)
class BestPeer:
    """The unit with the best attainment on a node, the memo's own unit left out.

    Args:
        unit_name: Named as of the memo's date, with "(trước sắp xếp)" where it has merged since: see ``dated_name``.
    """

    unit_id: str
    unit_name: str
    score: float


@dataclass(frozen=True, slots=True)
class Climber:
    """The unit whose attainment rose most on a node since the previous period, the memo's own unit left out."""

    unit_id: str
    unit_name: str
    score: float
    delta: float


@dataclass(frozen=True, slots=True)
class PartResult:
    """What a unit that merged into the memo's unit had in the period before: shown as it was, never averaged.

    Args:
        unit_name: Named as of the memo's date, with "(trước sắp xếp)".
    """

    unit_name: str
    period: str
    total: float | None
    rank: int | None
    n: int | None


@dataclass(frozen=True)
class PublicationView:
    """One index's latest publication as one unit sees it.

    Args:
        facts: The unit's rows of the facts table with national peers, every node, the total included.
        findings: The findings raised on the unit in this publication.
        history: Earlier periods and this one, oldest first.
        best_peer: By node code.
        climbers: By node code.
        totals: The totals of all units that have one, the unit's own included.
        parts: The units that merged into this one since the period before, in code order.
        silenced: How many findings a person silenced for this unit.
        aggregates: Rows that are not units, such as the national mean: label → score by node code.
    """

    framework: Framework
    publication_id: str
    period: str
    revision: int
    complete: bool
    published_on: date
    facts: Sequence[Facts]
    findings: Sequence[Finding]
    history: Sequence[HistoryPoint] = ()
    best_peer: Mapping[str, BestPeer] = field(default_factory=dict)
    climbers: Mapping[str, Climber] = field(default_factory=dict)
    totals: Sequence[float] = ()
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


@dataclass(frozen=True, slots=True)
class SinceLast:
    """What became of the last memo: finished sentences without their full stop, from the follow-up stage.

    Args:
        replaces: The number and date of a memo this one corrects, as "số …/BNV-CCHC ngày …"; empty otherwise.
    """

    items: tuple[str, ...] = ()
    replaces: str = ""
