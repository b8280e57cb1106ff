"""The shipped rules run over score sheets, and copies of real sheets with a few cells changed."""

import csv
import re
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from thammuu.analysis.facts import compute_facts
from thammuu.analysis.findings import Finding, raise_findings
from thammuu.analysis.inputs import IndexPeriod, index_period
from thammuu.intake.reading import read_submission
from thammuu.intake.submission import Submission
from thammuu.memos.builder import build_memo
from thammuu.memos.printing.render import Renderer
from thammuu.memos.view import PublicationView
from thammuu.period import Period
from thammuu.resources import examples_folder, rules_folder, templates_folder
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

    def view(self, unit_id: str, current: IndexPeriod, earlier: Sequence[IndexPeriod], on: date) -> PublicationView:
        facts = compute_facts(current, earlier).to_dicts()
        return PublicationView(
            framework=current.framework,
            unit_id=unit_id,
            publication_id=current.publication_id,
            period=current.period.text,
            revision=1,
            complete=current.complete,
            published_on=on,
            facts=[row for row in facts if row["unit_id"] == unit_id],
            findings=[found for found in self.raised(current, earlier) if found.unit_id == unit_id],
            totals=sorted(
                round(row["total"], 9) for row in facts if row["level"] == "total" and row["total"] is not None
            ),
        )

    def memo(self, unit_id: str, views: Sequence[PublicationView], on: date) -> str:
        """The memo of a unit as plain text, each paragraph and table cell on one line."""
        renderer, unit = Renderer(templates_folder()), self.units.get(unit_id)
        model = build_memo(
            body=unit,
            round_name=str(on.year),
            as_of=on,
            parts=[(unit, views)],
            catalogue=self.pack.actions,
            agencies=self.pack.agencies,
            issuer=self.pack.issuer("bo-noi-vu"),
            memo_id=f"{unit_id}-{on.year}",
            templates_hash=renderer.templates_hash,
            pack_hash=self.pack.hash,
        )
        paragraphs = re.split(r"\n\s*\n", renderer.text(model))
        return "\n".join(line for part in paragraphs for line in _unwrapped(part))


def _unwrapped(paragraph: str) -> list[str]:
    """Lines of a list or table stay apart, wrapped sentences become one line."""
    lines = [line.strip() for line in paragraph.splitlines()]
    listed = any(re.match(r"(\d+\. |Điểm|Nhận xét:)", line) for line in lines)
    return lines if listed else [" ".join(lines)]


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


def falling_sheet(target: Path, drop: float) -> Path:
    """PAPI 2019 again as 2020, with the 1.4 of Bến Tre (the best) lower by a share of its scale."""
    lower = rescored({("Bến Tre", "1.4"): f"{1.697929263 - drop * 2.25:.6f}"})
    return changed(papi_sheet(2019), target, lambda row: {**lower(row), "period": "2020"})
