"""What differs from a letter to a unit that has merged into the memo's own since, counted: its tasks start anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.comparing import Told, changes, counted, told_by
from thammuu.memos.model import Sentence
from thammuu.memos.sections.letter import document
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from thammuu.memos.comparing import Key
    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.view import Issued


def of_former(scope: Scope, part: Part, issued: Issued, now: Told) -> Sentence:
    """Return what differs between a former unit's letter and its part of this memo, and that its tasks start anew.

    Args:
        scope: The memo.
        part: The former unit's part of it.
        issued: The letter to the former unit.
        now: What the memo tells.
    """
    words = scope.words
    then = told_by(issued.model)
    standings = {(part.unit.id, index): one for (_unit, index), one in then.standings.items()}
    found = changes(replace(then, standings=standings, tasks=()), _of_part(part, now))
    alike = issued.model.language == words.language
    told = counted(found, words, against=document(scope, issued), alike=alike)
    text = words.say(
        "Kết quả và nội dung cần khắc phục của {unit} không thay đổi so với {document}.",
        "The results and findings of {unit} are those of {document}.",
        unit=part.unit_name,
        document=document(scope, issued),
    )
    said = told.text if told else text
    if issued.model.tasks and now.tasks:
        anew = words.say(
            "{said} Nhiệm vụ nêu tại văn bản đó do cơ quan, địa phương của {body} thực hiện theo văn bản này.",
            "{said} Its tasks pass to the agencies and localities of {body} as this document has them.",
            said=said,
            body=scope.body_name,
        )
        said = anew
    refs = (because.memo(issued.memo_id, issued.version), because.unit(part.unit.id), because.unit(scope.body.id))
    return Sentence(text=clean_text(said), because=(*refs, *(told.because if told else ())))


def _of_part(part: Part, now: Told) -> Told:
    """Return what a memo tells of one former unit, its lines beginning as in a letter to that unit."""
    beginning = f"{capital(part.unit_name)}, "
    standings: dict[Key, Sentence] = {
        (unit_id, index.removeprefix(beginning)): one
        for (unit_id, index), one in now.standings.items()
        if unit_id == part.unit.id
    }
    findings = [line for line in now.findings if line.unit_id == part.unit.id]
    return Told(standings, now.scores, findings, ())
