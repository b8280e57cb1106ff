"""How a memo names a criterion and tells its score, its place and its change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos.clean import clean_text
from thammuu.memos.sections.standing import published_n
from thammuu.memos.wording import capital, ordinal, spelled

if TYPE_CHECKING:
    from thammuu.memos.view import PublicationView
    from thammuu.memos.weighing import Weighed
    from thammuu.memos.wording import Words
    from thammuu.rulepack.frameworks import Node

DEPTH = ("total", "domain", "criterion", "sub-criterion", "indicator")
"""Levels of a framework's nodes, from the root."""
_PERCENT = "percent"


def called(words: Words, node: Node) -> str:
    """Return a node's name in the memo's language, abbreviations in full."""
    name = words.text(node.name)
    return spelled(name) if words.language == "vi" else name


def name_of(words: Words, one: Weighed) -> str:
    """Return the node's name with its code, and its level where it is not the index's lowest."""
    framework, node = one.view.framework, one.node
    if node.code == framework.root.code:
        return words.say("Tổng điểm", "Total score")
    name = called(words, node)
    if one.on_leaf:
        return clean_text(name if node.own_code else f"{node.code}. {name}", limit=300)
    level = capital(words.text(framework.level_names[node.level]))
    return clean_text(f"{level} {node.code} ({name})", limit=300)


def inside(sentence: str) -> str:
    """Return a sentence as a part of another: its first letter small unless the word is an abbreviation."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() or sentence[1:2] == " " else sentence


def period_of(words: Words, view: PublicationView) -> str:
    """Return an index with its period: ``PAPI năm 2021``, ``PAPI 2021``."""
    return f"{words.text(view.framework.short_title)} {words.period_name(view.period)}"


def amount(words: Words, score: float, scale_unit: str) -> str:
    """Return a score with its unit: ``1,85 điểm``, ``88,38%``."""
    figure = words.figure(score)
    return f"{figure}%" if scale_unit == _PERCENT else words.say("{figure} điểm", "{figure} points", figure=figure)


def score_text(words: Words, one: Weighed) -> str:
    """Return ``0,84/2,5``; without the maximum where it is unknown."""
    if one.score is None:
        return words.no_data
    score = "0" if one.score == 0 else words.figure(one.score)
    return f"{score}/{words.scale_end(one.node.max)}" if one.node.max is not None else score


def place_text(words: Words, one: Weighed) -> str:
    """Return ``thứ 50/60``; empty without a rank, and without the number of units where it is not known."""
    rank = one.row.get("rank")
    if rank is None:
        return ""
    n = one.row.get("n") or (published_n(one.view) if one.view.framework.officially_ranked else None)
    return placed(words, int(rank), n)


def placed(words: Words, rank: int, n: int | None) -> str:
    """Return ``thứ 50/60``, ``50th of 60``."""
    if n:
        return words.say(f"thứ {rank}/{n}", f"{ordinal(rank)} of {n}")
    return words.say(f"thứ {rank}", ordinal(rank))


def remark(words: Words, one: Weighed) -> str:
    """Return the rule's sentence, ready for a table cell."""
    explain = one.finding.explain
    return clean_text(explain.get(words.language) or explain["vi"], limit=400).rstrip(".")


def change_text(words: Words, one: Weighed) -> str:
    """Return how the score changed since the previous period, or why that cannot be said."""
    since = one.row.get("previous_period")
    level = words.text(one.view.framework.level_names[one.node.level])
    redefined = words.say(
        "không so sánh được do {level} thay đổi", "not comparable: the {level} has been redefined", level=level
    )
    if not since:
        return redefined
    if one.row.get("previous_score") is None:
        return words.say("kỳ trước khuyết dữ liệu", "no data in the previous period")
    if one.scale_kept and one.score is not None:
        return words.change(one.score - one.row["previous_score"], one.node.scale_unit, "")
    delta = one.row.get("delta")
    if delta is None:
        return redefined
    moved = words.change(delta * 100, _PERCENT, "", 1)
    return words.say("thang điểm thay đổi; mức đạt {moved}", "scale changed; attainment {moved}", moved=moved)
