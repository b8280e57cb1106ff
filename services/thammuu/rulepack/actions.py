"""The action catalogue: what answers a finding on a concept, who leads it and until when."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.rulepack.actions_calendar import Calendar, load_calendar
from thammuu.rulepack.actions_practices import Practice, load_practices
from thammuu.rulepack.agencies import CITY, AgencyRegister, Basis, Slug, load_agencies
from thammuu.rulepack.legal import LegalRegister, load_legal_texts
from thammuu.rulepack.text import EitherText, Text
from thammuu.rulepack.yaml_positions import Document, nearest, read_yaml, refuse, validate, yaml_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thammuu.errors import Problem

Concept = Annotated[str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=120)]
Cause = Literal["no-evidence", "filed-late", "not-done", "perception", "outside"]
LEAST_NOTICE_DAYS = 45
"""A yearly date nearer than this is taken from the next year."""

_TOKEN = re.compile(r"\{([a-z-]+)\}")
_ALWAYS_KNOWN = frozenset({"kind"})
_ENGLISH_KINDS = {"tỉnh": "province", CITY: "city"}
_Register = TypeVar("_Register")


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
        task: The sentence in both languages, without a final full stop; ``{kind}`` and dated terms are filled in.
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
    task: EitherText
    output: EitherText
    deadline: Deadline
    legal: tuple[Slug, ...] = ()
    effort: Annotated[int, Field(ge=1, le=3)]
    cause: Cause
    source: str
    basis: Basis


class ActionsFile(_Entry):
    """One file of the catalogue."""

    actions: tuple[Action, ...]


@dataclass(frozen=True)
class ActionCatalogue:
    """All actions with the registers their words come from."""

    actions: tuple[Action, ...]
    legal: LegalRegister
    calendar: Calendar
    practices: tuple[Practice, ...] = ()
    _by_concept: dict[str, tuple[Action, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

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
    registers, problems = _registers(folder.parent)
    documents = [read_yaml(path) for path in yaml_files(folder)]
    files = [(document, *validate(document, ActionsFile)) for document in documents]
    problems += [problem for _document, _file, found in files for problem in found]
    if registers is not None:
        seen: set[str] = set()
        for document, file, _found in files:
            for place, action in enumerate(file.actions if file else ()):
                problems += _twice(document, place, action, seen)
                problems += _contradictions(document, place, action, registers)
    refuse(problems, lambda: _("The actions in {folder} are not valid.").format(folder=folder))
    assert registers is not None
    actions = tuple(action for _document, file, _found in files if file for action in file.actions)
    return ActionCatalogue(actions, registers.legal, registers.calendar, registers.practices)


@dataclass(frozen=True)
class _Registers:
    """What the actions' words come from."""

    agencies: AgencyRegister
    legal: LegalRegister
    calendar: Calendar
    practices: tuple[Practice, ...]


def _registers(rules: Path) -> tuple[_Registers | None, list[Problem]]:
    """Return the registers, None where one has errors, and the problems of all of them."""
    problems: list[Problem] = []

    def tried(load: Callable[[Path], _Register], name: str) -> _Register | None:
        try:
            return load(rules / name)
        except BadInputError as error:
            problems.extend(error.problems)
            return None

    agencies = tried(load_agencies, "agencies.yaml")
    legal = tried(load_legal_texts, "legal_bases.yaml")
    calendar = tried(load_calendar, "days_off.yaml")
    practices = tried(load_practices, "practices.yaml")
    if agencies is None or legal is None or calendar is None or practices is None:
        return None, problems
    return _Registers(agencies, legal, calendar, practices), problems


def _twice(document: Document, place: int, action: Action, seen: set[str]) -> Iterator[Problem]:
    if action.id in seen:
        yield document.problem("action-twice", _("each id once"), ("actions", place, "id"), value=action.id)
    seen.add(action.id)


def _contradictions(document: Document, place: int, action: Action, registers: _Registers) -> Iterator[Problem]:
    way = ("actions", place)
    for key, name in [("lead", action.lead), *(("coordinating", one) for one in action.coordinating)]:
        yield from _agency_problems(document, (*way, key), name, registers.agencies)
    for name in action.legal:
        if name not in registers.legal.texts:
            close = ", ".join(nearest(name, registers.legal.texts)) or "…"
            yield document.problem(
                "action-legal", _("a legal text: {nearest}").format(nearest=close), (*way, "legal"), value=name
            )
    for key, text in (("task", action.task), ("output", action.output)):
        for language, said in (("vi", text.vi), ("en", text.en)):
            if said is not None:
                yield from _wording_problems(document, (*way, key, language), said, registers.agencies)


def _agency_problems(
    document: Document, way: tuple[str | int, ...], name: str, agencies: AgencyRegister
) -> Iterator[Problem]:
    if name not in agencies:
        close = ", ".join(nearest(name, [*agencies.agencies, *agencies.duties])) or "…"
        expected = _("an agency or a duty: {nearest}").format(nearest=close)
        yield document.problem("action-agency", expected, way, value=name)
    elif name in agencies.agencies and not agencies.agencies[name].always:
        expected = _("a duty, since this office did not exist at every date")
        yield document.problem("action-dated-agency", expected, way, value=name)


def tokens(action: Action) -> set[str]:
    """Return the names in braces that an action's texts hold."""
    said = (action.task.vi, action.task.en, action.output.vi, action.output.en)
    return {token for text in said if text for token in _TOKEN.findall(text)}


def _wording_problems(
    document: Document, way: tuple[str | int, ...], said: str, agencies: AgencyRegister
) -> Iterator[Problem]:
    for token in _TOKEN.findall(said):
        if token not in agencies.terms and token not in _ALWAYS_KNOWN:
            yield document.problem("action-term", _("a term of agencies.yaml"), way, value=token)
    if not said.strip() or said.rstrip().endswith("."):
        yield document.problem("action-sentence", _("a sentence without its full stop"), way, value=said)


def filled(text: Text, agencies: AgencyRegister, kind: str, on: date, language: str = "vi") -> str:
    """Return a catalogue text with the unit's kind and the dated terms filled in.

    Args:
        text: The text; where it has no English edition the Vietnamese one is filled.
        agencies: What dated terms are said as.
        kind: ``tỉnh`` or ``thành phố``.
        on: The memo's date.
        language: ``vi`` or ``en``.
    """
    said_in = language if text.en else "vi"

    def word(found: re.Match[str]) -> str:
        if found[1] == "kind":
            return _ENGLISH_KINDS.get(kind, kind) if said_in == "en" else kind
        return agencies.say(found[1], on, said_in)

    return _TOKEN.sub(word, text.in_language(language))
