"""Read a score file: the whole of it is accepted, or nothing is and every error is listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from thammuu.errors import Place
from thammuu.i18n import _
from thammuu.intake.collector import Collector
from thammuu.intake.criteria import CriterionFinder
from thammuu.intake.csv_rows import csv_table
from thammuu.intake.entities import EntityFinder
from thammuu.intake.files import kind_of, open_regular
from thammuu.intake.layout import LongLayout, find_layout
from thammuu.intake.limits import LIMITS, Limits
from thammuu.intake.long_rows import LongReader
from thammuu.intake.problems import Problems, refuse
from thammuu.intake.setting import Setting
from thammuu.intake.submission import Submission
from thammuu.intake.wide_rows import WideReader
from thammuu.printable import printable

if TYPE_CHECKING:
    from datetime import date
    from typing import BinaryIO

    from thammuu.intake.table import Table
    from thammuu.period import Period
    from thammuu.rulepack.frameworks import Framework
    from thammuu.rulepack.units import UnitRegistry

_NAMED_ABSENT = 10


def read_submission(  # noqa: PLR0913  what the caller of a publication knows
    path: Path | str,
    *,
    framework: Framework,
    units: UnitRegistry,
    period: Period,
    partial: bool | None = None,
    units_as_of: date | None = None,
    sheet: str | None = None,
    limits: Limits = LIMITS,
) -> Submission:
    """Read a CSV or XLSX file of scores, long or wide.

    Args:
        path: The file.
        framework: The index's edition for the period.
        units: Who can be scored.
        period: The period the scores are of.
        partial: True for press figures of some units, False for a complete publication that lacks some; None
            accepts only a file with every unit of the level.
        units_as_of: The date the units are read as of; the period's last day if None.
        sheet: The workbook's sheet, where several could be meant.
        limits: How much a file may hold.

    Raises:
        BadInputError: With every problem found.
    """
    path = Path(path)
    problems = Problems(printable(str(path)))
    criteria = CriterionFinder(framework)
    as_of = units_as_of or period.end
    with open_regular(path, limits) as stream:
        table = _table(stream, path, criteria, problems, sheet=sheet, limits=limits)
        entities = EntityFinder(units, as_of, framework.unit_level)
        collector = Collector(table, framework, entities, problems)
        _read_rows(Setting(table, criteria, entities, period, problems), collector)
    complete = _is_complete(collector, framework, partial, problems)
    problems.raise_if_any()
    return Submission(
        index=framework.index,
        framework_id=framework.id,
        period=period,
        complete=complete,
        units_as_of=as_of,
        scores=collector.scores(),
        aggregates=collector.aggregates(),
        sources=_sources(table, problems, limits),
        warnings=problems.warnings,
    )


def _table(  # noqa: PLR0913  what the two kinds of file need
    stream: BinaryIO,
    path: Path,
    criteria: CriterionFinder,
    problems: Problems,
    *,
    sheet: str | None,
    limits: Limits,
) -> Table:
    def understood(table: Table) -> int:
        layout = find_layout(table, criteria)
        return layout.understood if layout else 0

    if kind_of(stream, path) == "csv":
        return csv_table(stream, problems.file, problems, understood, limits)
    from thammuu.intake.workbook import Workbook, choose_sheet

    return choose_sheet(Workbook(stream, problems.file, limits), understood, sheet)


def _read_rows(setting: Setting, collector: Collector) -> None:
    layout = find_layout(setting.table, setting.criteria)
    if layout is None:
        text = _("a header row: a column of units (entity_name, Tỉnh …) and criteria, a score, a total or a rank")
        setting.problems.raise_if_any()
        refuse("no-header", text, setting.table.place(1))
    if isinstance(layout, LongLayout):
        LongReader(setting, layout).read(collector)
    else:
        WideReader(setting, layout).read(collector)
    collector.finish()


def _sources(table: Table, problems: Problems, limits: Limits) -> list[str]:
    """Return the sources the file names, each once; what is too long or too much is cut with a warning."""
    named = list(dict.fromkeys(table.sources))
    most, longest, place = limits.sources, limits.source_characters, Place(problems.file)
    if len(named) > most:
        problems.warn("sources-cut", _("at most {count} sources; the rest was left out").format(count=most), place)
    for source in named[:most]:
        if len(source) > longest:
            text = _("a source of at most {count} characters; the rest was cut").format(count=longest)
            problems.warn("sources-cut", text, place, source)
    return [printable(one if len(one) <= longest else one[: longest - 1] + "…") for one in named[:most]]


def _is_complete(collector: Collector, framework: Framework, partial: bool | None, problems: Problems) -> bool:  # noqa: FBT001  the caller's word
    place = Place(problems.file)
    if collector.is_empty:
        if not problems.error_count:
            problems.error("no-scores", _("rows with the scores of units, of this index and period"), place)
        return False
    if partial:
        return False
    absent = collector.absent_units()
    if absent:
        names = ", ".join(absent[:_NAMED_ABSENT]) + (" …" if len(absent) > _NAMED_ABSENT else "")
        if partial is None:
            text = _(
                "every unit; {count} are absent. Say --partial if only some are published, or give them rows with KCDL"
            )
            problems.error("units-absent", text.format(count=len(absent)), place, names)
        else:
            text = _("every unit; {count} are absent from this complete publication").format(count=len(absent))
            problems.warn("units-absent", text, place, names)
    leaves = collector.absent_leaves(framework)
    if leaves:
        text = _("every criterion; {count} have no figures").format(count=len(leaves))
        problems.warn("criteria-absent", text, place, ", ".join(leaves[:_NAMED_ABSENT]))
    return True
