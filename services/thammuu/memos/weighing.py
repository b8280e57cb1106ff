"""Which finding comes first: severity, zeros, then the points that could be recovered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import isclose
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.analysis.findings import Finding
    from thammuu.memos.view import Facts, PublicationView
    from thammuu.rulepack.frameworks import Node

MAX_IN_BODY = 15
"""Findings beyond these go to the annex; the total's own is told by the standing and not counted."""
SEVERITIES = ("critical", "major", "minor", "information")
_SAME = 1e-6


def scale_kept(node: Node, row: Facts) -> bool:
    """Return whether a node's previous score is on its present scale, so that scores may be subtracted.

    The facts hold the previous score and its attainment on the scale of then; on the scale of now they agree only if
    it is the same one.
    """
    previous, attainment = row.get("previous_score"), row.get("previous_attainment")
    if previous is None or attainment is None or node.min is None or node.max is None or node.min == node.max:
        return False
    from_start = node.max - previous if node.direction == "lower" else previous - node.min
    return isclose(from_start / (node.max - node.min), attainment, abs_tol=_SAME)


@dataclass(frozen=True)
class Weighed:
    """A finding with the node and the facts it speaks of."""

    finding: Finding
    view: PublicationView
    node: Node
    row: Facts

    @property
    def on_leaf(self) -> bool:
        """Whether it is on a criterion itself, not on a domain or the total."""
        return self.view.framework.is_leaf(self.node.code)

    @cached_property
    def score(self) -> float | None:
        """The score."""
        score: float | None = self.row.get("score")
        return score

    @cached_property
    def span(self) -> float | None:
        """Length of the scale, None when an end is unknown."""
        return None if self.node.max is None or self.node.min is None else self.node.max - self.node.min

    @cached_property
    def median_score(self) -> float | None:
        """The peers' median turned from attainment into a score."""
        median: float | None = self.row.get("peer_median")
        if median is None or self.span is None or self.node.min is None or self.node.max is None:
            return None
        if self.node.direction == "lower":
            return self.node.max - median * self.span
        return self.node.min + median * self.span

    @property
    def scale_kept(self) -> bool:
        """Whether the previous score is on the same scale."""
        return scale_kept(self.node, self.row)

    @cached_property
    def recoverable(self) -> float:
        """Points to the peer median, else to the maximum; zero when neither is known."""
        for fact in ("gain_to_median", "lost_points"):
            points = self.row.get(fact)
            if points is not None:
                return float(points)
        return 0.0

    def order(self) -> tuple[int, bool, float, str, tuple[tuple[bool, int, str], ...]]:
        """Return the sort key: severity, zeros first, then recoverable points."""
        return (
            SEVERITIES.index(self.finding.severity),
            self.score != 0,
            -self.recoverable,
            self.view.framework.index,
            by_number(self.node.code),
        )


def by_number(code: str) -> tuple[tuple[bool, int, str], ...]:
    """Return the sort key of a code: 1.2 comes before 1.10, numbers before letters."""
    parts = re.findall(r"\d+|[^\d.]+", code)
    return tuple((not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)


def weighed(views: Sequence[PublicationView]) -> tuple[Weighed, ...]:
    """Return the findings of all views, the gravest first."""
    found = [
        Weighed(finding, view, view.framework.node(finding.code), view.row(finding.code))
        for view in views
        for finding in view.findings
    ]
    return tuple(sorted(found, key=Weighed.order))
