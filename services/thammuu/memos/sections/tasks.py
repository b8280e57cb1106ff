"""Who should do what by when: one lead agency a task, one task for all criteria that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.canonical import derived_id, rounded
from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.model import Paragraph, Section, Sentence, Task
from thammuu.memos.sections.chosen import by_lead
from thammuu.memos.sections.criteria import inside, name_of, place_text, score_text
from thammuu.memos.sections.deadlines import deadline_of
from thammuu.memos.sections.task_table import tasks_table
from thammuu.memos.wording import capital
from thammuu.rulepack.actions import filled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.numbering import Numbering
    from thammuu.memos.scope import Scope
    from thammuu.memos.sections.chosen import Chosen
    from thammuu.memos.weighing import Weighed
    from thammuu.rulepack.text import Text

__all__ = ["tasks_of", "tasks_section", "tasks_table"]


def tasks_of(scope: Scope) -> tuple[Task, ...]:
    """Return the memo's tasks, grouped by lead agency, the group with the most gain per effort first."""
    chosen = by_lead(one for one in scope.chosen if one.action.cause != "outside")
    return tuple(_task(scope, number, one) for number, one in enumerate(chosen, start=1))


def _task(scope: Scope, number: int, chosen: Chosen) -> Task:
    action, words = chosen.action, scope.words
    deadline = deadline_of(scope, chosen)
    legal = scope.catalogue.legal.citable(action.legal, scope.as_of)
    gain = chosen.gain
    return Task(
        number=number,
        id=derived_id("task", scope.body.id, scope.round, action.id),
        action_id=action.id,
        lead_id=chosen.lead.id,
        lead=capital(scope.agency_name(chosen.lead.id)),
        coordinating=tuple(_coordinating(scope, chosen)),
        sentence=_filled(scope, action.task),
        output=_filled(scope, action.output),
        basis="; ".join(text.short(words.language) for text in legal),
        criteria=_criteria(scope, chosen.answers),
        concepts=tuple(dict.fromkeys(one.node.concept for one in chosen.answers)),
        finding_ids=tuple(one.finding.id for one in chosen.answers),
        deadline=deadline,
        deadline_text=words.day(deadline),
        effort=action.effort,
        gain_points=rounded(gain) if gain else None,
    )


def _filled(scope: Scope, text: Text) -> str:
    said = filled(text, scope.agencies, scope.kind, scope.as_of, scope.words.language)
    return clean_text(said, limit=600).rstrip(".")


def _coordinating(scope: Scope, chosen: Chosen) -> Iterator[str]:
    seen = {chosen.lead.id}
    for name in chosen.action.coordinating:
        agency = scope.agencies.holder(name, scope.as_of)
        if agency.id in seen:
            continue
        seen.add(agency.id)
        asked = scope.words.say(" (đề nghị)", " (on request)") if scope.issuer.assigns and agency.verb == "ask" else ""
        yield f"{capital(scope.agency_name(agency.id))}{asked}"


def _criteria(scope: Scope, answers: Sequence[Weighed]) -> str:
    """Return the criteria with their scores; in a memo of several units each unit in its own line."""
    if not scope.merged:
        return "; ".join(_criterion(scope, one) for one in answers)
    told = []
    for part in scope.parts:
        own = [_criterion(scope, one) for one in answers if scope.part_of(one) is part]
        told += [f"{capital(part.unit_name)}: {'; '.join(own)}"] if own else []
    return "\n".join(told)


def _criterion(scope: Scope, one: Weighed) -> str:
    """Return the criterion with its score; a domain known by its rank alone is told by it."""
    words = scope.words
    told = score_text(words, one) if one.score is not None or one.on_leaf else place_text(words, one)
    name = f"{name_of(words, one)} ({told})" if told else name_of(words, one)
    several = len({view.framework.index for view in scope.views}) > 1
    return f"{words.text(one.view.framework.short_title)}: {inside(name)}" if several else name


def tasks_section(scope: Scope, tasks: tuple[Task, ...], numbering: Numbering, annex: str = "") -> Section | None:
    """Return the section with its table, None without tasks; a table in an annex is named by it."""
    if not tasks:
        return None
    words = scope.words
    if scope.issuer.assigns:
        heading = words.say("Phân công nhiệm vụ", "Assignment of tasks")
    else:
        heading = words.say("Đề xuất phân công", "Proposed assignment of tasks")
    if annex:
        return Section(
            kind="tasks", heading=heading, blocks=(Paragraph(sentence=_opening(scope, tasks, annex)), *_outside(scope))
        )
    name = numbering.table()
    table = tasks_table(scope, tasks, f"{name}. {heading}")
    return Section(
        kind="tasks",
        heading=heading,
        blocks=(Paragraph(sentence=_opening(scope, tasks, name)), table, *_outside(scope)),
    )


def _opening(scope: Scope, tasks: tuple[Task, ...], table: str) -> Sentence:
    words = scope.words
    rests_on = [because.form(scope.form), because.issuer(scope.issuer.id)]
    text = _assigned(scope, tasks, table) if scope.issuer.assigns else _proposed(scope, table)
    rests_on += [because.agency(one) for one in dict.fromkeys(task.lead_id for task in tasks)]
    surveyed = any(one.node.surveyed for one in scope.weighed)
    caution = words.say(
        "Điểm số đo bằng điều tra xã hội học dùng để nhận diện vấn đề, không phải là chỉ tiêu giao cho cơ quan nào.",
        "Scores measured by sociological survey serve to identify problems; they are not targets set for any agency.",
    )
    return Sentence(text=f"{text} {caution}" if surveyed else text, because=tuple(rests_on))


def _assigned(scope: Scope, tasks: tuple[Task, ...], table: str) -> str:
    words = scope.words
    text = words.say(
        "{issuer} giao các cơ quan, địa phương chủ trì thực hiện nhiệm vụ tại {table}.",
        "{issuer} assigns the tasks in {table} to the agencies and localities that lead them.",
        issuer=capital(scope.issuer_name),
        table=table,
    )
    asked = sorted({task.lead for task in tasks if scope.agencies.agencies[task.lead_id].verb == "ask"})
    if not asked:
        return text
    return words.say(
        "{text}; đề nghị {asked} chủ trì nhiệm vụ được nêu tên.",
        "{text}; it asks {asked} to lead the tasks under their names.",
        text=text.rstrip("."),
        asked=words.joined(asked),
    )


def _proposed(scope: Scope, table: str) -> str:
    return scope.words.say(
        "Đề nghị {committee} xem xét, giao các cơ quan, địa phương thực hiện các nhiệm vụ nêu {where}.",
        "{upper} is asked to consider the tasks in {table} and to assign them to its agencies and localities.",
        committee=scope.committee,
        upper=capital(scope.committee),
        where=f"tại {table}",
        table=table,
    )


def _outside(scope: Scope) -> list[Paragraph]:
    """Return sentences on what the unit does not control: shown, not assigned."""
    paragraphs = []
    for one in scope.chosen:
        if one.action.cause == "outside":
            text = scope.words.say(
                "Nội dung ngoài thẩm quyền của địa phương, nêu để theo dõi: {task}.",
                "Outside the authority of the locality, told for information: {task}.",
                task=_filled(scope, one.action.task),
            )
            rests_on = (because.action(one.action.id), *(because.finding(answer) for answer in one.answers))
            paragraphs.append(Paragraph(sentence=Sentence(text=text, because=rests_on)))
    return paragraphs
