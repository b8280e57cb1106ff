"""Memos of real provinces, built from the shipped examples without a data folder."""

from __future__ import annotations

from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from thammuu.analysis.assessment import Assessment, assess
from thammuu.analysis.inputs import IndexPeriod, index_period
from thammuu.intake.reading import read_submission
from thammuu.memos.builder import build_memo
from thammuu.memos.facts_board import FactsBoard
from thammuu.memos.model import Item, Note, Paragraph
from thammuu.memos.view import HistoryPoint, PublicationView
from thammuu.period import Period
from thammuu.resources import examples_folder, rules_folder
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.analysis.findings import Finding
    from thammuu.memos.model import Form, Language, MemoModel, Section, SectionKind
    from thammuu.memos.view import SinceLast
    from thammuu.rulepack.units import Unit

MEETING = date(2022, 6, 20)
PROVINCES = 63
FIRST = 2018
"""The first PAPI of the shipped examples; earlier ones are kept with the tests."""
OLDER = Path(__file__).parent.parent / "data" / "papi"
AGGREGATES: dict[tuple[str, int], dict[str, dict[str, float]]] = {}
"""Rows that are no units, by index and year."""


@lru_cache(maxsize=1)
def pack() -> RulePack:
    return RulePack(rules_folder())


@lru_cache(maxsize=32)
def sheet(index: str, year: int) -> IndexPeriod:
    period = Period(str(year))
    framework = pack().frameworks.for_period(index, period)
    folder = OLDER if index == "papi" and year < FIRST else examples_folder() / index
    read = read_submission(
        folder / f"{index}-{year}.csv", framework=framework, units=pack().units, period=period, partial=index != "papi"
    )
    columns = read.payload()["aggregates"]
    for label, code, score in zip(columns["label"], columns["code"], columns["score"], strict=True):
        AGGREGATES.setdefault((index, year), {}).setdefault(label, {})[code] = float(score)
    return index_period(f"{index}-{year}", read.payload(), framework, pack().units)


@lru_cache(maxsize=32)
def assessed(index: str, first: int, year: int) -> Assessment:
    """A publication assessed with those before it, from the first year on."""
    return assess(pack().rules, sheet(index, year), [sheet(index, one) for one in reversed(range(first, year))])


class Published:
    """One index's publications up to a year, assessed."""

    def __init__(self, index: str, years: Sequence[int]) -> None:
        self.index = index
        self.periods = [sheet(index, year) for year in years]
        self.assessments = [assessed(index, years[0], year) for year in years]

    @cached_property
    def board(self) -> FactsBoard:
        current = self.periods[-1]
        return FactsBoard.of(
            [self.assessments[-1].facts],
            current.framework.root.code,
            full=current.framework.root.max,
            complete=current.complete,
            aggregates=AGGREGATES.get((self.index, int(str(current.period))), {}),
            silenced={},
        )

    @cached_property
    def findings(self) -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for one in self.assessments[-1].findings:
            found.setdefault(one.unit_id, []).append(one)
        return found

    @cached_property
    def histories(self) -> dict[str, list[HistoryPoint]]:
        found: dict[str, list[HistoryPoint]] = {}
        for unit_id, point in self._points():
            found.setdefault(unit_id, []).append(point)
        return found

    def _points(self) -> Iterator[tuple[str, HistoryPoint]]:
        for period, one in zip(self.periods, self.assessments, strict=True):
            for row in one.facts.filter(pl.col("code") == period.framework.root.code).to_dicts():
                rank = row["total_rank"] if period.complete else row["published_rank"]
                n = row["total_n"] if period.complete else PROVINCES
                published = not period.complete
                point = HistoryPoint(
                    str(period.period), row["total"], rank, n, published=published, publication_id=period.publication_id
                )
                yield row["unit_id"], point

    def view(self, unit_id: str, as_of: date) -> PublicationView:
        current, board = self.periods[-1], self.board
        return PublicationView(
            framework=current.framework,
            unit_id=unit_id,
            publication_id=current.publication_id,
            period=str(current.period),
            revision=1,
            complete=current.complete,
            published_on=as_of,
            facts=board.rows(unit_id),
            findings=self.findings.get(unit_id, []),
            history=tuple(self.histories.get(unit_id, ())),
            **board.peers(pack().units, unit_id),
            totals=board.totals,
            unscored=board.unscored,
            aggregates=board.aggregates,
        )


@lru_cache(maxsize=32)
def published(index: str, last: int, first: int | None = None) -> Published:
    return Published(index, range(first or {"papi": FIRST}.get(index, 2020), last + 1))


def views_of(unit_id: str, as_of: date, year: int, first: int | None = None) -> list[PublicationView]:
    """What a province has of a year: all three indices of the year the meeting spoke of, else PAPI."""
    indices = ("papi", "par-index", "sipas") if year == MEETING.year - 1 and first is None else ("papi",)
    views = [published(index, year, first).view(unit_id, as_of) for index in indices]
    return [view for view in views if view.facts]


def memo(  # noqa: PLR0913  an edition of a memo is chosen by that much
    unit_id: str,
    as_of: date = MEETING,
    *,
    year: int = 2021,
    issuer: str = "bo-noi-vu",
    language: Language = "vi",
    form: Form = "cong-van",
    since: SinceLast | None = None,
    first: int | None = None,
) -> MemoModel:
    """The memo of a province on the indices of a year."""
    unit = pack().units.get(unit_id)
    parts = [(unit, views_of(unit_id, as_of, year, first))]
    return built(unit, parts, as_of, year=year, issuer=issuer, language=language, form=form, since=since)


def merged_memo(body_id: str, as_of: date, *, year: int = 2022, language: Language = "vi") -> MemoModel:
    """The memo to a province made by merger, each former province a part."""
    body = pack().units.get(body_id)
    parts = [(pack().units.get(one), views_of(one, as_of, year)) for one in body.predecessors]
    return built(body, parts, as_of, year=year, language=language)


def built(  # noqa: PLR0913
    body: Unit,
    parts: Sequence[tuple[Unit, Sequence[PublicationView]]],
    as_of: date,
    *,
    year: int,
    issuer: str = "bo-noi-vu",
    language: Language = "vi",
    form: Form = "cong-van",
    since: SinceLast | None = None,
) -> MemoModel:
    return build_memo(
        body=body,
        round_name=str(year + 1),
        as_of=as_of,
        parts=parts,
        catalogue=pack().actions,
        agencies=pack().agencies,
        issuer=pack().issuer(issuer),
        memo_id=f"{body.id}-{year + 1}",
        templates_hash="0" * 64,
        pack_hash="0" * 64,
        language=language,
        form=form,
        since=since,
    )


def texts_of(section: Section | None, *kinds: str) -> list[str]:
    """The sentences of a section's paragraphs, items and notes; none without the section."""
    blocks = section.blocks if section else ()
    told = [block for block in blocks if isinstance(block, Paragraph | Item | Note)]
    return [block.sentence.text for block in told if not kinds or block.kind in kinds]


def sections_of(model: MemoModel, kind: SectionKind) -> list[Section]:
    return [section for section in model.sections if section.kind == kind]
