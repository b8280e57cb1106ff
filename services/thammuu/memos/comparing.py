"""What differs between two memos: results, scores, findings, tasks. Data, and a sentence for each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Literal

from thammuu.memos.because import form, unit
from thammuu.memos.model import Paragraph, Sentence, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from thammuu.memos.model import FindingLine, MemoModel, Section, Task
    from thammuu.memos.wording import Words

Key = tuple[str, str]
"""A unit's id and a concept, or a unit's id and the words a standing line begins with."""
ChangeKind = Literal[
    "unit",
    "standing-added",
    "standing-dropped",
    "standing",
    "score",
    "finding-added",
    "finding-dropped",
    "finding",
    "task-added",
    "task-dropped",
    "task-lead",
    "task-deadline",
    "task",
]
_SCORE_TITLES = ("Điểm", "Score")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Args:
        where: The index and period, the criterion, or the task; empty for the unit.
        before: What the old memo says; empty for what is new.
        after: What the new memo says; empty for what is gone.
        number: The task's number in the new memo, in the old one where it is gone.
        because: What the new saying rests on; empty where it is gone.
    """

    kind: ChangeKind
    where: str
    before: str
    after: str
    number: int | None = None
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """What a memo tells, ready to compare.

    Args:
        standings: The sentences on each index.
        scores: The printed scores of the criteria found.
        findings: Its findings.
        tasks: Its tasks.
    """

    standings: Mapping[Key, Sentence]
    scores: Mapping[Key, str]
    findings: Sequence[FindingLine]
    tasks: Sequence[Task]


def told_by(model: MemoModel) -> Told:
    """Return what a memo tells."""
    return Told(standings_of(model.sections), _scores_of(model), model.findings, model.tasks)


def standings_of(sections: Sequence[Section]) -> dict[Key, Sentence]:
    """Return the lines of the sections on standing, by unit and index."""
    return {
        (section.unit_id, block.sentence.text.partition(": ")[0]): block.sentence
        for section in sections
        if section.kind == "standing"
        for block in section.blocks
        if isinstance(block, Paragraph)
    }


def compare(old: MemoModel, new: MemoModel) -> list[Change]:
    """Return what differs between two memos, in printing order; of two units' memos only that they are of two units."""
    if old.unit.id != new.unit.id:
        refs = (unit(old.unit.id), unit(new.unit.id))
        return [Change("unit", "", old.unit.full_name, new.unit.full_name, because=refs)]
    return changes(told_by(old), told_by(new))


def changes(old: Told, new: Told) -> list[Change]:
    """Return what differs between what two memos tell, in printing order."""
    return [*_standing(old, new), *_findings(old, new), *_tasks(old, new)]


def _scores_of(model: MemoModel) -> dict[Key, str]:
    """Return the score printed in each finding's row."""
    keys = {f"finding:{line.id}": (line.unit_id, line.concept) for line in model.findings}
    blocks = chain(*(section.blocks for section in model.sections), *(annex.blocks for annex in model.annexes))
    found: dict[Key, str] = {}
    for table in (block for block in blocks if isinstance(block, Table)):
        at = next((at for at, one in enumerate(table.columns) if one.title.startswith(_SCORE_TITLES)), None)
        for row in table.rows:
            named = [keys[ref] for ref in row.because if ref in keys]
            if at is not None and len(named) == 1 and len(row.cells) == len(table.columns):
                found.setdefault(named[0], row.cells[at])
    return found


def _standing(old: Told, new: Told) -> Iterator[Change]:
    for (unit_id, index), sentence in new.standings.items():
        before = old.standings.get((unit_id, index))
        after = sentence.text.partition(": ")[2].rstrip(".")
        if before is None:
            if old.standings:
                yield Change("standing-added", index, "", after, because=sentence.because)
            continue
        then = before.text.partition(": ")[2].rstrip(".")
        if then != after:
            was, now = _differing(then, after)
            yield Change("standing", index, was, now, because=sentence.because)
    for (unit_id, index), sentence in old.standings.items():
        if new.standings and (unit_id, index) not in new.standings:
            yield Change("standing-dropped", index, sentence.text.partition(": ")[2].rstrip("."), "")


def _differing(before: str, after: str) -> tuple[str, str]:
    """Return the parts of two lines that the other does not have; both whole where one has all of the other."""
    was, now = before.split("; "), after.split("; ")
    lost, won = [one for one in was if one not in now], [one for one in now if one not in was]
    return ("; ".join(lost), "; ".join(won)) if lost and won else (before, after)


def _findings(old: Told, new: Told) -> Iterator[Change]:
    # the total's own finding is told by the standing
    before = {(line.unit_id, line.concept): line for line in old.findings if not line.concept.endswith(".total")}
    after = {(line.unit_id, line.concept): line for line in new.findings if not line.concept.endswith(".total")}
    for key, line in after.items():
        then, refs = before.get(key), (f"finding:{line.id}",)
        was, now = old.scores.get(key), new.scores.get(key)
        if then is None:
            yield Change("finding-added", line.name, "", line.remark, because=refs)
        elif was and now and was != now:
            yield Change("score", line.name, was, now, because=refs)
        elif then.remark != line.remark:
            yield Change("finding", line.name, then.remark, line.remark, because=refs)
    for key, line in before.items():
        if key not in after:
            yield Change("finding-dropped", line.name, line.remark, "")


def _tasks(old: Told, new: Told) -> Iterator[Change]:
    before = {task.action_id: task for task in old.tasks}
    after = {task.action_id: task for task in new.tasks}
    for name, task in after.items():
        if name in before:
            yield from _task(before[name], task)
        else:
            yield Change("task-added", task.sentence, "", task.lead, task.number, _rests_on(task))
    for name, task in before.items():
        if name not in after:
            yield Change("task-dropped", task.sentence, task.lead, "", task.number)


def _task(before: Task, after: Task) -> Iterator[Change]:
    where, number, refs = after.sentence, after.number, _rests_on(after)
    if before.lead != after.lead:
        yield Change("task-lead", where, before.lead, after.lead, number, refs)
    if before.deadline != after.deadline:
        yield Change("task-deadline", where, before.deadline_text, after.deadline_text, number, refs)
    if (before.sentence, before.output) != (after.sentence, after.output):
        yield Change(
            "task", where, f"{before.sentence} ({before.output})", f"{after.sentence} ({after.output})", number, refs
        )


def _rests_on(task: Task) -> tuple[str, ...]:
    return (f"action:{task.action_id}", *(f"finding:{one}" for one in task.finding_ids))


def said(found: Sequence[Change], words: Words) -> list[Sentence]:
    """Return a sentence for each change, one for all tasks whose deadline moved alike."""
    moved: dict[tuple[str, str], list[Change]] = {}
    for one in found:
        if one.kind == "task-deadline":
            moved.setdefault((one.before, one.after), []).append(one)
    told = [(_say(one, words), one.because) for one in found if one.kind != "task-deadline"]
    told += [(_say_moved(group, words), tuple(ref for one in group for ref in one.because)) for group in moved.values()]
    return [Sentence(text=text, because=tuple(dict.fromkeys(refs)) or (form("since"),)) for text, refs in told]


_SAYINGS: dict[ChangeKind, tuple[str, str]] = {
    "unit": ("Văn bản trước là của {before}, văn bản này là của {after}.", "The memos are of {before} and of {after}."),
    "standing-added": ("Bổ sung kết quả {where}: {after}.", "Added, the result of {where}: {after}."),
    "standing-dropped": ("Không còn nêu kết quả {where}.", "No longer told, the result of {where}."),
    "standing": (
        "Kết quả {where}: văn bản trước nêu “{before}”, nay điều chỉnh là “{after}”.",
        "Result of {where}: the earlier document said “{before}”; it is now “{after}”.",
    ),
    "score": (
        "{where}: điểm điều chỉnh từ {before} thành {after}.",
        "{where}: the score is corrected from {before} to {after}.",
    ),
    "finding-added": (
        "Bổ sung nội dung cần khắc phục: {where}. Nhận xét: {after}.",
        "Finding added: {where}. Remark: {after}.",
    ),
    "finding-dropped": ("Không còn nêu nội dung: {where}.", "No longer a finding: {where}."),
    "finding": (
        "{where}: nhận xét điều chỉnh từ “{before}” thành “{after}”.",
        "{where}: the remark changes from “{before}” to “{after}”.",
    ),
    "task-added": (
        "Bổ sung nhiệm vụ số {number} ({after} chủ trì): {where}.",
        "Task {number} added (lead: {after}): {where}.",
    ),
    "task-dropped": (
        "Bỏ nhiệm vụ ({before} chủ trì): {where}.",
        "Task dropped (lead: {before}): {where}.",
    ),
    "task-lead": (
        "Nhiệm vụ số {number}: cơ quan chủ trì điều chỉnh từ {before} thành {after}.",
        "Task {number}: the lead agency changes from {before} to {after}.",
    ),
    "task": (
        "Nhiệm vụ số {number}: nội dung, sản phẩm điều chỉnh thành: {after}.",
        "Task {number}: the task and its output now read: {after}.",
    ),
}


_COUNTED_ALIKE: tuple[tuple[ChangeKind, str, str], ...] = (
    ("standing-added", "bổ sung kết quả {n} chỉ số", "results added: {n}"),
    ("standing-dropped", "không còn nêu kết quả {n} chỉ số", "results dropped: {n}"),
    ("standing", "điều chỉnh kết quả {n} chỉ số", "results changed: {n}"),
    ("score", "điều chỉnh điểm của {n} nội dung", "scores changed: {n}"),
    ("finding", "điều chỉnh nhận xét về {n} nội dung", "remarks changed: {n}"),
)
"""Changes that only words of the same language show."""


def counted(found: Sequence[Change], words: Words, *, against: str = "", alike: bool = False) -> Sentence | None:
    """Return the changes counted; None where there are none.

    Args:
        found: The changes.
        words: The language of the sentence.
        against: The document compared with; that which is replaced, if empty.
        alike: Whether both memos are in one language; if not, only changes that do not depend on it count.
    """
    sayings: tuple[tuple[ChangeKind, str, str], ...] = (
        *(_COUNTED_ALIKE if alike else ()),
        ("finding-added", "bổ sung {n} nội dung cần khắc phục", "findings added: {n}"),
        ("finding-dropped", "không còn nêu {n} nội dung", "findings dropped: {n}"),
        ("task-added", "bổ sung {n} nhiệm vụ", "tasks added: {n}"),
        ("task-dropped", "bỏ {n} nhiệm vụ", "tasks dropped: {n}"),
        ("task-deadline", "điều chỉnh thời hạn của {n} nhiệm vụ", "deadlines moved: {n}"),
    )
    told, refs = [], []
    for kind, vi, en in sayings:
        of_kind = [one for one in found if one.kind == kind]
        if of_kind:
            told.append(words.say(vi, en, n=words.count(len(of_kind))))
            refs += [ref for one in of_kind for ref in one.because]
    if not told:
        return None
    text = words.say(
        "So với {document}: {told}.",
        "Against {document}: {told}.",
        document=against or words.say("văn bản được thay thế", "the document replaced"),
        told="; ".join(told),
    )
    return Sentence(text=text, because=tuple(dict.fromkeys(refs)) or (form("since"),))


def _say(one: Change, words: Words) -> str:
    vi, en = _SAYINGS[one.kind]
    return words.say(vi, en, where=one.where, before=one.before, after=one.after, number=one.number)


def _say_moved(group: Sequence[Change], words: Words) -> str:
    numbers = words.joined([str(one.number) for one in group])
    return words.say(
        "Thời hạn của {n} nhiệm vụ (số {numbers}) điều chỉnh từ {before} thành {after}.",
        "The deadline of {tasks} (no. {numbers}) moves from {before} to {after}.",
        n=words.count(len(group)),
        tasks=words.counted(len(group), "task"),
        numbers=numbers,
        before=group[0].before,
        after=group[0].after,
    )
