"""The twelve PAPI years sent through the real frameworks, units, intake and analysis."""

from functools import cached_property
from typing import Any

import polars as pl
from papi_sheets import YEARS, sheet_path

from thammuu.analysis.facts import compute_facts
from thammuu.analysis.inputs import IndexPeriod, index_period
from thammuu.analysis.peer_groups import BUILT_IN
from thammuu.intake.reading import read_submission
from thammuu.period import Period
from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack


class PapiYears:
    """Loads each year once and computes its facts on demand, with all earlier years as history."""

    def __init__(self) -> None:
        self.pack = RulePack(rules_folder())

    def load(self, year: int) -> IndexPeriod:
        period = Period(str(year))
        framework = self.pack.frameworks.for_period("papi", period)
        submission = read_submission(sheet_path(year), framework=framework, units=self.pack.units, period=period)
        assert submission.complete
        return index_period(f"papi-{year}", submission.payload(), framework, self.pack.units)

    @cached_property
    def years(self) -> dict[int, IndexPeriod]:
        return {year: self.load(year) for year in YEARS}

    def facts(self, year: int, group: str = "national") -> pl.DataFrame:
        earlier = [self.years[past] for past in range(year - 1, YEARS[0] - 1, -1)]
        return compute_facts(self.years[year], earlier, BUILT_IN[group])

    def rows(self, year: int, group: str = "national") -> dict[tuple[str, str], dict[str, Any]]:
        return {(row["unit_code"], row["code"]): row for row in self.facts(year, group).to_dicts()}
