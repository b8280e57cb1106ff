"""What the memo leaves out, counted, and where to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .model import TextSection
from .standing import total_of
from .wording import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .scope import Scope


def left_out_section(scope: Scope, numeral: str) -> TextSection | None:
    """Return the section, None when nothing was left out."""
    items = tuple(_items(scope))
    if not items:
        return None
    return TextSection(heading=f"{numeral}. NỘI DUNG KHÔNG NÊU TRONG VĂN BẢN", paragraphs=(), entries=items)


def _items(scope: Scope) -> Iterator[str]:
    covered = sum(len(one.finding.covers) for one in scope.weighed)
    if covered:
        yield (
            f"{count(covered)} nhận xét khác trên cùng nội dung đã được gộp vào nhận xét nghiêm trọng nhất, "
            "lưu trong dữ liệu đính kèm văn bản này."
        )
    silenced = sum(view.silenced for view in scope.views)
    if silenced:
        yield f"{count(silenced)} nhận xét được người có thẩm quyền tạm dừng, lưu trong dữ liệu đính kèm văn bản này."
    for view in scope.views:
        framework = view.framework
        level = framework.level_names[framework.leaves[0].level].vi
        rows = [view.row(node.code) for node in framework.leaves]
        missing = sum(row.get("score") is None for row in rows)
        if 0 < missing < len(rows) and view.complete and total_of(view) is not None:
            yield (f"{count(missing)} {level} của {framework.short_title.vi} khuyết dữ liệu nên không nhận xét.")
        unmatched = sum(row.get("score") is not None and not row.get("previous_period") for row in rows)
        if unmatched and view.complete and any(row.get("previous_period") for row in rows):
            yield (
                f"{count(unmatched)} {level} của {framework.short_title.vi} không so sánh được với kỳ trước "
                f"do {level} thay đổi."
            )
