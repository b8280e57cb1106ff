"""What the memo leaves out, counted, and where to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Item, Paragraph, Section, Sentence
from thammuu.memos.sections.standing import level_name, short_name, total_of
from thammuu.memos.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.view import PublicationView


def left_out_section(scope: Scope) -> Section | None:
    """Return the section, None when nothing was left out."""
    told = tuple(_sentences(scope))
    if not told:
        return None
    made = Paragraph if len(told) == 1 else Item
    heading = scope.words.say("Nội dung không nêu trong văn bản", "Left out of this document")
    return Section(kind="left-out", heading=heading, blocks=tuple(made(sentence=one) for one in told))


def _sentences(scope: Scope) -> Iterator[Sentence]:
    yield from _covered(scope)
    yield from _silenced(scope)
    for part in scope.parts:
        for view in part.views:
            yield from _not_judged(scope, part, view)
            yield from _not_compared(scope, part, view)


def _remarks(scope: Scope, number: int) -> str:
    return scope.words.say(
        "{n} nhận xét", "{en}", n=scope.words.count(number), en=scope.words.counted(number, "remark")
    )


def _covered(scope: Scope) -> Iterator[Sentence]:
    covering = [one for one in scope.weighed if one.finding.covers]
    if covering:
        number = sum(len(one.finding.covers) for one in covering)
        text = scope.words.say(
            "{n} khác trên cùng nội dung đã được gộp vào nhận xét nghiêm trọng nhất, "
            "lưu trong dữ liệu đính kèm bản điện tử của văn bản này.",
            "{en} on the same {criteria} {were} merged into the gravest one and kept in the data attached to "
            "the electronic document.",
            n=_remarks(scope, number),
            en=scope.words.counted(number, "more remark"),
            criteria="criterion" if len(covering) == 1 else "criteria",
            were="was" if number == 1 else "were",
        )
        yield Sentence(text=text, because=tuple(because.finding(one) for one in covering))


def _silenced(scope: Scope) -> Iterator[Sentence]:
    views = [view for view in scope.views if view.silenced]
    if views:
        number = sum(view.silenced for view in views)
        text = scope.words.say(
            "{n} được người có thẩm quyền tạm dừng, lưu trong dữ liệu đính kèm bản điện tử của văn bản này.",
            "{n} {were} suspended by a person in charge and kept in the data attached to the electronic document.",
            n=_remarks(scope, number),
            were="was" if number == 1 else "were",
        )
        yield Sentence(text=text, because=tuple(because.publication(view) for view in views))


def _index(scope: Scope, part: Part, view: PublicationView) -> str:
    """Return the index, with the former unit where the memo tells several."""
    index = short_name(view, scope.words)
    if part.unit.id == scope.body.id:
        return index
    return scope.words.say("{index} của {unit}", "{index} of {unit}", index=index, unit=part.unit_name)


def _not_judged(scope: Scope, part: Part, view: PublicationView) -> Iterator[Sentence]:
    leaves = view.framework.leaves
    missing = [node.code for node in leaves if view.row(node.code).get("score") is None]
    if 0 < len(missing) < len(leaves) and view.complete and total_of(view) is not None:
        text = scope.words.say(
            "{n} của {index} khuyết dữ liệu nên không nhận xét.",
            "{n} of {index} {have} no data and {are} not remarked on.",
            n=scope.words.counted(len(missing), level_name(view, scope.words)),
            index=_index(scope, part, view),
            have="has" if len(missing) == 1 else "have",
            are="is" if len(missing) == 1 else "are",
        )
        yield Sentence(text=text, because=tuple(because.score(view, code) for code in missing))


def _not_compared(scope: Scope, part: Part, view: PublicationView) -> Iterator[Sentence]:
    rows = [view.row(node.code) for node in view.framework.leaves]
    unmatched = [row["code"] for row in rows if row.get("score") is not None and not row.get("previous_period")]
    if unmatched and view.complete and any(row.get("previous_period") for row in rows):
        level = level_name(view, scope.words)
        text = scope.words.say(
            "{n} của {index} không so sánh được với kỳ trước do {level} thay đổi.",
            "{n} of {index} cannot be compared with the period before, since the {levels} changed.",
            n=scope.words.counted(len(unmatched), level),
            index=_index(scope, part, view),
            level=level,
            levels=level if len(unmatched) == 1 else plural(level),
        )
        yield Sentence(text=text, because=tuple(because.fact(view, code) for code in unmatched))
