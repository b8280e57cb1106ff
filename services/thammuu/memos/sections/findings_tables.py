"""The tables of findings: one an index, the gravest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.model import Column, Row, Table
from thammuu.memos.sections.criteria import DEPTH, change_text, name_of, period_of, remark, score_text
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from thammuu.memos.scope import Part
    from thammuu.memos.view import PublicationView
    from thammuu.memos.weighing import Weighed

_MEDIAN, _BEST, _CHANGE = "median", "best", "change"
_MEDIAN_WIDTH = {"vi": 8.2, "en": 9.5}


def views_of(found: Iterable[Weighed]) -> list[PublicationView]:
    """Return the publications of some findings, each once, in the findings' order."""
    return list({id(one.view): one.view for one in found}.values())


def tables_of(part: Part, found: Sequence[Weighed], name: Callable[[], str], *, named: bool) -> tuple[Table, ...]:
    """Return one table an index, in the order of each index's gravest finding.

    Args:
        part: Whose findings they are.
        found: The findings; those on criteria are told.
        name: Gives each table its name: ``Bảng 1``.
        named: Whether captions name the unit.
    """
    on_leaves = [one for one in found if one.on_leaf]
    return tuple(
        _table(part, view, [one for one in on_leaves if one.view is view], _caption(part, view, name(), named=named))
        for view in views_of(on_leaves)
    )


def _caption(part: Part, view: PublicationView, name: str, *, named: bool) -> str:
    about = period_of(part.words, view)
    of_unit = part.words.say("{about} của {unit}", "{about} of {unit}", about=about, unit=part.unit_name)
    return f"{name}. {of_unit if named else about}"


def _table(part: Part, view: PublicationView, found: Sequence[Weighed], caption: str) -> Table:
    shown = _shown(view, found)
    rows = tuple(_row(part, place, one, shown) for place, one in enumerate(found, start=1))
    return Table(caption=caption, columns=_columns(part, view, found, shown), rows=rows)


def _shown(view: PublicationView, found: Sequence[Weighed]) -> frozenset[str]:
    """Return which of the columns that need more than the unit's own score have anything to show."""
    compared = bool(_since(view)) and (view.complete or any(one.row.get("previous_score") is not None for one in found))
    columns = {
        _MEDIAN: any(one.median_score is not None for one in found),
        _BEST: any(one.node.code in view.best_peer for one in found),
        _CHANGE: compared,
    }
    return frozenset(name for name, present in columns.items() if present)


def _since(view: PublicationView) -> str:
    return next((row["previous_period"] for row in view.facts if row.get("previous_period")), "")


def _columns(part: Part, view: PublicationView, found: Sequence[Weighed], shown: frozenset[str]) -> tuple[Column, ...]:
    words, has_median = part.words, _MEDIAN in shown
    level = words.text(view.framework.level_names[max((one.node.level for one in found), key=DEPTH.index)])
    score = words.say("Điểm", "Score")
    of_max = words.say("Điểm/tối đa", "Score/max.")
    columns = [
        Column(title=words.say("STT", "No."), width=6.2, align="center"),
        Column(title=capital(level), width=22 if has_median else 50),
        Column(title=of_max if any(one.node.max for one in found) else score, width=11, align="center"),
    ]
    if has_median:
        columns.append(
            Column(title=words.say("Trung vị", "Median"), width=_MEDIAN_WIDTH[words.language], align="center")
        )
    if _BEST in shown:
        columns.append(Column(title=words.say("Cao nhất", "Highest"), width=13, align="center"))
    if _CHANGE in shown:
        since = words.period_name(_since(view))
        title = words.say("Thay đổi so với {since}", "Change on {since}", since=since)
        columns.append(Column(title=title, width=13, align="center"))
    return (*columns, Column(title=words.say("Nhận xét", "Remark"), width=31 if has_median else 33))


def _row(part: Part, place: int, one: Weighed, shown: frozenset[str]) -> Row:
    words, view, code = part.words, one.view, one.node.code
    cells = [str(place), name_of(words, one), score_text(words, one)]
    rests_on = [because.finding(one), because.fact(view, code)]
    if _MEDIAN in shown:
        median = one.median_score
        cells.append(words.figure(median) if median is not None else "–")
    if _BEST in shown:
        best = view.best_peer.get(code)
        cells.append(
            f"{words.figure(best.score)}\n({_bare(part, words.unit_name(best.unit, part.as_of))})" if best else "–"
        )
        rests_on += [because.peer(view, best.unit.id, code)] if best else []
    if _CHANGE in shown:
        cells.append(change_text(words, one))
    return Row(cells=(*cells, remark(words, one)), because=tuple(rests_on))


def _bare(part: Part, name: str) -> str:
    """Return a unit's name without its kind, its mark after a comma, for a narrow column."""
    mark = part.words.before_merger
    name = name.replace(f" {mark}", f", {mark.strip('()')}")
    if part.words.language == "vi":
        name = name.removeprefix("tỉnh ").removeprefix("thành phố ")
    else:
        name = name.replace(" Province", "").replace(" City", "")
    return clean_text(capital(name), limit=80)
