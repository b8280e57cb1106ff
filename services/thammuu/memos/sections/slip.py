"""A phiếu báo: one page with the results, the gravest findings and the first tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Chart, Item, Paragraph, Section, Sentence
from thammuu.memos.sections.criteria import inside
from thammuu.memos.weighing import Weighed
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import FindingLine, Task
    from thammuu.memos.scope import Scope

_SHOWN = 3


def slip_sections(
    scope: Scope, standings: Sequence[Section], lines: tuple[FindingLine, ...], tasks: tuple[Task, ...]
) -> list[Section]:
    """Return the slip's sections: nothing that needs a second page."""
    short = [_of_former(scope, one) if scope.merged else _without_chart(one) for one in standings]
    worst = [Item(sentence=_worst(scope, line)) for line in _gravest(scope, lines)]
    asked = ("Nhiệm vụ chính", "Main tasks") if scope.issuer.assigns else ("Nhiệm vụ đề xuất", "Proposed tasks")
    # the page has room for the tasks of one unit's slip, not for those of a merged one
    first = [] if scope.merged else [Item(sentence=_first(scope, task)) for task in tasks[:_SHOWN]]
    more = [
        Section(
            kind="findings",
            heading=scope.words.say("Nội dung cần chú ý", "What calls for attention"),
            blocks=tuple(worst),
        )
    ]
    more += [Section(kind="tasks", heading=scope.words.say(*asked), blocks=tuple(first))]
    return [*short, *(section for section in more if section.blocks)]


def _without_chart(standing: Section) -> Section:
    return standing.model_copy(update={"blocks": tuple(b for b in standing.blocks if not isinstance(b, Chart))})


def _of_former(scope: Scope, standing: Section) -> Section:
    """Return the lines alone under the former unit's name, so that they need not name it."""
    name = _former(scope, standing.unit_id)
    return standing.model_copy(
        update={"heading": capital(name), "blocks": tuple(_lines(standing, f"{capital(name)}, "))}
    )


def _lines(standing: Section, beginning: str) -> Iterator[Paragraph]:
    for block in standing.blocks:
        if isinstance(block, Paragraph):
            sentence = block.sentence.model_copy(update={"text": block.sentence.text.removeprefix(beginning)})
            yield Paragraph(sentence=sentence)


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
