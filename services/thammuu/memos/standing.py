"""Where the unit stands: one line an index, a chart of ranks, a note where figures disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.period import Period

from .model import Chart, Point, Series, Standing, StandingSection
from .weighing import scale_kept
from .wording import capital, change, count, figure, joined, period_name, place_in, rank_change, scale_end, score_figure

if TYPE_CHECKING:
    from .scope import Scope
    from .view import PartResult, PublicationView

_LEAST_POINTS = 2
_NATIONAL_MEAN = ("cả nước", "trung bình", "toàn quốc")
"""Words by which sheets name the row of the national mean."""
_MAX_POINTS = 6


def standing_section(scope: Scope, numeral: str) -> StandingSection | None:
    """Return the section, None without publications."""
    if not scope.views:
        return None
    lines: list[Standing] = []
    notes: list[str] = []
    for view in scope.views:
        note = " ".join(part for part in (_disagreement(view), _label(view)) if part)
        if note:
            notes.append(note)
        lines.append(
            Standing(
                index=view.framework.index,
                publication_id=view.publication_id,
                text=f"{_short(view)} {period_name(view.period)}: {_result(view)}.{_past_of_parts(view)}",
                note_number=len(notes) if note else None,
            )
        )
    return StandingSection(
        heading=f"{numeral}. {_title(scope)}", lines=tuple(lines), notes=tuple(notes), chart=_chart(scope)
    )


def _title(scope: Scope) -> str:
    return "KẾT QUẢ CÁC CHỈ SỐ" if len(scope.views) > 1 else f"KẾT QUẢ CHỈ SỐ {_short(scope.views[0])}"


def _short(view: PublicationView) -> str:
    return view.framework.short_title.vi


def total_of(view: PublicationView) -> float | None:
    """Return the computed total, or the published one where none is computed."""
    row = view.total_row
    computed: float | None = row.get("total")
    published: float | None = row.get("published_total")
    return published if computed is None and not view.complete else computed


def _result(view: PublicationView) -> str:
    total = total_of(view)
    if total is None:
        return _without_total(view)
    parts = [_score(view, total), _against_mean(view, total)]
    band = view.total_row.get("band") or _band_of(view, total)
    if band:
        parts.append(f"thuộc nhóm {band}")
    parts.append(_rank(view))
    return "; ".join(part for part in parts if part)


def _past_of_parts(view: PublicationView) -> str:
    """Return what the units that merged into this one had before, each by itself."""
    told = [told for part in view.parts if (told := _part(view, part))]
    if not told:
        return ""
    before = period_name(view.parts[0].period)
    return f" {capital(before)}, các đơn vị hợp thành: {'; '.join(told)}; không cộng hoặc lấy trung bình."


def _part(view: PublicationView, part: PartResult) -> str:
    if part.total is None and part.rank is None:
        return f"{part.unit_name} khuyết dữ liệu"
    unit = "%" if view.framework.root.scale_unit == "percent" else " điểm"
    score = f"đạt {score_figure(part.total)}{unit}" if part.total is not None else ""
    rank = f"thứ {part.rank}/{part.n}" if part.n else f"thứ {part.rank}"
    return f"{part.unit_name} {', '.join(text for text in (score, rank if part.rank else '') if text)}"


def _score(view: PublicationView, total: float) -> str:
    root, row = view.framework.root, view.total_row
    if root.scale_unit == "percent":
        text = f"đạt {score_figure(total)}%"
    else:
        top = f"/{scale_end(root.max)}" if root.max is not None else ""
        text = f"đạt {score_figure(total)}{top} điểm"
    since, before = row.get("previous_period"), _total_before(view)
    if not since or before is None:
        return text
    return f"{text}, {change(total - before, root.scale_unit, period_name(since))}"


def _total_before(view: PublicationView) -> float | None:
    """Return the previous total on the present scale, the published one where none is computed; None without one."""
    row, framework = view.total_row, view.framework
    if scale_kept(framework.root, row):
        return float(row["previous_score"])
    since = row.get("previous_period")
    if view.complete or not since or not framework.covers(Period(since)):
        return None
    return next((point.total for point in view.history if point.period == since), None)


def _band_of(view: PublicationView, total: float) -> str:
    """Return the band of a published total that was not computed from its parts; empty where bands need all units."""
    framework = view.framework
    if framework.band_method != "percent-of-max" or not framework.root.max:
        return ""
    share = total / framework.root.max * 100
    return next((band.name.vi for band in framework.bands if share >= (band.from_value or 0)), "")


def _against_mean(view: PublicationView, total: float) -> str:
    """Return how the total compares with the published national mean, empty where none was published."""
    root = view.framework.root
    mean = next(
        (
            scores[root.code]
            for label, scores in view.aggregates.items()
            if root.code in scores and any(word in label.casefold() for word in _NATIONAL_MEAN)
        ),
        None,
    )
    if mean is None:
        return ""
    percent = root.scale_unit == "percent"
    told = f"trung bình cả nước ({score_figure(mean)}{'%' if percent else ' điểm'})"
    if round(total - mean, 2) == 0:
        return f"bằng {told}"
    size = f"{figure(abs(total - mean))} {'điểm phần trăm' if percent else 'điểm'}"
    return f"{'cao' if total > mean else 'thấp'} hơn {told} {size}"


def _rank(view: PublicationView) -> str:
    row = view.total_row
    verb = "xếp" if view.framework.officially_ranked else "theo tính toán đứng"
    rank, n = row.get("total_rank"), row.get("total_n")
    if rank is None or not view.complete:
        rank, n = row.get("published_rank"), published_n(view)
        verb = "xếp" if view.framework.officially_ranked else "theo số liệu đưa tin đứng"
    if rank is None:
        return ""
    text = f"{verb} {place_in(int(rank), n)}"
    places = row.get("rank_change")
    if places is None or not row.get("previous_period"):
        return text
    return f"{text}, {rank_change(int(places), period_name(row['previous_period']))}"


def published_n(view: PublicationView) -> int | None:
    """Return how many units the publisher ranked, as the history of the unit tells it."""
    return next((point.n for point in reversed(view.history) if point.period == view.period), None)


def _without_total(view: PublicationView) -> str:
    framework = view.framework
    if not view.complete:
        return "; ".join(part for part in ("số liệu thu thập được không nêu điểm", _rank(view)) if part)
    missing = [node for node in framework.leaves if view.row(node.code).get("score") is None]
    level = framework.level_names[framework.leaves[0].level].vi
    if len(missing) == len(framework.leaves):
        return "khuyết dữ liệu, không được đánh giá"
    names = ", ".join(_coded(node.code, node.name.vi, own=node.own_code) for node in missing[:3])
    listed = f": {names}" if len(missing) <= 3 else ""  # noqa: PLR2004  a short list fits the line
    return f"khuyết dữ liệu ở {count(len(missing))} {level}{listed} nên không có tổng điểm, không xếp hạng"


def _coded(code: str, name: str, *, own: bool) -> str:
    return name if own else f"{code} {name}"


def _disagreement(view: PublicationView) -> str:
    row = view.total_row
    total, rank = row.get("total"), row.get("total_rank")
    if not view.complete or total is None:
        return ""
    published = _differing_total(total, row.get("published_total"))
    other_rank = row.get("published_rank")
    told, computed = [], []
    if published:
        told.append(f"{published} điểm")
        computed.append(f"{score_figure(total)} điểm")
    if other_rank is not None and rank is not None and other_rank != rank:
        told.append(f"thứ {other_rank}")
        computed.append(f"thứ {rank}")
    if not told:
        return ""
    level = view.framework.level_names[view.framework.leaves[0].level].vi
    return (
        f"Số liệu đã đưa tin về {_short(view)} {period_name(view.period)} là {', '.join(told)}; "
        f"số liệu của văn bản này, tính từ điểm từng {level} đã công bố, là {', '.join(computed)}."
    )


def _differing_total(total: float, published: float | None) -> str:
    """Return the published total where it is not the computed one rounded to as many decimals."""
    if published is None:
        return ""
    decimals = max(2, len(f"{published:.6f}".rstrip("0").partition(".")[2]))
    return "" if round(total, decimals) == round(published, decimals) else figure(published, decimals)


def _label(view: PublicationView) -> str:
    label = view.framework.label
    return f"{capital(label.vi.rstrip('.'))}." if label else ""


def _chart(scope: Scope) -> Chart | None:
    series = [found for view in scope.views if (found := _series(view))]
    if not series:
        return None
    told = "; ".join(
        f"{one.name}: " + ", ".join(f"{point.label} {point.text}" for point in one.points) for one in series
    )
    own = [_short(view) for view in scope.views if not view.framework.officially_ranked]
    computed = [name for name in own if any(one.name == name for one in series)]
    told_how = f" (thứ tự {joined(computed)} theo tính toán)" if computed else ""
    caption = f"Hình 1. Thứ hạng của {scope.unit_name} qua các kỳ công bố{told_how}"
    return Chart(kind="ranks", caption=caption, alt=f"{caption}. {told}.", series=tuple(series))


def _series(view: PublicationView) -> Series | None:
    points = [
        Point(label=_label_of(point.period), rank=point.rank, n=point.n, text=f"{point.rank}/{point.n}")
        for point in view.history
        if point.rank is not None and point.n
    ][-_MAX_POINTS:]
    if len(points) < _LEAST_POINTS:
        return None
    return Series(name=_short(view), points=tuple(points))


def _label_of(period: str) -> str:
    return period if "-" not in period else capital(period_name(period))
