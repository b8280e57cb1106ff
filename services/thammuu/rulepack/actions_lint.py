"""Whether the catalogue can be acted on: every task concrete, led on every date, and every domain answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from typing import TYPE_CHECKING

from thammuu.i18n import _
from thammuu.rulepack.actions import ActionsFile, tokens
from thammuu.rulepack.actions_lint_words import DatedWords, normalised, word_faults
from thammuu.rulepack.agencies import UnknownAgencyError, load_agencies
from thammuu.rulepack.frameworks import FrameworkLibrary
from thammuu.rulepack.legal import load_legal_texts
from thammuu.rulepack.yaml_positions import in_file_order, nearest, read_yaml, validate, yaml_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Literal

    from thammuu.errors import Problem
    from thammuu.rulepack.actions import Action
    from thammuu.rulepack.agencies import AgencyRegister
    from thammuu.rulepack.frameworks import Framework, Node
    from thammuu.rulepack.legal import LegalRegister
    from thammuu.rulepack.yaml_positions import Document

FIRST_DAY, LAST_DAY = date(2011, 1, 1), date(2035, 12, 31)
"""The memos' dates on which every task must be led by an office that exists."""
NEAR_DUPLICATE = 75
"""Tasks this alike, in percent of their letters, are one task written twice."""
_NEEDS_EVIDENCE = frozenset({"no-evidence", "filed-late"})


@dataclass(frozen=True)
class Entry:
    """An action with the place it was read from."""

    action: Action
    document: Document
    position: int

    def problem(  # noqa: D102
        self, code: str, expected: str, *steps: str, value: str, severity: Literal["error", "warning"] = "error"
    ) -> Problem:
        return self.document.problem(code, expected, ("actions", self.position, *steps), value=value, severity=severity)


@dataclass(frozen=True)
class Edition:
    """A framework with the file it was read from."""

    framework: Framework
    document: Document

    def problem(self, node: Node, code: str, expected: str, severity: Literal["error", "warning"]) -> Problem:  # noqa: D102
        rows = self.document.data["nodes"]
        row = next(place for place, one in enumerate(rows) if one["code"] == node.code)
        return self.document.problem(code, expected, ("nodes", row, "concept"), value=node.concept, severity=severity)


def lint_rules(rules: Path) -> list[Problem]:
    """Return what is wrong with the catalogue of a rules folder whose files are valid, in file order."""
    library = FrameworkLibrary.load(rules / "frameworks")
    documents = {one.data["id"]: one for one in map(read_yaml, yaml_files(rules / "frameworks"))}
    editions = [Edition(one, documents[one.id]) for one in library.frameworks]
    agencies = load_agencies(rules / "agencies.yaml")
    legal = load_legal_texts(rules / "legal_bases.yaml")
    return lint(list(_entries(rules / "actions")), editions, agencies, legal)


def _entries(folder: Path) -> Iterator[Entry]:
    for path in yaml_files(folder):
        document = read_yaml(path)
        file, _problems = validate(document, ActionsFile)
        for position, action in enumerate(file.actions if file else ()):
            yield Entry(action, document, position)


def lint(
    entries: Sequence[Entry], editions: Sequence[Edition], agencies: AgencyRegister, legal: LegalRegister
) -> list[Problem]:
    """Return all problems of a catalogue, errors and warnings.

    Args:
        entries: The actions.
        editions: Every framework, of one index from the oldest edition.
        agencies: Who leads and what dated terms are said as.
        legal: The texts actions name.
    """
    surveyed = {node.concept for one in editions for node in one.framework.nodes if node.surveyed}
    concepts = sorted({node.concept for one in editions for node in one.framework.nodes})
    words, days = DatedWords.of(agencies), _turning_days(agencies)
    found: list[Problem] = []
    for entry in entries:
        on_survey = not surveyed.isdisjoint(entry.action.answers)
        faults = word_faults(entry.action, words, surveyed=on_survey)
        found += [entry.problem(one.code, one.expected, *one.steps, value=one.value) for one in faults]
        found += _concept_problems(entry, concepts)
        found += _office_problems(entry, agencies, days)
        found += _basis_problems(entry, legal, on_survey=on_survey)
    found += _near_duplicates(entries)
    found += _unanswered(entries, editions)
    return in_file_order(found)


def _concept_problems(entry: Entry, concepts: Sequence[str]) -> Iterator[Problem]:
    known = frozenset(concepts)
    for name in entry.action.answers:
        if name not in known:
            close = ", ".join(nearest(name, concepts)) or "…"
            expected = _("a concept of a framework: {nearest}").format(nearest=close)
            yield entry.problem("action-concept", expected, "answers", value=name)


def _turning_days(agencies: AgencyRegister) -> list[date]:
    """Return the days on which an office, a duty or a term may change, within the span memos are dated in."""
    spans = [
        *agencies.agencies.values(),
        *(one for duty in agencies.duties.values() for one in duty.held_by),
        *(one for term in agencies.terms.values() for one in term.said_as),
    ]
    starts = {one.valid_from for one in spans if one.valid_from}
    ends = {one.valid_to + timedelta(days=1) for one in spans if one.valid_to}
    return sorted(day for day in {FIRST_DAY, LAST_DAY} | starts | ends if FIRST_DAY <= day <= LAST_DAY)


def _office_problems(entry: Entry, agencies: AgencyRegister, days: Sequence[date]) -> Iterator[Problem]:
    action = entry.action
    if action.lead in action.coordinating:
        expected = _("other offices than the lead")
        yield entry.problem("action-lead-twice", expected, "coordinating", value=action.lead)
    offices = [("lead", action.lead), *(("coordinating", one) for one in action.coordinating)]
    for key, name in offices:
        empty = next((day for day in days if not _holds(agencies, name, day)), None)
        if empty:
            expected = _("an office that exists from {first} to {last}; none does on {day}")
            told = expected.format(first=FIRST_DAY, last=LAST_DAY, day=empty)
            yield entry.problem("action-no-office", told, key, value=name)
    for term in sorted(tokens(action) & agencies.terms.keys()):
        unsaid = next((day for day in days if not any(one.on(day) for one in agencies.terms[term].said_as)), None)
        if unsaid:
            expected = _("a term that has a wording on {day}").format(day=unsaid)
            yield entry.problem("action-term-unsaid", expected, "task", value=term)


def _holds(agencies: AgencyRegister, name: str, day: date) -> bool:
    try:
        return agencies.holder(name, day).on(day)
    except UnknownAgencyError:
        return False


def _basis_problems(entry: Entry, legal: LegalRegister, *, on_survey: bool) -> Iterator[Problem]:
    for name in entry.action.legal:
        if name in legal.texts and legal.texts[name].basis != "read":
            expected = _("a legal text that was read in its source; another one is never printed")
            yield entry.problem("action-legal-basis", expected, "legal", value=name)
    if on_survey and entry.action.cause in _NEEDS_EVIDENCE:
        expected = _("not-done, perception or outside: what people are asked needs no evidence on file")
        yield entry.problem("action-survey-cause", expected, "cause", value=entry.action.cause)


def _near_duplicates(entries: Sequence[Entry]) -> Iterator[Problem]:
    from rapidfuzz import fuzz

    for language in ("vi", "en"):
        said = [(one, normalised(text)) for one in entries if (text := getattr(one.action.task, language))]
        for (earlier, first), (later, second) in combinations(said, 2):
            alike = fuzz.ratio(first, second, score_cutoff=NEAR_DUPLICATE)
            if alike:
                expected = _("a sentence of its own; it is {percent} % the same as that of {other}")
                told = expected.format(percent=int(alike), other=f"{earlier.action.id} ({earlier.document.file})")
                value = getattr(later.action.task, language)
                yield later.problem("action-near-duplicate", told, "task", language, value=value)


def _unanswered(entries: Sequence[Entry], editions: Sequence[Edition]) -> Iterator[Problem]:
    answered = {concept for entry in entries for concept in entry.action.answers}
    newest = {(one.framework.index, one.framework.unit_level): one for one in editions}
    for edition in newest.values():
        tree = edition.framework
        for node in (tree.root, *tree.children(tree.root.code)):
            if node.concept not in answered:
                expected = _("an action that answers this concept: the fallback of everything below it")
                yield edition.problem(node, "concept-without-fallback", expected, "error")
        for leaf in tree.leaves:
            if tree.domain_of(leaf.code).code != leaf.code and not _answered_below_domain(tree, leaf, answered):
                expected = _("an action of its own; only its domain's fallback answers it")
                yield edition.problem(leaf, "concept-without-action", expected, "warning")


def _answered_below_domain(tree: Framework, leaf: Node, answered: set[str]) -> bool:
    domain = tree.domain_of(leaf.code).code
    code: str | None = leaf.code
    while code is not None and code != domain:
        node = tree.node(code)
        if node.concept in answered:
            return True
        code = node.parent
    return False
