"""The tests inside rule files: a row of facts, whether the rule fires, what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
from jinja2 import TemplateError

from thammuu.analysis.fact_catalogue import condition_names
from thammuu.analysis.sentences import LANGUAGES, scale_context, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from thammuu.analysis.rules import Rule, RuleSet, RuleTest

_WORDING = {
    "vi": {"level_name": "tiêu chí", "scale_unit": "points", "officially_ranked": True},
    "en": {"level_name": "criterion", "scale_unit": "points", "officially_ranked": True},
}


def failures(ruleset: RuleSet) -> list[dict[str, Any]]:
    """Return ``rule test expected got`` of every test that fails."""
    return [
        failure for rule in ruleset.rules for test in rule.source.tests for failure in _failures(ruleset, rule, test)
    ]


def _failures(ruleset: RuleSet, rule: Rule, test: RuleTest) -> Iterator[dict[str, Any]]:
    try:
        yield from _outcome(ruleset, rule, test)
    except (TypeError, ValueError, ArithmeticError, TemplateError, pl.exceptions.PolarsError) as error:
        yield {"rule": rule.id, "test": test.name, "expected": test.fires, "got": str(error)}


def _outcome(ruleset: RuleSet, rule: Rule, test: RuleTest) -> Iterator[dict[str, Any]]:
    row = _row(ruleset, test)
    fires = _in_scope(rule, test.facts) and bool(row.select(rule.condition.expression().fill_null(value=False)).item())
    if fires != test.fires:
        yield {"rule": rule.id, "test": test.name, "expected": test.fires, "got": fires}
    if not fires:
        return
    group = ruleset.peer_group(rule.source.peers)
    for language in LANGUAGES:
        facts = row.to_dicts()[0]
        words = _WORDING[language] | {"peers": group.phrase(str(test.facts.get("unit_level", "province")), language)}
        given = {name: value for name, value in test.facts.items() if name not in facts}
        said = sentence(getattr(rule.source.explain, language), language, facts | scale_context(facts) | words | given)
        if test.says is not None and said != getattr(test.says, language):
            yield {"rule": rule.id, "test": test.name, "expected": getattr(test.says, language), "got": said}


def _row(ruleset: RuleSet, test: RuleTest) -> pl.DataFrame:
    kinds = condition_names(ruleset.peers)
    schema = {name: pl.String if kind == "text" else pl.Float64 for name, kind in kinds.items()}
    values = {name: test.facts.get(name) for name in kinds}
    return pl.DataFrame({name: [_float(value)] for name, value in values.items()}, schema=schema)


def _float(value: object) -> object:
    return float(value) if isinstance(value, int) else value


def _in_scope(rule: Rule, facts: Mapping[str, Any]) -> bool:
    scope, level = rule.source.applies_to, facts.get("level")
    in_levels = isinstance(scope.nodes, str) or level is None or level in scope.nodes
    return in_levels and scope.direction in (None, facts.get("direction", scope.direction))
