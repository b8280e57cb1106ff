"""The ledger of recoverable points: criteria below their maximum, by the cause that the catalogue gives."""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.memos.view import PublicationView
    from thammuu.rulepack.actions import Action, ActionCatalogue, Cause
    from thammuu.rulepack.frameworks import Framework, Node

RULE = "not-at-maximum"
"""The rule that says a maximum is a target; an index on which it never fires has no ledger."""
CAUSES: tuple[Cause | None, ...] = ("no-evidence", "filed-late", "not-done", "perception", "outside", None)
"""In printing order; None where the catalogue has no action."""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """The criteria of one cause.

    Args:
        points: What they could still gain.
        actions: Ids of the actions that name the cause.
    """

    cause: Cause | None
    codes: tuple[str, ...]
    points: float
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PointsLedger:
    """What an index's criteria could still gain.

    Args:
        scored: How many criteria have a score.
        lines: By cause, in printing order.
        unknown: Codes of scored criteria whose maximum is not known.
    """

    scored: int
    lines: tuple[CauseLine, ...]
    unknown: tuple[str, ...]

    @property
    def below(self) -> int:
        """How many criteria are below their maximum."""
        return sum(len(line.codes) for line in self.lines)

    @property
    def points(self) -> float:
        """What they could still gain together."""
        return fsum(line.points for line in self.lines)


def points_ledger(view: PublicationView, catalogue: ActionCatalogue) -> PointsLedger | None:
    """Return the ledger of an index; None where the rule of maxima found nothing."""
    if not _has_targets(view):
        return None
    framework = view.framework
    scored = [node for node in framework.leaves if view.row(node.code).get("score") is not None]
    below: dict[Cause | None, list[tuple[Node, Action | None]]] = {}
    for node in scored:
        if _lost(view, node) > 0:
            action = _first_action(framework, node, catalogue)
            below.setdefault(_cause(node, action), []).append((node, action))
    lines = tuple(_line(view, cause, below[cause]) for cause in CAUSES if cause in below)
    unknown = tuple(node.code for node in scored if view.row(node.code).get("max_score") is None)
    return PointsLedger(len(scored), lines, unknown)


def _has_targets(view: PublicationView) -> bool:
    return any(rule == RULE for found in view.findings for rule in (found.rule, *_covered(found.covers)))


def _covered(covers: list[dict[str, object]]) -> Iterator[object]:
    return (cover["rule"] for cover in covers)


def _lost(view: PublicationView, node: Node) -> float:
    row = view.row(node.code)
    if node.direction != "higher" or row.get("max_score") is None:
        return 0.0
    return max(float(row["max_score"]) - float(row["score"]), 0.0)


def _first_action(framework: Framework, node: Node, catalogue: ActionCatalogue) -> Action | None:
    """Return the first action on the criterion itself, else on the nearest node above that has any."""
    here: Node | None = node
    while here is not None:
        found = catalogue.answering(here.concept)
        if found:
            return found[0]
        here = framework.node(here.parent) if here.parent is not None else None
    return None


def _cause(node: Node, action: Action | None) -> Cause | None:
    """Return the action's cause; a survey is people's view unless an action of its own says otherwise."""
    if node.surveyed and (action is None or node.concept not in action.answers):
        return "perception"
    return action.cause if action else None


def _line(view: PublicationView, cause: Cause | None, found: list[tuple[Node, Action | None]]) -> CauseLine:
    return CauseLine(
        cause=cause,
        codes=tuple(node.code for node, _action in found),
        points=fsum(_lost(view, node) for node, _action in found),
        actions=tuple(dict.fromkeys(action.id for _node, action in found if action)),
    )
