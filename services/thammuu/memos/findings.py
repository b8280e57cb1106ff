"""What lost most: one table an index, the gravest first, and a chart of gaps to the peer median."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clean import clean_text
from .model import Bar, Chart, Column, FindingLine, FindingsSection, Row, Table
from .standing import published_n
from .wording import capital, change, count, figure, joined, period_name, rank_change, scale_end, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .scope import Scope
    from .view import PublicationView
    from .weighing import Weighed

_MAX_BARS = 10
_LEAST_BARS = 2
_LABEL_LENGTH = 72
_DEPTH = ("total", "domain", "criterion", "sub-criterion", "indicator")
_MISSING_BEFORE = "kỳ trước khuyết dữ liệu"


def findings_section(scope: Scope, numeral: str, figure_number: int) -> FindingsSection | None:
    """Return the section, None without findings."""
    if all(one.node.level == "total" for one in scope.weighed):
        return None
    tables = tables_of(scope.in_body, prefix="Bảng", first=1)
    lines = [_line(one, in_body=True) for one in scope.in_body] + [_line(one, in_body=False) for one in scope.in_annex]
    return FindingsSection(
        heading=f"{numeral}. NỘI DUNG MẤT NHIỀU ĐIỂM",
        paragraphs=_paragraphs(scope),
        tables=tables,
        lines=tuple(lines),
        chart=_chart(scope.in_body, figure_number),
    )


def _paragraphs(scope: Scope) -> tuple[str, ...]:
    below_total = [one for one in scope.weighed if one.node.level != "total"]
    told = [f"{view.framework.short_title.vi} có {_counted(scope, view)}" for view in _views_of(below_total)]
    first = [f"Qua rà soát, {'; '.join(told)} cần tập trung khắc phục."] if told else []
    if any(one.median_score is not None for one in scope.in_body):
        first.append("Trung vị là giá trị đứng giữa khi sắp xếp điểm của các tỉnh, thành phố khác trong cùng kỳ.")
    if scope.in_annex:
        first.append(f"Các nội dung còn lại ({count(len(scope.in_annex))}) được nêu tại Phụ lục.")
    domains = (_domains(scope, view) for view in scope.views)
    return (" ".join(first), *(sentence for sentence in domains if sentence))


def _domains(scope: Scope, view: PublicationView) -> str:
    """Return one sentence on an index's domains found; the total's own fall is told by the standing."""
    found = [one for one in scope.in_body if one.view is view and not one.on_leaf and one.node.level != "total"]
    if not found:
        return ""
    start = "Theo số liệu" if view.framework.officially_ranked else "Theo tính toán từ số liệu"
    about = f"{view.framework.short_title.vi} {period_name(view.period)}"
    since = next((one.row["previous_period"] for one in found if one.row.get("previous_period")), "")
    compared = f" so với {period_name(since)}" if since else ""
    return f"{start} {about}{compared}: {'; '.join(_place_of(one) for one in found)}."


def _place_of(one: Weighed) -> str:
    """Return where a domain stands and how far it fell, else the rule's sentence."""
    row = one.row
    since, rank, places = row.get("previous_period"), place_text(one), row.get("rank_change")
    if not since or not rank or places is None:
        return f"{inside(name_of(one))} {inside(remark(one))}"
    verb = "xếp" if one.view.framework.officially_ranked else "đứng"
    moved = rank_change(int(places), "").removesuffix(" so với ")
    return f"{inside(name_of(one))} {verb} {rank}, {moved}"


def place_text(one: Weighed) -> str:
    """Return ``thứ 50/60``; empty without a rank, and without the number of units where it is not known."""
    rank = one.row.get("rank")
    n = one.row.get("n") or (published_n(one.view) if one.view.framework.officially_ranked else None)
    return f"thứ {rank}/{n}" if rank is not None and n else f"thứ {rank}" if rank is not None else ""


def _counted(scope: Scope, view: PublicationView) -> str:
    """Return how many nodes of each level the findings name: ``09 nội dung thành phần, 02 chỉ số nội dung``."""
    levels = [one.node.level for one in scope.weighed if one.view is view and one.node.level != "total"]
    names = [view.framework.level_names[level].vi for level in sorted(set(levels), key=lambda one: -_DEPTH.index(one))]
    counts = [levels.count(level) for level in sorted(set(levels), key=lambda one: -_DEPTH.index(one))]
    return joined([f"{count(number)} {name}" for number, name in zip(counts, names, strict=True)])


def inside(sentence: str) -> str:
    """Return a sentence as a part of another: its first letter small unless the word is an abbreviation."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence


def _views_of(found: Sequence[Weighed]) -> list[PublicationView]:
    views: list[PublicationView] = []
    for one in found:
        if all(one.view is not view for view in views):
            views.append(one.view)
    return views


def tables_of(found: Sequence[Weighed], *, prefix: str, first: int) -> tuple[Table, ...]:
    """Return one table an index, in the order of each index's gravest finding."""
    on_leaves = [one for one in found if one.on_leaf]
    views = _views_of(on_leaves)
    return tuple(
        _table(view, [one for one in on_leaves if one.view is view], f"{prefix} {first + place}.")
        for place, view in enumerate(views)
    )


def _table(view: PublicationView, found: Sequence[Weighed], caption: str) -> Table:
    framework = view.framework
    level = framework.level_names[max((one.node.level for one in found), key=_DEPTH.index)].vi
    has_median = any(one.median_score is not None for one in found)
    has_best = any(one.node.code in view.best_peer for one in found)
    since = next((row["previous_period"] for row in view.facts if row.get("previous_period")), "")
    has_change = bool(since) and (view.complete or any(one.row.get("previous_score") is not None for one in found))
    columns = [
        Column(title="STT", width=5.5, align="center"),
        Column(title=capital(level), width=22 if has_median else 50),
        Column(title="Điểm/điểm tối đa" if any(one.node.max for one in found) else "Điểm", width=11, align="center"),
    ]
    columns += [Column(title="Trung vị", width=7.5, align="center")] if has_median else []
    columns += [Column(title="Cao nhất", width=13, align="center")] if has_best else []
    columns += [Column(title=f"Thay đổi so với {period_name(since)}", width=12, align="center")] if has_change else []
    columns += [Column(title="Nhận xét", width=31 if has_median else 33)]
    rows = tuple(_row(place, one, has_median, has_best, has_change) for place, one in enumerate(found, start=1))
    return Table(
        caption=f"{caption} {framework.short_title.vi} {period_name(view.period)}", columns=tuple(columns), rows=rows
    )


def _row(place: int, one: Weighed, has_median: bool, has_best: bool, has_change: bool) -> Row:  # noqa: FBT001  the columns
    cells = [str(place), name_of(one), score_text(one)]
    median = one.median_score
    cells += [figure(median) if median is not None else "–"] if has_median else []
    best = one.view.best_peer.get(one.node.code)
    cells += [f"{figure(best.score)}\n({_bare(best.unit_name)})" if best else "–"] if has_best else []
    cells += [_change(one)] if has_change else []
    return Row(cells=(*cells, remark(one)))


def _bare(name: str) -> str:
    short = name.removeprefix("tỉnh ").removeprefix("thành phố ").replace(" (trước sắp xếp)", ", trước sắp xếp")
    return clean_text(capital(short), limit=80)


def name_of(one: Weighed) -> str:
    """Return the node's name with its code, and its level where it is not the index's lowest."""
    framework, node = one.view.framework, one.node
    if node.code == framework.root.code:
        return "Tổng điểm"
    called = spelled(node.name.vi)
    if one.on_leaf:
        return clean_text(called if node.own_code else f"{node.code}. {called}", limit=300)
    level = capital(framework.level_names[node.level].vi)
    return clean_text(f"{level} {node.code} ({called})", limit=300)


def score_text(one: Weighed) -> str:
    """Return ``0,84/2,5``; without the maximum where it is unknown."""
    if one.score is None:
        return "khuyết dữ liệu"
    score = "0" if one.score == 0 else figure(one.score)
    return f"{score}/{scale_end(one.node.max)}" if one.node.max is not None else score


def remark(one: Weighed) -> str:
    """Return the rule's sentence, ready for a table cell."""
    return clean_text(one.finding.explain["vi"], limit=400).rstrip(".")


def _change(one: Weighed) -> str:
    since = one.row.get("previous_period")
    redefined = f"không so sánh được do {one.view.framework.level_names[one.node.level].vi} thay đổi"
    if not since:
        return redefined
    if one.row.get("previous_score") is None:
        return _MISSING_BEFORE
    if one.scale_kept and one.score is not None:
        return change(one.score - one.row["previous_score"], one.node.scale_unit, "").removesuffix(" so với ")
    delta = one.row.get("delta")
    if delta is None:
        return redefined
    return "mức đạt " + change(delta * 100, "percent", "", 1).removesuffix(" so với ")


def _line(one: Weighed, *, in_body: bool) -> FindingLine:
    return FindingLine(
        id=one.finding.id,
        publication_id=one.finding.publication_id,
        concept=one.finding.concept,
        code=one.finding.code,
        severity=one.finding.severity,
        name=name_of(one),
        remark=remark(one),
        rule=one.finding.rule,
        covers=tuple(str(cover["rule"]) for cover in one.finding.covers),
        in_body=in_body,
    )


def _chart(found: Sequence[Weighed], number: int) -> Chart | None:
    behind = [one for one in found if one.on_leaf and (one.row.get("gap_to_median") or 0) < 0]
    below = sorted(behind, key=lambda one: float(one.row["gap_to_median"]))
    bars = tuple(
        Bar(
            label=clean_text(name_of(one), limit=_LABEL_LENGTH),
            value=round(one.row["gap_to_median"] * 100, 4),
            text=figure(-one.row["gap_to_median"] * 100, 1),
        )
        for one in below[:_MAX_BARS]
    )
    if len(bars) < _LEAST_BARS:
        return None
    caption = f"Hình {number}. Mức thấp hơn trung vị (điểm phần trăm của thang điểm)"
    told = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return Chart(kind="gaps", caption=caption, alt=f"{caption}. {told}.", bars=bars)
