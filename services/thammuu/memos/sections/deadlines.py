"""When tasks are due: counted from the memo's day; in a correction a task that did not change keeps its day."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thammuu.memos.model import Task
    from thammuu.memos.scope import Scope
    from thammuu.memos.sections.chosen import Chosen


def deadline_of(scope: Scope, chosen: Chosen) -> date:
    """Return a task's last day: that of the memo it corrects, unless it has passed; else counted from the memo's day.

    Args:
        scope: The memo.
        chosen: The task's action, with the agency that leads it.
    """
    counted = chosen.action.deadline.after(scope.as_of, scope.catalogue.calendar)
    before = _before(scope).get((chosen.action.id, chosen.lead.id))
    return before.deadline if before is not None and before.deadline > scope.as_of else counted


def kept_and_passed(scope: Scope, tasks: Sequence[Task]) -> tuple[list[Task], list[Task]]:
    """Return the tasks that keep the day of the memo corrected, and those whose day there has passed."""
    before = _before(scope)
    same = [(task, before[key]) for task in tasks if (key := (task.action_id, task.lead_id)) in before]
    kept = [task for task, then in same if then.deadline > scope.as_of]
    return kept, [task for task, then in same if then.deadline <= scope.as_of]


def _before(scope: Scope) -> dict[tuple[str, str], Task]:
    """Return the tasks of the memo that this one corrects, by action and lead agency: another lead is another task."""
    corrected = scope.since.own(scope.body.id) if scope.since else None
    return {(task.action_id, task.lead_id): task for task in corrected.model.tasks} if corrected else {}
