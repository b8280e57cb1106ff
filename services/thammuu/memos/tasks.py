"""Who should do what by when: one lead agency a task, one task for all criteria that need it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thammuu.canonical import derived_id, rounded
from thammuu.rulepack.actions import filled

from .clean import clean_text
from .findings import inside, name_of, place_text, score_text
from .model import Column, Row, Table, Task, TasksSection
from .scope import MAX_IN_BODY
from .weighing import SEVERITIES
from .wording import capital, joined, vietnamese_day

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.rulepack.actions import Action
    from thammuu.rulepack.agencies import Agency

    from .scope import Scope
    from .weighing import Weighed

ACTIONS_PER_FINDING = {"critical": 3, "major": 2, "minor": 1}
"""How many catalogue actions a finding brings; information brings none."""
ACTIONS_WHEN_MANY = {"critical": 3, "major": 1, "minor": 1}
"""The same in a memo with many findings, so that its task list stays one that people read."""
ACTIONS_WHEN_TOO_MANY = {"critical": 1, "major": 1, "minor": 1}
"""The same where the body has no room for all findings."""
MANY_FINDINGS = 10


@dataclass
class _Planned:
    """An action with the findings it answers, while the memo is being built."""

    action: Action
    lead: Agency
    position: int
    answers: list[Weighed] = field(default_factory=list)

    @property
    def severity(self) -> int:
        return min(SEVERITIES.index(one.finding.severity) for one in self.answers)

    @property
    def gain(self) -> float:
        return sum(one.recoverable for one in self.answers)

    @property
    def no_figure(self) -> bool:
        return all(one.recoverable == 0 for one in self.answers)

    def order(self) -> tuple[bool, float, int, int]:
        """Return the sort key: a zero without known maximum first, then gain per effort."""
        urgent = self.no_figure and self.severity == 0
        return (not urgent, -self.gain / self.action.effort, self.action.effort, self.position)


def tasks_of(scope: Scope) -> tuple[Task, ...]:
    """Return the memo's tasks, grouped by lead agency, the group with the most gain per effort first."""
    planned = [one for one in _plan(scope) if one.action.cause != "outside"]
    groups: dict[str, list[_Planned]] = {}
    for one in sorted(planned, key=_Planned.order):
        groups.setdefault(one.lead.id, []).append(one)
    ordered = [one for group in groups.values() for one in group]
    return tuple(_task(scope, number, one) for number, one in enumerate(ordered, start=1))


def _plan(scope: Scope) -> list[_Planned]:
    planned: dict[str, _Planned] = {}
    answered_domains: set[tuple[str, str]] = set()
    findings = [one for one in scope.weighed if one.finding.severity in ACTIONS_PER_FINDING]
    limits = _limits(len(findings))
    leaves_first = sorted(findings, key=lambda one: not one.on_leaf)
    for one in leaves_first:
        framework = one.view.framework
        domain = (framework.id, framework.domain_of(one.node.code).code)
        if not one.on_leaf and domain in answered_domains:
            continue
        actions = _actions_for(scope, one)[: limits[one.finding.severity]]
        if actions and one.on_leaf:
            answered_domains |= {domain, (framework.id, framework.root.code)}
        for action in actions:
            lead = scope.agencies.holder(action.lead, scope.as_of)
            planned.setdefault(action.id, _Planned(action, lead, len(planned))).answers.append(one)
    return list(planned.values())


def _limits(findings: int) -> dict[str, int]:
    if findings <= MANY_FINDINGS:
        return ACTIONS_PER_FINDING
    return ACTIONS_WHEN_MANY if findings <= MAX_IN_BODY else ACTIONS_WHEN_TOO_MANY


def _actions_for(scope: Scope, one: Weighed) -> tuple[Action, ...]:
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


def _task(scope: Scope, number: int, planned: _Planned) -> Task:
    action = planned.action
    deadline = action.deadline.after(scope.as_of, scope.catalogue.calendar)
    gain = planned.gain
    return Task(
        number=number,
        id=derived_id("task", scope.unit.id, scope.round, action.id),
        action_id=action.id,
        lead_id=planned.lead.id,
        lead=capital(planned.lead.name_for(scope.kind)),
        coordinating=tuple(_coordinating(scope, planned)),
        sentence=_filled(scope, action.task),
        output=_filled(scope, action.output),
        basis="; ".join(text.short() for text in scope.catalogue.legal.citable(action.legal, scope.as_of)),
        criteria="; ".join(_criterion(scope, one) for one in planned.answers),
        concepts=tuple(dict.fromkeys(one.node.concept for one in planned.answers)),
        finding_ids=tuple(one.finding.id for one in planned.answers),
        deadline=deadline,
        deadline_text=vietnamese_day(deadline),
        effort=action.effort,
        gain_points=rounded(gain) if gain else None,
    )


def _filled(scope: Scope, text: str) -> str:
    return clean_text(filled(text, scope.agencies, scope.kind, scope.as_of), limit=600).rstrip(".")


def _coordinating(scope: Scope, planned: _Planned) -> Iterator[str]:
    seen = {planned.lead.id}
    for name in planned.action.coordinating:
        agency = scope.agencies.holder(name, scope.as_of)
        if agency.id in seen:
            continue
        seen.add(agency.id)
        asked = " (đề nghị)" if scope.issuer.assigns and agency.verb == "ask" else ""
        yield f"{capital(agency.name_for(scope.kind))}{asked}"


def _criterion(scope: Scope, one: Weighed) -> str:
    """Return the criterion with its score; a domain known by its rank alone is told by it."""
    measured = score_text(one) if one.score is not None or one.on_leaf else place_text(one)
    name = f"{name_of(one)} ({measured})" if measured else name_of(one)
    return name if len(scope.views) == 1 else f"{one.view.framework.short_title.vi}: {inside(name)}"


def tasks_section(scope: Scope, numeral: str, table_number: int) -> TasksSection | None:
    """Return the section, None without tasks."""
    tasks = tasks_of(scope)
    if not tasks:
        return None
    title = "PHÂN CÔNG NHIỆM VỤ" if scope.issuer.assigns else "ĐỀ XUẤT PHÂN CÔNG"
    return TasksSection(
        heading=f"{numeral}. {title}",
        paragraphs=_paragraphs(scope, tasks, table_number),
        table=_table(scope, tasks, f"Bảng {table_number}. {title.capitalize()}"),
        tasks=tasks,
        not_assigned=_outside(scope),
    )


def _paragraphs(scope: Scope, tasks: tuple[Task, ...], table_number: int) -> tuple[str, ...]:
    where = f"tại Bảng {table_number}"
    if scope.issuer.assigns:
        asked = sorted({task.lead for task in tasks if scope.agencies.agencies[task.lead_id].verb == "ask"})
        opening = f"{capital(scope.issuer_name)} giao các cơ quan, địa phương chủ trì thực hiện nhiệm vụ {where}."
        if asked:
            opening = f"{opening.rstrip('.')}; đề nghị {joined(asked)} chủ trì nhiệm vụ được nêu tên."
    else:
        opening = f"Đề nghị {scope.committee} xem xét, giao các cơ quan, địa phương thực hiện các nhiệm vụ nêu {where}."
    surveyed = any(one.node.surveyed for one in scope.weighed)
    caution = (
        "Điểm số đo bằng điều tra xã hội học dùng để nhận diện vấn đề, không phải là chỉ tiêu giao cho cơ quan nào."
    )
    return (f"{opening} {caution}",) if surveyed else (opening,)


def _cited(scope: Scope) -> str:
    """Return the full citations behind the table's short ones, the highest text first."""
    legal = scope.catalogue.legal
    texts = {text.id: text for one in _plan(scope) for text in legal.citable(one.action.legal, scope.as_of)}
    cited = "; ".join(text.citation() for text in sorted(texts.values(), key=lambda text: text.order()))
    return f"Văn bản được dẫn: {cited}." if cited else ""


def _answered_levels(scope: Scope, tasks: tuple[Task, ...]) -> str:
    """Return each index's own names of the levels that the tasks answer."""
    ids = {finding for task in tasks for finding in task.finding_ids}
    leaves_first = sorted(
        (one for one in scope.weighed if one.finding.id in ids and one.node.level != "total"),
        key=lambda one: not one.on_leaf,
    )
    names = dict.fromkeys(one.view.framework.level_names[one.node.level].vi for one in leaves_first)
    return capital(", ".join(names)) or "Chỉ số"


def _table(scope: Scope, tasks: tuple[Task, ...], caption: str) -> Table:
    columns = (
        Column(title="STT", width=5.5, align="center"),
        Column(title="Cơ quan chủ trì", width=14),
        Column(title="Cơ quan phối hợp", width=18),
        Column(title="Nhiệm vụ, sản phẩm", width=34),
        Column(title=f"{_answered_levels(scope, tasks)} (điểm)", width=18),
        Column(title="Thời hạn (trước ngày)", width=12, align="center"),
    )
    return Table(caption=caption, columns=columns, rows=tuple(_row(task) for task in tasks), note=_cited(scope))


def _row(task: Task) -> Row:
    what = [f"{task.sentence}.", f"Sản phẩm: {task.output}."]
    if task.basis:
        what.append(f"Căn cứ: {task.basis}.")
    return Row(
        cells=(
            str(task.number),
            task.lead,
            "; ".join(task.coordinating),
            "\n".join(what),
            task.criteria,
            task.deadline_text,
        )
    )


def _outside(scope: Scope) -> tuple[str, ...]:
    """Return sentences on what the unit does not control: shown, not assigned."""
    names = [
        clean_text(filled(one.action.task, scope.agencies, scope.kind, scope.as_of)).rstrip(".")
        for one in _plan(scope)
        if one.action.cause == "outside"
    ]
    return tuple(f"Nội dung ngoài thẩm quyền của địa phương, nêu để theo dõi: {name}." for name in names)
