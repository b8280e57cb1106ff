"""A person changes the wording of a draft before it is approved: sentences, tasks, deadlines with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from thammuu.canonical import derived_id
from thammuu.errors import BadInputError, EnvironmentFaultError, Place, Problem
from thammuu.events import MemoDrafted, envelope
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.memos.answering import answer_of
from thammuu.memos.clean import clean_text
from thammuu.memos.drafting import Edition, stored_draft
from thammuu.memos.handlers import keep_draft
from thammuu.memos.model import Chart, Row, Sentence
from thammuu.memos.people import acting
from thammuu.memos.shelf import STANDS_AS_DRAFT, kept_model, of_an_earlier_version
from thammuu.memos.why import parts_of
from thammuu.memos.wordings import Wording, kept_with, place_of_text, task_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from thammuu.bus.context import Context
    from thammuu.memos.drafting import Draft
    from thammuu.memos.model import MemoModel, Task
    from thammuu.memos.why import Part

MAX_SENTENCE: Final = 2_000
MAX_TASK: Final = 600
"""Letters; as long as the program writes them itself."""
MAX_REASON: Final = 500
MAX_AHEAD_DAYS: Final = 1_100
_ENDS: Final = ("./.", ".", ";", ":")


class Change(BaseModel):
    """What one line is to say.

    Args:
        line: Its number, as ``memos why`` counts lines.
        text: Of a sentence, or of the task in a row of the task table.
        deadline: Of the task in a row of the task table.
        reason: Why; a deadline needs one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: int
    text: str | None = None
    deadline: date | None = None
    reason: str = ""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    changes: list[Change]


def changes_in(path: Path) -> list[Change]:
    """Read changes from a YAML file: ``changes:`` with a list of ``line`` and ``text``, ``deadline``, ``reason``.

    Raises:
        BadInputError: With all problems of the file.
    """
    from thammuu.rulepack.yaml_positions import read_yaml, refuse, validate

    file, problems = validate(read_yaml(path), _File)
    refuse(problems, lambda: _("{file} does not say what changes.").format(file=path))
    assert file is not None
    return file.changes


def edit(context: Context, row: dict[str, Any], changes: Sequence[Change]) -> int:
    """Change the wording of a draft; it becomes a new version, to be approved anew.

    Args:
        context: The program's parts.
        row: A row of the shelf's listing.
        changes: What lines are to say.

    Returns:
        The number of the new version; that of the present one if nothing differs.

    Raises:
        BadInputError: With every change that cannot be made; nothing is changed then.
    """
    if row["status"] not in STANDS_AS_DRAFT:
        told = _("{memo} is no draft: its status is {status}.")
        raise BadInputError(told.format(memo=row["memo_id"], status=row["status"]))
    if row["at"] is None or row["pack"] is None:
        raise of_an_earlier_version(row["memo_id"])
    with context.database.snapshot() as connection:
        person = acting(context, connection, "edit", row["issuer"])
        before = kept_with(connection, row["memo_id"], row["version"])
    model = kept_model(context, row["memo_id"], row["model"])
    editor = _Editor(context, model, before, person)
    wanted = editor.wordings(changes)
    draft = replace(_draft(context, row, wanted), edited_by=person)
    if draft.lost:
        told = _("{memo} cannot be built as it was drafted; publish its scores again, then edit it.")
        raise BadInputError(told.format(memo=row["memo_id"]))
    return _kept(context, row, draft)


def _draft(context: Context, row: dict[str, Any], wanted: Sequence[Wording]) -> Draft:
    named = (row["unit_id"], row["round"], row["at"], row["pack"], row["dated"])
    edition = Edition(issuer=row["issuer"], form=row["form"])
    with context.database.snapshot() as connection:
        answer = answer_of(context, connection, *named)
        if answer is None or answer.memo_id != row["memo_id"]:
            raise BadInputError(_("{memo} answers no publication any more.").format(memo=row["memo_id"]))
        return stored_draft(context, connection, answer, edition, wanted)


def _kept(context: Context, row: dict[str, Any], draft: Draft) -> int:
    version: int = row["version"]
    with context.database.transaction() as connection:
        acting(context, connection, "edit", row["issuer"])
        try:
            new = keep_draft(draft, connection, instead_of=(version, row["model"]))
        except EnvironmentFaultError as error:
            told = _("{memo} was drafted anew meanwhile; look at it again.")
            raise BadInputError(told.format(memo=row["memo_id"])) from error
        cause = derived_id("edit", row["memo_id"], version, draft.model_blob)
        log.append(
            connection,
            [envelope(one, derived_id(cause, place), context.clock()) for place, one in enumerate(new)],
        )
    return next((one.data.version for one in new if isinstance(one.data, MemoDrafted)), version)


class _Editor:
    """Turns changes of lines into wording that is kept.

    Args:
        context: The program's parts.
        model: The draft as it is read.
        before: What persons changed in it already.
        person: Who changes it now.
    """

    def __init__(self, context: Context, model: MemoModel, before: Sequence[Wording], person: str) -> None:
        self._letters = context.renderer.letters
        self._works = context.packs.active.actions.calendar.works
        self._model = model
        self._parts = [part for _place, part in parts_of(model)]
        self._before = {one.place: one for one in before}
        self._person = person
        self._problems: list[Problem] = []

    def wordings(self, changes: Iterable[Change]) -> list[Wording]:
        """Return all that persons changed, these changes among it.

        Raises:
            BadInputError: With every change that cannot be made.
        """
        made: dict[str, Wording] = {}
        for one in changes:
            for new in self._of(one):
                if new.place in made:
                    self._refuse(one.line, "edit-twice", _("one change of the same text"), new.wording)
                made[new.place] = new
        self._check_last_day(made)
        if not made and not self._problems:
            self._problems.append(Problem("edit-nothing", _("at least one line to change")))
        if self._problems:
            told = _("{memo} was not changed: {n} problems.")
            raise BadInputError(told.format(memo=self._model.provenance.memo_id, n=len(self._problems)), self._problems)
        return [one for one in (self._before | made).values() if one.wording != one.original]

    def _of(self, change: Change) -> list[Wording]:
        if not 1 <= change.line <= len(self._parts):
            self._refuse(change.line, "edit-line", _("a line from 1 to {n}").format(n=len(self._parts)))
            return []
        if change.text is None and change.deadline is None:
            self._refuse(change.line, "edit-nothing", _("a text or a deadline"))
        part = self._parts[change.line - 1]
        task = task_in(self._model, part) if isinstance(part, Row) else None
        if task is not None:
            return [*self._task(change, task), *self._deadline(change, task)]
        if change.deadline is not None:
            self._refuse(change.line, "edit-deadline", _("a row of the task table"), change.deadline.isoformat())
        return self._sentence(change, part)

    def _sentence(self, change: Change, part: Part) -> list[Wording]:
        if change.text is None:
            return []
        if not isinstance(part, Sentence):
            kind = _("a sentence or a task; charts and tables of figures cannot be changed")
            self._refuse(change.line, "edit-kind", kind, part.alt if isinstance(part, Chart) else part.cells[0])
            return []
        text = self._cleaned(change, MAX_SENTENCE)
        end = next((one for one in _ENDS if part.text.endswith(one)), "")
        if text is not None and end and (not text.endswith(end) or (end == "." and text.endswith("./."))):
            self._refuse(change.line, "edit-end", _("a text that ends with {end}").format(end=end), text)
        changed = next((one for one in self._before.values() if _is_now(one, "text", part.text)), None)
        original = changed.original if changed else part.text
        return [self._made(place_of_text(original), original, text, change)] if text else []

    def _task(self, change: Change, task: Task) -> list[Wording]:
        text = None if change.text is None else self._cleaned(change, MAX_TASK)
        if not text:
            return []
        place = f"task:{task.id}"
        original = self._before[place].original if place in self._before else task.sentence
        return [self._made(place, original, text.rstrip("."), change)]

    def _deadline(self, change: Change, task: Task) -> list[Wording]:
        day = change.deadline
        if day is None:
            return []
        shown, last = day.isoformat(), self._model.dated + timedelta(days=MAX_AHEAD_DAYS)
        if not self._model.dated < day <= last:
            between = _("a day after {first} and up to {last}").format(first=self._model.dated, last=last)
            self._refuse(change.line, "edit-deadline", between, shown)
        elif not self._works(day):
            self._refuse(change.line, "edit-deadline", _("a working day"), shown)
        if not 0 < len(change.reason.strip()) <= MAX_REASON:
            self._refuse(change.line, "edit-reason", _("a reason, in 1 to {n} letters").format(n=MAX_REASON), shown)
        place = f"deadline:{task.id}"
        original = self._before[place].original if place in self._before else task.deadline.isoformat()
        return [self._made(place, original, shown, change)]

    def _check_last_day(self, made: dict[str, Wording]) -> None:
        """Refuse a deadline after all others while the closing, which asks for the results after it, stays as it is."""
        days = [one.wording for place, one in made.items() if place.startswith("deadline:")]
        closing = {one.text for one in self._model.closing}
        told = any(one.original in closing for one in made.values()) or any(
            one.wording in closing for one in self._before.values()
        )
        last = max((task.deadline.isoformat() for task in self._model.tasks), default="")
        for day in days:
            if day > last and not told:
                expected = _("a day up to {last}; or change the closing too, which asks for the results").format(
                    last=last
                )
                self._problems.append(Problem("edit-deadline", expected, value=day))

    def _cleaned(self, change: Change, most: int) -> str | None:
        given = change.text or ""
        text = clean_text(given, limit=most + 1)
        strange = sorted({one for one in text if ord(one) not in self._letters})
        if not text or len(text) > most:
            self._refuse(change.line, "edit-text", _("a text of 1 to {n} letters").format(n=most), given[:80])
        elif strange:
            self._refuse(change.line, "edit-letters", _("letters that can be printed"), " ".join(strange))
        elif len(change.reason) > MAX_REASON:
            self._refuse(change.line, "edit-reason", _("a reason, in 1 to {n} letters").format(n=MAX_REASON))
        else:
            return text
        return None

    def _made(self, place: str, original: str, text: str, change: Change) -> Wording:
        return Wording(place, original, text, clean_text(change.reason), self._person)

    def _refuse(self, line: int, code: str, expected: str, value: str | None = None) -> None:
        self._problems.append(Problem(code, expected, Place(line=line), value))


def _is_now(one: Wording, kind: str, text: str) -> bool:
    return one.place.startswith(f"{kind}:") and one.wording == text
