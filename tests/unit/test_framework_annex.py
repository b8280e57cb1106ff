"""An official annex in a workbook becomes a framework file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
import pytest

from thammuu.errors import BadInputError
from thammuu.resources import examples_folder, rules_folder
from thammuu.rulepack.framework_annex import import_annex
from thammuu.rulepack.frameworks import Framework, check_framework, load_framework

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

Cell = str | float | None

VIETNAMESE = ("STT", "Lĩnh vực, tiêu chí, tiêu chí thành phần", "Điểm tối đa", "Phương pháp đánh giá")
ROWS: list[Sequence[Cell]] = [
    ("1", "Công tác chỉ đạo", "2,5", None),
    ("1.1", "Kế hoạch", 1.5, "Tự đánh giá; Bộ thẩm định"),
    ("1.1.1", "Ban hành kế hoạch", "0,5", "Tự đánh giá"),
    ("1.1.2", "Hoàn thành kế hoạch", "1", "Điều tra lãnh đạo, quản lý"),
    ("1.2", "Báo cáo", "1,0", "Số liệu thống kê"),
    ("2", "Tác động", "10", "Điều tra xã hội học người dân"),
    (None, "Tổng điểm", "12,5", None),
]


def workbook(path: Path, header: Sequence[Cell], rows: Sequence[Sequence[Cell]], merges: Sequence[str] = ()) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Phụ lục"
    sheet.append(["PHỤ LỤC THỬ"])
    sheet.append([])
    sheet.append(list(header))
    for row in rows:
        sheet.append(list(row))
    for merge in merges:
        sheet.merge_cells(merge)
    book.save(path)
    return path


def imported(folder: Path, path: Path, earlier: Framework | None = None) -> Framework:
    text = import_annex(path, framework_id="thu-2025", index="thu", first_period="2025", earlier=earlier)
    file = folder / "thu-2025.yaml"
    file.write_text(text, encoding="utf-8")
    assert [one for one in check_framework(file) if one.severity == "error"] == []
    return load_framework(file)


def refused(path: Path) -> list[tuple[str, int | None, str | int | None]]:
    with pytest.raises(BadInputError) as error:
        import_annex(path, framework_id="thu-2025", index="thu")
    return [(one.code, one.place.row, one.place.column) for one in error.value.problems]


def test_an_annex_with_vietnamese_headers_and_comma_decimals_is_imported(tmp_path: Path) -> None:
    found = imported(tmp_path, workbook(tmp_path / "annex.xlsx", VIETNAMESE, ROWS))
    assert [(node.code, node.level, node.parent, node.max) for node in found.nodes] == [
        ("total", "total", None, 12.5),
        ("1", "domain", "total", 2.5),
        ("1.1", "criterion", "1", 1.5),
        ("1.1.1", "sub-criterion", "1.1", 0.5),
        ("1.1.2", "sub-criterion", "1.1", 1),
        ("1.2", "criterion", "1", 1),
        ("2", "domain", "total", 10),
    ]
    methods = {node.code: node.method for node in found.nodes}
    assert methods["1.1.1"] == "appraisal"
    assert methods["1.1.2"] == "leader-survey"
    assert methods["1.2"] == "statistics"
    assert methods["2"] == "citizen-survey"
    assert found.first_period == "2025"


def test_english_headers_stated_levels_and_merged_cells_are_understood(tmp_path: Path) -> None:
    rows: list[Sequence[Cell]] = [
        ("A", "domain", None, "First", 5, "appraised"),
        ("A1", "criterion", "A", "Left", 2, None),
        ("A2", None, None, "Right", 3, None),
    ]
    header = ("Code", "Level", "Parent", "Name", "Maximum", "Method")
    merges = ("B5:B6", "C5:C6", "F4:F6")
    found = imported(tmp_path, workbook(tmp_path / "annex.xlsx", header, rows, merges))
    assert [(node.code, node.level, node.parent, node.method) for node in found.nodes[1:]] == [
        ("A", "domain", "total", "appraisal"),
        ("A1", "criterion", "A", "appraisal"),
        ("A2", "criterion", "A", "appraisal"),
    ]
    assert found.root.max == 5


def test_all_problems_of_an_annex_are_listed_with_row_and_column(tmp_path: Path) -> None:
    rows: list[Sequence[Cell]] = [
        ("1", "Một", "hai", None),
        ("1", "Một lần nữa", "2", None),
        ("2.1", "Không có cha", "3", None),
        ("3", None, "-1", None),
        ("4 b", "Mã lạ", "1", None),
    ]
    assert sorted(refused(workbook(tmp_path / "annex.xlsx", VIETNAMESE, rows)), key=lambda one: one[1] or 0) == [
        ("annex-maximum", 4, "C"),
        ("annex-duplicate-code", 5, "A"),
        ("annex-unknown-parent", 6, None),
        ("annex-name", 7, "B"),
        ("annex-maximum", 7, "C"),
        ("annex-code", 8, "A"),
    ]


def test_an_unknown_level_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", ("Mã", "Cấp", "Tên tiêu chí", "Điểm tối đa"), [("1", "tầng", "Một", "1")])
    assert refused(path) == [("annex-level", 4, "B")]


def test_a_workbook_without_such_a_header_is_refused(tmp_path: Path) -> None:
    assert refused(workbook(tmp_path / "annex.xlsx", ("A", "B"), [("1", "2")])) == [("annex-header", None, None)]


def test_an_annex_without_criteria_is_refused(tmp_path: Path) -> None:
    assert refused(workbook(tmp_path / "annex.xlsx", VIETNAMESE, [])) == [("annex-no-criteria", 3, "A")]


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "annex.xlsx"
    path.write_text("not a workbook", encoding="utf-8")
    with pytest.raises(BadInputError):
        import_annex(path, framework_id="thu-2025", index="thu")


def test_a_name_that_did_not_change_keeps_its_concept(tmp_path: Path) -> None:
    first = imported(tmp_path, workbook(tmp_path / "one.xlsx", VIETNAMESE, ROWS))
    moved = [("1", "Tác động", "10", None), ("2", "Việc mới", "5", None)]
    second = imported(tmp_path, workbook(tmp_path / "two.xlsx", VIETNAMESE, moved), earlier=first)
    assert second.node("1").concept == first.node("2").concept
    assert first.of_concept(second.node("2").concept) is None


def test_text_of_an_annex_stays_text(tmp_path: Path) -> None:
    name = 'Tên "có" {ngoặc}, : # và \\ dấu'
    found = imported(tmp_path, workbook(tmp_path / "annex.xlsx", VIETNAMESE, [("1", name, "1", None)]))
    assert found.node("1").name.vi == name


def test_the_example_annex_imports_to_the_reconstructed_tree(tmp_path: Path) -> None:
    shipped = load_framework(rules_folder() / "frameworks" / "par-index-876.yaml")
    annex = examples_folder() / "annex-par-index-876.xlsx"
    text = import_annex(annex, framework_id="par-index-876", index="par-index", first_period="2022", earlier=shipped)
    path = tmp_path / "again.yaml"
    path.write_text(text, encoding="utf-8")
    assert check_framework(path) == []
    again = load_framework(path)
    seen = [(n.code, n.parent, n.level, n.concept, n.max, n.name.vi) for n in again.nodes[1:]]
    assert seen == [(n.code, n.parent, n.level, n.concept, n.max, n.name.vi) for n in shipped.nodes[1:]]
    assert [(band.name, band.from_value) for band in again.bands] == [
        (band.name, band.from_value) for band in shipped.bands
    ]
