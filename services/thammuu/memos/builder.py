"""From findings to a memo: a pure function, the same inputs give the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos.forms import LABELS
from thammuu.memos.model import Annex, MemoModel, Section
from thammuu.memos.numbering import Numbering, numbered_headings
from thammuu.memos.scope import Part, Scope
from thammuu.memos.sections import letter
from thammuu.memos.sections.chosen import tasks_in_annex
from thammuu.memos.sections.closing import closing
from thammuu.memos.sections.findings import annex_tables, finding_lines, findings_section
from thammuu.memos.sections.gain import gain_section
from thammuu.memos.sections.left_out import left_out_section
from thammuu.memos.sections.plan import plan_grounds, plan_opening, plan_sections
from thammuu.memos.sections.practice import practice_section
from thammuu.memos.sections.since import since_section
from thammuu.memos.sections.slip import slip_of
from thammuu.memos.sections.standing import standing_section
from thammuu.memos.sections.tasks import tasks_of, tasks_section, tasks_table
from thammuu.memos.weighing import MAX_IN_BODY
from thammuu.memos.wording import WORDS, capital, roman

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from thammuu.memos.model import FindingLine, Form, Language, Sentence, Table, Task
    from thammuu.memos.view import PublicationView, SinceLast
    from thammuu.rulepack.actions import ActionCatalogue
    from thammuu.rulepack.agencies import AgencyRegister
    from thammuu.rulepack.issuers import Issuer
    from thammuu.rulepack.units import Unit

_LEAST_IN_PART = 5


def build_memo(  # noqa: PLR0913  a memo has that many inputs, all named
    *,
    body: Unit,
    round_name: str,
    as_of: date,
    parts: Sequence[tuple[Unit, Sequence[PublicationView]]],
    catalogue: ActionCatalogue,
    agencies: AgencyRegister,
    issuer: Issuer,
    memo_id: str,
    templates_hash: str,
    pack_hash: str,
    program: str = "",
    language: Language = "vi",
    form: Form | None = None,
    checkpoint: str | None = None,
    since: SinceLast | None = None,
    number: int | None = None,
    draft: bool = True,
) -> MemoModel:
    """Return the memo of one unit and round.

    Args:
        body: Who answers for the scores on the memo's date.
        round_name: The publications answered together, usually a year.
        as_of: The memo's date: offices, law, names and practice are those of that day.
        parts: Each scored unit, the body itself or a unit that has merged into it, with the latest publication of
            each index it has.
        catalogue: The tasks, with legal texts, working days and practice.
        agencies: Who holds which duty when.
        issuer: Who signs.
        memo_id: The memo's id, shown at the foot of each page.
        templates_hash: What the memo is printed with.
        pack_hash: The rule pack.
        program: Name and version of the program that writes it.
        language: Of the edition.
        form: Which form; the issuer's own when None.
        checkpoint: The ledger's checkpoint, one line; None before there is one.
        since: What came before this memo.
        number: The number in the issuer's register; None leaves room for it.
        draft: Whether "DỰ THẢO" shows.
    """
    words = WORDS[language]
    room = max(MAX_IN_BODY // max(len(parts), 1), _LEAST_IN_PART)
    scope = Scope(
        body=body,
        round=round_name,
        as_of=as_of,
        parts=[Part(unit, sorted(views, key=letter.printing_order), as_of, words, room) for unit, views in parts],
        catalogue=catalogue,
        agencies=agencies,
        issuer=issuer,
        since=since,
        words=words,
        form=form or issuer.form,
    )
    tasks, lines = tasks_of(scope), finding_lines(scope)
    told, opening, sections, tables = _content(scope, tasks, lines)
    return MemoModel(
        form=scope.form,
        language=language,
        draft=draft,
        round=round_name,
        dated=as_of,
        issuer=issuer.id,
        title=letter.title(scope, has_tasks=bool(told)),
        unit=letter.unit_line(scope),
        labels=LABELS[language],
        letterhead=letter.letterhead(scope, number, has_tasks=bool(told)),
        document_title=letter.document_title(scope, has_tasks=bool(told)),
        addressees=letter.addressees(scope, told),
        grounds=plan_grounds(scope) if scope.form == "ke-hoach" else (),
        opening=opening,
        sections=numbered_headings(sections),
        closing=closing(scope, tasks),
        signature=letter.signature(scope),
        recipients=letter.recipients(scope, told),
        annexes=_annexes(scope, tables, number),
        findings=lines,
        tasks=tasks,
        provenance=letter.provenance(scope, memo_id, checkpoint, templates_hash, pack_hash).model_copy(
            update={"program": program}
        ),
    )


_Content = tuple["tuple[Task, ...]", "tuple[Sentence, ...]", "list[Section]", "dict[str, tuple[Table, ...]]"]
"""The tasks told, what stands before the first heading, the sections, and the tables of each annex by its title."""


def _content(scope: Scope, tasks: tuple[Task, ...], lines: tuple[FindingLine, ...]) -> _Content:
    numbering = Numbering(scope.words)
    if scope.form == "phieu-bao":
        slip = slip_of(scope, _unnumbered_standings(scope), lines, tasks)
        return slip.tasks, letter.opening(scope, slip.tasks), slip.sections, {}
    annexes = _annex_tables(scope, tasks, numbering)
    annex = _annex_name(scope, 1, len(annexes)) if tasks_in_annex(scope) else ""
    if scope.form == "ke-hoach":
        found = _of_parts(findings_section(scope, part, numbering) for part in scope.parts)
        sections = plan_sections(scope, tasks, found, annex or _annex_name(scope, 1, 1))
        return tasks, plan_opening(scope, _unnumbered_standings(scope), tasks), sections, annexes
    return tasks, letter.opening(scope, tasks), _letter_sections(scope, tasks, lines, numbering, annex), annexes


def _annex_tables(scope: Scope, tasks: tuple[Task, ...], numbering: Numbering) -> dict[str, tuple[Table, ...]]:
    """Return the tables of each annex by its title: many tasks first, then the findings the body has no room for."""
    words = scope.words
    found: dict[str, tuple[Table, ...]] = {}
    if tasks_in_annex(scope):
        title = words.say("Phân công nhiệm vụ", "Assignment of tasks")
        if not scope.issuer.assigns:
            title = words.say("Đề xuất phân công", "Proposed assignment of tasks")
        caption = words.say(
            "{table}. Nhiệm vụ và sản phẩm", "{table}. Tasks and outputs", table=numbering.annex_table()
        )
        found[title] = (tasks_table(scope, tasks, caption),)
    beyond = annex_tables(scope, numbering)
    if beyond:
        found[words.say("Các nội dung cần khắc phục khác", "Other findings")] = beyond
    return found


def _unnumbered_standings(scope: Scope) -> list[Section]:
    """Return the standings of a form that prints no chart of them, so that its first figure is figure 1."""
    apart = Numbering(scope.words)
    return _of_parts(standing_section(scope, part, apart) for part in scope.parts)


def _letter_sections(
    scope: Scope, tasks: tuple[Task, ...], lines: tuple[FindingLine, ...], numbering: Numbering, annex: str
) -> list[Section]:
    """Return the sections of a letter: part by part where units have merged, then what concerns all of them."""
    before: list[Section | None] = []
    for part in scope.parts:
        mine = [standing_section(scope, part, numbering), findings_section(scope, part, numbering)]
        if not scope.merged:
            before += mine
            continue
        mine.append(gain_section(scope, part, numbering))
        told = [one.model_copy(update={"level": 2, "unit_id": part.unit.id}) for one in mine if one]
        heading = Section(kind="unit", heading=capital(part.unit_name), unit_id=part.unit.id, blocks=())
        before += [heading, *told] if told else []
    standings = [one for one in before if one and one.kind == "standing"]
    made = [
        *before,
        tasks_section(scope, tasks, numbering, annex),
        *([] if scope.merged else [gain_section(scope, part, numbering) for part in scope.parts]),
        practice_section(scope),
        since_section(scope, standings, lines, tasks),
        left_out_section(scope),
    ]
    return _of_parts(made)


def _of_parts(sections: Iterable[Section | None]) -> list[Section]:
    return [section for section in sections if section is not None]


def _annex_name(scope: Scope, place: int, of: int) -> str:
    name = scope.words.say("Phụ lục", "Annex")
    return name if of == 1 else f"{name} {roman(place)}"


def _annexes(scope: Scope, tables: dict[str, tuple[Table, ...]], number: int | None) -> tuple[Annex, ...]:
    """Return the annexes; a single one has no number."""
    return tuple(
        Annex(
            number=_annex_name(scope, place, len(tables)),
            title=title.upper(),
            reference=letter.reference(scope, number),
            blocks=found,
        )
        for place, (title, found) in enumerate(tables.items(), start=1)
    )
