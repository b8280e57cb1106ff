"""Since the last memo: what a correction changes, how the criteria of the memo before did, what became of its tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.comparing import Told, changes, counted, said, standings_of, told_by
from thammuu.memos.model import Item, Paragraph, Section, Sentence
from thammuu.memos.numbering import Numbering
from thammuu.memos.sections.criteria import score_text
from thammuu.memos.sections.findings import finding_lines
from thammuu.memos.sections.rechecked import rechecked_sentences
from thammuu.memos.sections.standing import standing_section
from thammuu.memos.sections.taken_over import of_former, tasks_anew
from thammuu.memos.sections.tasks import tasks_of
from thammuu.memos.wording import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import Block, FindingLine, Task
    from thammuu.memos.scope import Scope
    from thammuu.memos.view import Issued, SinceLast

MAX_CHANGES = 15
"""Changes beyond these are counted."""


def since_section(
    scope: Scope, standings: Sequence[Section], findings: Sequence[FindingLine], tasks: Sequence[Task]
) -> Section | None:
    """Return the section, None where nothing came before.

    Args:
        scope: The memo.
        standings: Its sections on standing, as they will print.
        findings: Its findings.
        tasks: Its tasks.
    """
    since = scope.since
    if since is None:
        return None
    changed = list(_replaced(scope, since.corrects, _told(scope, standings, findings, tasks)))
    followed = list(_followed(scope, since))
    if not changed and not followed:
        return None
    blocks: list[Block] = [*changed]
    if changed and followed:
        heading = scope.words.say("Thay đổi so với các văn bản trước", "Since the documents before")
        blocks.append(_between(scope, since))
    elif changed:
        heading = scope.words.say(
            "Nội dung thay đổi so với văn bản được thay thế", "What changes against the document replaced"
        )
    else:
        heading = scope.words.say("Kết quả thực hiện văn bản trước", "Since the document before")
    return Section(kind="since", heading=heading, blocks=_listed([*blocks, *followed]))


def _listed(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return blocks as they print: an item alone is a paragraph."""
    alone = blocks[0] if len(blocks) == 1 else None
    return (Paragraph(sentence=alone.sentence),) if isinstance(alone, Item) else tuple(blocks)


def _told(scope: Scope, standings: Sequence[Section], findings: Sequence[FindingLine], tasks: Sequence[Task]) -> Told:
    scores = {(one.view.unit_id, one.finding.concept): score_text(scope.words, one) for one in scope.weighed}
    return Told(standings_of(standings), scores, findings, tasks)


def _replaced(scope: Scope, corrects: Sequence[Issued], now: Told) -> Iterator[Block]:
    """Return what differs from the memos that this one replaces: its own, and those to units merged into it."""
    for issued in corrects:
        if issued.model.unit.id == scope.body.id:
            yield from _changed(scope, issued, now)
    formers = [(part, one) for part in scope.parts for one in corrects if one.model.unit.id == part.unit.id]
    formers = [(part, one) for part, one in formers if part.unit.id != scope.body.id]
    for part, issued in formers:
        yield Item(sentence=of_former(scope, part, issued, now))
    anew = tasks_anew(scope, [one for _part, one in formers]) if now.tasks else None
    if anew:
        yield Item(sentence=anew)


def _changed(scope: Scope, corrects: Issued, now: Told) -> Iterator[Block]:
    """Return what differs from the memo that this one replaces; beyond some, their number."""
    memo = because.memo(corrects.memo_id, corrects.version)
    if corrects.model.language == scope.words.language:
        sentences = said(changes(told_by(corrects.model), now), scope.words)
    else:
        sentences = _in_other_words(scope, corrects, now)
    told = [Sentence(text=clean_text(one.text), because=(memo, *one.because)) for one in sentences]
    if not told:
        vi, en = (
            "Kết quả, nội dung cần khắc phục và nhiệm vụ không thay đổi so với văn bản được thay thế.",
            "Results, findings and tasks are those of the document replaced.",
        )
        yield Paragraph(sentence=Sentence(text=scope.words.say(vi, en), because=(memo,)))
    for one in told[:MAX_CHANGES]:
        yield Item(sentence=one)
    rest = told[MAX_CHANGES:]
    if rest:
        text = scope.words.say(
            "{n} thay đổi khác về nội dung cần khắc phục và nhiệm vụ.",
            "{changes} in findings and tasks.",
            n=scope.words.count(len(rest)),
            changes=scope.words.counted(len(rest), "further change"),
        )
        refs = dict.fromkeys(ref for one in rest for ref in one.because)
        yield Item(sentence=Sentence(text=text, because=tuple(refs)))


def _in_other_words(scope: Scope, corrects: Issued, now: Told) -> list[Sentence]:
    """Return what differs from a memo in another language: results as they are now, everything else counted.

    What this memo says is said in the other one's language too, since only sentences of one language can be compared.
    """
    words = WORDS[corrects.model.language]
    other = replace(scope, words=words, parts=[replace(part, words=words) for part in scope.parts])
    made = [standing_section(other, part, Numbering(words)) for part in other.parts] if now.standings else []
    old = told_by(corrects.model)
    findings, tasks = finding_lines(other) if now.findings else (), tasks_of(other) if now.tasks else ()
    new = _told(other, [one for one in made if one], findings, tasks)
    changed = [
        here
        for (key, there), here in zip(new.standings.items(), now.standings.values(), strict=True)
        if key in old.standings and old.standings[key].text != there.text
    ]
    rest = counted([one for one in changes(old, new) if one.kind != "standing"], scope.words, alike=True)
    return [*(_now(scope, one) for one in changed), *([rest] if rest else [])]


def _now(scope: Scope, standing: Sentence) -> Sentence:
    index, _colon, result = standing.text.partition(": ")
    text = scope.words.say(
        "Kết quả {index} nay điều chỉnh là “{result}”.",
        "Result of {index}: it is now “{result}”.",
        index=index,
        result=result.rstrip("."),
    )
    return standing.model_copy(update={"text": text})


def _between(scope: Scope, since: SinceLast) -> Paragraph:
    text = scope.words.say("Kết quả thực hiện văn bản trước:", "Since the document before:")
    return Paragraph(sentence=Sentence(text=text, because=_previous(since)))


def _followed(scope: Scope, since: SinceLast) -> Iterator[Block]:
    """Return how the criteria of the memo before did, and what became of its tasks."""
    for issued in since.previous:
        for sentence in rechecked_sentences(scope, issued):
            yield Item(sentence=sentence)
    for item in since.items:
        yield Item(sentence=Sentence(text=clean_text(f"{item}."), because=_previous(since)))


def _previous(since: SinceLast) -> tuple[str, ...]:
    last = since.previous or since.corrects
    return tuple(because.memo(one.memo_id, one.version) for one in last) or (because.form("since"),)
