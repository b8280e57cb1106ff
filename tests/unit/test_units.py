"""A name or code with a date is one unit, or an error that helps."""

from __future__ import annotations

import unicodedata
from datetime import date
from functools import cache
from typing import Literal

import pytest

from thammuu.resources import rules_folder
from thammuu.rulepack.units import Unit, UnitNotFoundError, UnitRegistry

BEFORE = date(2022, 12, 31)
AFTER = date(2026, 6, 1)
LAST_DAY_OF_63 = date(2025, 6, 30)
FIRST_DAY_OF_34 = date(2025, 7, 1)


@cache
def registry() -> UnitRegistry:
    return UnitRegistry.load(rules_folder() / "units")


def unit_id(text: str, on: date = BEFORE) -> str:
    return registry().resolve(text, on).id


def refusal(text: str, on: date) -> UnitNotFoundError:
    with pytest.raises(UnitNotFoundError) as refused:
        registry().resolve(text, on)
    return refused.value


def regions(on: date) -> dict[str, int]:
    found: dict[str, int] = {}
    for unit in registry().at(on):
        region = unit.region_on(on)
        assert region is not None
        found[region] = found.get(region, 0) + 1
    return found


def test_there_are_63_provinces_to_30_june_2025_and_34_from_the_next_day() -> None:
    assert len(registry().at(LAST_DAY_OF_63)) == 63
    assert len(registry().at(FIRST_DAY_OF_34)) == 34
    codes = [unit.code for unit in registry().at(BEFORE)]
    assert codes == sorted(codes)


def test_trap_6_seven_codes_changed_owner_on_1_july_2025() -> None:
    changed = {
        code: (registry().resolve(code, LAST_DAY_OF_63), registry().resolve(code, FIRST_DAY_OF_34))
        for code in (unit.code for unit in registry().at(AFTER))
    }
    names = {
        code: (old.name_on(LAST_DAY_OF_63), new.name_on(FIRST_DAY_OF_34))
        for code, (old, new) in changed.items()
        if old.name_on(LAST_DAY_OF_63) != new.name_on(FIRST_DAY_OF_34)
    }
    assert names == {
        "15": ("Yên Bái", "Lào Cai"),
        "24": ("Bắc Giang", "Bắc Ninh"),
        "44": ("Quảng Bình", "Quảng Trị"),
        "52": ("Bình Định", "Gia Lai"),
        "80": ("Long An", "Tây Ninh"),
        "82": ("Tiền Giang", "Đồng Tháp"),
        "91": ("Kiên Giang", "An Giang"),
    }


def test_trap_6_a_merged_province_knows_its_parts_and_the_parts_their_successor() -> None:
    merged = registry().get("ninh-binh-2025")
    assert merged.predecessors == ("ha-nam", "nam-dinh", "ninh-binh")
    assert [registry().get(part).successor for part in merged.predecessors] == ["ninh-binh-2025"] * 3
    assert registry().resolve("Ninh Bình", BEFORE).id == "ninh-binh"
    assert registry().resolve("Ninh Bình", AFTER).id == "ninh-binh-2025"


def test_trap_6_every_old_province_has_one_place_among_the_34() -> None:
    parts = [part for unit in registry().at(AFTER) for part in unit.predecessors or (unit.id,)]
    assert sorted(parts) == sorted(unit.id for unit in registry().at(BEFORE))
    unmerged = [unit for unit in registry().at(AFTER) if not unit.predecessors]
    assert len(unmerged) == 11
    assert all(unit.exists_on(BEFORE) for unit in unmerged)


def test_the_six_regions_of_63_and_the_six_of_34() -> None:
    assert sorted(regions(BEFORE).values()) == [5, 6, 11, 13, 14, 14]
    assert list(regions(BEFORE)) != list(regions(AFTER))
    assert regions(AFTER) == {
        "Trung du và miền núi phía Bắc": 9,
        "Đồng bằng sông Hồng": 6,
        "Bắc Trung Bộ": 5,
        "Duyên hải Nam Trung Bộ và Tây Nguyên": 6,
        "Đông Nam Bộ": 3,
        "Đồng bằng sông Cửu Long": 5,
    }


def test_a_province_that_was_not_merged_changes_region_with_the_others() -> None:
    thanh_hoa = registry().get("thanh-hoa")
    assert thanh_hoa.region_on(LAST_DAY_OF_63) == "Bắc Trung Bộ và Duyên hải miền Trung"
    assert thanh_hoa.region_on(FIRST_DAY_OF_34) == "Bắc Trung Bộ"
    assert registry().get("tay-ninh").region_on(AFTER) is None


@pytest.mark.parametrize(
    "text",
    [
        "Hòa Bình",
        "Hoà Bình",
        "hòa bình",
        "HOÀ BÌNH",
        "Tỉnh Hòa Bình",
        "T. Hoà Bình",
        "Hoa Binh",
        " Hòa \u00a0 Bình ",
        "17",
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_trap_8_hoa_binh_in_every_spelling(text: str, form: Literal["NFC", "NFD", "NFKC", "NFKD"]) -> None:
    assert unit_id(unicodedata.normalize(form, text)) == "hoa-binh"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TP.HCM", "ho-chi-minh"),
        ("TP HCM", "ho-chi-minh"),
        ("TPHCM", "ho-chi-minh"),
        ("Tp. Hồ Chí Minh", "ho-chi-minh"),
        ("Thành phố Hồ Chí Minh", "ho-chi-minh"),
        ("THÀNH PHỐ HỒ CHÍ MINH", "ho-chi-minh"),
        ("Ho Chi Minh City", "ho-chi-minh"),
        ("Sài Gòn", "ho-chi-minh"),
        ("BRVT", "ba-ria-vung-tau"),
        ("BR-VT", "ba-ria-vung-tau"),
        ("BR – VT", "ba-ria-vung-tau"),
        ("Bà Rịa - Vũng Tàu", "ba-ria-vung-tau"),
        ("Bà Rịa – Vũng Tàu", "ba-ria-vung-tau"),
        ("Bà Rịa-Vũng Tàu", "ba-ria-vung-tau"),
        ("Bà Rịa Vũng Tàu", "ba-ria-vung-tau"),
        ("Huế", "hue"),
        ("TP. Huế", "hue"),
        ("TT-Huế", "hue"),
        ("TT Huế", "hue"),
        ("Thừa Thiên Huế", "hue"),
        ("Thừa Thiên - Huế", "hue"),
        ("Đắc Lắc", "dak-lak"),
        ("Đắk Lắk", "dak-lak"),
        ("Dak Lak", "dak-lak"),
        ("Daklak", "dak-lak"),
        ("Đak Nông", "dak-nong"),
        ("Kontum", "kon-tum"),
        ("Bắc Cạn", "bac-kan"),
        ("Ðà Nẵng", "da-nang"),  # the first letter is the Icelandic one
        ("Khánh Hoà", "khanh-hoa"),
        ("Thanh Hoá", "thanh-hoa"),
        ("1", "ha-noi"),
        ("01", "ha-noi"),
        ("ha-nam", "ha-nam"),
    ],
)
def test_trap_8_names_vary(text: str, expected: str) -> None:
    assert unit_id(text) == expected


def test_every_name_and_code_of_every_unit_finds_it() -> None:
    for on in (BEFORE, AFTER):
        for unit in registry().at(on):
            for text in (unit.code, unit.name_on(on), unit.full_name_on(on), unit.name_en_on(on), unit.id):
                assert registry().resolve(text, on) == unit


def test_hue_is_called_by_the_name_it_had() -> None:
    hue = registry().get("hue")
    assert hue.full_name_on(date(2024, 12, 31)) == "tỉnh Thừa Thiên Huế"
    assert hue.full_name_on(date(2025, 1, 1)) == "thành phố Huế"
    assert registry().resolve("Thừa Thiên Huế", AFTER) is registry().resolve("Huế", BEFORE)


def test_dong_nai_becomes_a_city_on_30_april_2026() -> None:
    dong_nai = registry().get("dong-nai-2025")
    assert dong_nai.full_name_on(date(2026, 4, 29)) == "tỉnh Đồng Nai"
    assert dong_nai.full_name_on(date(2026, 4, 30)) == "thành phố Đồng Nai"
    assert registry().get("dong-nai").kind_on(BEFORE) == "tỉnh"


def test_full_names_are_written_as_officials_write_them() -> None:
    names = {unit.id: unit.full_name_on(BEFORE) for unit in registry().at(BEFORE)}
    assert names["ha-nam"] == "tỉnh Hà Nam"
    assert names["ho-chi-minh"] == "Thành phố Hồ Chí Minh"
    assert names["can-tho"] == "thành phố Cần Thơ"


@pytest.mark.parametrize(
    ("text", "successor"),
    [("Hà Nam", "Ninh Bình"), ("Bắc Giang", "Bắc Ninh"), ("BRVT", "Hồ Chí Minh"), ("17", "Phú Thọ")],
)
def test_a_province_that_was_merged_is_refused_with_its_successor(text: str, successor: str) -> None:
    error = refusal(text, AFTER)
    assert error.suggestions == (successor,)
    assert "01/7/2025" in str(error)


def test_a_unit_that_does_not_exist_yet_is_refused_with_its_parts() -> None:
    error = refusal("phu-tho-2025", BEFORE)
    assert error.suggestions == ("Hòa Bình", "Phú Thọ", "Vĩnh Phúc")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("Hà Nôi", "Hà Nội"), ("Hà Nọi", "Hà Nội"), ("Quảng Nin", "Quảng Ninh"), ("Thái Nguyen", "Thái Nguyên")],
)
def test_a_mistyped_name_is_refused_with_the_nearest_names(text: str, nearest: str) -> None:
    assert nearest in refusal(text, BEFORE).suggestions


@pytest.mark.parametrize(
    "text",
    ["", " ", "Quảng", "Thuế", "QN", "Vùng Tây Nguyên", "Trung bình", "Median", "99", "0", "1.5", "-1", "\u0660\u0661"],
)
def test_what_is_no_unit_is_never_taken_for_one(text: str) -> None:
    refusal(text, BEFORE)


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ufeff", "\u00ad", "\x00", "\x1b", "\u2066"])
def test_names_with_invisible_characters_are_refused_and_shown_escaped(hidden: str) -> None:
    error = refusal(f"Hà{hidden} Nam", BEFORE)
    assert hidden not in str(error)


@pytest.mark.parametrize("text", ["Thành phố Thanh Hóa", "TP. Hòa Bình", "Vinh Long city", "Tỉnh Đà Nẵng"])
def test_a_name_with_the_wrong_kind_is_refused_for_it_may_be_a_town_of_that_name(text: str) -> None:
    assert refusal(text, BEFORE).suggestions[0] in {"Thanh Hóa", "Hòa Bình", "Vĩnh Long", "Đà Nẵng"}


def test_a_kind_the_unit_had_at_another_date_is_accepted() -> None:
    assert unit_id("Tỉnh Huế", AFTER) == "hue"
    assert unit_id("Thành phố Đồng Nai", date(2025, 12, 31)) == "dong-nai-2025"


def test_an_unknown_id_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnitNotFoundError) as refused:
        registry().get("ha-namm")
    assert "ha-nam" in refused.value.suggestions


def test_the_heir_of_a_unit_is_itself_until_it_is_merged() -> None:
    ha_nam: Unit = registry().get("ha-nam")
    assert registry().heir(ha_nam, BEFORE) is ha_nam
    assert registry().heir(ha_nam, AFTER) is registry().get("ninh-binh-2025")
