"""Which actions of the catalogue answer a memo's findings: each action once, for all findings that need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thammuu.memos.weighing import MAX_IN_BODY, SEVERITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thammuu.memos.scope import Scope
    from thammuu.memos.weighing import Weighed
    from thammuu.rulepack.actions import Action
    from thammuu.rulepack.agencies import Agency

ACTIONS_PER_FINDING = {"critical": 3, "major": 2, "minor": 1}
"""How many catalogue actions a finding brings; information brings none."""
ACTIONS_WHEN_MANY = {"critical": 3, "major": 1, "minor": 1}
"""The same in a memo with many findings, so that its task list stays one that people read."""
ACTIONS_WHEN_TOO_MANY = {"critical": 1, "major": 1, "minor": 1}
"""The same where the body has no room for all findings."""
MANY_FINDINGS = 10
MAX_TASKS_IN_BODY = 20
"""More tasks than these stand in an annex."""


@dataclass
class Chosen:
    """An action with the findings it answers, while the memo is being built."""

    action: Action
    lead: Agency
    position: int
    answers: list[Weighed] = field(default_factory=list)

    @property
    def severity(self) -> int:
        """The gravest severity answered."""
        return min(SEVERITIES.index(one.finding.severity) for one in self.answers)

    @property
    def gain(self) -> float:
        """The points that could be recovered."""
        return sum(one.recoverable for one in self.answers)

    def order(self) -> tuple[bool, float, int, int]:
        """Return the sort key: a zero without known maximum first, then gain per effort."""
        no_figure = all(one.recoverable == 0 for one in self.answers)
        urgent = no_figure and self.severity == 0
        return (not urgent, -self.gain / self.action.effort, self.action.effort, self.position)


def tasks_in_annex(scope: Scope) -> bool:
    """Return whether the task table stands in an annex: in a plan, and where there are many."""
    tasks = sum(one.action.cause != "outside" for one in scope.chosen)
    return tasks > (0 if scope.form == "ke-hoach" else MAX_TASKS_IN_BODY)


def chosen_actions(scope: Scope) -> list[Chosen]:
    """Return the actions that answer the findings of all parts, in the findings' order.

    A domain's own finding brings an action only where no criterion below it has one.
    """
    chosen: dict[str, Chosen] = {}
    answered: set[tuple[str, str, str]] = set()
    findings = [one for one in scope.weighed if one.finding.severity in ACTIONS_PER_FINDING]
    limits = _limits(len(findings))
    for one in sorted(findings, key=lambda one: not one.on_leaf):
        domain, root = _domain_and_root(one)
        if not one.on_leaf and domain in answered:
            continue
        actions = actions_for(scope, one)[: limits[one.finding.severity]]
        if actions and one.on_leaf:
            answered |= {domain, root}
        for action in actions:
            lead = scope.agencies.holder(action.lead, scope.as_of)
            chosen.setdefault(action.id, Chosen(action, lead, len(chosen))).answers.append(one)
    return list(chosen.values())


def _domain_and_root(one: Weighed) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    unit, framework = one.view.unit_id, one.view.framework
    codes = framework.domain_of(one.node.code).code, framework.root.code
    return (unit, framework.id, codes[0]), (unit, framework.id, codes[1])


def _limits(findings: int) -> dict[str, int]:
    if findings <= MANY_FINDINGS:
        return ACTIONS_PER_FINDING
    return ACTIONS_WHEN_MANY if findings <= MAX_IN_BODY else ACTIONS_WHEN_TOO_MANY


def actions_for(scope: Scope, one: Weighed) -> tuple[Action, ...]:
    """Return the actions on the finding's own concept, else on the nearest node above that has any."""
    framework = one.view.framework
    code: str | None = one.node.code
    while code is not None:
        node = framework.node(code)
        found = scope.catalogue.answering(node.concept)
        if found:
            return found
        code = node.parent
    return ()


def by_lead(chosen: Iterable[Chosen]) -> list[Chosen]:
    """Return actions grouped by lead agency, the group with the most gain per effort first."""
    groups: dict[str, list[Chosen]] = {}
    for one in sorted(chosen, key=Chosen.order):
        groups.setdefault(one.lead.id, []).append(one)
    return [one for group in groups.values() for one in group]
