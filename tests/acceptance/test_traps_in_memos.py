"""What the traps of real score sheets come to in the memo that a province reads."""

import re
from datetime import date
from pathlib import Path

import pytest
from shipped_rules import SHEETS, ShippedRules, changed, falling_sheet, without_ranks

from thammuu.resources import examples_folder

MEETING = date(2022, 6, 20)
"""The day of the meeting that read three indices of 2021 together."""


@pytest.fixture(scope="module")
def program() -> ShippedRules:
    return ShippedRules()


def block(memo: str, title: str) -> str:
    """The lines of a table row, from its title to the next row's."""
    lines = memo.splitlines()
    start = next(at for at, line in enumerate(lines) if re.match(rf"\d+\. {re.escape(title)}", line))
    end = next((at for at in range(start + 1, len(lines)) if re.match(r"\d+\. |[IVX]+\. ", lines[at])), len(lines))
    return "\n".join(lines[start:end])


def test_trap_02_a_best_zero_is_no_finding_in_a_memo(program: ShippedRules) -> None:
    current = program.load(SHEETS / "papi-indicators-2018.csv", "papi-indicators", 2018)
    clean = [row["unit_id"] for row in current.scores.to_dicts() if (row["code"], row["score"]) == ("6.3.06", 0.0)]
    memo = program.memo(clean[0], [program.view(clean[0], current, [], MEETING)], MEETING)
    assert "6.3.06" not in memo
    assert "nước chưa hợp vệ sinh" not in memo


def test_trap_04_the_memo_says_that_a_new_concept_has_no_trend(program: ShippedRules) -> None:
    current, earlier = program.papi(2018), [program.papi(2017)]
    low = next(found for found in program.raised(current, earlier) if found.code == "2.1")
    memo = program.memo(low.unit_id, [program.view(low.unit_id, current, earlier, MEETING)], MEETING)
    assert "không so sánh được do nội dung thành phần thay đổi" in block(memo, "2.1. Tiếp cận thông tin")
    assert "không so sánh được với kỳ trước do nội dung thành phần thay đổi" in memo


def test_trap_04_a_total_on_another_scale_is_not_compared_in_points(program: ShippedRules) -> None:
    """PAPI's total was out of 60 in 2017 and is out of 80 in 2018."""
    view = program.view("phu-tho", program.papi(2018), [program.papi(2017)], MEETING)
    memo = program.memo("phu-tho", [view], MEETING)
    standing = next(line for line in memo.splitlines() if line.startswith("PAPI năm 2018"))
    assert "44,7157/80" in standing
    assert not re.search(r"(tăng|giảm) [\d,]+ điểm so với", standing)


def test_trap_05_a_unit_missing_in_part_reads_what_it_has_and_why_it_has_no_total(program: ShippedRules) -> None:
    current, earlier = program.papi(2018), [program.papi(2017)]
    memo = program.memo("dong-thap", [program.view("dong-thap", current, earlier, MEETING)], MEETING)
    assert "không có tổng điểm, không xếp hạng" in memo
    assert "khuyết dữ liệu ở 08 nội dung thành phần" in memo
    absent = program.memo("quang-ninh", [program.view("quang-ninh", program.papi(2021), [], MEETING)], MEETING)
    assert "khuyết dữ liệu, không được đánh giá" in absent
    assert not re.search(r"thứ \d", absent)


def test_trap_05_a_unit_missing_the_year_before_is_not_told_that_the_criterion_changed(program: ShippedRules) -> None:
    current, earlier = program.papi(2022), [program.papi(2021)]
    memo = program.memo("quang-ninh", [program.view("quang-ninh", current, earlier, date(2023, 4, 12))], MEETING)
    assert "Nhận xét:" in memo
    reasons = re.findall(r"không so sánh được[^.;\n]*? do ([^.;\n]*)", memo)
    assert len(reasons) == memo.count("không so sánh được")
    assert set(reasons) <= {"khuyết dữ liệu"}


@pytest.mark.parametrize(
    ("on", "named", "gone"),
    [
        (date(2023, 4, 12), {"Sở Kế hoạch và Đầu tư"}, {"Sở Nông nghiệp và Môi trường", "118/2025/NĐ-CP", "đặc khu"}),
        (
            date(2026, 4, 14),
            {"đặc khu"},
            {"Sở Kế hoạch và Đầu tư", "Sở Thông tin và Truyền thông", "Sở Tài nguyên và Môi trường"}
            | {"Sở Giao thông vận tải", "Sở Lao động", "thị trấn", "huyện", "61/2018/NĐ-CP", "Thanh tra sở"},
        ),
    ],
    ids=["before", "after"],
)
def test_trap_07_a_memo_names_the_offices_and_law_of_its_date(
    program: ShippedRules, on: date, named: set[str], gone: set[str]
) -> None:
    papi = program.view("cao-bang", program.papi(2021), [program.papi(2020)], on)
    sheet = examples_folder() / "par-index" / "par-index-2021.csv"
    zeros = program.view("ha-nam", program.load(sheet, "par-index", 2021, partial=True), [], on)
    memo = program.memo("cao-bang", [papi, zeros], on)
    assert {name for name in named if name not in memo} == set()
    assert {name for name in gone if name in memo} == set()


def test_trap_10_a_published_figure_that_disagrees_carries_a_note(program: ShippedRules) -> None:
    view = program.view("ha-nam", program.papi(2021), [program.papi(2020)], MEETING)
    memo = program.memo("ha-nam", [view], MEETING)
    assert "theo tính toán đứng thứ 22/60" in memo
    note = next(line for line in memo.splitlines() if line.startswith("(1)"))
    assert all(figure in note for figure in ("43,28 điểm", "thứ 20", "43,2855 điểm", "thứ 22"))
    quiet = program.memo("ha-giang", [program.view("ha-giang", program.papi(2021), [], MEETING)], MEETING)
    assert "đưa tin" not in quiet


def test_trap_11_a_zero_without_a_known_maximum_is_printed_without_one(program: ShippedRules) -> None:
    sheet = examples_folder() / "par-index" / "par-index-2021.csv"
    view = program.view("ha-nam", program.load(sheet, "par-index", 2021, partial=True), [], MEETING)
    row = block(program.memo("ha-nam", [view], MEETING), "Mức độ thu hút đầu tư của tỉnh")
    assert "Điểm: 0\n" in row
    assert "Không đạt điểm" in row
    assert not re.search(r"0/|tối đa|None|nan", row)


def test_trap_11_criteria_without_known_maximum_are_called_by_their_own_level(program: ShippedRules) -> None:
    sheet = examples_folder() / "par-index" / "par-index-2021.csv"
    view = program.view("ha-nam", program.load(sheet, "par-index", 2021, partial=True), [], MEETING)
    memo = program.memo("ha-nam", [view], MEETING)
    assert "03 tiêu chí" in memo
    assert "03 lĩnh vực" not in memo


def test_trap_13_a_rank_that_was_not_published_is_left_out_of_the_memo(program: ShippedRules, tmp_path: Path) -> None:
    sheet = examples_folder() / "par-index" / "par-index-2021.csv"
    unranked = changed(sheet, tmp_path / "unranked.csv", without_ranks)
    view = program.view("ha-nam", program.load(unranked, "par-index", 2021, partial=True), [], MEETING)
    line = next(text for text in program.memo("ha-nam", [view], MEETING).splitlines() if "81,51" in text)
    assert "thứ" not in line
    assert "None" not in line


@pytest.mark.parametrize("drop", [0.05, 0.15])
def test_trap_14_a_change_is_told_by_its_size_and_not_by_strong_words(
    program: ShippedRules, tmp_path: Path, drop: float
) -> None:
    sheet = falling_sheet(tmp_path / "falling.csv", drop)
    view = program.view("ben-tre", program.load(sheet, "papi", 2020), [program.papi(2019)], MEETING)
    memo = program.memo("ben-tre", [view], MEETING)
    assert not re.search(r"giảm mạnh|giảm sâu|tụt|lao dốc|rơi", memo)
    assert ("15% thang đo" in memo) is (drop > 0.1)
    assert ("1.4. Đóng góp tự nguyện" in memo) is (drop > 0.1)
