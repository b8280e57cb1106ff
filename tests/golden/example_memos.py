"""Memos of real provinces, built from the shipped examples without a data folder."""

from __future__ import annotations

from datetime import date
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.assessment import Assessment, assess
from thammuu.analysis.inputs import IndexPeriod, index_period
from thammuu.intake.reading import read_submission
from thammuu.memos.builder import build_memo
from thammuu.memos.view import BestPeer, Climber, HistoryPoint, PublicationView
from thammuu.memos.wording import dated_name
from thammuu.period import Period
from thammuu.resources import examples_folder, rules_folder
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import MemoModel

MEETING = date(2022, 6, 20)
PROVINCES = 63
AGGREGATES: dict[tuple[str, int], dict[str, dict[str, float]]] = {}
"""Rows that are no units, by index and year."""


@lru_cache(maxsize=1)
def pack() -> RulePack:
    return RulePack(rules_folder())


def sheet(index: str, year: int) -> IndexPeriod:
    period = Period(str(year))
    framework = pack().frameworks.for_period(index, period)
    path = examples_folder() / index / f"{index}-{year}.csv"
    partial = index != "papi"
    read = read_submission(path, framework=framework, units=pack().units, period=period, partial=partial)
    columns = read.payload()["aggregates"]
    for label, code, score in zip(columns["label"], columns["code"], columns["score"], strict=True):
        AGGREGATES.setdefault((index, year), {}).setdefault(label, {})[code] = float(score)
    return index_period(f"{index}-{year}", read.payload(), framework, pack().units)


class Published:
    """One index's publications up to a year, assessed."""

    def __init__(self, index: str, years: Sequence[int]) -> None:
        self.index = index
        self.periods = [sheet(index, year) for year in years]

    @cached_property
    def assessments(self) -> list[Assessment]:
        rules = pack().rules
        return [assess(rules, one, self.periods[:at][::-1]) for at, one in enumerate(self.periods)]

    def view(self, unit_id: str, as_of: date) -> PublicationView:
        current, assessed = self.periods[-1], self.assessments[-1]
        facts = assessed.facts
        root = current.framework.root.code
        others = facts.filter(pl.col("unit_id") != unit_id) if current.complete else facts.clear()
        return PublicationView(
            framework=current.framework,
            publication_id=current.publication_id,
            period=str(current.period),
            revision=1,
            complete=current.complete,
            published_on=as_of,
            facts=facts.filter(pl.col("unit_id") == unit_id).to_dicts(),
            findings=[found for found in assessed.findings if found.unit_id == unit_id],
            history=tuple(self._history(unit_id)),
            best_peer={
                row["code"]: BestPeer(row["unit_id"], _named(row["unit_id"], as_of), row["score"])
                for row in _first(others, "attainment")
            },
            climbers={
                row["code"]: Climber(row["unit_id"], _named(row["unit_id"], as_of), row["score"], row["delta"])
                for row in _first(others, "delta")
            },
            totals=facts.filter(pl.col("code") == root)["total"].drop_nulls().to_list() if current.complete else (),
            aggregates=AGGREGATES.get((self.index, int(str(current.period))), {}),
        )

    def _history(self, unit_id: str) -> Iterator[HistoryPoint]:
        for period, assessed in zip(self.periods, self.assessments, strict=True):
            mine = (pl.col("unit_id") == unit_id) & (pl.col("code") == period.framework.root.code)
            for row in assessed.facts.filter(mine).to_dicts():
                rank = row["total_rank"] if period.complete else row["published_rank"]
                n = row["total_n"] if period.complete else PROVINCES
                yield HistoryPoint(str(period.period), row["total"], rank, n, published=not period.complete)


def _first(facts: pl.DataFrame, by: str) -> list[dict[str, object]]:
    held = facts.filter(pl.col(by).is_not_null()).sort(by, "unit_code", descending=[True, False])
    return held.group_by("code", maintain_order=True).head(1).to_dicts()


def _named(unit_id: str, as_of: date) -> str:
    return dated_name(pack().units.get(unit_id), as_of)


@lru_cache(maxsize=8)
def published(index: str, last: int) -> Published:
    first = {"papi": 2018}.get(index, 2020)
    return Published(index, range(first, last + 1))


def memo(unit_id: str, as_of: date = MEETING, *, year: int = 2021, issuer: str = "bo-noi-vu") -> MemoModel:
    """The memo of a province on the indices of a year."""
    indices = ("papi", "par-index", "sipas") if year == MEETING.year - 1 else ("papi",)
    views = [published(index, year).view(unit_id, as_of) for index in indices]
    return build_memo(
        unit=pack().units.get(unit_id),
        round_name=str(year + 1),
        as_of=as_of,
        views=[view for view in views if view.facts],
        catalogue=pack().actions,
        agencies=pack().agencies,
        issuer=pack().issuer(issuer),
        memo_id=f"{unit_id}-{year + 1}",
        templates_hash="0" * 64,
    )
