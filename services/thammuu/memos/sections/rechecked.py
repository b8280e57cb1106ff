"""The criteria of the memo before, looked at again: which are no longer found, which rose, which fell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.model import Sentence
from thammuu.memos.sections.criteria import called
from thammuu.memos.sections.letter import document
from thammuu.memos.sections.standing import level_name, short_name
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import FindingLine
    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.view import Issued, PublicationView
    from thammuu.memos.wording import Words

_UNCHANGED = 9
"""Changes of attainment are rounded to this many decimals."""


@dataclass
class Rechecked:
    """What became of the criteria that the memo before named, by concept.

    Args:
        gone: No longer found.
        rose: Still found, though the attainment rose.
        fell: Still found, and the attainment fell.
        same: Still found at the same attainment.
        unknown: Not measurable: redefined, merged away or without a score.
    """

    gone: list[FindingLine] = field(default_factory=list)
    rose: list[FindingLine] = field(default_factory=list)
    fell: list[FindingLine] = field(default_factory=list)
    same: list[FindingLine] = field(default_factory=list)
    unknown: list[FindingLine] = field(default_factory=list)

    @property
    def lines(self) -> list[FindingLine]:
        """All of them."""
        return [*self.gone, *self.rose, *self.fell, *self.same, *self.unknown]


def rechecked(view: PublicationView, lines: Sequence[FindingLine]) -> Rechecked:
    """Return what became of criteria, by the unit's newest facts and findings on the same concept.

    Args:
        view: The newest publication of the index.
        lines: The unit's findings in the memo before, of this index.
    """
    found = Rechecked()
    still = {one.concept for one in view.findings}
    for line in lines:
        node = view.framework.of_concept(line.concept)
        if node is not None and not view.framework.is_leaf(node.code):
            continue
        row = view.row(node.code) if node else {}
        delta = row.get("delta")
        if row.get("score") is None or delta is None:
            found.unknown.append(line)
        elif line.concept not in still:
            found.gone.append(line)
        else:
            moved = round(delta, _UNCHANGED)
            (found.rose if moved > 0 else found.fell if moved < 0 else found.same).append(line)
    return found


def rechecked_sentences(scope: Scope, issued: Issued) -> Iterator[Sentence]:
    """Return a sentence an index on the criteria of the memo before, and one for scores of units merged since.

    The first names the memo, the others point back to it.
    """
    where = document(scope, issued)
    for part in scope.parts:
        for view in part.views:
            lines = [line for line in issued.model.findings if _of_index(line, view)]
            own = [line for line in lines if line.unit_id == part.unit.id]
            found = rechecked(view, own)
            if found.lines:
                yield _sentence(scope, part, view, found, (issued, where))
                where = _above(scope)
            if not scope.merged:
                others = [line for line in lines if line.unit_id != part.unit.id]
                for sentence in _former(scope, view, others, (issued, where)):
                    yield sentence
                    where = _above(scope)


def _above(scope: Scope) -> str:
    return scope.words.say("văn bản trên", "the same document")


def _of_index(line: FindingLine, view: PublicationView) -> bool:
    """Return whether a finding is of an earlier publication of the view's index."""
    rest = line.publication_id.removeprefix(f"{view.framework.index}-")
    return rest[:1].isdigit() and line.publication_id not in {rest, view.publication_id}


def _sentence(
    scope: Scope, part: Part, view: PublicationView, found: Rechecked, told_in: tuple[Issued, str]
) -> Sentence:
    words, (issued, where) = scope.words, told_in
    of_unit = words.say(" của {unit}", " of {unit}", unit=part.unit_name) if part.unit.id != scope.body.id else ""
    names = [_name(words, view, line, issued) for line in found.gone]
    told = list(_told(found, words, names))
    together = len(told) == 1
    text = words.say(
        "{n} của {index}{of_unit} nêu tại {where} {told}."
        if together
        else "Trong {n} của {index}{of_unit} nêu tại {where}: {told}.",
        "{n} of {index}{of_unit} named in {where}: {told}."
        if together
        else "Of {n} of {index}{of_unit} named in {where}: {told}.",
        n=words.counted(len(found.lines), level_name(view, words)),
        index=short_name(view, words),
        of_unit=of_unit,
        where=where,
        told=told[0] if together else "; ".join(told),
    )
    nodes = (view.framework.of_concept(line.concept) for line in found.lines)
    facts = (because.fact(view, node.code) for node in nodes if node)
    return Sentence(text=text, because=(_memo(issued), because.publication(view), *facts))


def _name(words: Words, view: PublicationView, line: FindingLine, issued: Issued) -> str:
    """Return a criterion as the issued memo names it; in another language than that memo's, as the framework does."""
    if words.language == issued.model.language:
        return line.name
    node = view.framework.of_concept(line.concept)
    if node is None:
        return line.code
    name = called(words, node)
    return clean_text(name if node.own_code else f"{node.code}. {name}", limit=300)


def _told(found: Rechecked, words: Words, gone: Sequence[str]) -> Iterator[str]:
    names = "; ".join(gone)
    if together := _all_alike(found, words, names):
        yield together
        return
    sayings = (
        (found.gone, "{n} không còn phải nêu ({names})", "{n} no longer found ({names})"),
        (found.rose, "{n} tăng nhưng vẫn cần khắc phục", "{n} rose and still in need of remedy"),
        (found.fell, "{n} giảm", "{n} fell"),
        (found.same, "{n} không thay đổi", "{n} unchanged"),
        (found.unknown, "{n} không so sánh được", "{n} not comparable"),
    )
    for lines, vi, en in sayings:
        if lines:
            yield words.say(vi, en, n=words.count(len(lines)), names=names)


def _all_alike(found: Rechecked, words: Words, names: str) -> str:
    """Return what became of all criteria alike, empty where they differ."""
    n = len(found.lines)
    sayings = (
        (found.gone, "không còn phải nêu", "no longer found"),
        (found.rose, "tăng nhưng vẫn cần khắc phục", "rose and still in need of remedy"),
        (found.fell, "giảm", "fell"),
        (found.same, "không thay đổi", "unchanged"),
        (found.unknown, "không so sánh được", "not comparable"),
    )
    told = next((words.say(vi, en) for lines, vi, en in sayings if len(lines) == n), "")
    if found.gone:
        told = f"{told} ({names})" if told else ""
    return words.say("đều {told}", "all {told}", told=told) if told and n > 1 else told


def _former(
    scope: Scope, view: PublicationView, lines: Sequence[FindingLine], told_in: tuple[Issued, str]
) -> Iterator[Sentence]:
    """Return a sentence for each unit that merged into the body since: its scores were another unit's."""
    words, (issued, where) = scope.words, told_in
    former = {part.unit.id: part.unit for part in view.parts}
    for unit_id in dict.fromkeys(line.unit_id for line in lines):
        of_unit = [line for line in lines if line.unit_id == unit_id]
        if unit_id in former:
            name = words.unit_name(former[unit_id], scope.as_of)
        else:
            name = _named_then(words, issued, unit_id)
        text = words.say(
            "{where} nêu {n} nội dung của {index} theo kết quả của {former}; kết quả kỳ này là của {body} nên "
            "không so sánh trực tiếp.",
            "{where} named {findings} on {index} by the results of {former}; the present results are "
            "those of {body} and are not compared directly.",
            where=capital(where),
            n=words.count(len(of_unit)),
            findings=words.counted(len(of_unit), "finding"),
            index=short_name(view, words),
            former=name,
            body=scope.body_name,
        )
        refs = (_memo(issued), because.publication(view), because.unit(unit_id), because.unit(scope.body.id))
        yield Sentence(text=text, because=refs)


def _named_then(words: Words, issued: Issued, unit_id: str) -> str:
    """Return a former unit as the memo to it named it, in the same language."""
    unit = issued.model.unit
    if unit.id != unit_id or issued.model.language != words.language:
        return words.say("đơn vị trước sắp xếp", "a unit before the merger")
    return words.say("{name} (trước sắp xếp)", "{name} (before the merger)", name=unit.full_name)


def _memo(issued: Issued) -> str:
    return because.memo(issued.memo_id, issued.version)
