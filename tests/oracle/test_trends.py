import pytest
from papi_sheets import YEARS, read_sheet
from papi_years import PapiYears


def moved_codes(papi: PapiYears, before: int, after: int) -> set[str]:
    """The codes that both editions use, for different concepts."""
    old, new = papi.years[before].framework, papi.years[after].framework
    shared = {node.code for node in old.leaves} & {node.code for node in new.leaves}
    return {code for code in shared if old.node(code).concept != new.node(code).concept}


def test_2018_gives_2_1_2_2_2_3_3_2_and_3_3_to_other_concepts_and_opens_2_4(papi: PapiYears) -> None:
    assert moved_codes(papi, 2017, 2018) == {"2.1", "2.2", "2.3", "3.2", "3.3"}
    assert papi.years[2017].framework.get("2.4") is None
    land_plans = papi.years[2018].framework.node("2.4").concept
    assert papi.years[2017].framework.node("2.3").concept == land_plans


def test_2016_gives_3_2_and_3_3_to_other_concepts(papi: PapiYears) -> None:
    assert moved_codes(papi, 2015, 2016) == {"3.2", "3.3"}


def test_no_other_year_moves_a_code(papi: PapiYears) -> None:
    moves = {year for year in YEARS[1:] if moved_codes(papi, year - 1, year)}
    assert moves == {2016, 2018}


@pytest.mark.parametrize(
    ("year", "code", "old_code"),
    [
        *((2016, "3.3", "3.2"), (2016, "3.2", None), (2016, "3.1", "3.1")),
        *((2018, "2.1", None), (2018, "2.2", "2.1"), (2018, "2.3", "2.2"), (2018, "2.4", "2.3")),
        *((2018, "3.2", None), (2018, "3.3", None), (2018, "7.1", None), (2018, "8.1", None)),
        *((2019, "8.1", "8.1"), (2019, "8.3", None), (2021, "5.1", "5.1"), (2021, "5.3", "5.3")),
    ],
)
def test_a_trend_follows_the_concept_and_not_the_code(
    papi: PapiYears, year: int, code: str, old_code: str | None
) -> None:
    earlier, rows = read_sheet(year - 1), papi.rows(year)
    for unit in earlier.units:
        row = rows[unit, code]
        assert row["previous_score"] == (None if old_code is None else earlier.scores[unit, old_code])
        if old_code is None:
            assert row["previous_period"] is row["delta"] is row["peer_delta"] is row["rank_change"] is None


def test_a_changed_scale_is_compared_by_attainment(papi: PapiYears) -> None:
    row = papi.rows(2021)["01", "5.1"]
    assert (row["min_score"], row["max_score"]) == (0.33, 3.33)
    assert row["previous_attainment"] == pytest.approx((row["previous_score"] - 0.25) / 2.25, abs=1e-9)
    assert row["delta"] == pytest.approx((row["score"] - 0.33) / 3.0 - row["previous_attainment"], abs=2e-9)


def test_a_published_period_without_the_concept_hides_the_ones_before_it(papi: PapiYears) -> None:
    """Quảng Ninh is missing in 2021: its 2022 figures are not compared with 2020."""
    row = papi.rows(2022)["22", "1.1"]
    assert papi.rows(2020)["22", "1.1"]["score"] is not None
    assert (row["previous_score"], row["delta"], row["rank_change"]) == (None, None, None)
