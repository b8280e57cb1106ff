"""A phiếu báo: one page with the results, the gravest findings and the main tasks, as many as it has room for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Chart, Item, Paragraph, Section, Sentence
from thammuu.memos.sections.criteria import inside
from thammuu.memos.sections.slip_room import fits_a_page
from thammuu.memos.weighing import Weighed
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import FindingLine, Task
    from thammuu.memos.scope import Scope

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Slip:
    """What a slip tells.

    Args:
        sections: Its sections.
        tasks: The tasks among them: it is addressed to those who lead them.
    """

    sections: list[Section]
    tasks: tuple[Task, ...]


def slip_of(
    scope: Scope, standings: Sequence[Section], lines: tuple[FindingLine, ...], tasks: tuple[Task, ...]
) -> Slip:
    """Return the slip with the most main tasks and findings that one page has room for; results are all told.

    Args:
        scope: The memo.
        standings: The sections on standing, without numbers.
        lines: The findings.
        tasks: All tasks.
    """
    results = [_together(scope, standings)] if scope.merged else [_without_chart(one) for one in standings]
    main = _main_tasks(scope, tasks)
    slip = Slip(results, ())
    for asked, shown in _choices(len(main)):
        slip = Slip([*results, *_findings(scope, lines, shown), *_tasks(scope, main[:asked])], main[:asked])
        if fits_a_page(scope, slip.sections, slip.tasks):
            break
    return slip


def _choices(tasks: int) -> Iterator[tuple[int, int]]:
    """Yield how many tasks and findings to try: all main tasks as long as one finding stands beside them."""
    for asked in range(tasks, -1, -1):
        yield from ((asked, shown) for shown in range(_SHOWN, 0, -1))


def _main_tasks(scope: Scope, tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Return the first tasks; where units have merged, the first of each of them."""
    if not scope.merged:
        return tasks[:_SHOWN]
    found: list[Task] = []
    for part in scope.parts:
        own = {one.finding.id for one in part.weighed}
        found += [task for task in tasks if own.intersection(task.finding_ids)][:1]
    return tuple(task for task in tasks if task in found)


def _findings(scope: Scope, lines: tuple[FindingLine, ...], shown: int) -> list[Section]:
    items = tuple(Item(sentence=_worst(scope, line)) for line in _gravest(scope, lines)[:shown])
    heading = scope.words.say("Nội dung cần chú ý", "What calls for attention")
    return [Section(kind="findings", heading=heading, blocks=items)] if items else []


def _tasks(scope: Scope, tasks: tuple[Task, ...]) -> list[Section]:
    items = tuple(Item(sentence=_first(scope, task)) for task in tasks)
    asked = ("Nhiệm vụ chính", "Main tasks") if scope.issuer.assigns else ("Nhiệm vụ đề xuất", "Proposed tasks")
    return [Section(kind="tasks", heading=scope.words.say(*asked), blocks=items)] if items else []


def _without_chart(standing: Section) -> Section:
    return standing.model_copy(update={"blocks": tuple(b for b in standing.blocks if not isinstance(b, Chart))})


def _together(scope: Scope, standings: Sequence[Section]) -> Section:
    """Return the lines of all former units under one heading; each begins with the unit's name."""
    blocks = (block for one in standings for block in one.blocks)
    lines = tuple(Item(sentence=block.sentence) for block in blocks if isinstance(block, Paragraph))
    heading = scope.words.say("Kết quả của các đơn vị hợp thành", "Results of the former units")
    return Section(kind="standing", heading=heading, blocks=lines)


def _former(scope: Scope, unit_id: str) -> str:
    return next(part.unit_name for part in scope.parts if part.unit.id == unit_id)


def _gravest(scope: Scope, lines: tuple[FindingLine, ...]) -> list[FindingLine]:
    """Return the gravest findings of all parts together."""
    by_id = {line.id: line for line in lines}
    return [by_id[one.finding.id] for one in sorted(scope.weighed, key=Weighed.order)[:_SHOWN]]


def _worst(scope: Scope, line: FindingLine) -> Sentence:
    name, told = line.name, line.remark
    if scope.merged:  # no room for more than the remark's first sentence
        name, told = f"{capital(_former(scope, line.unit_id))}, {inside(name)}", told.partition(". ")[0]
    return Sentence(text=f"{name}: {inside(told)}.", because=(f"finding:{line.id}",))


def _first(scope: Scope, task: Task) -> Sentence:
    text = scope.words.say(
        "{lead}: {sentence}; hoàn thành trước ngày {by}.",
        "{lead}: {sentence}; to be done before {by}.",
        lead=task.lead,
        sentence=inside(task.sentence),
        by=task.deadline_text,
    )
    return Sentence(text=text, because=(because.action(task.action_id), because.agency(task.lead_id), because.CALENDAR))
