"""The chart of a unit's rank over the periods, one line an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Chart, Point, Series
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.memos.numbering import Numbering
    from thammuu.memos.scope import Part
    from thammuu.memos.view import HistoryPoint, PublicationView
    from thammuu.memos.wording import Words

_LEAST_POINTS = 2
_MAX_POINTS = 6


def rank_chart(part: Part, numbering: Numbering) -> Chart | None:
    """Return the chart, None where no index has two ranks to join."""
    words = part.words
    drawn = [(view, found) for view in part.views if (found := _series(view, words))]
    if not drawn:
        return None
    caption = _caption(part, drawn, numbering.figure())
    told = "; ".join(
        f"{one.name}: " + ", ".join(f"{point.label} {point.text}" for point in one.points) for _view, one in drawn
    )
    rests_on = dict.fromkeys(ref for view, _ in drawn for ref in _because(view))
    return Chart(
        shows="ranks",
        caption=caption,
        alt=f"{caption}. {told}.",
        series=tuple(one for _view, one in drawn),
        because=tuple(rests_on),
    )


def _caption(part: Part, drawn: Sequence[tuple[PublicationView, Series]], figure: str) -> str:
    words = part.words
    computed = [one.name for view, one in drawn if not view.framework.officially_ranked]
    if len(drawn) == 1 and computed:
        return words.say(
            "{figure}. Thứ tự {name} theo tính toán của {unit} qua các kỳ",
            "{figure}. Order of {unit} in {name} over the periods, by computation",
            figure=figure,
            name=computed[0],
            unit=part.unit_name,
        )
    told_how = (
        words.say(
            " (thứ tự {names} theo tính toán)", " (order of {names} by computation)", names=words.joined(computed)
        )
        if computed
        else ""
    )
    return words.say(
        "{figure}. Thứ hạng của {unit} qua các kỳ công bố{told_how}",
        "{figure}. Rank of {unit} over the published periods{told_how}",
        figure=figure,
        unit=part.unit_name,
        told_how=told_how,
    )


def _because(view: PublicationView) -> tuple[str, ...]:
    """Return the publication with the unit's total in it and in every other that a rank is shown of."""
    root = view.framework.root.code
    shown = [ref for point in _ranked(view) for ref in because.earlier(point, view.unit_id, root)]
    return because.publication(view), because.fact(view, root), *shown


def _ranked(view: PublicationView) -> list[HistoryPoint]:
    return [point for point in view.history if point.rank is not None and point.n][-_MAX_POINTS:]


def _series(view: PublicationView, words: Words) -> Series | None:
    points = [
        Point(label=_label(point.period, words), rank=point.rank, n=point.n, text=f"{point.rank}/{point.n}")
        for point in _ranked(view)
        if point.rank is not None and point.n
    ]
    if len(points) < _LEAST_POINTS:
        return None
    return Series(name=words.text(view.framework.short_title), points=tuple(points))


def _label(period: str, words: Words) -> str:
    return period if "-" not in period else capital(words.period_name(period))
