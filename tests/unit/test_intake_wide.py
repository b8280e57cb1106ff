"""Tables with units down and criteria across."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from intake_files import by_unit, codes, problems, read, text_file

from thammuu.resources import examples_folder

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLES = examples_folder()


@pytest.mark.parametrize("name", ["papi-2022-wide.csv", "papi-2022-wide.xlsx"])
def test_the_wide_samples_say_what_the_long_sheet_says(name: str) -> None:
    wide = read(EXAMPLES / "wide" / name, partial=None)
    long = read(EXAMPLES / "papi" / "papi-2022.csv", partial=None)
    assert wide.complete
    assert wide.scores == long.scores
    assert {row.label for row in wide.aggregates} == {"Min", "Median", "Max"}
    assert wide.warnings == []
    assert wide.sources


@pytest.mark.parametrize(
    "header",
    [
        "Tỉnh;1.1;1.2",
        "STT;Tỉnh/Thành phố;1.1;1.2",
        "Địa phương;1.1 Tri thức công dân;1.2. Cơ hội tham gia",
        "ĐỊA PHƯƠNG;Tri thức công dân;Cơ hội tham gia",
        "Province;1.1;Opportunities for participation",
        "Tên đơn vị;1.1 - Tri thức công dân (0,25-2,5);1.2:Cơ hội tham gia",
        "BẢNG ĐIỂM PAPI;;\n;;\nTỉnh;1.1;1.2",
        "Tỉnh;1.1;1.2\n(1);(2);(3)",
        "Tỉnh;Tham gia của người dân ở cấp cơ sở;\n;1.1;1.2",
        ";1. Tham gia của người dân ở cấp cơ sở;\nTỉnh;1.1;1.2",
        "Tỉnh;1.1;1.2\n;Tri thức công dân;Cơ hội tham gia",
    ],
)
def test_headers_of_codes_names_or_both_in_one_row_or_two(header: str, tmp_path: Path) -> None:
    width = header.splitlines()[-1].count(";")
    lead = "1;" if width == 3 else ""
    submission = read(text_file(tmp_path, f"{header}\n{lead}Hà Nam;1,5;1,6\n"))
    assert [(row.code, row.score) for row in submission.scores] == [("1.1", "1.5"), ("1.2", "1.6")]


def test_totals_and_ranks_stand_beside_scores(tmp_path: Path) -> None:
    path = text_file(tmp_path, "STT;Tỉnh;1.1;Tổng điểm;Xếp hạng\n1;Hà Nam;1,5;43,28;20\n")
    found = by_unit(read(path))
    assert found["ha-nam", "total"][2:4] == ("43.28", 20)
    assert found["ha-nam", "1.1"][2:4] == ("1.5", None)


def test_a_table_of_totals_alone_is_enough(tmp_path: Path) -> None:
    path = text_file(tmp_path, "TT;Tỉnh, thành phố;Điểm;Thứ hạng\n1;Hà Nam;81,51;60\n2;Hà Nội;;10\n")
    found = by_unit(read(path, "par-index", "2021"))
    assert found["ha-nam", "total"][2:4] == ("81.51", 60)
    assert found["ha-noi", "total"][2:] == (None, 10, "missing")


def test_scores_and_ranks_under_each_domain(tmp_path: Path) -> None:
    path = text_file(
        tmp_path,
        "Tỉnh;1. Tham gia của người dân ở cấp cơ sở;;2. Công khai, minh bạch trong ra quyết định;;Tổng;Hạng\n"
        ";Điểm;Hạng;Điểm;Hạng;;\nHà Nam;5,1;3;5,2;4;43,28;20\n",
    )
    assert [row[1:4] for row in read(path).scores] == [("total", "43.28", 20), ("1", "5.1", 3), ("2", "5.2", 4)]


@pytest.mark.parametrize(
    "label", ["Min", "Median", "MAX", "Trung bình", "Mean", "Cả nước", "Điểm trung bình", "Đồng bằng sông Hồng"]
)
@pytest.mark.parametrize("column", [0, 1])
def test_rows_of_extremes_and_means_are_no_units(label: str, column: int, tmp_path: Path) -> None:
    lead = [";", ""]
    lead = [label, ""] if column == 0 else ["", label]
    path = text_file(tmp_path, f"STT;Tỉnh;1.1\n1;Hà Nam;1,5\n{';'.join(lead)};1,4\n")
    submission = read(path)
    assert submission.unit_ids == ["ha-nam"]
    assert [(row.label, row.code, row.score) for row in submission.aggregates] == [(label, "1.1", "1.4")]


def test_a_unit_repeated_below_the_list_is_ignored_if_it_says_the_same(tmp_path: Path) -> None:
    start = "Tỉnh;1.1;1.2\nHà Nam;1,5;1,6\nNam Định;1,1;1,2\n"
    submission = read(text_file(tmp_path, start + "\nHà Nam;1,5;1,6\n"))
    assert len(submission.scores) == 4
    assert [(warning.code, warning.place.row) for warning in submission.warnings] == [("repeated-unit", 5)]
    (problem,) = problems(text_file(tmp_path, start + "\nHà Nam;1,5;1,7\n"))
    assert (problem.code, problem.place.row, problem.place.column, problem.value) == (
        "contradicting-rows",
        5,
        "C",
        "1,7",
    )


def test_notes_below_the_table_are_no_units(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Tỉnh;1.1\nHà Nam;1,5\nGhi chú: KCDL là không có dữ liệu\nNguồn: báo cáo PAPI\n")
    submission = read(path)
    assert submission.unit_ids == ["ha-nam"]
    assert submission.sources == ["báo cáo PAPI"]


def test_region_headings_between_units_are_no_units(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Tỉnh;1.1\nVùng Đồng bằng sông Hồng;\nHà Nam;1,5\n")
    submission = read(path)
    assert submission.unit_ids == ["ha-nam"]
    assert submission.aggregates == []


def test_an_unknown_column_is_an_error_with_the_nearest_criteria(tmp_path: Path) -> None:
    (problem,) = problems(text_file(tmp_path, "Tỉnh;1.1;Cơ hội tham giaa\nHà Nam;1,5;1,5\n"))
    assert (problem.code, problem.place.row, problem.place.column) == ("unknown-criterion", 1, "C")
    assert "Cơ hội tham gia" in problem.expected


def test_two_columns_of_one_criterion_are_an_error(tmp_path: Path) -> None:
    assert codes(text_file(tmp_path, "Tỉnh;1.1;Tri thức công dân\nHà Nam;1,5;1,5\n")) == ["repeated-column"]


def test_a_row_with_scores_and_no_unit_is_an_error(tmp_path: Path) -> None:
    assert codes(text_file(tmp_path, "Tỉnh;1.1\nHà Nam;1,5\n;1,6\n")) == ["no-unit"]


def test_an_unknown_unit_does_not_hide_the_other_errors(tmp_path: Path) -> None:
    path = text_file(tmp_path, "Tỉnh;1.1;1.2\nHà Nma;1,5;1,5\nHà Nam;abc;99\n")
    assert codes(path) == ["unknown-unit", "not-a-number", "outside-scale"]


def test_values_under_no_header_are_not_lost_silently(tmp_path: Path) -> None:
    submission = read(text_file(tmp_path, "Tỉnh;1.1;;1.2\nHà Nam;1,5;7;1,6\n"))
    assert [(warning.code, warning.place.column) for warning in submission.warnings] == [("column-without-header", "C")]


def test_a_header_repeated_on_the_next_page_is_no_unit(tmp_path: Path) -> None:
    submission = read(text_file(tmp_path, "Tỉnh;1.1\nHà Nam;1,5\nTỉnh;1.1\nNam Định;1,6\n"))
    assert submission.unit_ids == ["ha-nam", "nam-dinh"]


@pytest.mark.parametrize(
    ("index", "period", "header", "score"),
    [
        ("sipas", "2022", "Tỉnh,SIPAS", "80.5"),
        ("sipas", "2022", "Tỉnh,Sipas", "80.5"),
        ("papi", "2022", "Tỉnh,PAPI", "43.2"),
        ("par-index", "2022", "Tỉnh,PAR INDEX", "80.5"),
        ("par-index", "2022", "Tỉnh,par-index", "80.5"),
        ("papi", "2022", "Tỉnh,Điểm", "43.2"),
    ],
)
def test_a_column_named_after_the_index_or_a_lone_score_is_the_total(
    tmp_path: Path, index: str, period: str, header: str, score: str
) -> None:
    found = read(text_file(tmp_path, f"{header}\nHà Nam,{score}\n"), index, period)
    assert [(row.unit_id, row.code, row.score) for row in found.scores] == [("ha-nam", "total", score)]


def test_the_indexs_name_above_all_columns_is_a_title(tmp_path: Path) -> None:
    found = read(text_file(tmp_path, "PAPI,,\nTỉnh,1.1,1.2\nHà Nam,1.5,1.6\n"))
    assert [(row.code, row.score) for row in found.scores] == [("1.1", "1.5"), ("1.2", "1.6")]
