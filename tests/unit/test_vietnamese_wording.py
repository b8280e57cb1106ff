"""Figures, dates and comparisons in administrative Vietnamese, and in the English edition."""

from datetime import date

import pytest

from thammuu.memos.clean import clean_text
from thammuu.memos.sections.bands import in_group
from thammuu.memos.sections.paths import rank_of
from thammuu.memos.wording import WORDS, capital, ordinal, plural, roman, spelled
from thammuu.resources import rules_folder
from thammuu.rulepack.text import Text
from thammuu.rulepack.units import UnitRegistry

VI, EN = WORDS["vi"], WORDS["en"]


@pytest.mark.parametrize(
    ("value", "printed"),
    [(0.837394655, "0,84"), (16117, "16.117,00"), (-0.004, "0,00"), (-1.5, "-1,50"), (2.005, "2,00")],
)
def test_figures_have_a_decimal_comma_and_no_negative_zero(value: float, printed: str) -> None:
    assert VI.figure(value) == printed


@pytest.mark.parametrize(
    ("value", "printed"), [(43.28549, "43,2855"), (81.5, "81,50"), (78.5668, "78,5668"), (60, "60,00")]
)
def test_totals_keep_up_to_four_decimals(value: float, printed: str) -> None:
    assert VI.score_figure(value) == printed


@pytest.mark.parametrize(("value", "printed"), [(80, "80"), (2.5, "2,5"), (3.33, "3,33"), (100, "100")])
def test_ends_of_scales_have_no_useless_decimals(value: float, printed: str) -> None:
    assert VI.scale_end(value) == printed


@pytest.mark.parametrize(("number", "printed"), [(1, "01"), (9, "09"), (10, "10"), (0, "0"), (1234, "1.234")])
def test_counts_under_ten_take_a_zero(number: int, printed: str) -> None:
    assert VI.count(number) == printed


@pytest.mark.parametrize(
    ("day", "short", "long"),
    [
        (date(2026, 1, 5), "05/01/2026", "ngày 05 tháng 01 năm 2026"),
        (date(2022, 9, 30), "30/9/2022", "ngày 30 tháng 9 năm 2022"),
        (date(2025, 6, 9), "09/6/2025", "ngày 09 tháng 6 năm 2025"),
        (date(2021, 12, 6), "06/12/2021", "ngày 06 tháng 12 năm 2021"),
    ],
)
def test_dates_take_a_zero_before_days_under_ten_and_months_one_and_two(day: date, short: str, long: str) -> None:
    assert VI.day(day) == short
    assert VI.long_day(day) == long


@pytest.mark.parametrize(
    ("period", "words"),
    [("2021", "năm 2021"), ("2022-Q3", "quý III/2022"), ("2022-06", "tháng 6/2022"), ("2022-06-15", "ngày 15/6/2022")],
)
def test_periods_are_said_in_words(period: str, words: str) -> None:
    assert VI.period_name(period) == words


def test_changes_are_said_with_a_verb_and_never_with_a_sign() -> None:
    assert VI.change(-0.42, "points", "năm 2020") == "giảm 0,42 điểm so với năm 2020"
    assert VI.change(2.46, "percent", "năm 2020") == "tăng 2,46 điểm phần trăm so với năm 2020"
    assert VI.change(0.001, "points", "năm 2020") == "không thay đổi so với năm 2020"
    assert VI.rank_change(-17, "năm 2020") == "giảm 17 bậc so với năm 2020"
    assert VI.rank_change(1, "năm 2020") == "tăng 01 bậc so với năm 2020"
    assert VI.rank_change(0, "năm 2020") == "giữ nguyên thứ hạng so với năm 2020"


def test_a_rank_without_a_known_number_of_units_stands_alone() -> None:
    assert VI.place_in(60, 63) == "thứ 60/63 tỉnh, thành phố"
    assert VI.place_in(60, None) == "thứ 60"


def test_lists_and_numerals() -> None:
    assert VI.joined(["a"]) == "a"
    assert VI.joined(["a", "b", "c"]) == "a, b và c"
    assert [roman(number) for number in range(1, 11)] == ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"]


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Hoa\u0300 Bi\u0300nh", "Hoà Bình"),
        ("a\u200bb\u202ec\x00d", "abcd"),
        ("a\u00a0 \t\n b", "a b"),
        ("\ue000x\ud800", "x"),
        ("dài " * 10, "dài dài dài dài dài…"),
    ],
    ids=["normal-form", "controls", "spaces", "private-use", "length"],
)
def test_text_is_cleaned(raw: str, cleaned: str) -> None:
    limit = 20 if raw.startswith("dài") else 100
    assert clean_text(raw, limit=limit) == cleaned


def test_ranks_are_competition_ranks() -> None:
    assert rank_of(5.0, [4.0, 5.0, 6.0]) == 2
    assert rank_of(5.0 + 1e-12, [5.0]) == 1


def test_abbreviations_of_the_trade_are_spelled_out_and_other_words_kept() -> None:
    assert spelled("Chỉ tiêu KT-XH do HĐND giao") == "Chỉ tiêu kinh tế - xã hội do Hội đồng nhân dân giao"
    assert spelled("Cổng DVCTT, DVC và PAPI") == "Cổng dịch vụ công trực tuyến, dịch vụ công và PAPI"


@pytest.mark.parametrize(
    ("value", "printed"), [(0.837394655, "0.84"), (16117, "16,117.00"), (-0.004, "0.00"), (-1.5, "-1.50")]
)
def test_english_figures_have_a_decimal_point(value: float, printed: str) -> None:
    assert EN.figure(value) == printed
    assert EN.scale_end(2.5) == "2.5"
    assert EN.score_figure(43.28549) == "43.2855"


def test_english_counts_take_no_zero_and_the_right_plural() -> None:
    assert EN.counted(1, "criterion") == "1 criterion"
    assert EN.counted(2, "criterion") == "2 criteria"
    assert EN.counted(3, "sub-dimension") == "3 sub-dimensions"
    assert VI.counted(3, "tiêu chí") == "03 tiêu chí"
    assert [plural(name) for name in ("index", "property", "day")] == ["indexes", "properties", "days"]


def test_english_changes_and_ranks_are_said_in_words() -> None:
    assert EN.change(-0.42, "points", "2020") == "down 0.42 points on 2020"
    assert EN.change(2.46, "percent", "2020") == "up 2.46 percentage points on 2020"
    assert EN.change(0.001, "points", "2020") == "unchanged on 2020"
    assert EN.rank_change(-17, "2020") == "down 17 places on 2020"
    assert EN.rank_change(1, "2020") == "up 1 place on 2020"
    assert EN.rank_change(0, "2020") == "the same rank as in 2020"
    assert EN.place_in(60, 63) == "60th of 63 provinces"
    assert [ordinal(number) for number in (1, 2, 3, 11, 12, 21, 22, 113)] == [
        "1st", "2nd", "3rd", "11th", "12th", "21st", "22nd", "113th",
    ]  # fmt: skip


def test_english_periods_and_days() -> None:
    said = [EN.period_name(period) for period in ("2021", "2022-Q3", "2022-06", "2022-06-15")]
    assert said == ["2021", "quarter III of 2022", "June 2022", "15 June 2022"]
    assert EN.day(date(2026, 1, 5)) == "5 January 2026"


def test_a_change_without_a_comparison_stands_alone() -> None:
    assert VI.change(-0.42, "points", "") == "giảm 0,42 điểm"
    assert VI.rank_change(-4, "") == "giảm 04 bậc"
    assert EN.change(-0.42, "points", "") == "down 0.42 points"


def test_a_sentence_is_said_in_the_language_of_the_words() -> None:
    assert VI.say("đạt {x} điểm", "scored {x} points", x="4,5") == "đạt 4,5 điểm"
    assert EN.say("đạt {x} điểm", "scored {x} points", x="4.5") == "scored 4.5 points"
    assert EN.text(Text(vi="lĩnh vực")) == "lĩnh vực"
    assert EN.text(Text(vi="lĩnh vực", en="domain")) == "domain"


def test_groups_are_named_as_their_index_names_them() -> None:
    assert in_group("Trung bình cao", VI) == "nhóm Trung bình cao"
    assert in_group("Upper middle", EN) == "the upper middle group"
    assert in_group("B", EN) == "group B"


def test_a_unit_that_has_merged_is_marked() -> None:
    unit = UnitRegistry.load(rules_folder() / "units").get("ha-nam")
    assert VI.unit_name(unit, date(2022, 6, 20)) == "tỉnh Hà Nam"
    assert VI.unit_name(unit, date(2026, 6, 20)) == "tỉnh Hà Nam (trước sắp xếp)"
    assert EN.unit_name(unit, date(2026, 6, 20)) == "Ha Nam Province (before the merger)"


def test_a_capital_touches_the_first_letter_only() -> None:
    assert capital("tỉnh Hà Nam") == "Tỉnh Hà Nam"
    assert not capital("")
