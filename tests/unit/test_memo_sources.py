"""What a standing line and a chart of ranks rest on: every publication whose figure they show."""

from dataclasses import replace
from typing import Any

from memo_parts import SCORED, level_scores, pack, scope, view

from thammuu.memos.model import Chart, Paragraph, Section
from thammuu.memos.numbering import Numbering
from thammuu.memos.printing.trial_models import Trial, trial_memo
from thammuu.memos.sections.standing import standing_section
from thammuu.memos.view import HistoryPoint, PartResult, PublicationView
from thammuu.memos.why import Trail
from thammuu.memos.wording import WORDS

MEAN = "Cả nước (TB 63 tỉnh)"
HISTORY = tuple(
    HistoryPoint(str(year), 40.0, rank, 7, publication_id=f"papi-{year}-r1")
    for year, rank in ((2015, 1), (2016, 1), (2017, 1), (2018, None), (2019, 2), (2020, 3), (2021, 4), (2022, 5))
)


def papi() -> PublicationView:
    return view("papi", 2022, {unit: level_scores("papi", 2022) for unit in SCORED}, history=HISTORY)


def standing(one: PublicationView) -> Section:
    memo = scope(one)
    section = standing_section(memo, memo.parts[0], Numbering(WORDS["vi"]))
    assert section is not None
    return section


def line_rests_on(one: PublicationView) -> tuple[str, ...]:
    return next(block.sentence.because for block in standing(one).blocks if isinstance(block, Paragraph))


def test_a_chart_rests_on_every_publication_whose_rank_it_shows_and_on_no_other() -> None:
    chart = next(block for block in standing(papi()).blocks if isinstance(block, Chart))
    shown = [point.label for point in chart.series[0].points]
    assert shown == ["2016", "2017", "2019", "2020", "2021", "2022"]
    assert {ref for ref in chart.because if ref.startswith("fact:")} == {
        f"fact:papi-{year}-r1/ha-nam/total" for year in shown
    }
    assert len(chart.because) == len(set(chart.because))


def test_a_line_rests_on_the_printed_row_of_the_national_mean_where_it_tells_it() -> None:
    means = {"Thấp nhất": {"total": 1.0}, MEAN: {"total": 41.0}}
    ref = f"aggregate:papi-2022-r1/{MEAN}"
    assert [one for one in line_rests_on(replace(papi(), aggregates=means)) if one.startswith("aggregate:")] == [ref]
    assert not any(one.startswith("aggregate:") for one in line_rests_on(papi()))
    of_a_part = replace(papi(), aggregates={MEAN: {"1": 5.0}})
    assert not any(one.startswith("aggregate:") for one in line_rests_on(of_a_part))


def test_a_line_on_a_merged_unit_rests_on_what_its_parts_had_before() -> None:
    part = PartResult(pack().units.get("bac-kan"), "2021", 40.0, 5, 7, "papi-2021-r1")
    assert "fact:papi-2021-r1/bac-kan/total" in line_rests_on(replace(papi(), parts=(part,)))


def test_a_line_on_figures_of_some_units_rests_on_the_history_it_compares_with() -> None:
    facts = [row | {"previous_period": "2021"} if row["code"] == "total" else row for row in papi().facts]
    assert "fact:papi-2021-r1/ha-nam/total" in line_rests_on(replace(papi(), complete=False, facts=facts))


def test_the_words_of_a_form_name_the_version_that_wrote_them_not_the_one_that_is_asked() -> None:
    nobody: Any = None
    blank = trial_memo(Trial())
    written = blank.provenance.model_copy(update={"program": "thammuu 0.0.1"})
    model = blank.model_copy(update={"provenance": written})
    assert Trail(nobody, nobody, model).follow("form:cong-van").told["program"] == "thammuu 0.0.1"
    assert Trail(nobody, nobody, blank).follow("form:cong-van").told["program"] == "not recorded"
