"""Files with one figure a row."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from intake_files import by_unit, codes, long_file, problems, read, text_file

from thammuu.errors import BadInputError
from thammuu.resources import examples_folder

if TYPE_CHECKING:
    from pathlib import Path

PAPI = examples_folder() / "papi"


@pytest.mark.parametrize("year", range(2018, 2023))
def test_the_shipped_sheets_are_read_cell_by_cell(year: int) -> None:
    submission = read(PAPI / f"papi-{year}.csv", period=str(year), partial=None)
    with (PAPI / f"papi-{year}.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(line for line in stream if not line.startswith("#")))
    assert submission.complete
    assert len(submission.unit_ids) == 63
    assert sorted((row.code, row.score or "", row.status) for row in submission.scores) == sorted(
        (row["criterion_code"], row["score"], row["status"]) for row in rows
    )
    assert submission.warnings == []
    assert submission.sources


def test_a_published_total_and_rank_are_carried_beside_the_scores() -> None:
    row = by_unit(read(PAPI / "papi-2021.csv", period="2021", partial=None))["ha-nam", "total"]
    assert (row.score, row.rank, row.status) == ("43.28", 20, "ok")


def test_press_figures_are_partial_and_the_national_mean_is_no_unit() -> None:
    submission = read(examples_folder() / "par-index" / "par-index-2021.csv", "par-index", "2021")
    found = by_unit(submission)
    assert not submission.complete
    assert found["ha-nam", "total"][2:] == ("81.51", 60, "ok")
    assert [found["ha-nam", code].score for code in ("3-BCCI", "8-DT", "8-KTXH")] == ["0", "0", "0"]
    assert found["ha-noi", "total"][2:] == (None, 10, "missing")
    assert [(row.label, row.score) for row in submission.aggregates] == [("Cả nước (TB 63 tỉnh)", "86.37")]


def test_the_order_of_rows_and_columns_does_not_change_the_content(tmp_path: Path) -> None:
    one = long_file(tmp_path, "Hà Nam,1.1,1.5", "Hà Nội,1.2,1.6", "Hà Nam,1.2,1.7")
    first = read(one).content_hash()
    other = long_file(tmp_path, "1.7,35,1.2", "1.6,01,1.2", "1.5,35,1.1", header="Điểm,Mã tỉnh,Mã tiêu chí")
    assert read(other).content_hash() == first


def test_the_payload_holds_columns_of_equal_length(tmp_path: Path) -> None:
    payload = read(long_file(tmp_path, "Hà Nam,1.1,1.5", "Hà Nội,1.2,KCDL")).payload()
    assert payload["framework"] == "papi-2021"
    assert payload["units_as_of"] == "2022-12-31"
    assert payload["scores"] == {
        "unit_id": ["ha-noi", "ha-nam"],
        "code": ["1.2", "1.1"],
        "score": [None, "1.5"],
        "rank": [None, None],
        "status": ["missing", "ok"],
    }
    assert payload["aggregates"] == {"label": [], "code": [], "score": [], "rank": []}


def test_comment_lines_above_the_header_are_kept_as_sources(tmp_path: Path) -> None:
    path = text_file(
        tmp_path, '# source: báo cáo, "bản in"; trang 3\n# a remark\nentity_name,criterion_code,score\nHà Nam,1.1,1.5\n'
    )
    submission = read(path)
    assert submission.sources == ['báo cáo, "bản in"; trang 3']
    assert len(submission.scores) == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters_line_endings_and_byte_order_marks_are_recognised(
    delimiter: str, start: str, ending: str, tmp_path: Path
) -> None:
    lines = [["Tỉnh", "Mã tiêu chí", "Điểm", "Ghi chú"], ["Hà Nam", "1.1", "1.5", '"hai\ndòng, ba; bốn"']]
    path = tmp_path / "scores.csv"
    path.write_bytes((start + ending.join(delimiter.join(line) for line in lines) + ending).encode())
    assert by_unit(read(path))["ha-nam", "1.1"].score == "1.5"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1258", "latin-1"])
def test_other_encodings_are_refused_and_utf8_is_asked_for(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes("entity_name,criterion_code,score\nHà Giang,1.1,1.5\n".encode(encoding))
    (problem,) = problems(path)
    assert problem.code == "wrong-encoding"
    assert "UTF-8" in problem.expected


def test_every_error_is_listed_with_its_place_value_and_what_was_expected(tmp_path: Path) -> None:
    path = long_file(
        tmp_path,
        "Hà Nma,1.1,1.5",
        "Hà Nam,9.9,1.5",
        "Hà Nam,1.1,1.5x",
        "Hà Nam,1.2,99",
        "Hà Nam,1.3,1.5",
    )
    found = problems(path)
    assert [(problem.code, problem.place.row, problem.place.column, problem.value) for problem in found] == [
        ("unknown-unit", 2, "A", "Hà Nma"),
        ("unknown-criterion", 3, "B", "9.9"),
        ("not-a-number", 4, "C", "1.5x"),
        ("outside-scale", 5, "C", "99"),
    ]
    assert "Hà Nam" in found[0].expected
    assert all(problem.place.file == str(path) and problem.expected for problem in found)


def test_a_misspelt_unit_or_criterion_is_told_once_with_its_rows(tmp_path: Path) -> None:
    rows = [f"Hà Nma,1.{part},1.5" for part in (1, 2, 3)] * 3
    (unit,) = problems(long_file(tmp_path, *rows))
    assert (unit.code, unit.place.row, unit.value) == ("unknown-unit", 2, "Hà Nma")
    assert unit.expected.endswith("(in 9 rows: 2, 3, 4, 5, 6 …)")
    (criterion,) = problems(long_file(tmp_path, "Hà Nam,9.9,1.5", "Hà Giang,9.9,1.5"))
    assert (criterion.code, criterion.place.row) == ("unknown-criterion", 2)
    assert criterion.expected.endswith("(in 2 rows: 2, 3)")


def test_another_period_or_limit_is_told_once_with_its_rows(tmp_path: Path) -> None:
    header = "period,entity_name,criterion_code,score,max_score"
    path = long_file(tmp_path, *["2021,Hà Nam,1.1,1.5,2.5"] * 7, "2022,Hà Nam,1.2,1.5,9", header=header)
    period, limit = problems(path)
    assert (period.code, period.value, limit.code) == ("other-period", "2021", "limit-differs")
    assert period.expected.endswith("(in 7 rows: 2, 3, 4, 5, 6 …)")
    assert "rows" not in limit.expected


def test_a_unit_whose_code_and_name_disagree_is_told_once(tmp_path: Path) -> None:
    header = "entity_code,entity_name,criterion_code,score"
    path = long_file(tmp_path, "35,Nam Định,1.1,1.5", "35,Nam Định,1.2,1.5", header=header)
    assert codes(path) == ["units-disagree"]


def test_reading_stops_after_a_thousand_repeated_figures(tmp_path: Path) -> None:
    path = long_file(tmp_path, *["Hà Nam,1.1,1.5"] * 3_000)
    (problem,) = problems(path)
    assert (problem.code, problem.place.row) == ("reading-stopped", 1_003)
    assert len(read(long_file(tmp_path, *["Hà Nam,1.1,1.5"] * 900)).scores) == 1


def test_sources_are_cut_to_what_a_memo_can_show(tmp_path: Path) -> None:
    long = "# source: " + "x" * 5_000
    few = read(long_file(tmp_path, "Hà Nam,1.1,1.5", header=f"{long}\nentity_name,criterion_code,score"))
    assert [len(source) for source in few.sources] == [500]
    assert [warning.code for warning in few.warnings] == ["sources-cut"]
    many = "\n".join(f"# source: {number}" for number in range(30))
    read_many = read(long_file(tmp_path, "Hà Nam,1.1,1.5", header=f"{many}\nentity_name,criterion_code,score"))
    assert read_many.sources == [str(number) for number in range(20)]
    assert [warning.code for warning in read_many.warnings] == ["sources-cut"]


def test_old_line_ends_and_overlong_cells_are_told_in_our_own_words(tmp_path: Path) -> None:
    (old,) = problems(text_file(tmp_path, "entity_name,criterion_code,score\rHà Nam,1.1,1.5\r"))
    assert old.code == "broken-csv"
    assert "CR" in old.expected
    assert "newline" not in old.expected
    (large,) = problems(long_file(tmp_path, f"Hà Nam,1.1,{'9' * 200_000}"))
    assert (large.code, large.place.line) == ("broken-csv", 2)
    assert "field" not in large.expected


def test_control_characters_in_a_files_name_are_escaped(tmp_path: Path) -> None:
    path = text_file(tmp_path, "x\n", "bell\x07name\x1b[31m.csv")
    with pytest.raises(BadInputError) as refusal:
        read(path)
    said = str(refusal.value) + "".join(str(problem.place) for problem in refusal.value.problems)
    assert "bell<U+0007>name<U+001B>[31m.csv" in said
    assert "\x1b" not in said


def test_code_and_name_of_a_unit_must_agree(tmp_path: Path) -> None:
    path = long_file(tmp_path, "35,Nam Định,1.1,1.5", header="entity_code,entity_name,criterion_code,score")
    assert codes(path) == ["units-disagree"]


def test_a_code_belongs_to_its_unit_of_the_date(tmp_path: Path) -> None:
    header = "entity_code,entity_name,criterion_code,score"
    path = long_file(tmp_path, "15,Yên Bái,1.1,1.5", header=header)
    assert read(path).unit_ids == ["yen-bai"]
    assert codes(path, units_as_of=_after_the_mergers()) != []


def _after_the_mergers():  # noqa: ANN202  a date
    from datetime import date

    return date(2025, 12, 31)


def test_a_code_that_lost_its_zero_is_understood(tmp_path: Path) -> None:
    path = long_file(tmp_path, "1,Hà Nội,1.1,1.5", header="entity_code,entity_name,criterion_code,score")
    assert read(path).unit_ids == ["ha-noi"]


def test_a_name_that_another_code_has_shows_a_sheet_of_another_edition(tmp_path: Path) -> None:
    header = "entity_name,criterion_code,criterion_name,score"
    (problem,) = problems(long_file(tmp_path, "Hà Nam,2.1,Danh sách hộ nghèo,1.5", header=header))
    assert problem.code == "code-means-other"
    assert "2.2" in problem.expected


def test_limits_that_differ_from_the_framework_are_an_error(tmp_path: Path) -> None:
    header = "entity_name,criterion_code,score,min_score,max_score"
    path = long_file(tmp_path, "Hà Nam,1.1,1.5,0.33,3.33", "Hà Nam,1.2,1.5,0.25,2.5", header=header)
    assert codes(path) == ["limit-differs", "limit-differs"]


def test_a_limit_the_framework_does_not_know_is_not_used(tmp_path: Path) -> None:
    path = long_file(tmp_path, "Hà Nam,8-DT,0,2", header="entity_name,criterion_code,score,max_score")
    submission = read(path, "par-index", "2021")
    assert [warning.code for warning in submission.warnings] == ["limit-unknown"]


def test_another_period_is_an_error(tmp_path: Path) -> None:
    path = long_file(tmp_path, "2021,Hà Nam,1.1,1.5", header="period,entity_name,criterion_code,score")
    assert "other-period" in codes(path)


def test_a_collection_of_indices_is_filtered_by_index_and_period(tmp_path: Path) -> None:
    path = long_file(
        tmp_path,
        "2021,PAR INDEX,Hà Nam,,81.51,,60,",
        "2021,SIPAS,Hà Nam,,88.38,,19,",
        "2020,PAR INDEX,Hà Nam,,80,,43,",
        "2021,PAR INDEX,Hà Nam,1 Chỉ đạo điều hành,7.5,,,",
        "2021,PAR INDEX,Hà Nam,3 Cải cách TTHC (%),90,,,",
        "2021,PAR INDEX,Hà Nam,Thẩm định,55,,,",
        "2021,PAR INDEX,Vùng Đồng bằng sông Hồng,,86,,,",
        header="period,index,entity_name,part,score,max_score,rank,note",
    )
    submission = read(path, "par-index", "2021")
    assert [(row.code, row.score) for row in submission.scores] == [("total", "81.51"), ("1", "7.5")]
    assert [warning.value for warning in submission.warnings] == ["3 Cải cách TTHC (%)", "Thẩm định"]
    assert [row.label for row in submission.aggregates] == ["Vùng Đồng bằng sông Hồng"]


@pytest.mark.parametrize(
    ("score", "stated", "expected"),
    [
        ("", "", "missing"),
        ("", "missing", "missing"),
        ("", "too-few", "too-few"),
        ("", "not-applicable", "not-applicable"),
        ("", "không áp dụng", "not-applicable"),
        ("n < 15", "missing", "too-few"),
        ("1.5", "", "ok"),
        ("1.5", "OK", "ok"),
    ],
)
def test_the_status_says_why_a_score_is_blank(score: str, stated: str, expected: str, tmp_path: Path) -> None:
    path = long_file(tmp_path, f"Hà Nam,1.1,{score},{stated}", header="entity_name,criterion_code,score,status")
    assert by_unit(read(path))["ha-nam", "1.1"].status == expected


@pytest.mark.parametrize(("score", "stated"), [("1.5", "missing"), ("", "ok"), ("1.5", "perhaps")])
def test_a_status_that_contradicts_its_score_is_an_error(score: str, stated: str, tmp_path: Path) -> None:
    path = long_file(tmp_path, f"Hà Nam,1.1,{score},{stated}", header="entity_name,criterion_code,score,status")
    assert len(codes(path)) == 1


def test_a_repeated_row_is_ignored_if_it_says_the_same(tmp_path: Path) -> None:
    submission = read(long_file(tmp_path, "Hà Nam,1.1,1.5", "Hà Nam,1.1,1.50"))
    assert [warning.code for warning in submission.warnings] == ["repeated-unit"]
    assert codes(long_file(tmp_path, "Hà Nam,1.1,1.5", "Hà Nam,1.1,1.6")) == ["contradicting-rows"]


def test_a_file_with_some_units_is_accepted_only_as_partial(tmp_path: Path) -> None:
    path = long_file(tmp_path, "Hà Nam,1.1,1.5")
    (problem,) = problems(path, partial=None)
    assert problem.code == "units-absent"
    assert "--partial" in problem.expected
    assert not read(path).complete


def test_a_complete_publication_names_the_units_it_lacks(tmp_path: Path) -> None:
    submission = read(long_file(tmp_path, "Hà Nam,1.1,1.5"), partial=False)
    assert submission.complete
    assert [warning.code for warning in submission.warnings] == ["units-absent", "criteria-absent"]


def test_a_unit_without_any_score_is_present(tmp_path: Path) -> None:
    assert read(long_file(tmp_path, "Hà Nam,1.1,KCDL")).unit_ids == ["ha-nam"]


@pytest.mark.parametrize("bad", ["=1+1", "@SUM(A1)", "+cmd|x", "=HYPERLINK(1)"])
@pytest.mark.parametrize("column", [0, 2])
def test_a_formula_in_a_csv_file_is_an_error(bad: str, column: int, tmp_path: Path) -> None:
    cells = ["Hà Nam", "1.1", "1.5"]
    cells[column] = bad
    found = problems(long_file(tmp_path, ",".join(cells)))
    assert found[0].code == "formula-in-csv"
    assert (found[0].place.row, found[0].place.column) == (2, "ABC"[column])


@pytest.mark.parametrize("hidden", ["\x00", "\x07", "\u202e", "\u200b", "\ufeff", "\x85"])
def test_invisible_characters_are_named_with_their_cell(hidden: str, tmp_path: Path) -> None:
    found = problems(long_file(tmp_path, f"Hà{hidden} Nam,1.1,1.5"))
    assert found[0].code == "invisible-character"
    assert (found[0].place.row, found[0].place.column) == (2, "A")
    assert hidden not in (found[0].value or "")
    assert f"U+{ord(hidden):04X}" in (found[0].value or "")


def test_an_unquoted_decimal_comma_is_noticed(tmp_path: Path) -> None:
    (problem,) = problems(long_file(tmp_path, "Hà Nam,1.1,1,5"))
    assert problem.code == "extra-cells"


@pytest.mark.parametrize("name", ["../../etc/passwd", "..\\x", "/etc/passwd"])
def test_a_path_is_no_unit(name: str, tmp_path: Path) -> None:
    assert codes(long_file(tmp_path, f"{name},1.1,1.5")) == ["unknown-unit"]


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    assert codes(text_file(tmp_path, "Hà Nam,1.1,1.5\n")) == ["no-header"]
    assert codes(text_file(tmp_path, "\n")) == ["no-header"]
    assert codes(long_file(tmp_path)) == ["no-scores"]


def test_a_rank_above_the_number_of_units_is_an_error(tmp_path: Path) -> None:
    path = long_file(tmp_path, "Hà Nam,total,43.28,64", header="entity_name,criterion_code,score,rank")
    assert codes(path) == ["not-a-rank"]


def test_a_source_below_the_rows_is_kept(tmp_path: Path) -> None:
    submission = read(long_file(tmp_path, "Hà Nam,1.1,1.5", "Nguồn: báo cáo PAPI,,"))
    assert submission.sources == ["báo cáo PAPI"]
    assert len(submission.scores) == 1
