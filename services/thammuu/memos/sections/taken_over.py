"""What differs from a letter to a unit that has merged into the memo's own since, and what becomes of its tasks."""

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
    from collections.abc import Sequence

    from thammuu.memos.comparing import Key
    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.view import Issued


def of_former(scope: Scope, part: Part, issued: Issued, now: Told) -> Sentence:
    """Return what differs between a former unit's letter and its part of this memo.

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
    vi, en = (
        "Kết quả và nội dung cần khắc phục của {unit} không thay đổi so với {document}.",
        "The results and findings of {unit} are those of {document}.",
    )
    if not alike:  # figures and remarks in another language's words do not compare
        vi = "Không bổ sung, không bớt nội dung cần khắc phục của {unit} so với {document}."
        en = "No finding of {unit} is added to those of {document} or dropped."
    text = words.say(vi, en, unit=part.unit_name, document=document(scope, issued))
    refs = (because.memo(issued.memo_id, issued.version), because.unit(part.unit.id), because.unit(scope.body.id))
    return Sentence(text=clean_text(told.text if told else text), because=(*refs, *(told.because if told else ())))


def tasks_anew(scope: Scope, formers: Sequence[Issued]) -> Sentence | None:
    """Return that the tasks of letters to former units pass to the offices of the body; None where they had none."""
    with_tasks = [one for one in formers if one.model.tasks]
    if not with_tasks:
        return None
    text = scope.words.say(
        "Nhiệm vụ nêu tại văn bản gửi đơn vị trước sắp xếp nay do cơ quan, địa phương của {body} thực hiện theo văn "
        "bản này, thời hạn tính từ ngày của văn bản này.",
        "Tasks of letters to units before the merger pass to the agencies and localities of {body} as this document "
        "has them, with deadlines counted from its day.",
        body=scope.body_name,
    )
    refs = (because.memo(one.memo_id, one.version) for one in with_tasks)
    return Sentence(text=clean_text(text), because=(*refs, because.unit(scope.body.id)))


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
