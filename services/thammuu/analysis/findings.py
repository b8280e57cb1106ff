"""Findings: what the rules found on one unit's score, with the facts and the sentence that say why."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from thammuu.canonical import derived_id, rounded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.analysis.rules import RuleSet, Severity

Facts = dict[str, float | int | str | None]


@dataclass(frozen=True)
class Finding:
    """One finding a unit and criterion.

    Args:
        id: Deterministic: the publication, the unit and the concept.
        publication_id: Where the scores come from.
        unit_id: The unit.
        concept: The criterion's identity.
        code: Its code in this edition.
        rule: The strongest rule that fired.
        severity: After raising.
        explain: Why, as a sentence, in ``vi`` and ``en``.
        facts: The facts the conditions used.
        covers: Weaker and inhibited firings: ``rule severity facts``, ``inhibited_by`` and, for silenced ones,
            ``silenced_by`` and ``silenced_until``.
        raised_by: Rules that raised the severity.
    """

    id: str
    publication_id: str
    unit_id: str
    concept: str
    code: str
    rule: str
    severity: Severity
    explain: dict[str, str]
    facts: Facts
    covers: list[dict[str, Any]] = field(default_factory=list)
    raised_by: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as plain values."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Finding:
        """Return a finding from :meth:`as_dict`; keys it does not know are left out."""
        return cls(**{one.name: values[one.name] for one in fields(cls) if one.name in values})


def finding_id(publication_id: str, unit_id: str, concept: str) -> str:
    """Return the id of the finding on a unit's criterion in a publication."""
    return derived_id("finding", publication_id, unit_id, concept)


def plain_facts(row: dict[str, Any]) -> Facts:
    """Return facts as they are kept: figures rounded to nine decimals, whole numbers as such."""
    return {name: rounded(value) if isinstance(value, float) else value for name, value in row.items()}


def raise_findings(
    rules: RuleSet, current: IndexPeriod, earlier: Sequence[IndexPeriod], *, as_of: date | None = None
) -> list[Finding]:
    """Return the findings of a publication, in order of unit code and framework.

    Args:
        rules: The rules.
        current: The publication.
        earlier: The index's earlier periods, newest first, each in its latest revision.
        as_of: The day on which silences are judged; the period's last day by default.
    """
    from thammuu.analysis.assessment import assess

    return list(assess(rules, current, earlier, as_of=as_of).findings)
