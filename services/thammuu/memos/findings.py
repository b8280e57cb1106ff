"""What lost most: one table an index, the gravest first, and a chart of gaps to the peer median."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clean import clean_text
from .model import Bar, Chart, Column, FindingLine, FindingsSection, Row, Table
from .wording import capital, change, count, figure, period_name, scale_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .scope import Scope
    from .view import PublicationView
    from .weighing import Weighed

_MAX_BARS = 10
_LABEL_LENGTH = 52
_NOT_COMPARABLE = "không so sánh được do tiêu chí thay đổi"


def findings_section(scope: Scope, numeral: str, figure_number: int) -> FindingsSection | None:
    """Return the section, None without findings."""
    if not scope.weighed:
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
    by_index = []
    for view in _views_of(scope.in_body):
        found = [one for one in scope.weighed if one.view is view]
        level = view.framework.level_names[view.framework.leaves[0].level].vi
        by_index.append(f"{view.framework.short_title.vi}: {count(len(found))} nội dung cần khắc phục" if not found else
                        f"{view.framework.short_title.vi} có {count(len(found))} {level}")
    sentences = [f"Qua rà soát, {'; '.join(by_index)} cần tập trung khắc phục."]
    if any(one.row.get("peer_median") is not None for one in scope.in_body):
        sentences.append("Trung vị là giá trị đứng giữa khi sắp xếp điểm của các tỉnh, thành phố khác trong cùng kỳ.")
    if scope.in_annex:
        sentences.append(f"Các nội dung còn lại ({count(len(scope.in_annex))}) được nêu tại Phụ lục I.")
    return (" ".join(sentences),)


def _views_of(found: Sequence[Weighed]) -> list[PublicationView]:
    views: list[PublicationView] = []
    for one in found:
        if all(one.view is not view for view in views):
            views.append(one.view)
    return views


def tables_of(found: Sequence[Weighed], *, prefix: str, first: int) -> tuple[Table, ...]:
    """Return one table an index, in the order of each index's gravest finding."""
    views = _views_of(found)
    return tuple(
        _table(view, [one for one in found if one.view is view], f"{prefix} {first + place}.")
        for place, view in enumerate(views)
    )


def _table(view: PublicationView, found: Sequence[Weighed], caption: str) -> Table:
    framework = view.framework
    level = framework.level_names[framework.leaves[0].level].vi
    has_median = any(one.median_score is not None for one in found)
    has_best = any(one.node.code in view.best_peer for one in found)
    has_change = any(one.row.get("previous_period") for one in found)
    since = next((one.row["previous_period"] for one in found if one.row.get("previous_period")), "")
    columns = [
        Column(title="STT", width=6, align="center"),
        Column(title=capital(level), width=26),
        Column(title="Điểm/điểm tối đa" if any(one.node.max for one in found) else "Điểm", width=11, align="center"),
    ]
    columns += [Column(title="Trung vị", width=9, align="center")] if has_median else []
    columns += [Column(title="Tỉnh cao nhất", width=14, align="center")] if has_best else []
    columns += [Column(title=f"Thay đổi so với {period_name(since)}", width=14, align="center")] if has_change else []
    columns += [Column(title="Nhận xét", width=26 if has_median else 57)]
    rows = tuple(_row(place, one, has_median, has_best, has_change) for place, one in enumerate(found, start=1))
    return Table(
        caption=f"{caption} {framework.short_title.vi} {period_name(view.period)}", columns=tuple(columns), rows=rows
    )


def _row(place: int, one: Weighed, has_median: bool, has_best: bool, has_change: bool) -> Row:  # noqa: FBT001  the columns
    cells = [str(place), name_of(one), score_text(one)]
    median = one.median_score
    cells += [figure(median) if median is not None else "–"] if has_median else []
    best = one.view.best_peer.get(one.node.code)
    cells += [f"{_bare(best.unit_name)} ({figure(best.score)})" if best else "–"] if has_best else []
    cells += [_change(one)] if has_change else []
    return Row(cells=(*cells, remark(one)))


def _bare(name: str) -> str:
    return clean_text(capital(name.removeprefix("tỉnh ").removeprefix("thành phố ")), limit=80)


def name_of(one: Weighed) -> str:
    """Return the node's name with its code, and its level where it is not the index's lowest."""
    framework, node = one.view.framework, one.node
    if node.code == framework.root.code:
        return "Tổng điểm"
    name = node.name.vi if node.own_code else f"{node.code}. {node.name.vi}"
    if framework.is_leaf(node.code):
        return clean_text(name, limit=300)
    return clean_text(f"{capital(framework.level_names[node.level].vi)} {name}", limit=300)


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
    if not since or one.row.get("previous_score") is None:
        return _NOT_COMPARABLE
    if one.scale_kept and one.score is not None:
        return change(one.score - one.row["previous_score"], one.node.scale_unit, "").removesuffix(" so với ")
    delta = one.row.get("delta")
    if delta is None:
        return _NOT_COMPARABLE
    return change(delta * 100, "percent", "", 1).removesuffix(" so với ") + " mức đạt"


def _line(one: Weighed, *, in_body: bool) -> FindingLine:
    return FindingLine(
        id=one.finding.id,
        publication_id=one.finding.publication_id,
        concept=one.finding.concept,
        code=one.finding.code,
        severity=one.finding.severity,
        name=name_of(one),
        remark=remark(one),
        in_body=in_body,
    )


def _chart(found: Sequence[Weighed], number: int) -> Chart | None:
    below = sorted((one for one in found if (one.row.get("gap_to_median") or 0) < 0), key=lambda one: one.row["gap_to_median"])
    bars = tuple(
        Bar(
            label=clean_text(name_of(one), limit=_LABEL_LENGTH),
            value=round(one.row["gap_to_median"] * 100, 4),
            text=figure(-one.row["gap_to_median"] * 100, 1),
        )
        for one in below[:_MAX_BARS]
    )
    if not bars:
        return None
    caption = f"Hình {number}. Mức thấp hơn trung vị (điểm phần trăm của thang điểm)"
    told = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    return Chart(kind="gaps", caption=caption, alt=f"{caption}. {told}.", bars=bars)
