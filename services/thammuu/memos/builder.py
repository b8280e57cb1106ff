"""From findings to a memo: a pure function, the same inputs give the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from . import letter
from .clean import clean_text
from .findings import findings_section, tables_of
from .gain import gain_section
from .left_out import left_out_section
from .model import Annex, MemoModel, TextSection
from .practice import practice_section
from .scope import Scope
from .standing import standing_section
from .tasks import tasks_section
from .wording import roman

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from thammuu.rulepack.actions import ActionCatalogue
    from thammuu.rulepack.agencies import AgencyRegister
    from thammuu.rulepack.issuers import Issuer
    from thammuu.rulepack.units import Unit

    from .view import PublicationView, SinceLast

_Section = TypeVar("_Section")


def build_memo(  # noqa: PLR0913  a memo has that many inputs, all named
    *,
    unit: Unit,
    round_name: str,
    as_of: date,
    views: Sequence[PublicationView],
    catalogue: ActionCatalogue,
    agencies: AgencyRegister,
    issuer: Issuer,
    memo_id: str,
    templates_hash: str,
    checkpoint: str | None = None,
    since: SinceLast | None = None,
    successor: Unit | None = None,
    number: int | None = None,
    draft: bool = True,
) -> MemoModel:
    """Return the memo of one unit and round.

    Args:
        unit: Whom it is about.
        round_name: The publications answered together, usually a year.
        as_of: The memo's date: offices, law, names and practice are those of that day.
        views: The latest publication of each index the unit has.
        catalogue: The tasks, with legal texts, working days and practice.
        agencies: Who holds which duty when.
        issuer: Who signs.
        memo_id: The memo's id, shown at the foot of each page.
        templates_hash: What the memo is printed with.
        checkpoint: The ledger's checkpoint, one line; None before there is one.
        since: What became of the last memo.
        successor: Who answers now for a unit that had merged away by the memo's date.
        number: The number in the issuer's register; None leaves room for it.
        draft: Whether "DỰ THẢO" shows.
    """
    ordered = sorted(views, key=lambda view: (not view.framework.officially_ranked, view.framework.index))
    scope = Scope(unit, round_name, as_of, ordered, catalogue, agencies, issuer, since, successor)
    numerals = _Numerals()
    standing = numerals.give(lambda numeral: standing_section(scope, numeral))
    charts_before = 1 if standing and standing.chart else 0
    findings = numerals.give(lambda numeral: findings_section(scope, numeral, charts_before + 1))
    tables_before = len(findings.tables) if findings else 0
    tasks = numerals.give(lambda numeral: tasks_section(scope, numeral, tables_before + 1))
    listed = tasks.tasks if tasks else ()
    gain = numerals.give(lambda numeral: gain_section(scope, numeral))
    practice = numerals.give(lambda numeral: practice_section(scope, numeral))
    since_last = numerals.give(lambda numeral: _since_section(scope, numeral))
    left_out = numerals.give(lambda numeral: left_out_section(scope, numeral))
    if standing and numerals.given == 1:
        standing = standing.model_copy(update={"heading": standing.heading.partition(". ")[2]})
    return MemoModel(
        draft=draft,
        round=round_name,
        dated=as_of,
        title=f"Công văn về {letter.subject(scope, has_tasks=bool(listed))}",
        unit=letter.unit_line(scope),
        labels=letter.LABELS,
        letterhead=letter.letterhead(scope, number, has_tasks=bool(listed)),
        addressees=letter.addressees(scope, listed),
        opening=letter.opening(scope, has_tasks=bool(listed)),
        standing=standing,
        findings=findings,
        tasks=tasks,
        gain=gain,
        practice=practice,
        since=since_last,
        left_out=left_out,
        closing=letter.closing(scope, listed),
        signature=letter.signature(scope),
        recipients=letter.recipients(scope),
        annexes=_annexes(scope, number),
        provenance=letter.provenance(scope, memo_id, checkpoint, templates_hash),
    )


class _Numerals:
    """Hands out I, II, III … to the sections that have content; a section alone needs none."""

    def __init__(self) -> None:
        self.given = 0

    def give(self, section: Callable[[str], _Section | None]) -> _Section | None:
        built = section(roman(self.given + 1))
        self.given += built is not None
        return built


def _since_section(scope: Scope, numeral: str) -> TextSection | None:
    if scope.since is None or not scope.since.items:
        return None
    items = tuple(clean_text(f"{item}.") for item in scope.since.items)
    return TextSection(heading=f"{numeral}. KẾT QUẢ THỰC HIỆN VĂN BẢN TRƯỚC", paragraphs=(), entries=items)


def _annexes(scope: Scope, number: int | None) -> tuple[Annex, ...]:
    """Return the annex with the findings the body has no room for."""
    if not scope.in_annex:
        return ()
    tables = tables_of(scope.in_annex, prefix="Bảng PL", first=1)
    return (
        Annex(
            number="Phụ lục",
            title="CÁC NỘI DUNG CẦN KHẮC PHỤC KHÁC",
            reference=letter.reference(scope, number),
            tables=tables,
        ),
    )
