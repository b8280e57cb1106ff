"""Practice to learn from: what named units did, and who climbed most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clean import clean_text
from .model import TextSection
from .wording import BEFORE_MERGER, capital, figure, period_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.rulepack.frameworks import Node

    from .scope import Scope
    from .weighing import Weighed

_MAX_CLIMBERS = 4
_WORTH_TELLING = 0.02
"""A climb smaller than this share of the scale is noise in a survey of about 200 people a province."""


def practice_section(scope: Scope, numeral: str) -> TextSection | None:
    """Return the section, None without practice to name."""
    items = (*_named(scope), *_climbers(scope))
    if not items:
        return None
    opening = f"Đề nghị các cơ quan của {scope.kind} nghiên cứu, học tập kinh nghiệm sau đây:"
    return TextSection(heading=f"{numeral}. KINH NGHIỆM CỦA CÁC ĐỊA PHƯƠNG", paragraphs=(opening,), entries=items)


def _named(scope: Scope) -> Iterator[str]:
    concepts = {node.concept for one in scope.in_body for node in _upwards(one)}
    for practice in scope.catalogue.practices:
        if practice.known_from <= scope.as_of and practice.unit_id != scope.unit.id and concepts & set(practice.answers):
            name = practice.unit
            if practice.merged_on and practice.merged_on <= scope.as_of:
                name = f"{name} {BEFORE_MERGER}"
            effect = f"; {practice.effect}" if practice.effect else ""
            yield clean_text(f"{capital(name)}: {practice.done}{effect} (nguồn: {practice.source_name}).")


def _upwards(one: Weighed) -> Iterator[Node]:
    framework = one.view.framework
    code: str | None = one.node.code
    while code is not None:
        node = framework.node(code)
        yield node
        code = node.parent


def _climbers(scope: Scope) -> Iterator[str]:
    told = 0
    for one in sorted(scope.in_body, key=lambda one: -one.recoverable):
        climber = one.view.climbers.get(one.node.code)
        if climber is None or one.span is None or climber.delta < _WORTH_TELLING or not one.scale_kept:
            continue
        since = period_name(one.row["previous_period"])
        name = capital(clean_text(climber.unit_name, limit=80))
        yield (
            f"{name}: {one.view.framework.short_title.vi} {one.node.name.vi} đạt {figure(climber.score)} điểm, "
            f"tăng {figure(climber.delta * one.span)} điểm so với {since}, mức tăng cao nhất trong các tỉnh, thành phố "
            f"(nguồn: kết quả {one.view.framework.short_title.vi} {period_name(one.view.period)})."
        )
        told += 1
        if told == _MAX_CLIMBERS:
            return
