"""Reading rule files: every problem of every file at once, each with its line and column."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from thammuu.analysis.conditions import Condition, ConditionRefused, check_condition
from thammuu.analysis.fact_catalogue import condition_names
from thammuu.analysis.peer_groups import BUILT_IN, PeerGroup
from thammuu.analysis.rules import Identifier, Rule, RuleFile, RuleSet
from thammuu.analysis.sentences import CONTEXT, LANGUAGES, faults_in_sentence, template_names
from thammuu.canonical import content_hash, sha256_hex
from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.rulepack.yaml_positions import nearest, read_yaml, refuse, validate, yaml_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from thammuu.analysis.conditions import Kind
    from thammuu.rulepack.yaml_positions import Document

PEERS_FILE = "peers.yaml"
OTHER_FILES = frozenset({"agencies.yaml", "days_off.yaml", "legal_bases.yaml", "practices.yaml"})
"""Files beside the rules that others read."""


class PeersEntry(BaseModel):
    """One named peer group of ``peers.yaml``."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Identifier
    kind: Literal["region", "band", "nearest", "list"]
    phrase: dict[Literal["vi", "en"], str]
    min_peers: Annotated[int, Field(ge=1)] = 5
    size: Annotated[int, Field(ge=1, le=100)] = 10
    members: list[str] = []


class PeersFile(BaseModel):
    """The file of named peer groups."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    groups: list[PeersEntry]


def read_rules(folder: Path) -> RuleSet:
    """Read the peer groups and every rule file directly inside a folder.

    Every YAML file there is a rule file but those of the other registers; a file that is neither is a problem.

    Raises:
        BadInputError: With every problem of every file.
    """
    problems: list[Problem] = []
    documents = list(_documents(_paths(folder, problems), problems))
    peers = dict(BUILT_IN)
    rules: list[tuple[Document, Rule]] = []
    for document in documents:
        if _name(document) == PEERS_FILE:
            peers |= _peer_groups(document, problems)
    names = condition_names(peers)
    for document in documents:
        if _name(document) != PEERS_FILE:
            rules += [(document, rule)] if (rule := _rule(document, peers, names, problems)) else []
    problems += _clashes(rules)
    refuse(problems, lambda: _("The rules in {folder} are not valid.").format(folder=folder))
    hashes = {_name(document): sha256_hex(Path(document.file).read_bytes()) for document in documents}
    ordered = sorted((rule for _document, rule in rules), key=lambda rule: rule.id)
    return RuleSet(tuple(ordered), peers, content_hash(hashes))


def _name(document: Document) -> str:
    return Path(document.file).name


def _documents(paths: Iterable[Path], problems: list[Problem]) -> Iterator[Document]:
    for path in paths:
        try:
            document = read_yaml(path)
        except BadInputError as error:
            problems += error.problems
            continue
        if path.name == PEERS_FILE or document.problems or (isinstance(document.data, dict) and "id" in document.data):
            yield document
            continue
        expected = _("a rule with its id; nothing else has this name")
        problems.append(document.problem("not-a-rule", expected, value=path.name))


def _paths(folder: Path, problems: list[Problem]) -> list[Path]:
    try:
        return [path for path in yaml_files(folder, least=0) if path.name not in OTHER_FILES]
    except BadInputError as error:
        problems += error.problems
        return [path for path in sorted(folder.glob("*.yaml")) if path.name not in OTHER_FILES]


def _peer_groups(document: Document, problems: list[Problem]) -> dict[str, PeerGroup]:
    content, wrong = validate(document, PeersFile)
    problems += wrong
    groups: dict[str, PeerGroup] = {}
    for at, entry in enumerate(content.groups if content else []):
        if entry.name in groups or entry.name in BUILT_IN:
            expected = _("a name that is not taken")
            problems.append(document.problem("peers-name", expected, ("groups", at, "name"), value=entry.name))
        if (entry.kind == "list") != bool(entry.members):
            expected = _("members for a group of kind list, and for no other")
            problems.append(document.problem("peers-members", expected, ("groups", at), value=entry.name))
        words = {"phrase_vi": entry.phrase.get("vi", ""), "phrase_en": entry.phrase.get("en", "")}
        if not all(words.values()):
            expected = _("the group's phrase in vi and en")
            problems.append(document.problem("peers-phrase", expected, ("groups", at, "phrase"), value=entry.name))
        groups[entry.name] = PeerGroup(
            entry.name, entry.kind, entry.min_peers, entry.size, tuple(entry.members), **words
        )
    return groups


def _rule(
    document: Document, peers: Mapping[str, PeerGroup], names: Mapping[str, Kind], problems: list[Problem]
) -> Rule | None:
    source, wrong = validate(document, RuleFile)
    problems += wrong
    if source is None:
        return None
    if source.peers not in peers:
        expected = _("one of the peer groups {names}").format(names=", ".join(peers))
        problems.append(document.problem("rule-peers", expected, ("peers",), value=source.peers))
        return None
    condition = _condition(document, source, names, problems)
    wording = _wording(document, source, names, problems, condition)
    _check_tests(document, source, names, problems)
    return Rule(source, condition, wording) if condition else None


def _condition(
    document: Document, source: RuleFile, names: Mapping[str, Kind], problems: list[Problem]
) -> Condition | None:
    try:
        return check_condition(source.when, names)
    except ConditionRefused as refused:
        start = document.place(("when",))
        for fault in refused.faults:
            line, column = fault.line_and_column(source.when)
            place = _place_inside(document, start, source.when, line, column)
            problems.append(Problem(fault.code, fault.expected, place, fault.value))
    return None


def _place_inside(document: Document, start: Place, text: str, line: int, column: int) -> Place:
    """Return where a character of a scalar stands in its file; of a folded scalar, where the scalar begins."""
    at, first = start.line or 1, int(start.column or 1)
    lines = Path(document.file).read_text(encoding="utf-8-sig").splitlines()
    wanted = text.split("\n")[line - 1]
    for there in range(at, min(at + text.count("\n") + 2, len(lines) + 1)):
        found = lines[there - 1].find(wanted, first - 1 if there == at else 0)
        if wanted and found >= 0 and there - at >= line - 1:
            return Place(file=document.file, line=there, column=found + column)
    return start


def _wording(
    document: Document,
    source: RuleFile,
    names: Mapping[str, Kind],
    problems: list[Problem],
    condition: Condition | None,
) -> frozenset[str]:
    from jinja2 import TemplateError

    used: set[str] = set()
    kinds = {name: kind for name, kind in names.items() if "." not in name}
    known = kinds.keys() | CONTEXT
    for language in LANGUAGES:
        way = ("explain", language)
        try:
            text = getattr(source.explain, language)
            found = template_names(text, language)
            faults = faults_in_sentence(text, language, kinds, condition.certain if condition else None)
        except TemplateError as error:
            problems.append(
                document.problem("rule-template", _("a template that can be read"), way, value=error.message)
            )
            continue
        for name in sorted(found - known):
            close = nearest(name, known, limit=1)
            expected = _("a fact; did you mean {name}?").format(name=close[0]) if close else _("a fact")
            problems.append(document.problem("rule-template-name", expected, way, value=name))
        if found <= known:
            problems += [document.problem("rule-template", fault, way) for fault in faults]
        used |= found
    return frozenset(used & known)


def _check_tests(document: Document, source: RuleFile, names: Mapping[str, Kind], problems: list[Problem]) -> None:
    for at, test in enumerate(source.tests):
        for name, value in test.facts.items():
            way = ("tests", at, "facts", name)
            if name not in names and name not in CONTEXT:
                close = nearest(name, names, limit=1)
                expected = _("a fact; did you mean {name}?").format(name=close[0]) if close else _("a fact")
                problems.append(document.problem("rule-test-fact", expected, way, value=name))
            elif name in names and value is not None and (names[name] == "text") != isinstance(value, str):
                expected = _("a text") if names[name] == "text" else _("a number")
                problems.append(document.problem("rule-test-value", expected, way, value=str(value)))
    if not any(test.fires for test in source.tests):
        expected = _("at least one test in which the rule fires")
        problems.append(document.problem("rule-untested", expected, ("tests",), value=source.id))


def _clashes(rules: list[tuple[Document, Rule]]) -> Iterator[Problem]:
    ids = [rule.id for _document, rule in rules]
    for document, rule in rules:
        if ids.count(rule.id) > 1:
            yield document.problem("rule-id", _("an id that no other rule has"), ("id",), value=rule.id)
        for at, other in enumerate(rule.source.inhibits):
            if other not in ids or other == rule.id:
                expected = _("the id of another rule")
                yield document.problem("rule-inhibits", expected, ("inhibits", at), value=other)
