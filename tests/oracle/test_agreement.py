from collections import Counter
from statistics import quantiles

import pytest
from papi_sheets import TOTAL, YEARS, read_sheet
from papi_years import PapiYears

import oracle

TOLERANCE = 1e-9
FIGURES = (
    *("score", "min_score", "max_score", "attainment", "lost_points", "rank", "n", "percentile"),
    *("peers_n", "peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max", "peer_mean"),
    *("gap_to_median", "rank_in_peers", "previous_score", "previous_attainment", "delta", "peer_delta", "rank_change"),
    *("periods_below", "gain_to_median", "gain_to_best", "rank_if_median", "rank_if_max"),
    *("total", "total_rank", "total_n", "published_total", "published_rank"),
)
WORDS = ("unit_name", "direction", "level", "period", "previous_period", "band")


def agrees(ours: object, theirs: object) -> bool:
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return abs(ours - theirs) <= TOLERANCE
    return ours == theirs


WITH_MISSING_UNITS = (2014, 2018, 2021, 2022)
CASES = [
    *((group, year) for group in ("national", "region") for year in YEARS),
    *((group, year) for group in ("band", "nearest") for year in WITH_MISSING_UNITS),
]


@pytest.mark.parametrize(("group", "year"), CASES)
def test_every_fact_of_every_province_and_node_agrees_with_plain_python(papi: PapiYears, group: str, year: int) -> None:
    expected, computed = oracle.facts_of(year, group), papi.rows(year, group)
    assert computed.keys() == expected.keys()
    wrong = [
        f"{year} {group} {unit} {code} {fact}: computed {computed[unit, code][fact]!r}, expected {wanted[fact]!r}"
        for (unit, code), wanted in expected.items()
        for fact in (*FIGURES, *WORDS)
        if not agrees(computed[unit, code][fact], wanted[fact])
    ]
    by_fact = Counter(line.split(":")[0].split()[-1] for line in wrong)
    assert not wrong, "\n".join([f"{len(wrong)} differ: {dict(by_fact)}", *wrong[:20]])


def test_the_oracle_covers_every_fact_that_the_analysis_offers(papi: PapiYears) -> None:
    names = {"unit_id", "unit_code", "code", "concept", "region", "unit_level", "method", "framework", "index"}
    assert set(papi.facts(2022).columns) - names == {*FIGURES, *WORDS}


def test_concepts_are_one_to_one_with_criterion_names_over_all_years(papi: PapiYears) -> None:
    pairs = {
        (node.concept, papi.years[year].framework.node(code).concept)
        for year in YEARS
        for code, node in oracle.sheets()[year].nodes.items()
    }
    assert [name for name, times in Counter(name for name, _ in pairs).items() if times > 1] == []
    assert [concept for concept, times in Counter(concept for _, concept in pairs).items() if times > 1] == []


def test_the_six_old_regions_group_the_same_provinces(papi: PapiYears) -> None:
    pairs = {(oracle.REGION_OF[unit], row["region"]) for (unit, _), row in papi.rows(2022).items()}
    assert len(pairs) == 6
    assert len({region for _, region in pairs}) == 6


def test_ha_nam_2021_has_a_computed_total_of_43_2855_and_stands_22nd_of_60(papi: PapiYears) -> None:
    rows = papi.rows(2021)
    ha_nam = rows["35", TOTAL]
    assert round(ha_nam["total"], 4) == 43.2855
    assert (ha_nam["total_rank"], ha_nam["total_n"]) == (22, 60)
    assert sum(row["total"] is None for (_, code), row in rows.items() if code == TOTAL) == 3


def test_quang_ninh_2022_is_first_with_47_8763(papi: PapiYears) -> None:
    quang_ninh = papi.rows(2022)["22", TOTAL]
    assert (quang_ninh["total_rank"], round(quang_ninh["total"], 4)) == (1, 47.8763)


def test_the_four_groups_of_2022_hold_16_16_15_and_14_provinces(papi: PapiYears) -> None:
    lowest: dict[str, list[float]] = {}
    for (_, code), row in papi.rows(2022).items():
        if code == TOTAL and row["band"] is not None:
            lowest.setdefault(row["band"], []).append(row["total"])
    assert {band: (len(totals), round(min(totals), 2)) for band, totals in lowest.items()} == {
        "Cao": (16, 43.44),
        "Trung bình cao": (16, 42.15),
        "Trung bình thấp": (15, 40.74),
        "Thấp": (14, 38.80),
    }


def test_sheets_hold_sixty_three_provinces_every_year() -> None:
    assert [len(read_sheet(year).units) for year in YEARS] == [63] * 12


def test_each_year_follows_its_edition(papi: PapiYears) -> None:
    editions = {year: papi.facts(year)["framework"].unique().to_list() for year in YEARS}
    first = {2011: "papi-2011", 2016: "papi-2016", 2018: "papi-2018", 2019: "papi-2019", 2021: "papi-2021"}
    assert editions == {year: [first[max(start for start in first if start <= year)]] for year in YEARS}


def test_quantiles_of_the_oracle_are_the_inclusive_ones_of_the_standard_library() -> None:
    values = [0.3, 0.1, 0.4, 0.15, 0.9, 0.26, 0.5, 0.35]
    ours = [oracle.quantile(values, share) for share in (0.25, 0.5, 0.75)]
    assert ours == pytest.approx(quantiles(values, n=4, method="inclusive"), abs=1e-15)
