"""The assessment of a publication: its facts, its findings, and what was silenced."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from thammuu.analysis.fact_catalogue import EVERY_COLUMN, FACTS
from thammuu.analysis.facts import FactTable
from thammuu.analysis.findings import Finding, finding_id, plain_facts
from thammuu.analysis.firing import Firing
from thammuu.analysis.rules import SEVERITIES
from thammuu.analysis.sentences import LANGUAGES, scale_context, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from thammuu.analysis.findings import Facts
    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.analysis.rules import Rule, RuleSet

SCALE_FACTS = ("min_score", "max_score", "direction", "level", "previous_score", "previous_attainment")
UNITS_AT_ONCE = 200
ROWS_AT_ONCE = 10_000
_PEER_POINTS = ("peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max")


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
    firing = Firing(rules, FactTable(current, earlier))
    facts, findings, silenced = every_fact(firing), list[Finding](), list[dict[str, Any]]()
    for found, kept_quiet in findings_in_parts(firing, as_of or current.period.end):
        findings += found
        silenced += kept_quiet
    return Assessment(facts, tuple(findings), tuple(silenced))


def every_fact(firing: Firing) -> pl.DataFrame:
    """Return the facts of a publication against national peers."""
    return firing.table.columns(EVERY_COLUMN, firing.peers("national"))


def facts_parquet(firing: Firing, rows_at_once: int = ROWS_AT_ONCE) -> bytes:
    """Return :func:`every_fact` as a Parquet file, made and written so many rows at a time.

    Laid out at once, the names of units and nodes alone take a third of the memory of all facts.
    """
    from polars.io.plugins import register_io_source

    table, peers = firing.table, firing.peers("national")

    def rows(start: int, end: int) -> pl.DataFrame:
        return table.columns(EVERY_COLUMN, peers, pl.int_range(start, end, dtype=pl.UInt32, eager=True))

    def parts(*_hints: object) -> Iterator[pl.DataFrame]:
        height = table.grid.cells.height
        for start in range(0, height, rows_at_once):
            yield rows(start, min(start + rows_at_once, height))

    buffer = io.BytesIO()
    register_io_source(parts, schema=rows(0, 0).schema).sink_parquet(buffer, row_group_size=rows_at_once)
    return buffer.getvalue()


def findings_in_parts(firing: Firing, as_of: date) -> Iterator[tuple[list[Finding], list[dict[str, Any]]]]:
    """Yield findings and silenced firings of so many units at a time, in order of unit code and framework.

    Args:
        firing: The rules over a publication.
        as_of: The day on which silences are judged.
    """
    for part in _parts(firing.hits(as_of), firing.table.grid.nodes.height):
        writer = _Writer(firing, part)
        yield list(writer.findings()), list(writer.silenced())


@dataclass
class _Writer:
    """Turns firings into findings."""

    firing: Firing
    hits: pl.DataFrame
    _wording: dict[tuple[int, int, str], dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def _rows(self) -> dict[tuple[int, int], dict[str, Any]]:
        """Facts that each firing's condition and sentence need, by rule and cell."""
        found: dict[tuple[int, int], dict[str, Any]] = {}
        raising = self.hits.select("cell", "raised_by").explode("raised_by").drop_nulls().unique()
        pairs = pl.concat([self.hits.select("rule", "cell"), raising.select(rule="raised_by", cell="cell")])
        for (number,), part in pairs.group_by("rule"):
            at = int(number)
            rule, cells = self.firing.rules.rules[at], part["cell"]
            facts = self.firing.facts_of(rule, _needed(rule), cells).to_dicts()
            found |= {(at, cell): row for cell, row in zip(cells.to_list(), facts, strict=True)}
        return found

    def findings(self) -> Iterator[Finding]:
        rules, current = self.firing.rules.rules, self.firing.table.current
        live = self.hits.filter(pl.col("first").any().over("cell"))
        for lines in _by_cell(live):
            head = next(line for line in lines if line["first"])
            unit_id, concept, code = self._names(head["cell"])
            raised = [rules[at].id for at in head["raised_by"]]
            yield Finding(
                id=finding_id(current.publication_id, unit_id, concept),
                publication_id=current.publication_id,
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
        for line in self.hits.filter("silenced").iter_rows(named=True):
            unit_id, concept, code = self._names(line["cell"])
            yield {"unit_id": unit_id, "concept": concept, "code": code} | self._covered(line)

    def _names(self, cell: int) -> tuple[str, str, str]:
        units, nodes = self._unit_ids, self._node_names
        return units[cell // len(nodes)], *nodes[cell % len(nodes)]

    @cached_property
    def _unit_ids(self) -> list[str]:
        return self.firing.table.grid.units["unit_id"].to_list()

    @cached_property
    def _node_names(self) -> list[tuple[str, str]]:
        return self.firing.table.grid.nodes.select("concept", "code").rows()

    def _facts(self, at: int, line: dict[str, Any]) -> Facts:
        row = self._rows[at, line["cell"]]
        return plain_facts({name: row[name] for name in self.firing.rules.rules[at].condition.facts})

    def _raising_facts(self, line: dict[str, Any]) -> Facts:
        found: Facts = {}
        for at in line["raised_by"]:
            found |= self._facts(at, line)
        return found

    def _covered(self, line: dict[str, Any]) -> dict[str, Any]:
        rules = self.firing.rules.rules
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
            rule, row = self.firing.rules.rules[at], self._rows[at, line["cell"]]
            facts = row | scale_context(row, rule.wording)
            for language, said in parts.items():
                context = facts | self._words(at, line["cell"] % len(self._node_names), language)
                said.append(sentence(getattr(rule.source.explain, language), language, context))
        return {language: " ".join(said) for language, said in parts.items()}

    def _words(self, at: int, k: int, language: str) -> dict[str, Any]:
        """Return the wording of a rule's sentences for a node."""
        if (at, k, language) not in self._wording:
            framework, rules = self.firing.table.current.framework, self.firing.rules
            node, group = framework.nodes[k], rules.peer_group(rules.rules[at].source.peers)
            self._wording[at, k, language] = {
                "level_name": framework.level_names[node.level].in_language(language),
                "peers": group.phrase(framework.unit_level, language),
                "scale_unit": node.scale_unit,
                "officially_ranked": framework.officially_ranked,
            }
        return self._wording[at, k, language]


def _parts(hits: pl.DataFrame, width: int) -> Iterator[pl.DataFrame]:
    """Cut the firings between units, so that the facts of only so many are in memory as plain values."""
    part = pl.col("cell") // (width * UNITS_AT_ONCE)
    for _number, of_units in hits.group_by(part.alias("part"), maintain_order=True):
        yield of_units


def _needed(rule: Rule) -> list[str]:
    used = {name for name in rule.wording if name in FACTS}
    used |= {name.removesuffix("_score") for name in rule.wording if name.removesuffix("_score") in _PEER_POINTS}
    return list(dict.fromkeys([*rule.condition.facts, *sorted(used), *SCALE_FACTS]))


def _by_cell(hits: pl.DataFrame) -> Iterator[list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []
    for line in hits.iter_rows(named=True):
        if lines and lines[0]["cell"] != line["cell"]:
            yield lines
            lines = []
        lines.append(line)
    if lines:
        yield lines
