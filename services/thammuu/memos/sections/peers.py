"""Peers to ask, criterion by criterion: those that climbed most, and one close by that does well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.model import Sentence
from thammuu.memos.sections.criteria import amount, called, period_of, placed

if TYPE_CHECKING:
    from thammuu.memos.scope import Scope
    from thammuu.memos.view import Climber, NearPeer
    from thammuu.memos.weighing import Weighed
    from thammuu.rulepack.units import Unit

_MAX_CRITERIA = 3
"""Of one index."""
_MAX_CLIMBERS = 3
_WORTH_TELLING = 0.02
"""A climb smaller than this share of the scale is noise in a survey of about 200 people a province."""


def told_of_peers(scope: Scope, own: frozenset[str]) -> list[Sentence]:
    """Return one sentence a criterion, where the unit could recover most, each criterion once.

    Args:
        scope: The memo.
        own: Units that are not held up to the memo's body.
    """
    told: dict[tuple[str, str], Sentence] = {}
    for index in dict.fromkeys(view.framework.index for view in scope.views):
        found = [
            one
            for part in scope.parts
            for one in part.in_body
            if one.on_leaf and one.view.framework.index == index and one.recoverable > 0
        ]
        kept: dict[tuple[str, str], Sentence] = {}
        for one in sorted(found, key=lambda one: -one.recoverable):
            key = (one.view.publication_id, one.node.code)
            if key not in kept and len(kept) < _MAX_CRITERIA and (sentence := _sentence(scope, one, own)):
                kept[key] = sentence
        told |= kept
    return list(told.values())


def _sentence(scope: Scope, one: Weighed, own: frozenset[str]) -> Sentence | None:
    climbers = _climbers(one, own)
    near = _near(one, own)
    clauses = [
        *([_climbed(scope, one, climbers)] if climbers else []),
        *([_close_by(scope, one, near)] if near else []),
    ]
    if not clauses:
        return None
    text = scope.words.say(
        "Về “{name}” ({index}): {told}.",
        "On “{name}” ({index}): {told}.",
        name=clean_text(called(scope.words, one.node), limit=200),
        index=period_of(scope.words, one.view),
        told="; ".join(clauses),
    )
    units = [*(climber.unit.id for climber in climbers), *([near.unit.id] if near else [])]
    peers = (because.peer(one.view, unit, one.node.code) for unit in dict.fromkeys(units))
    rests_on = (because.publication(one.view), because.finding(one), *peers)
    return Sentence(text=text, because=rests_on)


def _climbers(one: Weighed, own: frozenset[str]) -> list[Climber]:
    """Return those that climbed more than noise; none where the scale changed."""
    if not one.scale_kept:
        return []
    climbed = [
        climber
        for climber in one.view.climbers.get(one.node.code, ())
        if climber.unit.id not in own and climber.delta >= _WORTH_TELLING and climber.previous_score is not None
    ]
    return climbed[:_MAX_CLIMBERS]


def _climbed(scope: Scope, one: Weighed, climbers: list[Climber]) -> str:
    words = scope.words
    names = [f"{_named(scope, climber.unit)} ({_rise(scope, one, climber)})" for climber in climbers]
    return words.say(
        "tăng nhiều nhất so với {since} là {names}"
        if one.node.direction == "higher"
        else "cải thiện nhiều nhất so với {since} là {names}",
        "improved most on {since}: {names}",
        since=words.period_name(one.row["previous_period"]),
        names=words.joined(names),
    )


def _rise(scope: Scope, one: Weighed, climber: Climber) -> str:
    """Return from where to where and by how much: the difference of the figures that are printed."""
    words, scale_unit = scope.words, one.node.scale_unit
    before, now = round(climber.previous_score or 0.0, 2), round(climber.score, 2)
    return words.say(
        "từ {before} {way} {now}, {change}",
        "from {before} to {now}, {change}",
        before=words.figure(before),
        way="lên" if now > before else "xuống",
        now=amount(words, now, scale_unit),
        change=words.change(now - before, scale_unit, ""),
    )


def _near(one: Weighed, own: frozenset[str]) -> NearPeer | None:
    """Return the peer close by, where it clearly does better than the unit and better than the middle."""
    near, node, median = one.view.near.get(one.node.code), one.node, one.median_score
    if near is None or near.unit.id in own or one.score is None or one.span is None:
        return None
    sign = -1 if node.direction == "lower" else 1
    ahead = sign * (near.score - one.score) >= _WORTH_TELLING * one.span
    return near if ahead and (median is None or sign * (near.score - median) > 0) else None


def _close_by(scope: Scope, one: Weighed, near: NearPeer) -> str:
    words = scope.words
    rank = f", {_ranked(scope, one, near.rank)}" if near.rank is not None else ""
    to = words.say(" với {unit}", " to {unit}", unit=scope.part_of(one).unit_name) if scope.merged else ""
    return words.say(
        "trong nhóm gần nhất{to} về tổng điểm kỳ trước, {name} có kết quả tốt nhất ({score}{rank})",
        "among those nearest{to} by the previous total, {name} does best ({score}{rank})",
        to=to,
        name=_named(scope, near.unit),
        score=amount(words, near.score, one.node.scale_unit),
        rank=rank,
    )


def _ranked(scope: Scope, one: Weighed, rank: int) -> str:
    place = placed(scope.words, rank, one.row.get("n"))
    if one.view.framework.officially_ranked:
        return place
    return scope.words.say("theo tính toán {place}", "by computation {place}", place=place)


def _named(scope: Scope, unit: Unit) -> str:
    return clean_text(scope.words.unit_name(unit, scope.as_of), limit=80)
