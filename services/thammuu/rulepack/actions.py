"""The action catalogue: what answers a finding on a concept, who leads it and until when."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from thammuu.i18n import _
from thammuu.rulepack.actions_calendar import Calendar, load_calendar
from thammuu.rulepack.actions_practices import Practice, load_practices
from thammuu.rulepack.agencies import AgencyRegister, Basis, Slug, load_agencies
from thammuu.rulepack.legal import LegalRegister, load_legal_texts
from thammuu.rulepack.yaml_positions import Document, nearest, read_yaml, refuse, validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.errors import Problem

Concept = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=120)]
Cause = Literal["no-evidence", "filed-late", "not-done", "perception", "outside"]
LEAST_NOTICE_DAYS = 45
"""A yearly date nearer than this is taken from the next year."""

_TOKEN = re.compile(r"\{([a-z-]+)\}")
_ALWAYS_KNOWN = frozenset({"kind"})


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Deadline(_Entry):
    """Days after the memo, or a date of every year."""

    days: Annotated[int, Field(ge=1, le=730)] | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    day: Annotated[int, Field(ge=1, le=31)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Deadline:
        yearly = self.month is not None and self.day is not None
        if yearly == (self.days is not None) or (self.month is None) != (self.day is None):
            raise ValueError(_("either days, or month and day"))
        if yearly:
            date(2023, self.month or 1, self.day or 1)  # a year without 29 February: the day exists every year
        return self

    def after(self, memo: date, calendar: Calendar) -> date:
        """Return the concrete working day for a memo's date, always after it."""
        if self.days is not None:
            wanted = memo + timedelta(days=self.days)
        else:
            earliest = memo + timedelta(days=LEAST_NOTICE_DAYS)
            wanted = date(memo.year, self.month or 1, self.day or 1)
            while wanted < earliest:
                wanted = wanted.replace(year=wanted.year + 1)
        return calendar.working_day_by(wanted, after=memo)


class Action(_Entry):
    """One catalogue entry.

    Args:
        answers: The concepts it answers; a domain's concept makes it the fallback of everything below it.
        lead: A duty or an agency of the register, exactly one.
        task: The sentence, without a final full stop; ``{kind}`` and dated terms are filled in.
        output: The product that shows it is done.
        legal: Texts to cite where they may be cited.
        effort: 1 for weeks of one office, 3 for a year of several.
        cause: What it mends; ``perception`` is answered by communication, ``outside`` is shown and not assigned.
        basis: ``read`` when the source states the task, ``memory`` for our own suggestion.
    """

    id: Slug
    answers: tuple[Concept, ...] = Field(min_length=1)
    lead: Slug
    coordinating: tuple[Slug, ...] = ()
    task: str
    output: str
    deadline: Deadline
    legal: tuple[Slug, ...] = ()
    effort: Annotated[int, Field(ge=1, le=3)]
    cause: Cause
    source: str
    basis: Basis


class _File(_Entry):
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class ActionCatalogue:
    """All actions with the registers their words come from."""

    actions: tuple[Action, ...]
    legal: LegalRegister
    calendar: Calendar
    practices: tuple[Practice, ...] = ()
    _by_concept: dict[str, tuple[Action, ...]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, list[Action]] = {}
        for action in self.actions:
            for concept in action.answers:
                found.setdefault(concept, []).append(action)
        self._by_concept.update({concept: tuple(actions) for concept, actions in found.items()})

    def answering(self, concept: str) -> tuple[Action, ...]:
        """Return the actions that answer a concept itself, in catalogue order."""
        return self._by_concept.get(concept, ())


def load_actions(folder: Path) -> ActionCatalogue:
    """Read the catalogue and the registers beside its folder.

    Args:
        folder: ``actions/``; its parent holds ``agencies.yaml``, ``legal_bases.yaml``, ``days_off.yaml``.

    Raises:
        BadInputError: With all problems of all files, each with line and column.
    """
    rules = folder.parent
    agencies = load_agencies(rules / "agencies.yaml")
    legal = load_legal_texts(rules / "legal_bases.yaml")
    calendar = load_calendar(rules / "days_off.yaml")
    practices = load_practices(rules / "practices.yaml")
    actions: list[Action] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for path in sorted(folder.glob("*.yaml")):
        document = read_yaml(path)
        file, found = validate(document, _File)
        problems += found
        for place, action in enumerate(file.actions if file else ()):
            problems += _contradictions(document, place, action, agencies, legal, seen)
            actions.append(action)
    refuse(problems, lambda: _("The actions in {folder} are not valid.").format(folder=folder))
    return ActionCatalogue(tuple(actions), legal, calendar, practices)


def _contradictions(  # noqa: PLR0913  one check an input
    document: Document,
    place: int,
    action: Action,
    agencies: AgencyRegister,
    legal: LegalRegister,
    seen: set[str],
) -> Iterator[Problem]:
    way = ("actions", place)
    if action.id in seen:
        yield document.problem("action-twice", _("each id once"), (*way, "id"), value=action.id)
    seen.add(action.id)
    known = [*agencies.agencies, *agencies.duties]
    for key, name in [("lead", action.lead), *(("coordinating", one) for one in action.coordinating)]:
        if name not in agencies:
            close = ", ".join(nearest(name, known)) or "…"
            expected = _("an agency or a duty: {nearest}").format(nearest=close)
            yield document.problem("action-agency", expected, (*way, key), value=name)
    for name in action.legal:
        if name not in legal.texts:
            expected = _("a legal text: {nearest}").format(nearest=", ".join(nearest(name, legal.texts)) or "…")
            yield document.problem("action-legal", expected, (*way, "legal"), value=name)
    for key, text in (("task", action.task), ("output", action.output)):
        for token in _TOKEN.findall(text):
            if token not in agencies.terms and token not in _ALWAYS_KNOWN:
                yield document.problem("action-term", _("a term of agencies.yaml"), (*way, key), value=token)
        if not text.strip() or text.rstrip().endswith("."):
            yield document.problem("action-sentence", _("a sentence without its full stop"), (*way, key), value=text)


def filled(text: str, agencies: AgencyRegister, kind: str, on: date) -> str:
    """Return a catalogue text with the unit's kind and the dated terms filled in."""
    return _TOKEN.sub(lambda found: kind if found[1] == "kind" else agencies.say(found[1], on), text)
