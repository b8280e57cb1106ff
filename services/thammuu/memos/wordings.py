"""Wording that a person changed: kept apart from the memo, and laid over it whenever it is built again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, insert, select

from thammuu.canonical import sha256_hex
from thammuu.ledger.schema import wordings
from thammuu.memos.model import Item, Note, Paragraph, Table
from thammuu.memos.wording import WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from thammuu.memos.model import Block, MemoModel, Row, Sentence, Task

_WHAT: Final = 3
_DAY: Final = 5
_CELLS: Final = 6
"""Columns of the task table: what is to be done is the fourth, its day the last."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One text that a person changed.

    Args:
        place: ``text:`` and the hash of a sentence, ``task:`` or ``deadline:`` and the id of a task.
        original: What the program wrote; of a deadline the day as YYYY-MM-DD.
        wording: What stands there instead.
        reason: Why; empty if nobody asked.
        person: Who changed it.
    """

    place: str
    original: str
    wording: str
    reason: str
    person: str


def place_of_text(original: str) -> str:
    """Return the place of a sentence: wherever it stands."""
    return f"text:{sha256_hex(original.encode())[:32]}"


def kept_with(connection: Connection, memo_id: str, version: int, *, dropped: bool = False) -> tuple[Wording, ...]:
    """Return what persons changed in a version of a memo, or what was lost when it was drafted."""
    c = wordings.c
    query = select(wordings).where(c.memo_id == memo_id, c.version == version, c.dropped == dropped)
    return tuple(
        Wording(row.place, row.original, row.wording, row.reason, row.person)
        for row in connection.execute(query.order_by(c.place))
    )


def keep(connection: Connection, memo_id: str, version: int, kept: Sequence[Wording], lost: Sequence[Wording]) -> None:
    """Write what persons changed in a new version of a memo."""
    rows: list[dict[str, Any]] = [
        {"memo_id": memo_id, "version": version, "dropped": dropped}
        | {name: getattr(one, name) for name in ("place", "original", "wording", "reason", "person")}
        for dropped, some in ((False, kept), (True, lost))
        for one in some
    ]
    if rows:
        connection.execute(insert(wordings), rows)


def written_by(connection: Connection, memo_id: str, person: str, text: str) -> list[str]:
    """Return what a person's words replaced in a text, newest version of the memo first, with the reasons."""
    c = wordings.c
    newest = select(func.max(c.version)).where(c.memo_id == memo_id, c.person == person).scalar_subquery()
    query = select(wordings).where(c.memo_id == memo_id, c.person == person, c.version == newest, c.dropped.is_(False))
    told = []
    for row in connection.execute(query.order_by(c.place)):
        shown = _shown_day(row.wording) if row.place.startswith("deadline:") else row.wording
        if shown in text:
            told.append(f"{row.original} → {row.wording}" + (f" ({row.reason})" if row.reason else ""))
    return told


def _shown_day(day: str) -> str:
    return WORDS["vi"].day(date.fromisoformat(day))


def reworded(model: MemoModel, changes: Iterable[Wording]) -> tuple[MemoModel, tuple[Wording, ...]]:
    """Lay changed wording over a memo.

    Args:
        model: As the program wrote it.
        changes: What persons changed.

    Returns:
        The memo with the new texts, each resting on its person besides; and the changes whose text it does not say.
    """
    lost = []
    for one in changes:
        changed = _CHANGERS[one.place.partition(":")[0]](model, one)
        if changed is None:
            lost.append(one)
        else:
            model = changed
    return model, tuple(lost)


def _text(model: MemoModel, one: Wording) -> MemoModel | None:
    found = False

    def sentence(old: Sentence) -> Sentence:
        nonlocal found
        if old.text != one.original:
            return old
        found = True
        return old.model_copy(update={"text": one.wording, "because": marked(old.because, one.person)})

    def block(old: Block) -> Block:
        match old:
            case Paragraph() | Item() | Note():
                return old.model_copy(update={"sentence": sentence(old.sentence)})
            case Table(note=note) if note is not None:
                return old.model_copy(update={"note": sentence(note)})
        return old

    changed = model.model_copy(
        update={
            "grounds": tuple(map(sentence, model.grounds)),
            "opening": tuple(map(sentence, model.opening)),
            "sections": tuple(_with_blocks(part, block) for part in model.sections),
            "closing": tuple(map(sentence, model.closing)),
            "annexes": tuple(_with_blocks(part, block) for part in model.annexes),
        }
    )
    return changed if found else None


def _with_blocks(part: Any, block: Any) -> Any:  # noqa: ANN401  a section or an annex, and what changes its blocks
    return part.model_copy(update={"blocks": tuple(map(block, part.blocks))})


def _task(model: MemoModel, one: Wording) -> MemoModel | None:
    task = task_of(model, one.place)
    if task is None or task.sentence != one.original:
        return None
    lines = (f"{task.sentence}.", f"{one.wording}.")
    return _in_row(model, task, task.model_copy(update={"sentence": one.wording}), (_WHAT, *lines), one.person)


def _deadline(model: MemoModel, one: Wording) -> MemoModel | None:
    task, day = task_of(model, one.place), date.fromisoformat(one.wording)
    if task is None or day <= model.dated:
        return None
    told = WORDS[model.language].day(day)
    new = task.model_copy(update={"deadline": day, "deadline_text": told})
    return _in_row(model, task, new, (_DAY, task.deadline_text, told), one.person)


def task_of(model: MemoModel, place: str) -> Task | None:
    """Return the task that a place names."""
    wanted = place.partition(":")[2]
    return next((task for task in model.tasks if task.id == wanted), None)


def task_in(model: MemoModel, row: Row) -> Task | None:
    """Return the task that a row of the task table tells; None for any other row."""
    if len(row.cells) != _CELLS:
        return None
    return next((task for task in model.tasks if _tells(row, task)), None)


def _tells(row: Row, task: Task) -> bool:
    return (
        len(row.cells) == _CELLS
        and row.cells[:2] == (str(task.number), task.lead)
        and f"action:{task.action_id}" in row.because
    )


def _in_row(model: MemoModel, old: Task, new: Task, change: tuple[int, str, str], person: str) -> MemoModel | None:
    """Change a task and one cell of the row that tells it."""
    place, before, after = change
    found = False

    def row(one: Row) -> Row:
        nonlocal found
        if not _tells(one, old) or not one.cells[place].startswith(before):
            return one
        found = True
        cell = after + one.cells[place].removeprefix(before)
        cells = (*one.cells[:place], cell, *one.cells[place + 1 :])
        return one.model_copy(update={"cells": cells, "because": marked(one.because, person)})

    def block(one: Block) -> Block:
        return one.model_copy(update={"rows": tuple(map(row, one.rows))}) if isinstance(one, Table) else one

    changed = model.model_copy(
        update={
            "sections": tuple(_with_blocks(part, block) for part in model.sections),
            "annexes": tuple(_with_blocks(part, block) for part in model.annexes),
            "tasks": tuple(new if one is old else one for one in model.tasks),
        }
    )
    return changed if found else None


def marked(because: tuple[str, ...], person: str) -> tuple[str, ...]:
    """Return what a text rests on once a person changed it."""
    return tuple(dict.fromkeys((*because, f"person:{person}")))


_CHANGERS: Final = {"text": _text, "task": _task, "deadline": _deadline}
