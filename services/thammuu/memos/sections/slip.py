"""A phiếu báo: one page with the results, the gravest findings and the first tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Chart, Item, Section, Sentence
from thammuu.memos.sections.criteria import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.memos.model import FindingLine, Task
    from thammuu.memos.scope import Scope

_SHOWN = 3


def slip_sections(
    scope: Scope, standings: Sequence[Section], lines: tuple[FindingLine, ...], tasks: tuple[Task, ...]
) -> list[Section]:
    """Return the slip's sections: nothing that needs a second page."""
    short = [
        one.model_copy(update={"blocks": tuple(b for b in one.blocks if not isinstance(b, Chart))}) for one in standings
    ]
    worst = [Item(sentence=_worst(line)) for line in lines[:_SHOWN]]
    asked = ("Nhiệm vụ chính", "Main tasks") if scope.issuer.assigns else ("Nhiệm vụ đề xuất", "Proposed tasks")
    first = [Item(sentence=_first(scope, task)) for task in tasks[:_SHOWN]]
    more = [
        Section(
            kind="findings",
            heading=scope.words.say("Nội dung cần chú ý", "What calls for attention"),
            blocks=tuple(worst),
        )
    ]
    more += [Section(kind="tasks", heading=scope.words.say(*asked), blocks=tuple(first))]
    return [*short, *(section for section in more if section.blocks)]


def _worst(line: FindingLine) -> Sentence:
    return Sentence(text=f"{line.name}: {inside(line.remark)}.", because=(f"finding:{line.id}",))


def _first(scope: Scope, task: Task) -> Sentence:
    text = scope.words.say(
        "{lead}: {sentence}; hoàn thành trước ngày {by}.",
        "{lead}: {sentence}; to be done before {by}.",
        lead=task.lead,
        sentence=inside(task.sentence),
        by=task.deadline_text,
    )
    return Sentence(text=text, because=(because.action(task.action_id), because.agency(task.lead_id), because.CALENDAR))
