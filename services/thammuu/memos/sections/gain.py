"""What it would bring: points still to gain, and the fewest criteria that reach the middle or the next group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Paragraph, Section, Sentence
from thammuu.memos.sections.bands import in_group
from thammuu.memos.sections.criteria import called
from thammuu.memos.sections.ledger_table import ledger_blocks
from thammuu.memos.sections.paths import path_of, smallest_set_to_group, smallest_set_to_middle
from thammuu.memos.sections.recoverable import points_ledger
from thammuu.memos.sections.standing import level_name, short_name
from thammuu.memos.wording import ordinal, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import Block
    from thammuu.memos.numbering import Numbering
    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.sections.paths import Path
    from thammuu.memos.view import PublicationView
    from thammuu.memos.wording import Words
    from thammuu.rulepack.frameworks import Node

_MAX_NAMED = 15


def shortest_path(view: PublicationView) -> Path | None:
    """Return the fewest criteria to raise to the peer median, None where that gains nothing.

    The goal is the median of all totals, which any criterion may help to reach; out of reach, it is everything that
    can be gained. A unit that is not below the median has no goal left: it is told what the criteria found would gain.
    """
    path = smallest_set_to_middle(view) or path_of(view, {one.code for one in view.findings})
    return path if path and path.steps else None


def gain_section(scope: Scope, part: Part, numbering: Numbering) -> Section | None:
    """Return the section, None where no total adds up and no maximum is a target.

    Args:
        scope: The memo.
        part: Whose gains.
        numbering: Numbers the tables.
    """
    blocks: list[Block] = []
    for view in part.views:
        blocks += ledger_blocks(scope, part, view, numbering)
    sentences = [sentence for view in part.views for sentence in _sentences(view, scope.words)]
    if not blocks and not sentences:
        return None
    if _cautions(scope, part):
        sentences = _with_caution(sentences, scope.words)
    blocks += [Paragraph(sentence=one) for one in sentences]
    return Section(
        kind="gain",
        heading=scope.words.say("Kết quả có thể đạt được", "What could be achieved"),
        unit_id=part.unit.id if scope.merged else "",
        blocks=tuple(blocks),
    )


def _cautions(scope: Scope, part: Part) -> bool:
    """Return whether this part is the first with anything to gain: the caution stands once in a memo."""
    able = (
        one
        for one in scope.parts
        if any(points_ledger(view, scope.catalogue) or shortest_path(view) for view in one.views)
    )
    return next(able, part) is part


def _with_caution(sentences: Sequence[Sentence], words: Words) -> list[Sentence]:
    caution = words.say(
        "Đây là kết quả tính toán để chọn thứ tự ưu tiên, không phải là chỉ tiêu phải đạt.",
        "This is computed to set priorities; it is not a target to be met.",
    )
    if not sentences:
        return [Sentence(text=caution, because=(because.form("gain"),))]
    last = sentences[-1]
    told = Sentence(text=f"{last.text} {caution}", because=(*last.because, because.form("gain")))
    return [*sentences[:-1], told]


def _sentences(view: PublicationView, words: Words) -> Iterator[Sentence]:
    path = shortest_path(view)
    codes = [step.code for step in path.steps] if path else []
    if path:
        found = (f"finding:{one.id}" for one in view.findings if one.code in codes)
        yield Sentence(text=_to_the_middle(view, words, codes, path), because=(*_rests_on(view, codes), *found))
    group = _next_group(view, words, codes)
    if group:
        yield group


def _to_the_middle(view: PublicationView, words: Words, codes: Sequence[str], path: Path) -> str:
    now, then = path.total_now or 0.0, path.total_then or 0.0
    return words.say(
        "Về {index}, nếu {criteria} đạt bằng trung vị, {unchanged}, tổng điểm tăng {gain} điểm, "
        "từ {now} lên {then}; {moved}.",
        "On {index}, if {criteria} {reach} the median, {unchanged}, the total rises by {gain} points, "
        "from {now} to {then}; {moved}.",
        index=short_name(view, words),
        criteria=_listed(view, words, codes),
        reach="reaches" if len(codes) == 1 else "reach",
        unchanged=_unchanged(view, words),
        gain=words.figure(then - now),
        now=words.score_figure(now),
        then=_as_printed(then, now, words),
        moved=_moved(view, words, path.rank_now or 0, path.rank_then or 0, path.n),
    )


def _next_group(view: PublicationView, words: Words, told: Sequence[str]) -> Sentence | None:
    """Return the sentence on the group above, None if it is out of reach or the set was just told."""
    found = smallest_set_to_group(view)
    codes = [step.code for step in found[1].steps] if found else []
    if found is None or set(codes) == set(told):
        return None
    band, path = found
    now, then = path.total_now or 0.0, path.total_then or 0.0
    text = words.say(
        "Để vào {group} của {index}, cần ít nhất {criteria} đạt bằng trung vị, {unchanged}: tổng điểm từ {now} lên "
        "{then}; {moved}.",
        "To enter {group} of {index}, at least {criteria} must reach the median, {unchanged}: the total goes from "
        "{now} to {then}; {moved}.",
        group=in_group(words.text(band.name), words),
        index=short_name(view, words),
        criteria=_listed(view, words, codes),
        unchanged=_unchanged(view, words),
        now=words.score_figure(now),
        then=_as_printed(then, now, words),
        moved=_moved(view, words, path.rank_now or 0, path.rank_then or 0, path.n),
    )
    return Sentence(text=text, because=_rests_on(view, codes))


def _rests_on(view: PublicationView, codes: Sequence[str]) -> tuple[str, ...]:
    facts = (because.fact(view, code) for code in (view.framework.root.code, *codes))
    return (because.publication(view), *facts)


def _listed(view: PublicationView, words: Words, codes: Sequence[str]) -> str:
    """Return ``05 nội dung thành phần (6.3; 6.2; …)``; a long list is counted only."""
    counted = words.counted(len(codes), level_name(view, words))
    if len(codes) > _MAX_NAMED:
        return counted
    found = {one.code for one in view.findings}
    return f"{counted} ({'; '.join(_named(view.framework.node(code), words, told=code in found) for code in codes)})"


def _named(node: Node, words: Words, *, told: bool) -> str:
    """Return a criterion's code, with its name where no table of findings tells it."""
    if node.own_code:
        return called(words, node)
    return node.code if told else f"{node.code}. {called(words, node)}"


def _unchanged(view: PublicationView, words: Words) -> str:
    level = level_name(view, words)
    return words.say(
        "các {level} khác và các tỉnh, thành phố khác không đổi",
        "the other {levels} and the other provinces unchanged",
        level=level,
        levels=plural(level),
    )


def _moved(view: PublicationView, words: Words, before: int, after: int, n: int) -> str:
    official = view.framework.officially_ranked
    verb = words.say("xếp hạng", "rank") if official else words.say("thứ tự theo tính toán", "order by computation")
    if after == before:
        return words.say(
            "{verb} giữ thứ {x}/{n}", "{verb} stays {xth} of {n}", verb=verb, x=before, xth=ordinal(before), n=n
        )
    return words.say(
        "{verb} từ thứ {x} lên thứ {y}/{n}",
        "{verb} from {xth} to {yth} of {n}",
        verb=verb,
        x=before,
        y=after,
        xth=ordinal(before),
        yth=ordinal(after),
        n=n,
    )


def _as_printed(total: float, published: float, words: Words) -> str:
    """Return a computed total with as many decimals as the published one has."""
    sign = words.say(",", ".")
    return words.figure(total, len(words.score_figure(published).partition(sign)[2]))
