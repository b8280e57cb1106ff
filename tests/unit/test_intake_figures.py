"""One printed figure at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from intake_files import by_unit, codes, long_file, problems, read, text_file

from thammuu.intake.printed import NotAFigureError, read_number, read_printed, read_rank

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("printed", "score"),
    [
        ("43.28", "43.28"),
        ("43,28", "43.28"),
        ("0", "0"),
        ("0,0", "0.0"),
        ("1.290253639", "1.290253639"),
        ("43.280", "43.280"),
        ("-0.147", "-0.147"),
        ("−2,5", "-2.5"),
        ("+2,58", "2.58"),
        (".5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
        ("-0", "0"),
        ("-0,0", "0.0"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1.234.567", "1234567"),
        ("1,234,567.25", "1234567.25"),
        ("0,837", "0.837"),
        ("92,18%", "92.18"),
        ("92.18 %", "92.18"),
        ("1e-3", "0.001"),
        ("\u00a043,28\u00a0", "43.28"),
    ],
)
def test_digits_are_kept_as_printed(printed: str, score: str) -> None:
    read = read_printed(printed)
    assert (read.score, read.status) == (score, "ok")


@pytest.mark.parametrize("printed", ["", " ", "KCDL", "kcdl", "N/A", "-", "–", "—", "…", "...", "Không có dữ liệu"])
def test_blanks_and_words_for_no_data_are_missing_not_zero(printed: str) -> None:
    assert read_printed(printed)[:2] == (None, "missing")


@pytest.mark.parametrize("printed", ["n < 15", "<15", "n<15", "n ≤ 15", "< 15"])
def test_too_few_answers_are_told_from_no_data(printed: str) -> None:
    assert read_printed(printed)[:2] == (None, "too-few")


def test_not_applicable_is_told_from_no_data() -> None:
    assert read_printed("Không áp dụng")[:2] == (None, "not-applicable")


@pytest.mark.parametrize(
    ("printed", "fault"),
    [
        ("NaN", "not-finite"),
        ("inf", "not-finite"),
        ("-Infinity", "not-finite"),
        ("1e400", "not-finite"),
        ("1e-400", "too-many-digits"),
        ("1" * 31, "too-many-digits"),
        ("0." + "1" * 31, "too-many-digits"),
        ("12,34,5", "not-a-number"),
        ("1.2.3", "not-a-number"),
        ("4 3", "not-a-number"),
        ("12a", "not-a-number"),
        ("٤٣", "not-a-number"),
        ("0x1F", "not-a-number"),
        ("--5", "not-a-number"),
        ("%", "not-a-number"),
        (".", "not-a-number"),
        ("1_000", "not-a-number"),
    ],
)
def test_what_is_no_finite_number_is_refused(printed: str, fault: str) -> None:
    with pytest.raises(NotAFigureError, match=f"^{fault}$"):
        read_printed(printed)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_a_number_means_the_same_with_comma_and_with_dot(number: object) -> None:
    printed = f"{number:.4f}"
    dot, comma = read_printed(printed), read_printed(printed.replace(".", ","))
    assert dot.score == comma.score
    assert float(dot.score or "nan") == float(printed)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        printed = read_printed(text)
    except NotAFigureError:
        return
    assert (printed.score is None) == (printed.status != "ok")
    if printed.score is not None:
        float(printed.score)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_stored_number_keeps_its_shortest_form(number: float) -> None:
    assert float(read_number(repr(number), percent=False)) == number


def test_a_spreadsheet_number_is_written_shortest_and_without_exponent() -> None:
    assert read_number("43.280000000000001", percent=False) == "43.28"
    assert read_number("1E-05", percent=False) == "0.00001"
    assert read_number("2022", percent=False) == "2022"
    assert read_number("0.9218", percent=True) == "92.18%"


@pytest.mark.parametrize(("printed", "rank"), [("20", 20), ("20/60", 20), (" 20 / 60 ", 20), ("", None), ("-", None)])
def test_ranks_are_whole_numbers_with_or_without_the_number_of_units(printed: str, rank: int | None) -> None:
    assert read_rank(printed) == rank


@pytest.mark.parametrize("printed", ["0", "-1", "1.5", "first", "20//60"])
def test_other_ranks_are_refused(printed: str) -> None:
    with pytest.raises(NotAFigureError):
        read_rank(printed)


def test_a_lone_number_with_three_decimals_is_a_decimal(tmp_path: Path) -> None:
    path = long_file(tmp_path, "Hà Nam,1.1,1.234", "Nam Định,1.1,1.5")
    assert by_unit(read(path))["ha-nam", "1.1"].score == "1.234"


def test_a_dot_that_may_group_thousands_is_asked_about_where_commas_mark_decimals(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Tỉnh;Mã tiêu chí;Điểm\nHà Nam;1.1;1.234\nNam Định;1.1;1,5\n")
    (problem,) = problems(path)
    assert (problem.code, problem.place.row, problem.place.column, problem.value) == (
        "ambiguous-number",
        2,
        "C",
        "1.234",
    )


def test_a_comma_that_may_group_thousands_is_asked_about_where_dots_mark_decimals(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Tỉnh;Mã tiêu chí;Điểm\nHà Nam;1.1;1,234\nNam Định;1.1;1.5\n")
    assert codes(path) == ["ambiguous-number"]


def test_points_printed_with_a_percent_sign_keep_their_number_with_a_warning(tmp_path: Path) -> None:
    path = long_file(tmp_path, '"Hà Nam",total,"81,51%"', '"Hải Phòng",total,"91,8%"')
    submission = read(path, "par-index", "2021")
    assert by_unit(submission)["ha-nam", "total"].score == "81.51"
    assert [warning.code for warning in submission.warnings] == ["percent-sign"]


def test_percents_of_a_percent_index_need_no_warning(tmp_path: Path) -> None:
    submission = read(long_file(tmp_path, '"Hà Nam",total,"88,38%"'), "sipas", "2021")
    assert by_unit(submission)["ha-nam", "total"].score == "88.38"
    assert submission.warnings == []


def test_a_score_outside_a_hard_scale_is_an_error(tmp_path: Path) -> None:
    (problem,) = problems(long_file(tmp_path, "Hà Nam,1.1,0"))
    assert (problem.code, problem.value) == ("outside-scale", "0")
    assert "0.25" in problem.expected
    assert "2.5" in problem.expected


def test_a_score_outside_a_soft_scale_is_kept_with_a_warning(tmp_path: Path) -> None:
    soft = next(node for node in _soft_nodes() if node.max is not None)
    path = long_file(tmp_path, f"Hà Nam,{soft.code},-0.147")
    submission = read(path, "papi-indicators", "2018")
    assert by_unit(submission)["ha-nam", soft.code].score == "-0.147"
    assert [warning.code for warning in submission.warnings] == ["outside-scale"]


def _soft_nodes():  # noqa: ANN202  nodes of the framework
    from intake_files import library

    from thammuu.period import Period

    return [node for node in library().for_period("papi-indicators", Period("2018")).nodes if node.bounds == "soft"]
