"""The assessment of a publication: its facts, its findings, and what was silenced."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from thammuu.analysis.facts import FactTable
from thammuu.analysis.findings import Finding, finding_id, plain_facts
from thammuu.analysis.rules import SEVERITIES
from thammuu.analysis.sentences import LANGUAGES, scale_context, sentence
from thammuu.analysis.sheets import Sheets, needed_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from thammuu.analysis.findings import Facts
    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.analysis.rules import RuleSet
    from thammuu.analysis.sheets import Sheet


@dataclass(frozen=True)
class Assessment:
    """What the rules say of a publication.

    Args:
        facts: :func:`thammuu.analysis.facts.compute_facts` against national peers.
        findings: One per unit and criterion, in order of unit code and framework.
        silenced: Firings of silenced rules: ``unit_id concept code rule severity facts silenced_by
            silenced_until reason``.
    """

    facts: pl.DataFrame
    findings: tuple[Finding, ...]
    silenced: tuple[dict[str, Any], ...]


def assess(
    rules: RuleSet, current: IndexPeriod, earlier: Sequence[IndexPeriod], *, as_of: date | None = None
) -> Assessment:
    """Compute the facts of a publication and raise its findings.

    Args:
        rules: The rules.
        current: The publication.
        earlier: The index's earlier periods, newest first, each in its latest revision.
        as_of: The day on which silences are judged; the period's last day by default.
    """
    facts, findings, silenced = list[pl.DataFrame](), list[Finding](), list[dict[str, Any]]()
    for sheet in Sheets(rules, FactTable(current, earlier), as_of or current.period.end):
        facts.append(sheet.every_fact())
        found, kept_quiet = findings_on(sheet)
        findings += found
        silenced += kept_quiet
    return Assessment(pl.concat(facts), tuple(findings), tuple(silenced))


def write_facts(sheets: Sheets, path: Path) -> None:
    """Write the facts of a publication against national peers as a Parquet file, some units at a time."""
    from polars.io.plugins import register_io_source

    def parts(*_hints: object) -> Iterator[pl.DataFrame]:
        return (sheet.every_fact() for sheet in sheets)

    first = sheets[0].every_fact()
    # a group of rows a sheet: larger ones are put together in memory first
    register_io_source(parts, schema=first.schema).sink_parquet(path, row_group_size=first.height)


def findings_on(sheet: Sheet) -> tuple[list[Finding], list[dict[str, Any]]]:
    """Return the findings and the silenced firings on some units, in order of unit code and framework."""
    writer = _Writer(sheet)
    return list(writer.findings()), list(writer.silenced())


@dataclass
class _Writer:
    """Turns firings into findings."""

    sheet: Sheet
    _wording: dict[tuple[int, int, str], dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def _rows(self) -> dict[tuple[int, int], dict[str, Any]]:
        """Facts that each firing's condition and sentence need, by rule and cell."""
        found: dict[tuple[int, int], dict[str, Any]] = {}
        hits = self.sheet.hits
        raising = hits.select("cell", "raised_by").explode("raised_by").drop_nulls().unique()
        pairs = pl.concat([hits.select("rule", "cell"), raising.select(rule="raised_by", cell="cell")])
        for (number,), part in pairs.group_by("rule"):
            at = int(number)
            rule, cells = self.sheet.rules.rules[at], part["cell"]
            facts = self.sheet.facts_of(rule, needed_by(rule), cells).to_dicts()
            found |= {(at, cell): row for cell, row in zip(cells.to_list(), facts, strict=True)}
        return found

    def findings(self) -> Iterator[Finding]:
        rules, publication_id = self.sheet.rules.rules, self.sheet.layout.publication_id
        live = self.sheet.hits.filter(pl.col("first").any().over("cell"))
        for lines in _by_cell(live):
            head = next(line for line in lines if line["first"])
            unit_id, concept, code = self._names(head["cell"])
            raised = [rules[at].id for at in head["raised_by"]]
            yield Finding(
                id=finding_id(publication_id, unit_id, concept),
                publication_id=publication_id,
                unit_id=unit_id,
                concept=concept,
                code=code,
                rule=rules[head["rule"]].id,
                severity=SEVERITIES[head["severity"]],
                explain=self._explain(head),
                facts=self._facts(head["rule"], head) | self._raising_facts(head),
                covers=[self._covered(line) for line in lines if line is not head],
                raised_by=raised,
            )

    def silenced(self) -> Iterator[dict[str, Any]]:
        for line in self.sheet.hits.filter("silenced").iter_rows(named=True):
            unit_id, concept, code = self._names(line["cell"])
            yield {"unit_id": unit_id, "concept": concept, "code": code} | self._covered(line)

    def _names(self, cell: int) -> tuple[str, str, str]:
        units, nodes = self._unit_ids, self._node_names
        return units[cell // len(nodes)], *nodes[cell % len(nodes)]

    @cached_property
    def _unit_ids(self) -> list[str]:
        return self.sheet.layout.units["unit_id"].to_list()

    @cached_property
    def _node_names(self) -> list[tuple[str, str]]:
        return self.sheet.layout.nodes.select("concept", "code").rows()

    def _facts(self, at: int, line: dict[str, Any]) -> Facts:
        row = self._rows[at, line["cell"]]
        return plain_facts({name: row[name] for name in self.sheet.rules.rules[at].condition.facts})

    def _raising_facts(self, line: dict[str, Any]) -> Facts:
        found: Facts = {}
        for at in line["raised_by"]:
            found |= self._facts(at, line)
        return found

    def _covered(self, line: dict[str, Any]) -> dict[str, Any]:
        rules = self.sheet.rules.rules
        rule = rules[line["rule"]]
        entry: dict[str, Any] = {"rule": rule.id, "severity": SEVERITIES[line["severity"]]}
        entry["facts"] = self._facts(line["rule"], line)
        if line["inhibited_by"] is not None:
            entry["inhibited_by"] = rules[line["inhibited_by"]].id
        silence = rule.source.suppress_until
        if line["silenced"] and silence is not None:
            entry |= {"silenced_by": silence.by, "silenced_until": silence.last_day.isoformat()}
            entry |= {"reason": silence.reason} if silence.reason else {}
        return entry

    def _explain(self, line: dict[str, Any]) -> dict[str, str]:
        parts: dict[str, list[str]] = {language: [] for language in LANGUAGES}
        for at in (line["rule"], *line["raised_by"]):
            rule, row = self.sheet.rules.rules[at], self._rows[at, line["cell"]]
            facts = row | scale_context(row, rule.wording)
            for language, said in parts.items():
                context = facts | self._words(at, line["cell"] % len(self._node_names), language)
                said.append(sentence(getattr(rule.source.explain, language), language, context))
        return {language: " ".join(said) for language, said in parts.items()}

    def _words(self, at: int, k: int, language: str) -> dict[str, Any]:
        """Return the wording of a rule's sentences for a node."""
        if (at, k, language) not in self._wording:
            framework, rules = self.sheet.layout.framework, self.sheet.rules
            node, group = framework.nodes[k], rules.peer_group(rules.rules[at].source.peers)
            self._wording[at, k, language] = {
                "level_name": framework.level_names[node.level].in_language(language),
                "peers": group.phrase(framework.unit_level, language),
                "scale_unit": node.scale_unit,
                "officially_ranked": framework.officially_ranked,
            }
        return self._wording[at, k, language]


def _by_cell(hits: pl.DataFrame) -> Iterator[list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []
    for line in hits.iter_rows(named=True):
        if lines and lines[0]["cell"] != line["cell"]:
            yield lines
            lines = []
        lines.append(line)
    if lines:
        yield lines
