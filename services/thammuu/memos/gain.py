"""What it would bring: the fewest criteria that, raised to the peer median, reach the middle of the table."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from .model import TextSection
from .weighing import weighed
from .wording import count, figure, score_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .scope import Scope
    from .view import PublicationView
    from .weighing import Weighed

_MAX_NAMED = 15
_SAME = 9
"""Totals are compared rounded to this many decimals."""


def rank_of(total: float, others: Sequence[float]) -> int:
    """Return the competition rank of a total among other totals."""
    mine = round(total, _SAME)
    return 1 + sum(round(one, _SAME) > mine for one in others)


def shortest_path(view: PublicationView) -> tuple[tuple[Weighed, ...], float, float]:
    """Return the fewest leaves to raise to the peer median, the total now and then.

    Totals add up, so the largest gains first is exact. The goal is the median of all totals; from above it, or when
    it cannot be reached, it is everything that can be gained.
    """
    total = view.total_row.get("total")
    if total is None or not view.totals:
        return (), 0.0, 0.0
    gains = [one for one in weighed([view]) if one.on_leaf and _gain(one) > 0]
    gains.sort(key=lambda one: (-_gain(one), one.node.code))
    goal, then, taken = median(view.totals), float(total), []
    for one in gains:
        if then >= goal > total:
            break
        then += _gain(one)
        taken.append(one)
    return tuple(taken), float(total), then


def _gain(one: Weighed) -> float:
    return float(one.row.get("gain_to_median") or 0.0)


def _alike(total: float, other: float) -> str:
    """Return a total with as many decimals as the one it is compared with."""
    return figure(total, max(len(score_figure(one).partition(",")[2]) for one in (total, other)))


def gain_section(scope: Scope, numeral: str) -> TextSection | None:
    """Return the section, None where no total adds up from its criteria."""
    sentences = [sentence for view in scope.views if (sentence := _sentence(view))]
    if not sentences:
        return None
    caution = "Đây là kết quả tính toán để chọn thứ tự ưu tiên, không phải là chỉ tiêu phải đạt."
    return TextSection(
        heading=f"{numeral}. KẾT QUẢ CÓ THỂ ĐẠT ĐƯỢC", paragraphs=(*sentences[:-1], f"{sentences[-1]} {caution}")
    )


def _sentence(view: PublicationView) -> str:
    taken, now, then = shortest_path(view)
    if not taken:
        return ""
    others = list(view.totals)
    others.remove(min(others, key=lambda one: abs(one - now)))
    level = view.framework.level_names[view.framework.leaves[0].level].vi
    names = "; ".join(one.node.name.vi if one.node.own_code else one.node.code for one in taken[:_MAX_NAMED])
    names = names if len(taken) <= _MAX_NAMED else ""
    listed = f" ({names})" if names else ""
    before, after = rank_of(now, others), rank_of(then, others)
    moved = f"từ thứ {before} lên thứ {after}" if after != before else f"giữ thứ {before}"
    verb = "xếp hạng" if view.framework.officially_ranked else "thứ tự theo tính toán"
    return (
        f"Về {view.framework.short_title.vi}, nếu {count(len(taken))} {level}{listed} đạt bằng trung vị, "
        f"các {level} khác và các tỉnh, thành phố khác không đổi, tổng điểm tăng {figure(then - now)} điểm, "
        f"từ {_alike(now, then)} lên {_alike(then, now)}; {verb} {moved}/{len(view.totals)}."
    )
