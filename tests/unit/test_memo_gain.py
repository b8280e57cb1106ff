"""What a memo says could be gained: points by cause, the middle of the table, the next group."""

from dataclasses import replace

import pytest
from memo_parts import SCORED, level_scores, pack, scope, texts, view

from thammuu.memos.model import Table
from thammuu.memos.numbering import Numbering
from thammuu.memos.sections.gain import gain_section, shortest_path
from thammuu.memos.sections.paths import smallest_set, smallest_set_to_group
from thammuu.memos.sections.recoverable import points_ledger
from thammuu.memos.view import PublicationView
from thammuu.memos.wording import WORDS

LOST = {"1.1.1": 0.0, "1.1.2": 0.5, "3.1.1": 0.1}
"""Points of Hà Nam on PAR INDEX 2022; all else is at its maximum."""


def par_index(**own: float) -> PublicationView:
    """PAR INDEX 2022, every unit at the maximum but for Hà Nam's own scores."""
    full = level_scores("par-index", 2022, 1.0)
    return view("par-index", 2022, dict.fromkeys(SCORED, full) | {"ha-nam": full | own})


def papi(attainment: float = 0.4) -> PublicationView:
    """PAPI 2022: Hà Nam lower than six others, of which each is better than the last."""
    others = [unit for unit in SCORED if unit != "ha-nam"]
    scores = {unit: level_scores("papi", 2022, 0.4 + 0.05 * at) for at, unit in enumerate(others, start=1)}
    return view("papi", 2022, scores | {"ha-nam": level_scores("papi", 2022, attainment)})


def test_the_ledger_counts_every_criterion_below_its_maximum_once() -> None:
    one = par_index(**LOST)
    ledger = points_ledger(one, pack().actions)
    assert ledger is not None
    lost = {code: one.framework.node(code).max - score for code, score in LOST.items()}  # type: ignore[operator]
    assert ledger.below == len(LOST)
    assert ledger.points == pytest.approx(sum(lost.values()))
    assert ledger.scored == len(one.framework.leaves)
    assert sorted(code for line in ledger.lines for code in line.codes) == sorted(LOST)
    assert all(line.actions for line in ledger.lines)


def test_an_index_without_maxima_to_reach_has_no_ledger() -> None:
    assert points_ledger(papi(), pack().actions) is None
    assert points_ledger(par_index(), pack().actions) is None


def test_a_survey_is_peoples_view_unless_an_action_of_its_own_says_otherwise() -> None:
    surveyed = next(node for node in par_index().framework.leaves if node.surveyed)
    every = pack().actions
    fallbacks = replace(every, actions=tuple(one for one in every.actions if surveyed.concept not in one.answers))
    ledger = points_ledger(par_index(**{surveyed.code: 0.1}), fallbacks)
    assert ledger is not None
    assert [line.cause for line in ledger.lines] == ["perception"]


def test_causes_stand_in_a_table_whose_counts_add_up_to_the_sentence() -> None:
    framework = par_index().framework
    surveyed = next(node.code for node in framework.leaves if node.surveyed)
    one = scope(par_index(**LOST, **{surveyed: 0.0}))
    section = gain_section(one, one.parts[0], Numbering(one.words))
    assert section is not None
    table = next(block for block in section.blocks if isinstance(block, Table))
    assert table.caption == "Bảng 1. Điểm PAR INDEX năm 2022 có thể đạt thêm theo nguyên nhân"
    assert table.columns[2].title == "Số tiêu chí thành phần"
    assert sum(int(row.cells[2]) for row in table.rows) == len(LOST) + 1
    said = texts(section)[0]
    assert f"trong {len(framework.leaves)} tiêu chí thành phần có điểm, 04 tiêu chí thành phần chưa đạt" in said
    assert "không phải là chỉ tiêu phải đạt" in texts(section)[-1]


def test_one_cause_is_told_without_a_table() -> None:
    one = scope(par_index(**{"1.1.1": 0.0}))
    section = gain_section(one, one.parts[0], Numbering(WORDS["vi"]))
    assert section is not None
    assert not any(isinstance(block, Table) for block in section.blocks)
    assert "01 tiêu chí thành phần chưa đạt điểm tối đa, có thể đạt thêm 0,50 điểm (" in texts(section)[0]


def test_the_english_edition_says_the_same() -> None:
    one = scope(par_index(**LOST), language="en")
    said = texts(gain_section(one, one.parts[0], Numbering(WORDS["vi"])))[0]
    assert "3 are below the maximum and could gain" in said
    assert " sub-criteria with a score" in said


def test_the_smallest_set_counts_largest_gains_first_and_every_step_stands_on_the_last() -> None:
    path = smallest_set(papi(), 5, to="peer_median")
    assert path.reached
    assert (path.rank_now, path.rank_then, path.n) == (7, 5, 7)
    gains = [step.gain_points for step in path.steps]
    assert gains == sorted(gains, reverse=True)
    assert path.steps[-1].total_after == path.total_then
    assert path.steps[-1].rank_after == 5
    assert path.steps[-2].rank_after > 5


def test_a_rank_out_of_reach_says_how_far_the_fewest_criteria_get() -> None:
    path = smallest_set(papi(), 1, to="peer_median")
    assert not path.reached
    assert path.rank_then == 4
    assert path.steps[-2].rank_after > 4


def test_the_best_of_the_others_carries_further_than_their_median() -> None:
    assert smallest_set(papi(), 1, to="peer_max").reached


def test_a_rank_already_held_needs_nothing() -> None:
    path = smallest_set(papi(), 7)
    assert path.reached
    assert path.steps == ()
    assert path.total_then == path.total_now


def test_a_unit_without_a_total_has_no_path() -> None:
    scores: dict[str, dict[str, float | str | None]] = {unit: level_scores("papi", 2022) for unit in SCORED}
    scores["ha-nam"]["1.1"] = None
    lacking = view("papi", 2022, scores)
    path = smallest_set(lacking, 1)
    assert not path.reached
    assert path.total_now is None
    assert path.rank_then is None
    assert shortest_path(lacking) is None
    assert smallest_set_to_group(lacking) is None


def test_the_next_group_is_reached_by_the_fewest_criteria() -> None:
    found = smallest_set_to_group(papi())
    assert found is not None
    band, path = found
    assert band.name.en == "Lower middle"
    assert path.rank_then is not None
    assert path.rank_then < 7
    assert path.steps


def test_a_group_by_points_is_reached_at_its_own_first_point() -> None:
    full = level_scores("par-index", 2022, 0.95)
    own = level_scores("par-index", 2022, 0.88)
    found = smallest_set_to_group(view("par-index", 2022, dict.fromkeys(SCORED, full) | {"ha-nam": own}))
    assert found is not None
    band, path = found
    assert band.name.vi == "A"
    assert path.total_then is not None
    assert path.total_then >= 90
    assert path.steps[-2].total_after < 90


def test_a_group_out_of_reach_or_the_best_one_is_not_spoken_of() -> None:
    full = level_scores("par-index", 2022, 0.85)
    low = view("par-index", 2022, dict.fromkeys(SCORED, full) | {"ha-nam": level_scores("par-index", 2022, 0.82)})
    best = view("par-index", 2022, dict.fromkeys(SCORED, level_scores("par-index", 2022, 0.95)))
    assert smallest_set_to_group(low) is None
    assert smallest_set_to_group(best) is None


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_sentence_and_row_says_what_it_rests_on(language: str) -> None:
    one = scope(par_index(**LOST), papi(), language=language)
    section = gain_section(one, one.parts[0], Numbering(WORDS["vi"]))
    assert section is not None
    for block in section.blocks:
        rests_on = [row.because for row in block.rows] if isinstance(block, Table) else [block.sentence.because]  # type: ignore[union-attr]
        assert all(any(ref.startswith(("publication:", "fact:")) for ref in refs) for refs in rests_on)
