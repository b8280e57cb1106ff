"""One measurement of ``facts.py``, in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
from simulated_scores import simulated_framework, simulated_period

from thammuu.analysis.assessment import assess
from thammuu.analysis.fact_catalogue import EVERY_COLUMN
from thammuu.analysis.facts import FactTable, compute_facts
from thammuu.analysis.firing import Firing
from thammuu.analysis.rules import load_rules
from thammuu.analysis.sheets import Sheets
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from thammuu.analysis.inputs import IndexPeriod
    from thammuu.analysis.rules import RuleSet

END = date(2022, 12, 31)
REPEATS = 3
ENGINE_CHUNK = 20_000


def windows(now: IndexPeriod, before: IndexPeriod, *, shift: bool, keyed: bool = False) -> Callable[[], int]:
    """Median, p25, rank and previous as a first attempt in polars would write them; the unit is not left out.

    ``keyed`` gives them integer codes made beforehand, which the facts have to make for themselves.
    """
    frames = [
        one.scores.select("unit_id", "code", "score", period=pl.lit(year))
        for one, year in ((before, 2021), (now, 2022))
    ]
    keys = pl.col("code", "unit_id")
    small = [frame.with_columns(keys.cast(pl.Categorical).to_physical() if keyed else keys) for frame in frames]
    both = pl.concat(small)
    score = pl.col("score")
    figures = {
        "median": score.median().over("code"),
        "p25": score.quantile(0.25, "linear").over("code"),
        "rank": score.rank("min", descending=True).over("code"),
    }

    def by_join() -> int:
        past = small[0].select("unit_id", "code", previous="score")
        return small[1].with_columns(**figures).join(past, on=["unit_id", "code"], how="left").height

    def by_shift() -> int:
        previous = both.select(score.shift(1).over("unit_id", "code", order_by="period"))
        return small[1].with_columns(**figures).height + previous.height

    return by_shift if shift else by_join


def facts_and_rules(rules: RuleSet, now: IndexPeriod, before: IndexPeriod) -> int:
    """All national facts, and every firing of the shipped rules."""
    firing = Firing(rules, FactTable(now, [before]))
    facts = firing.table.columns(EVERY_COLUMN, firing.peers("national"))
    assert facts.height
    return firing.hits(END).height


def sheets(rules: RuleSet, now: IndexPeriod, before: IndexPeriod) -> int:
    """The same in parts, every fact and firing read back sheet by sheet."""
    return sum(sheet.hits.height for sheet in Sheets(rules, FactTable(now, [before]), END) if sheet.every_fact().height)


def conditions(
    ruleset: RuleSet, now: IndexPeriod, before: IndexPeriod, *, by_row: bool
) -> Callable[[], int | tuple[int, float]]:
    """The shipped conditions on ready-made facts; nulls are filled, which the row engine cannot compare."""
    rules = ruleset.rules
    names = sorted({name for rule in rules for name in rule.condition.facts})
    facts = compute_facts(now, [before]).filter(pl.col("level") == "criterion")
    facts = facts.select(pl.col(names).fill_null(0))
    if by_row:
        return lambda: _by_row([rule.condition.text for rule in rules], facts)
    expressions = [rule.condition.expression().sum().alias(rule.id) for rule in rules]
    return lambda: sum(facts.select(expressions).row(0))


def _by_row(texts: list[str], facts: pl.DataFrame) -> tuple[int, float]:
    import zen

    compiled = [zen.compile_expression(text.replace(" = ", " == ").replace(" AND ", " and ")) for text in texts]
    fired, seconds = 0, 0.0
    for chunk in facts.iter_slices(ENGINE_CHUNK):
        rows = chunk.to_dicts()
        started = time.perf_counter()
        fired += sum(expression.evaluate(row) is True for row in rows for expression in compiled)
        seconds += time.perf_counter() - started
    return fired, seconds


def main(line: str, units: int) -> None:
    """Measure one line and print it as JSON."""
    tree = simulated_framework()
    rules = load_rules(rules_folder())
    now, before = simulated_period(tree, 2022, units), simulated_period(tree, 2021, units)
    tasks: dict[str, Callable[[], Callable[[], int | tuple[int, float]]]] = {
        "windows-join": lambda: windows(now, before, shift=False),
        "windows-keyed": lambda: windows(now, before, shift=False, keyed=True),
        "windows-shift": lambda: windows(now, before, shift=True),
        "facts": lambda: lambda: compute_facts(now, [before]).height,
        "facts-and-rules": lambda: lambda: facts_and_rules(rules, now, before),
        "sheets": lambda: lambda: sheets(rules, now, before),
        "findings": lambda: lambda: len(assess(rules, now, [before]).findings),
        "conditions": lambda: conditions(rules, now, before, by_row=False),
        "row-engine": lambda: conditions(rules, now, before, by_row=True),
    }
    task, best, results = tasks[line](), float("inf"), 0
    for _repeat in range(1 if line in ("row-engine", "findings") and units > ENGINE_CHUNK // 100 else REPEATS):
        started = time.perf_counter()
        outcome = task()
        seconds = time.perf_counter() - started
        results, seconds = outcome if isinstance(outcome, tuple) else (outcome, seconds)
        best = min(best, seconds)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": best, "peak_mb": peak_mb, "results": results}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
