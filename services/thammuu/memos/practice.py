"""Practice to learn from: what named units did, and who climbed most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .clean import clean_text
from .model import TextSection
from .wording import BEFORE_MERGER, capital, figure, period_name, spelled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from thammuu.rulepack.actions_practices import Practice
    from thammuu.rulepack.frameworks import Node

    from .scope import Scope
    from .view import PublicationView
    from .weighing import Weighed

_MAX_NAMED = 3
_MAX_CLIMBERS = 4
_WORTH_TELLING = 0.02
"""A climb smaller than this share of the scale is noise in a survey of about 200 people a province."""


def practice_section(scope: Scope, numeral: str) -> TextSection | None:
    """Return the section, None without practice to name."""
    entries = (*_named(scope), *(sentence for view in scope.views if (sentence := _climbers(scope, view))))
    if not entries:
        return None
    opening = f"Các cơ quan của {scope.kind} có thể nghiên cứu, học tập kinh nghiệm của các địa phương sau đây:"
    return TextSection(heading=f"{numeral}. KINH NGHIỆM CỦA CÁC ĐỊA PHƯƠNG", paragraphs=(opening,), entries=entries)


def _named(scope: Scope) -> list[str]:
    """Return named practice: on the found criterion itself first, the newest first."""
    near: dict[str, int] = {}
    for one in scope.in_body:
        for steps, node in enumerate(_upwards(one)):
            near[node.concept] = min(steps, near.get(node.concept, steps))
    known = [
        (
            min(near[concept] for concept in practice.answers if concept in near),
            -practice.known_from.toordinal(),
            practice,
        )
        for practice in scope.catalogue.practices
        if practice.known_from <= scope.as_of
        and practice.unit_id != scope.unit.id
        and near.keys() & set(practice.answers)
    ]
    known.sort(key=lambda one: (*one[:2], one[2].id))
    return [_told(practice, scope.as_of) for _steps, _day, practice in known[:_MAX_NAMED]]


def _told(practice: Practice, as_of: date) -> str:
    merged = practice.merged_on is not None and practice.merged_on <= as_of
    name = f"{practice.unit} {BEFORE_MERGER}" if merged else practice.unit
    effect = f"; {practice.effect}" if practice.effect else ""
    return clean_text(f"{capital(name)}: {practice.done}{effect} (nguồn: {practice.source_name}).")


def _upwards(one: Weighed) -> Iterator[Node]:
    framework = one.view.framework
    code: str | None = one.node.code
    while code is not None:
        node = framework.node(code)
        yield node
        code = node.parent


def _climbers(scope: Scope, view: PublicationView) -> str:
    """Return who climbed most on the criteria where the unit could recover most, as one sentence."""
    told, since = [], ""
    own = [one for one in scope.in_body if one.view is view and one.on_leaf]
    for one in sorted(own, key=lambda one: -one.recoverable):
        climber = view.climbers.get(one.node.code)
        if climber is None or one.span is None or climber.delta < _WORTH_TELLING or not one.scale_kept:
            continue
        since = period_name(one.row["previous_period"])
        name, criterion = clean_text(climber.unit_name, limit=80), clean_text(spelled(one.node.name.vi), limit=200)
        rise = f"đạt {figure(climber.score)} điểm, tăng {figure(climber.delta * one.span)} điểm"
        told.append(f"{name} về “{criterion}” ({rise})")
    if not told:
        return ""
    source = f"kết quả {view.framework.short_title.vi} {period_name(view.period)}"
    return f"Theo {source}, các địa phương tăng nhiều nhất so với {since}: {'; '.join(told[:_MAX_CLIMBERS])}."
