"""What only spreadsheets have: formulas, errors, dates, merged cells, several sheets."""

from __future__ import annotations

import zipfile
from datetime import date
from typing import TYPE_CHECKING

import pytest
from intake_files import by_unit, codes, problems, read, saved, workbook

if TYPE_CHECKING:
    from pathlib import Path

_HEADER = ["Tỉnh", "1.1", "1.2"]


def edit(path: Path, part: str, old: str, new: str) -> Path:
    """Change one text in one part of a saved workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts[part].decode()
    assert old in text
    parts[part] = text.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


_SHEET = "xl/worksheets/sheet1.xml"


def with_cell(folder: Path, cell: str) -> Path:
    """Save a sheet whose score B2 is replaced by the given XML."""
    path = saved(folder, _HEADER, ["Hà Nam", 77.5, 1.5])
    return edit(path, _SHEET, '<c r="B2" t="n"><v>77.5</v></c>', cell)


def test_numbers_are_read_in_their_shortest_form(tmp_path: Path) -> None:
    assert by_unit(read(saved(tmp_path, _HEADER, ["Hà Nam", 1.25, "1,5"])))["ha-nam", "1.2"].score == "1.5"
    path = with_cell(tmp_path, '<c r="B2"><v>0.30000000000000004</v></c>')
    assert by_unit(read(path))["ha-nam", "1.1"].score == repr(0.1 + 0.2)
    path = with_cell(tmp_path, '<c r="B2"><v>1.2800000000000000</v></c>')
    assert by_unit(read(path))["ha-nam", "1.1"].score == "1.28"


def test_a_formulas_saved_result_is_used_with_one_warning_a_column(tmp_path: Path) -> None:
    cell = '<c r="B2"><f>SUM(C2:D2)</f><v>1.25</v></c>'
    submission = read(with_cell(tmp_path, cell))
    assert by_unit(submission)["ha-nam", "1.1"].score == "1.25"
    assert [(warning.code, warning.place.sheet, warning.place.column) for warning in submission.warnings] == [
        ("formula", "Scores", "B")
    ]


def test_a_formula_whose_saved_result_is_a_blank_text_is_missing(tmp_path: Path) -> None:
    submission = read(with_cell(tmp_path, '<c r="B2" t="str"><f>IF(A9="","",A9)</f><v></v></c>'))
    assert by_unit(submission)["ha-nam", "1.1"].status == "missing"


@pytest.mark.parametrize("cell", ['<c r="B2"><f>SUM(C2:D2)</f></c>', '<c r="B2"><f>SUM(C2:D2)</f><v></v></c>'])
def test_a_formula_without_a_saved_result_is_an_error(cell: str, tmp_path: Path) -> None:
    (problem,) = problems(with_cell(tmp_path, cell))
    assert (problem.code, problem.place.row, problem.place.column) == ("formula-without-value", 2, "B")


@pytest.mark.parametrize("error", ["#REF!", "#DIV/0!", "#N/A", "#NAME?"])
def test_a_cell_that_shows_an_error_is_an_error(error: str, tmp_path: Path) -> None:
    (problem,) = problems(with_cell(tmp_path, f'<c r="B2" t="e"><f>1/0</f><v>{error}</v></c>'))
    assert (problem.code, problem.value) == ("error-cell", error)


def test_a_date_where_a_score_belongs_is_an_error(tmp_path: Path) -> None:
    assert codes(saved(tmp_path, _HEADER, ["Hà Nam", date(2022, 1, 2), 1.5])) == ["not-a-number"]
    assert codes(saved(tmp_path, _HEADER, ["Hà Nam", True, 1.5])) == ["not-a-number"]


def test_a_number_shown_as_a_percentage_is_read_as_shown(tmp_path: Path) -> None:
    path, sheet, book = workbook(tmp_path, ["Tỉnh", "Tổng"], ["Hà Nam", 0.8838])
    sheet["B2"].number_format = "0.00%"
    book.save(path)
    submission = read(path, "sipas", "2021")
    assert by_unit(submission)["ha-nam", "total"].score == "88.38"


def test_a_sheet_that_declares_itself_small_is_read_whole(tmp_path: Path) -> None:
    path = saved(tmp_path, _HEADER, ["Hà Nam", 1.1, 1.2], ["Nam Định", 1.3, 1.4])
    edit(path, _SHEET, '<dimension ref="A1:C3"', '<dimension ref="A1"')
    assert len(read(path).scores) == 4


def test_cells_and_rows_without_references_are_read_in_order(tmp_path: Path) -> None:
    path = saved(tmp_path, _HEADER, ["Hà Nam", 77.5, 1.5])
    edit(path, _SHEET, '<row r="2">', "<row>")
    edit(path, _SHEET, '<c r="B2" t="n"><v>77.5</v></c><c r="C2" t="n">', '<c><v>1.25</v></c><c t="n">')
    assert [row.score for row in read(path).scores] == ["1.25", "1.5"]


def test_text_in_runs_and_in_line_is_read_whole(tmp_path: Path) -> None:
    cell = '<c r="B2" t="inlineStr"><is><r><t>1,</t></r><r><t>25</t></r><rPh sb="0" eb="1"><t>9</t></rPh></is></c>'
    assert by_unit(read(with_cell(tmp_path, cell)))["ha-nam", "1.1"].score == "1.25"


def test_prefixed_elements_are_understood(tmp_path: Path) -> None:
    path = saved(tmp_path, _HEADER, ["Hà Nam", 1.1, 1.2])
    with zipfile.ZipFile(path) as archive:
        text = archive.read(_SHEET).decode()
    prefixed = text.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?").replace("xmlns=", "xmlns:x=")
    edit(path, _SHEET, text, prefixed)
    assert len(read(path).scores) == 2


def test_merged_headings_reach_as_far_as_they_are_merged(tmp_path: Path) -> None:
    path, sheet, book = workbook(
        tmp_path,
        ["Tỉnh", "1. Tham gia của người dân ở cấp cơ sở", None, None],
        [None, "Điểm", "Hạng", "Tổng điểm"],
        ["Hà Nam", 5.1, 3, 43.28],
    )
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    book.save(path)
    assert [row[1:4] for row in read(path).scores] == [("total", "43.28", None), ("1", "5.1", 3)]
    sheet.unmerge_cells("B1:C1")
    sheet.merge_cells("B1:D1")
    book.save(path)
    assert codes(path) == ["repeated-column"]


def test_the_sheet_that_looks_like_scores_is_chosen(tmp_path: Path) -> None:
    path, _sheet, book = workbook(tmp_path, ["Lời nói đầu"])
    scores = book.create_sheet("Điểm")
    for row in (_HEADER, ["Hà Nam", 1.1, 1.2]):
        scores.append(row)
    book.save(path)
    assert len(read(path).scores) == 2


def test_several_sheets_of_scores_must_be_told_apart(tmp_path: Path) -> None:
    path, _sheet, book = workbook(tmp_path, _HEADER, ["Hà Nam", 1.1, 1.2], title="Một")
    other = book.create_sheet("Hai")
    for row in (_HEADER, ["Hà Nam", 1.3, 1.4]):
        other.append(row)
    book.save(path)
    (problem,) = problems(path)
    assert problem.code == "several-sheets"
    assert "Hai" in problem.expected
    assert by_unit(read(path, sheet="Hai"))["ha-nam", "1.1"].score == "1.3"
    assert codes(path, sheet="Ba") == ["no-such-sheet"]


def test_hidden_sheets_are_read_only_when_named(tmp_path: Path) -> None:
    path, sheet, book = workbook(tmp_path, _HEADER, ["Hà Nam", 1.1, 1.2])
    book.create_sheet("Trống")
    book.create_sheet("Trống nữa")
    sheet.sheet_state = "hidden"
    book.active = 1
    book.save(path)
    assert codes(path) == ["no-scores"]
    assert len(read(path, sheet="Scores").scores) == 2


def test_errors_name_sheet_row_and_column(tmp_path: Path) -> None:
    (problem,) = problems(saved(tmp_path, ["Bảng điểm"], _HEADER, ["Hà Nam", "hỏng", 1.2]))
    place = problem.place
    assert (place.sheet, place.row, place.column, problem.value) == ("Scores", 3, "B", "hỏng")


def test_invisible_characters_in_a_workbook_are_named_with_their_cell(tmp_path: Path) -> None:
    found = problems(saved(tmp_path, _HEADER, ["Hà\u202e Nam", 1.1, 1.2]))
    assert (found[0].code, found[0].place.row, found[0].place.column) == ("invisible-character", 2, "A")


def test_a_long_sheet_of_numbers_is_read(tmp_path: Path) -> None:
    path = saved(
        tmp_path,
        ["period", "entity_code", "entity_name", "criterion_code", "score", "rank"],
        [2022, 1, "Hà Nội", 1.1, 1.5, None],
        [2022, 35, "Hà Nam", "total", 43.28, 20],
    )
    found = by_unit(read(path))
    assert found["ha-noi", "1.1"].score == "1.5"
    assert found["ha-nam", "total"].rank == 20


@pytest.mark.parametrize("digits", [10, 5_000])
def test_numbers_of_any_length_in_the_xml_are_no_traceback(tmp_path: Path, digits: int) -> None:
    huge = "9" * digits
    assert (
        by_unit(read(with_cell(tmp_path, f'<c r="B2" t="n" s="{huge}"><v>1.25</v></c>')))["ha-nam", "1.1"].score
        == "1.25"
    )
    assert codes(with_cell(tmp_path, f'<c r="B2" t="s"><v>{huge}</v></c>')) == ["broken-workbook"]
    path = saved(tmp_path, _HEADER, ["Hà Nam", 1.25, 1.5])
    assert codes(edit(path, _SHEET, '<row r="2"', f'<row r="{huge}"')) == ["broken-workbook"]
    path = saved(tmp_path, _HEADER, ["Hà Nam", 1.25, 1.5])
    styled = edit(path, "xl/styles.xml", 'numFmtId="0"', f'numFmtId="{huge}"')
    assert by_unit(read(styled))["ha-nam", "1.1"].score == "1.25"


def test_a_text_that_the_workbook_does_not_hold_is_no_blank(tmp_path: Path) -> None:
    assert codes(with_cell(tmp_path, '<c r="B2" t="s"><v>999</v></c>')) == ["broken-workbook"]
