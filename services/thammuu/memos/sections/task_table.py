"""The table of tasks, with the legal texts it cites in full below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Column, Row, Sentence, Table
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from thammuu.memos.model import Task
    from thammuu.memos.scope import Scope
    from thammuu.memos.sections.chosen import Chosen


_WIDTHS = {"vi": (6.2, 13, 17.5, 34, 18, 13), "en": (6.2, 18.6, 19.2, 29.6, 17.4, 15)}
"""Room for the longest words: ``20/12/2022``, ``Communications;``, ``20 December``."""


def tasks_table(scope: Scope, tasks: tuple[Task, ...], caption: str) -> Table:
    """Return the task table under a caption."""
    words = scope.words
    answers = words.say("{levels} (điểm)", "{levels} (score)", levels=_answered_levels(scope, tasks))
    number, lead, others, what, answered, day = _WIDTHS[words.language]
    columns = (
        Column(title=words.say("STT", "No."), width=number, align="center"),
        Column(title=words.say("Cơ quan chủ trì", "Lead agency"), width=lead),
        Column(title=words.say("Cơ quan phối hợp", "Coordinating agencies"), width=others),
        Column(title=words.say("Nhiệm vụ, sản phẩm", "Task and output"), width=what),
        Column(title=answers, width=answered),
        Column(title=words.say("Thời hạn (trước ngày)", "Deadline (before)"), width=day, align="center"),
    )
    chosen = {one.action.id: one for one in scope.chosen}
    rows = tuple(_row(scope, task, chosen[task.action_id]) for task in tasks)
    return Table(caption=caption, columns=columns, rows=rows, note=_cited(scope, list(chosen.values())))


def _row(scope: Scope, task: Task, chosen: Chosen) -> Row:
    words = scope.words
    what = [f"{task.sentence}.", words.say("Sản phẩm: {output}.", "Output: {output}.", output=task.output)]
    if task.basis:
        what.append(words.say("Căn cứ: {basis}.", "Legal basis: {basis}.", basis=task.basis))
    cells = (
        str(task.number),
        task.lead,
        "; ".join(task.coordinating),
        "\n".join(what),
        task.criteria,
        task.deadline_text,
    )
    return Row(cells=cells, because=_rests_on(scope, chosen))


def _rests_on(scope: Scope, chosen: Chosen) -> tuple[str, ...]:
    action = chosen.action
    offices = [scope.agencies.holder(name, scope.as_of).id for name in action.coordinating]
    legal = scope.catalogue.legal.citable(action.legal, scope.as_of)
    found = [ref for one in chosen.answers for ref in (because.finding(one), because.fact(one.view, one.node.code))]
    refs = (
        because.action(action.id),
        *found,
        *(because.agency(office) for office in (chosen.lead.id, *offices)),
        *(because.legal(text.id) for text in legal),
        because.CALENDAR,
    )
    return tuple(dict.fromkeys(refs))


def _cited(scope: Scope, chosen: list[Chosen]) -> Sentence | None:
    """Return the full citations behind the table's short ones, the highest text first."""
    legal = scope.catalogue.legal
    texts = {text.id: text for one in chosen for text in legal.citable(one.action.legal, scope.as_of)}
    if not texts:
        return None
    ordered = sorted(texts.values(), key=lambda text: text.order())
    cited = "; ".join(text.citation(scope.words.language) for text in ordered)
    text = scope.words.say("Văn bản được dẫn: {cited}.", "Texts cited: {cited}.", cited=cited)
    return Sentence(text=text, because=tuple(because.legal(one.id) for one in ordered))


def _answered_levels(scope: Scope, tasks: tuple[Task, ...]) -> str:
    """Return each index's own names of the levels that the tasks answer."""
    ids = {finding for task in tasks for finding in task.finding_ids}
    leaves_first = sorted(
        (one for one in scope.weighed if one.finding.id in ids and one.node.level != "total"),
        key=lambda one: not one.on_leaf,
    )
    names = dict.fromkeys(scope.words.text(one.view.framework.level_names[one.node.level]) for one in leaves_first)
    return capital(", ".join(names)) or scope.words.say("Chỉ số", "Index")
