"""The shipped rules run over score sheets, and copies of real sheets with a few cells changed."""

import csv
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from thammuu.analysis.findings import Finding, raise_findings
from thammuu.analysis.inputs import IndexPeriod, index_period
from thammuu.intake.reading import read_submission
from thammuu.intake.submission import Submission
from thammuu.period import Period
from thammuu.resources import examples_folder, rules_folder
from thammuu.rulepack.pack import RulePack

SHEETS = Path(__file__).parents[1] / "data" / "papi"
BEFORE_MERGERS, AFTER_MERGERS = date(2022, 12, 31), date(2025, 12, 31)


class ShippedRules:
    """The shipped rules over score sheets, without a data folder."""

    def __init__(self) -> None:
        self.pack = RulePack(rules_folder())
        self.frameworks, self.units, self.rules = self.pack.frameworks, self.pack.units, self.pack.rules

    def read(self, path: Path, index: str, year: int, *, partial: bool | None = None) -> Submission:
        period = Period(str(year))
        framework = self.frameworks.for_period(index, period)
        return read_submission(path, framework=framework, units=self.units, period=period, partial=partial)

    def load(self, path: Path, index: str, year: int, *, partial: bool | None = None) -> IndexPeriod:
        submission = self.read(path, index, year, partial=partial)
        framework = self.frameworks.get(submission.framework_id)
        return index_period(f"{index}-{year}", submission.payload(), framework, self.units)

    def papi(self, year: int) -> IndexPeriod:
        return self.load(papi_sheet(year), "papi", year)

    def raised(self, current: IndexPeriod, earlier: Sequence[IndexPeriod] = ()) -> list[Finding]:
        return raise_findings(self.rules, current, earlier)

    def findings(self, current: IndexPeriod, earlier: Sequence[IndexPeriod] = ()) -> dict[tuple[str, str], str]:
        """The rule that fired, by unit id and code."""
        return {(found.unit_id, found.code): found.rule for found in self.raised(current, earlier)}


def papi_sheet(year: int) -> Path:
    example = examples_folder() / "papi" / f"papi-{year}.csv"
    return example if example.exists() else SHEETS / f"papi-{year}.csv"


def rows_of(path: Path) -> list[dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


Change = Callable[[dict[str, str]], dict[str, str] | None]


def changed(path: Path, target: Path, change: Change) -> Path:
    """Copy a sheet with every row passed through ``change``; None drops the row."""
    rows = [row for row in (change(row) for row in rows_of(path)) if row is not None]
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return target


def without_ranks(row: dict[str, str]) -> dict[str, str]:
    return {**row, "rank": ""}


def rescored(scores: dict[tuple[str, str], str]) -> Change:
    def change(row: dict[str, str]) -> dict[str, str]:
        key = (row["entity_name"], row["criterion_code"])
        return {**row, "score": scores[key], "status": ""} if key in scores else row

    return change


def cell(facts: pl.DataFrame, unit: str, code: str) -> dict[str, object]:
    return facts.row(by_predicate=(pl.col("unit_id") == unit) & (pl.col("code") == code), named=True)
