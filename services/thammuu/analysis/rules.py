"""Rules: what each rule file says, checked, and the set of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.rulepack.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.analysis.conditions import Condition
    from thammuu.analysis.peer_groups import PeerGroup

Severity = Literal["critical", "major", "minor", "information"]

SEVERITIES: tuple[Severity, ...] = ("critical", "major", "minor", "information")
"""Strongest first."""

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Sentence(_Part):
    """A sentence template in both languages."""

    vi: Annotated[str, Field(min_length=1, max_length=2_000)]
    en: Annotated[str, Field(min_length=1, max_length=2_000)]


class Application(_Part):
    """The nodes a rule looks at; what is left out does not matter.

    Args:
        nodes: ``leaves``, ``all`` or a list of levels.
        direction: Only nodes where this is better.
        indices: Only these indices.
        already_found: Only where another rule fires.
    """

    nodes: Literal["leaves", "all"] | list[Literal["total", "domain", "criterion", "sub-criterion", "indicator"]] = (
        "leaves"
    )
    direction: Literal["higher", "lower"] | None = None
    indices: list[str] | None = None
    already_found: bool = False


class Silence(_Part):
    """A rule that is silenced: its findings are shown apart, with who asked for it.

    Args:
        last_day: The last day of the silence, ``date`` in the file.
        by: Who decided it.
        reason: Why.
    """

    last_day: Annotated[date, Field(alias="date")]
    by: Annotated[str, Field(min_length=1)]
    reason: str | None = None


class RuleTest(_Part):
    """A row of facts and what the rule must make of it.

    Args:
        name: What the test shows.
        facts: Facts by name; those left out are null. ``scale_unit`` and the like may be given too.
        fires: Whether the rule fires.
        says: The sentence it must write.
    """

    name: Annotated[str, Field(min_length=1)]
    facts: dict[str, float | int | str | bool | None]
    fires: bool
    says: Sentence | None = None


class RuleFile(_Part):
    """One rule file, as written."""

    id: Identifier
    title: Text
    when: Annotated[str, Field(min_length=1)]
    applies_to: Application = Application()
    peers: str = "national"
    severity: Literal["critical", "major", "minor", "information", "raise"]
    explain: Sentence
    consecutive: Annotated[int, Field(alias="for", ge=1, le=20)] = 1
    inhibits: list[str] = []
    suppress_until: Silence | None = None
    tests: Annotated[list[RuleTest], Field(min_length=1)]


@dataclass(frozen=True)
class Rule:
    """A checked rule.

    Args:
        source: The file's content.
        condition: Its condition, ready for evaluation; peer facts carry the rule's group.
        wording: Names its sentences use.
    """

    source: RuleFile
    condition: Condition
    wording: frozenset[str]

    @property
    def id(self) -> str:
        """The rule's id."""
        return self.source.id

    @property
    def raises(self) -> bool:
        """Whether it raises the severity of what others found instead of finding anything itself."""
        return self.source.severity == "raise"

    @property
    def severity(self) -> Severity:
        """Its own severity; of a raising rule, the weakest."""
        return "information" if self.source.severity == "raise" else self.source.severity


@dataclass(frozen=True)
class RuleSet:
    """All rules of a pack, in order of id, with the peer groups they compare within.

    Args:
        rules: The rules.
        peers: Peer groups by name.
        hash: Content hash of all rule files and of the peer groups.
    """

    rules: tuple[Rule, ...]
    peers: dict[str, PeerGroup]
    hash: str = field(compare=False)

    @cached_property
    def by_id(self) -> dict[str, Rule]:
        """The rules by id."""
        return {rule.id: rule for rule in self.rules}

    def peer_group(self, name: str) -> PeerGroup:
        """Return a peer group by name.

        Raises:
            BadInputError: If there is none.
        """
        if name not in self.peers:
            known = ", ".join(self.peers)
            raise BadInputError(_("There is no peer group {name}; use one of {known}.").format(name=name, known=known))
        return self.peers[name]


def load_rules(folder: Path) -> RuleSet:
    """Read all rules of a folder.

    Raises:
        BadInputError: With every problem of every file, each with file, line and column.
    """
    from thammuu.analysis.rule_files import read_rules

    return read_rules(folder)


def run_rule_tests(ruleset: RuleSet) -> list[dict[str, Any]]:
    """Run the tests inside the rule files; return one entry a failure, none when all pass."""
    from thammuu.analysis.rule_tests import failures

    return failures(ruleset)
