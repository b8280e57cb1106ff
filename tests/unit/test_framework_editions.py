"""The shipped editions say what was published."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import pytest

from thammuu.period import Period
from thammuu.resources import examples_folder, rules_folder
from thammuu.rulepack.frameworks import Framework, FrameworkLibrary, Node, check_framework

FOLDER = rules_folder() / "frameworks"


@cache
def library() -> FrameworkLibrary:
    return FrameworkLibrary.load(FOLDER)


def papi(year: int) -> Framework:
    return library().for_period("papi", Period(str(year)))


def concept_codes(year: int) -> dict[str, str]:
    return {node.concept: node.code for node in papi(year).leaves}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_framework_has_no_problem_and_not_even_a_warning(path: Path) -> None:
    assert check_framework(path) == []


@pytest.mark.parametrize(
    ("year", "edition", "leaves", "lowest", "highest"),
    [
        (2011, "papi-2011", 22, 6, 60),
        (2015, "papi-2011", 22, 6, 60),
        (2016, "papi-2016", 22, 6, 60),
        (2017, "papi-2016", 22, 6, 60),
        (2018, "papi-2018", 28, 8, 80),
        (2019, "papi-2019", 29, 8, 80),
        (2020, "papi-2019", 29, 8, 80),
        (2021, "papi-2021", 28, 8, 80),
        (2024, "papi-2021", 28, 8, 80),
    ],
)
def test_each_papi_year_is_scored_by_its_edition(
    year: int, edition: str, leaves: int, lowest: float, highest: float
) -> None:
    found = papi(year)
    assert (found.id, len(found.leaves)) == (edition, leaves)
    assert (found.root.code, found.root.min, found.root.max) == ("total", lowest, highest)
    assert not found.officially_ranked
    assert all(node.level == "criterion" and found.summed_to_total(node.code) for node in found.leaves)


def sheet(year: int) -> Path:
    own = Path(__file__).parents[1] / "data" / "papi" / f"papi-{year}.csv"
    return own if own.exists() else examples_folder() / "papi" / f"papi-{year}.csv"


@pytest.mark.parametrize("year", range(2011, 2023))
def test_names_scales_and_codes_are_those_of_the_published_sheets(year: int) -> None:
    with sheet(year).open(encoding="utf-8-sig", newline="") as file:
        every = csv.DictReader(line for line in file if not line.startswith("#"))
        rows = [row for row in every if row["min_score"]]  # a published total beside the scores has no scale
    printed = {(r["criterion_code"], r["criterion_name"], float(r["min_score"]), float(r["max_score"])) for r in rows}
    assert printed == {(node.code, node.name.vi, node.min, node.max) for node in papi(year).leaves}
    scores = [(papi(year).node(r["criterion_code"]), float(r["score"])) for r in rows if r["score"]]
    assert all(node.min <= score <= node.max for node, score in scores if node.min is not None and node.max is not None)


def test_papi_2019_has_29_sub_dimension_concepts() -> None:
    assert len({node.concept for node in library().get("papi-2019").leaves}) == 29


def test_trap_4_codes_of_papi_dimension_2_change_meaning_in_2018() -> None:
    assert papi(2017).node("2.1").concept == papi(2018).node("2.2").concept == "papi.poverty-lists"
    assert papi(2017).node("2.2").concept == papi(2018).node("2.3").concept == "papi.commune-budget"
    assert papi(2017).node("2.3").concept == papi(2018).node("2.4").concept == "papi.land-plans"
    assert papi(2018).node("2.1").concept == "papi.access-to-information"
    assert papi(2017).of_concept("papi.access-to-information") is None


def test_trap_4_the_peoples_inspection_boards_move_in_2016_and_end_in_2018() -> None:
    boards = "papi.peoples-inspection-boards"
    assert concept_codes(2015)[boards] == "3.2"
    assert concept_codes(2016)[boards] == "3.3"
    assert boards not in concept_codes(2018)
    assert papi(2018).node("3.2").succeeds == ("papi.response-to-petitions",)
    assert papi(2018).node("3.3").concept == "papi.access-to-justice"


def test_trap_4_scales_change_though_the_concept_stays() -> None:
    def scale(year: int, concept: str) -> tuple[float | None, float | None]:
        node = papi(year).of_concept(concept)
        assert node is not None
        return node.min, node.max

    assert scale(2017, "papi.poverty-lists") == (0.33, 3.33)
    assert scale(2018, "papi.poverty-lists") == (0.25, 2.5)
    assert scale(2018, "papi.e-portals") == (0.5, 5.0)
    assert scale(2019, "papi.e-portals") == (0.33, 3.33)
    assert scale(2020, "papi.certification") == (0.25, 2.5)
    assert scale(2021, "papi.certification") == (0.33, 3.33)


def test_the_codes_that_change_meaning_between_two_editions_are_just_these() -> None:
    def moved(before: int, after: int) -> dict[str, tuple[str, str]]:
        old, new = papi(before), papi(after)
        both = [node for node in old.leaves if new.get(node.code)]
        return {n.code: (n.concept, new.node(n.code).concept) for n in both if n.concept != new.node(n.code).concept}

    assert set(moved(2015, 2016)) == {"3.2", "3.3"}
    assert set(moved(2017, 2018)) == {"2.1", "2.2", "2.3", "3.2", "3.3"}
    assert moved(2018, 2019) == {}
    assert moved(2020, 2021) == {}


def test_construction_permits_end_in_2021_and_8_3_begins_in_2019() -> None:
    assert papi(2018).get("8.3") is None
    assert papi(2019).node("8.3").concept == "papi.e-responses"
    assert papi(2021).get("5.2") is None


def indicators() -> Framework:
    return library().get("papi-indicators-2018")


def test_the_114_indicators_of_2018_are_published_and_never_added_up() -> None:
    found = indicators()
    assert len(found.leaves) == 114
    assert {node.level for node in found.leaves} == {"indicator"}
    assert found.root.code == "0"
    assert found.node("total") is found.root
    assert not any(found.summed_to_total(node.code) for node in found.leaves)
    assert {node.bounds for node in found.nodes} == {"soft"}


def test_trap_2_indicators_where_less_is_better_or_nothing_is_good_are_named_one_by_one() -> None:
    by_direction: dict[str, set[str]] = {}
    for node in indicators().leaves:
        by_direction.setdefault(node.direction, set()).add(node.code)
    lower = {"2.2.02", "2.2.03", "4.4.03", "4.4.05", "4.4.06", "6.2.01", "6.2.02", "6.3.06", "6.4.03"}
    assert by_direction["lower"] == lower
    assert by_direction["none"] == {"2.4.04", "3.1.01", "3.1.03", "3.1.05", "3.1.07", "3.2.01", "3.3.03"}


def test_sub_dimensions_of_the_indicator_sheet_are_the_same_concepts_as_in_papi_2018() -> None:
    same = {node.code: node.concept for node in indicators().nodes if node.level == "criterion"}
    assert same == {node.code: node.concept for node in library().get("papi-2018").leaves}


def test_trap_11_par_index_to_2021_holds_only_what_is_known_and_no_maximum_is_guessed() -> None:
    found = library().for_period("par-index", Period("2021"))
    assert found.id == "par-index-to-2021"
    assert found.label is not None
    named = [node for node in found.nodes if node.level == "criterion"]
    assert {(node.parent, node.concept) for node in named} == {
        ("3", "par-index.public-post"),
        ("8", "par-index.investment-attraction"),
        ("8", "par-index.socioeconomic-targets"),
    }
    assert all(node.own_code and node.max is None for node in named)
    assert len(found.children("total")) == 8
    assert found.root.aggregate == "published"
    assert found.root.max == 100


def test_the_876_tree_is_labelled_a_reconstruction_and_adds_up_to_100() -> None:
    found = library().for_period("par-index", Period("2022"))
    levels = [node.level for node in found.nodes]
    assert found.label is not None
    assert "không chính thức" in found.label.vi
    assert (levels.count("domain"), levels.count("criterion"), levels.count("sub-criterion")) == (8, 39, 85)
    assert sum(node.max or 0 for node in found.leaves) == pytest.approx(100)
    assert all(found.summed_to_total(node.code) for node in found.leaves)


def parts(nodes: tuple[Node, ...], method: str) -> float:
    return sum(node.max or 0 for node in nodes if node.method == method)


def test_the_parts_of_876_are_the_published_ones() -> None:
    leaves = library().get("par-index-876").leaves
    assert parts(leaves, "appraisal") == pytest.approx(61.5)
    assert parts(leaves, "leader-survey") == pytest.approx(22)
    assert parts(leaves, "citizen-survey") == pytest.approx(10)
    assert parts(leaves, "statistics") == pytest.approx(6.5)


def test_the_three_criteria_known_to_2021_keep_their_concepts_in_876() -> None:
    known = [node.concept for node in library().get("par-index-to-2021").nodes if node.own_code]
    later = library().get("par-index-876")
    assert [later.of_concept(concept) is not None for concept in known] == [True, True, True]


def test_bands_are_those_each_publisher_uses() -> None:
    values = [(band.name.vi, band.from_value) for band in library().get("par-index-876").bands]
    assert values == [("A", 90), ("B", 80), ("C", 70), ("D", 0)]
    assert library().get("par-index-876").band_method == "percent-of-max"
    assert [band.name.vi for band in papi(2022).bands] == ["Cao", "Trung bình cao", "Trung bình thấp", "Thấp"]
    assert papi(2022).band_method == "quartile"
    assert library().get("sipas").bands == ()


def test_levels_are_called_what_each_publisher_calls_them() -> None:
    assert papi(2022).level_names["criterion"].vi == "nội dung thành phần"
    assert papi(2022).level_names["domain"].vi == "chỉ số nội dung"
    assert indicators().level_names["indicator"].vi == "chỉ tiêu"
    assert library().get("par-index-876").level_names["sub-criterion"].vi == "tiêu chí thành phần"


def test_sipas_is_one_published_percentage() -> None:
    root = library().for_period("sipas", Period("2021")).root
    assert (root.scale_unit, root.min, root.max, root.aggregate) == ("percent", 0, 100, "published")
    assert root.surveyed
