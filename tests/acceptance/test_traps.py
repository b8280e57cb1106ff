"""The fourteen traps of real score sheets, one test each, on real figures."""

import unicodedata
from collections import Counter
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from openpyxl import Workbook
from shipped_rules import (
    AFTER_MERGERS,
    BEFORE_MERGERS,
    SHEETS,
    ShippedRules,
    cell,
    changed,
    falling_sheet,
    papi_sheet,
    rescored,
    rows_of,
    without_ranks,
)

from thammuu.analysis.facts import compute_facts
from thammuu.errors import BadInputError
from thammuu.resources import examples_folder
from thammuu.rulepack.units import UnitNotFoundError


@pytest.fixture(scope="module")
def program() -> ShippedRules:
    return ShippedRules()


def test_trap_01_a_blank_is_missing_and_a_zero_is_a_score(program: ShippedRules, tmp_path: Path) -> None:
    marks = {"1.3.01": "", "1.3.02": "KCDL", "1.3.03": "n < 15", "1.3.04": "không áp dụng", "1.3.05": "0"}
    scores = {("Hà Nam", code): text for code, text in marks.items()}
    path = changed(SHEETS / "papi-indicators-2018.csv", tmp_path / "marks.csv", rescored(scores))
    submission = program.read(path, "papi-indicators", 2018)
    read = {row.code: (row.score, row.status) for row in submission.scores if row.unit_id == "ha-nam"}
    assert [read[code] for code in marks] == [
        (None, "missing"),
        (None, "missing"),
        (None, "too-few"),
        (None, "not-applicable"),
        ("0", "ok"),
    ]
    current = program.load(path, "papi-indicators", 2018)
    facts = compute_facts(current, [])
    assert [cell(facts, "ha-nam", code)["score"] for code in marks] == [None, None, None, None, 0.0]
    assert cell(facts, "ha-nam", "1.3.01")["n"] == cell(facts, "ha-nam", "1.3.05")["n"] - 1
    found = program.findings(current)
    assert [found.get(("ha-nam", code)) for code in marks] == [None, None, None, None, "zero-score"]


def test_trap_02_a_zero_where_lower_is_better_is_the_best_score(program: ShippedRules) -> None:
    current = program.load(SHEETS / "papi-indicators-2018.csv", "papi-indicators", 2018)
    water = compute_facts(current, []).filter((pl.col("code") == "6.3.06") & (pl.col("score") == 0))
    assert water.height == 25
    assert set(water["attainment"]) == {1.0}
    assert set(water["rank"]) == {1}
    assert set(water["lost_points"]) == {0.0}
    found = program.findings(current)
    assert not [unit for unit in water["unit_id"] if (unit, "6.3.06") in found]


def test_trap_03_the_floor_of_a_scale_that_has_no_zero_is_its_zero(program: ShippedRules, tmp_path: Path) -> None:
    floor = rescored({("Hà Nam", "2.1"): "0.26"})
    current = program.load(changed(papi_sheet(2022), tmp_path / "floor.csv", floor), "papi", 2022)
    assert program.findings(current)["ha-nam", "2.1"] == "at-floor"
    zero = changed(papi_sheet(2022), tmp_path / "zero.csv", rescored({("Hà Nam", "2.1"): "0"}))
    with pytest.raises(BadInputError):
        program.read(zero, "papi", 2022)


def test_trap_04_codes_change_meaning_and_scales_change_size(program: ShippedRules) -> None:
    facts = compute_facts(program.papi(2018), [program.papi(2017)])
    poverty_lists = cell(facts, "ha-nam", "2.2")
    printed = {(row["entity_name"], row["criterion_code"]): row["score"] for row in rows_of(papi_sheet(2017))}
    assert poverty_lists["previous_score"] == float(printed["Hà Nam", "2.1"])
    assert poverty_lists["delta"] == pytest.approx(
        (float(str(poverty_lists["score"])) - 0.25) / 2.25 - (float(printed["Hà Nam", "2.1"]) - 0.33) / 3.0, abs=1e-9
    )
    new = cell(facts, "ha-nam", "2.1")
    assert (new["previous_period"], new["delta"], new["rank_change"]) == (None, None, None)


def test_trap_05_a_unit_missing_in_part_has_no_total_and_is_still_told_what_it_has(program: ShippedRules) -> None:
    current, earlier = program.papi(2018), [program.papi(2017)]
    facts = compute_facts(current, earlier)
    total, criterion = cell(facts, "quang-ninh", "total"), cell(facts, "quang-ninh", "1.1")
    assert (total["total"], total["total_rank"], total["total_n"]) == (None, None, 61)
    assert total["rank"] is total["gain_to_median"] is criterion["gain_to_median"] is criterion["rank_if_max"] is None
    assert (criterion["n"], criterion["rank"]) != (61, None)
    assert criterion["n"] == 63
    absent = compute_facts(program.papi(2021), []).filter(pl.col("unit_id") == "quang-ninh")
    assert absent.height == 37
    assert absent["score"].null_count() == absent["rank"].null_count() == 37
    found = program.findings(current, earlier)
    assert [code for unit, code in found if unit in {"quang-ninh", "dong-thap"}]


def test_trap_06_codes_and_regions_name_other_units_after_the_mergers(program: ShippedRules) -> None:
    moved = ("15", "24", "44", "52", "80", "82", "91")
    for code in moved:
        old, new = (program.units.resolve(code, on=on) for on in (BEFORE_MERGERS, AFTER_MERGERS))
        assert old.id != new.id
        assert old.name_on(BEFORE_MERGERS) != new.name_on(AFTER_MERGERS)
    old, new = (program.units.at(on, "province") for on in (BEFORE_MERGERS, AFTER_MERGERS))
    assert (len(old), len(new)) == (63, 34)
    old_regions = Counter(unit.region_on(BEFORE_MERGERS) for unit in old)
    new_regions = Counter(unit.region_on(AFTER_MERGERS) for unit in new)
    assert sorted(old_regions.values()) == [5, 6, 11, 13, 14, 14]
    assert sorted(new_regions.values()) == [3, 5, 5, 6, 6, 9]
    ninh_binh = program.units.resolve("Ninh Bình", on=AFTER_MERGERS)
    assert set(ninh_binh.predecessors) == {"ninh-binh", "ha-nam", "nam-dinh"}
    assert ninh_binh.id not in {"ninh-binh", "ha-nam", "nam-dinh"}
    with pytest.raises(UnitNotFoundError):
        program.units.resolve("Hà Nam", on=AFTER_MERGERS)


def test_trap_06_a_merged_unit_has_no_past_of_its_own(program: ShippedRules, tmp_path: Path) -> None:
    """Simulated: PAPI 2022 again as 2025, with the rows of the provinces whose names remain."""
    codes = {unit.name_on(AFTER_MERGERS): unit.code for unit in program.units.at(AFTER_MERGERS, "province")}

    def renamed(row: dict[str, str]) -> dict[str, str] | None:
        name = row["entity_name"].removeprefix("Thừa Thiên ")
        return {**row, "period": "2025", "entity_name": name, "entity_code": codes[name]} if name in codes else None

    current = program.load(changed(papi_sheet(2022), tmp_path / "merged.csv", renamed), "papi", 2025)
    assert (current.complete, current.units.height) == (True, 34)
    facts = compute_facts(current, [program.papi(2022)])
    merged, kept = cell(facts, "ninh-binh-2025", "1.1"), cell(facts, "cao-bang", "1.1")
    assert merged["score"] is not None
    assert merged["previous_score"] is merged["delta"] is merged["rank_change"] is None
    assert (kept["previous_score"], kept["delta"]) == (kept["score"], 0.0)
    with_past = facts.filter(pl.col("code") == "1.1", pl.col("previous_score").is_not_null())
    assert with_past.height == 11


def test_trap_07_offices_and_law_are_those_of_the_memos_date(program: ShippedRules) -> None:
    agencies, legal = program.pack.agencies, program.pack.actions.legal
    last_old_day, first_new_day = date(2025, 2, 28), date(2025, 3, 1)
    duties = {
        "investment": ("Sở Kế hoạch và Đầu tư", "Sở Tài chính"),
        "digital-government": ("Sở Thông tin và Truyền thông", "Sở Khoa học và Công nghệ"),
        "press": ("Sở Thông tin và Truyền thông", "Sở Văn hóa, Thể thao và Du lịch"),
        "land": ("Sở Tài nguyên và Môi trường", "Sở Nông nghiệp và Môi trường"),
        "roads": ("Sở Giao thông vận tải", "Sở Xây dựng"),
        "employment": ("Sở Lao động - Thương binh và Xã hội", "Sở Nội vụ"),
        "poverty": ("Sở Lao động - Thương binh và Xã hội", "Sở Nông nghiệp và Môi trường"),
        "social-protection": ("Sở Lao động - Thương binh và Xã hội", "Sở Y tế"),
        "vocational-education": ("Sở Lao động - Thương binh và Xã hội", "Sở Giáo dục và Đào tạo"),
        "drug-treatment": ("Sở Lao động - Thương binh và Xã hội", "Công an tỉnh"),
    }
    for duty, (before, after) in duties.items():
        held = [agencies.holder(duty, on).name_for("tỉnh") for on in (last_old_day, first_new_day)]
        assert held == [before, after], duty
    one_stop = ("decree-61-2018", "decree-118-2025")
    cited = [legal.citable(one_stop, on) for on in (date(2025, 6, 30), date(2025, 7, 1))]
    assert [[text.number for text in texts] for texts in cited] == [["61/2018/NĐ-CP"], ["118/2025/NĐ-CP"]]


HOA_BINH = (
    "Hòa Bình",
    "Hoà Bình",
    "HOÀ BÌNH",
    "Tỉnh Hòa Bình",
    "tỉnh  Hoà Bình",
    unicodedata.normalize("NFD", "Hòa Bình"),
)
HUE = ("Thừa Thiên Huế", "Thừa Thiên - Huế", "Thừa Thiên – Huế", "Huế", "Tỉnh Thừa Thiên Huế")
SAI_GON = ("Hồ Chí Minh", "TP.HCM", "TP. Hồ Chí Minh", "TP HCM", "Thành phố Hồ Chí Minh", "thành phố Hồ Chí Minh")
VUNG_TAU = ("Bà Rịa - Vũng Tàu", "Bà Rịa – Vũng Tàu", "Bà Rịa-Vũng Tàu", "BRVT", "Tỉnh Bà Rịa - Vũng Tàu")


def test_trap_08_names_vary_and_mean_one_unit(program: ShippedRules) -> None:
    for code, names in {"17": HOA_BINH, "46": HUE, "79": SAI_GON, "77": VUNG_TAU}.items():
        assert {program.units.resolve(name, on=BEFORE_MERGERS).code for name in names} == {code}
    with pytest.raises(UnitNotFoundError) as refused:
        program.units.resolve("Hà Nma", on=BEFORE_MERGERS)
    assert "Hà Nam" in refused.value.suggestions


def ministry_sheet(target: Path) -> Path:
    """PAPI 2022 as a ministry prints it: units down, merged headings, comma decimals, other rows below."""
    rows = rows_of(papi_sheet(2022))
    codes = list(dict.fromkeys(row["criterion_code"] for row in rows if "." in row["criterion_code"]))
    scores: dict[str, dict[str, str]] = {}
    for row in rows:
        scores.setdefault(row["entity_name"], {})[row["criterion_code"]] = row["score"].replace(".", ",")
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Bảng điểm PAPI 2022"])
    sheet.append(["STT", "Tỉnh/Thành phố", "Điểm nội dung thành phần"])
    sheet.append([None, None, *codes])
    sheet.merge_cells(start_row=2, start_column=3, end_row=2, end_column=2 + len(codes))
    for number, (name, by_code) in enumerate(scores.items(), start=1):
        points = [by_code[code] for code in codes]
        sheet.append([number, name, points[0] + "%" if points[0] else "KCDL", *points[1:]])
    sheet.append([None, "Hà Nam", *(scores["Hà Nam"][code] for code in codes)])
    for label in ("Min", "Median", "Max"):
        sheet.append([None, label, *["1,25" for _ in codes]])
    book.save(target)
    return target


def test_trap_09_rows_and_signs_that_are_not_scores_stay_out(program: ShippedRules, tmp_path: Path) -> None:
    printed = program.read(ministry_sheet(tmp_path / "ministry.xlsx"), "papi", 2022)
    plain = program.read(papi_sheet(2022), "papi", 2022)
    assert {(row.unit_id, row.code): row.score for row in printed.scores if row.score} == {
        (row.unit_id, row.code): row.score for row in plain.scores if row.score
    }
    assert {label for label, *_ in printed.aggregates} == {"Min", "Median", "Max"}
    assert printed.complete
    assert {problem.severity for problem in printed.warnings} == {"warning"}


def test_trap_10_published_figures_stand_beside_computed_ones(program: ShippedRules) -> None:
    total = cell(compute_facts(program.papi(2021), []), "ha-nam", "total")
    assert (round(float(str(total["total"])), 4), total["published_total"]) == (43.2855, 43.28)
    assert (total["total_rank"], total["total_n"], total["published_rank"]) == (22, 60, 20)


def test_trap_11_what_depends_on_an_unknown_maximum_is_left_out(program: ShippedRules) -> None:
    current = program.load(examples_folder() / "par-index" / "par-index-2021.csv", "par-index", 2021, partial=True)
    facts = compute_facts(current, [])
    zeros = facts.filter((pl.col("unit_id") == "ha-nam") & (pl.col("level") != "total") & (pl.col("score") == 0))
    assert zeros.height == 3
    for fact in ("max_score", "attainment", "lost_points", "gain_to_median", "rank_if_max"):
        assert zeros[fact].null_count() == 3
    found = [finding for finding in program.raised(current) if finding.code in set(zeros["code"])]
    assert [(finding.unit_id, finding.rule) for finding in found] == [("ha-nam", "zero-score")] * 3
    for sentence in (finding.explain[language] for finding in found for language in ("vi", "en")):
        assert not any(word in sentence for word in ("None", "nan", "null", "0/"))


def test_trap_12_a_unit_scored_out_of_less_is_compared_by_percentage(program: ShippedRules, tmp_path: Path) -> None:
    spared = rescored({("Quảng Ninh", "8.3"): "không áp dụng"})
    facts = compute_facts(program.load(changed(papi_sheet(2022), tmp_path / "spared.csv", spared), "papi", 2022), [])
    total, criterion = cell(facts, "quang-ninh", "total"), cell(facts, "quang-ninh", "8.3")
    assert (criterion["score"], criterion["rank"]) == (None, None)
    printed = {row["criterion_code"]: row["score"] for row in rows_of(papi_sheet(2022)) if row["entity_code"] == "22"}
    points = sum(float(score) for code, score in printed.items() if code != "8.3")
    assert total["total"] == pytest.approx(points, abs=1e-9)
    assert (total["min_score"], total["max_score"]) == (pytest.approx(8 - 0.33), pytest.approx(80 - 3.33))
    assert total["attainment"] == pytest.approx((points - 7.67) / 69.0, abs=1e-9)
    by_points = 1 + facts.filter(pl.col("code") == "total", pl.col("total") > points).height
    assert total["total_rank"] == 1 < by_points


def test_trap_13_a_rank_may_be_unpublished_and_criteria_vanish(program: ShippedRules, tmp_path: Path) -> None:
    unranked = changed(examples_folder() / "par-index" / "par-index-2021.csv", tmp_path / "unranked.csv", without_ranks)
    row = cell(compute_facts(program.load(unranked, "par-index", 2021, partial=True), []), "quang-ngai", "total")
    assert (row["score"], row["total"], row["rank"], row["published_rank"]) == (86.45, 86.45, None, None)
    assert {row["criterion_code"] for row in rows_of(papi_sheet(2020))} >= {"5.2"}
    facts = compute_facts(program.papi(2021), [program.papi(2020)])
    assert "5.2" not in set(facts["code"])
    assert cell(facts, "ha-nam", "5.3")["delta"] is not None


@pytest.mark.parametrize(("drop", "falls"), [(0.05, False), (0.15, True)], ids=["small", "large"])
def test_trap_14_a_small_change_of_a_small_sample_is_not_a_fall(
    program: ShippedRules, tmp_path: Path, drop: float, falls: object
) -> None:
    current = program.load(falling_sheet(tmp_path / "falling.csv", drop), "papi", 2020)
    rules = {
        rule
        for finding in program.raised(current, [program.papi(2019)])
        if (finding.unit_id, finding.code) == ("ben-tre", "1.4")
        for rule in (finding.rule, *(covered["rule"] for covered in finding.covers))
    }
    assert ("falling" in rules) is falls
