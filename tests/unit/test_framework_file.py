"""A framework file is read whole: accepted, or refused with every problem and its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
import yaml

from thammuu.errors import BadInputError, Problem
from thammuu.period import Period
from thammuu.resources import rules_folder
from thammuu.rulepack.frameworks import (
    FrameworkLibrary,
    UnknownNodeError,
    check_framework,
    framework_schema,
    load_framework,
)

if TYPE_CHECKING:
    from pathlib import Path

HEAD = """\
id: made-up-2024
index: made-up
title: {vi: Bộ chỉ số thử}
short_title: {vi: THỬ}
publisher: {vi: Cơ quan thử}
periods: {from: "2024"}
scales: {small: [0, 2]}
levels:
  total: {name: {vi: tổng điểm}, min: 0, max: 10}
  domain: {name: {vi: lĩnh vực}, min: 0, max: 5}
  criterion: {name: {vi: tiêu chí}}
nodes:
"""
ROOT = "  - {code: total, concept: made-up.total, name: Tổng}\n"
DOMAINS = """\
  - {code: "1", parent: total, concept: made-up.one, name: Một}
  - {code: "2", parent: total, concept: made-up.two, name: Hai}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "made-up.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str) -> list[tuple[str, int | None, int | str | None]]:
    return [(one.code, one.place.line, one.place.column) for one in check_framework(written(folder, text))]


def one_problem(folder: Path, text: str) -> Problem:
    found = check_framework(written(folder, text))
    assert len(found) == 1, found
    return found[0]


def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    assert problems(tmp_path, HEAD + ROOT + DOMAINS) == []


def test_a_new_index_with_weighted_parts_needs_a_file_and_no_code(tmp_path: Path) -> None:
    weights = [5, 5, 20, 5, 10, 5, 5, 20, 20, 5]
    nodes = "".join(
        f'  - {{code: "{i}", parent: total, concept: pci-like.part-{i}, name: Chỉ số thành phần {i}, '
        f"weight: {weight / 100}}}\n"
        for i, weight in enumerate(weights, 1)
    )
    path = tmp_path / "pci-like-2024.yaml"
    path.write_text(
        "id: pci-like-2024\nindex: pci-like\ntitle: {vi: Chỉ số thử có trọng số}\nshort_title: {vi: PCI THỬ}\n"
        'publisher: {vi: Cơ quan thử}\nperiods: {from: "2024"}\n'
        "levels:\n  total: {name: {vi: tổng điểm}, min: 1, max: 10}\n"
        "  domain: {name: {vi: chỉ số thành phần}, min: 1, max: 10, method: business-survey}\n"
        "nodes:\n  - {code: total, concept: pci-like.total, name: Chỉ số thử}\n" + nodes,
        encoding="utf-8",
    )
    assert check_framework(path) == []
    library = FrameworkLibrary.load(tmp_path)
    found = library.for_period("pci-like", Period("2024"))
    assert library.indices() == ("pci-like",)
    assert [node.weight for node in found.leaves] == [weight / 100 for weight in weights]
    assert all(found.summed_to_total(node.code) and node.surveyed for node in found.leaves)


def test_all_problems_are_listed_at_once_with_line_and_column(tmp_path: Path) -> None:
    bad = (
        '  - {code: "1", parent: total, concept: made-up.one, name: Một, max: 0}\n'
        '  - {code: "1", parent: total, concept: made-up.one, name: Hai}\n'
        '  - {code: "3", parent: "9", concept: made-up.three, name: Ba}\n'
        '  - {code: "4", parent: total, concept: made-up.four, name: Bốn, weight: -1, scale: tiny}\n'
    )
    assert problems(tmp_path, HEAD + ROOT + bad) == [
        ("scale-order", 14, 70),
        ("duplicate-code", 15, 12),
        ("duplicate-concept", 15, 41),
        ("unknown-parent", 16, 25),
        ("weight", 17, 74),
        ("unknown-scale", 17, 85),
    ]


def test_loading_refuses_with_the_problems_in_file_order(tmp_path: Path) -> None:
    bad = ROOT + '  - {code: "3", parent: "9", concept: made-up.three, name: Ba}\n' + DOMAINS.replace('"2"', '"1"')
    with pytest.raises(BadInputError) as refused:
        load_framework(written(tmp_path, HEAD + bad))
    assert [one.place.line for one in refused.value.problems] == [14, 16]
    assert refused.value.exit_code == 2


def test_a_mistyped_key_and_a_missing_one_are_both_listed(tmp_path: Path) -> None:
    text = HEAD.replace("publisher:", "publishr:") + ROOT + DOMAINS.replace("weight", "weigt")
    found = {one.code: one for one in check_framework(written(tmp_path, text))}
    assert found["schema-missing"].value == "publisher"
    assert found["schema-extra-forbidden"].value == "publishr"
    assert "publisher" in found["schema-extra-forbidden"].expected
    assert found["schema-extra-forbidden"].place.line == 5


def test_a_mistyped_key_of_a_node_is_shown_where_it_stands(tmp_path: Path) -> None:
    found = one_problem(tmp_path, HEAD + ROOT + DOMAINS.replace("name: Hai", "name: Hai, wieght: 2"))
    assert (found.place.line, found.value) == (15, "wieght")
    assert "weight" in found.expected


def test_an_unquoted_code_is_refused_because_1_10_would_become_1_1(tmp_path: Path) -> None:
    found = one_problem(tmp_path, HEAD + ROOT + DOMAINS.replace('code: "1"', "code: 1.10"))
    assert (found.code, found.place.line, found.place.column) == ("schema-string-type", 14, 12)


def test_a_circle_of_parents_is_found(tmp_path: Path) -> None:
    circle = DOMAINS.replace('"1", parent: total', '"1", parent: "2"').replace('"2", parent: total', '"2", parent: "1"')
    codes = {code for code, _line, _column in problems(tmp_path, HEAD + ROOT + circle)}
    assert "circle" in codes


def test_a_node_that_is_its_own_parent_is_found(tmp_path: Path) -> None:
    own = DOMAINS.replace('"2", parent: total', '"2", parent: "2"')
    assert "circle" in {code for code, _line, _column in problems(tmp_path, HEAD + ROOT + own)}


def test_the_total_has_the_level_of_that_name(tmp_path: Path) -> None:
    turned = HEAD.replace("  total:", "  sub-criterion:", 1)
    assert "root-level" in {one[0] for one in problems(tmp_path, turned + ROOT)}


def test_there_is_one_total(tmp_path: Path) -> None:
    second = ROOT + ROOT.replace("total", "other")
    assert [one[0] for one in problems(tmp_path, HEAD + second)] == ["second-root"]


def test_a_level_below_the_last_is_refused(tmp_path: Path) -> None:
    deep = (
        '  - {code: "1.1", parent: "1", concept: made-up.deep, name: Sâu}\n'
        '  - {code: "1.1.1", parent: "1.1", concept: made-up.deeper, name: Sâu hơn}\n'
    )
    assert ("no-level", 17, 5) in problems(tmp_path, HEAD + ROOT + DOMAINS + deep)


def test_maxima_that_do_not_add_up_warn_and_do_not_refuse(tmp_path: Path) -> None:
    text = HEAD + ROOT + DOMAINS.replace("name: Hai", "name: Hai, max: 4")
    found = one_problem(tmp_path, text)
    assert (found.code, found.severity, found.value) == ("maxima-sum", "warning", "total")
    assert load_framework(written(tmp_path, text)).node("2").max == 4


def test_unknown_maxima_are_no_problem(tmp_path: Path) -> None:
    text = HEAD + ROOT + DOMAINS.replace("name: Hai", "name: Hai, max: null")
    assert problems(tmp_path, text) == []
    assert load_framework(written(tmp_path, text)).node("2").max is None


@pytest.mark.parametrize("figure", [".nan", ".inf", "-.inf", "1e999"])
def test_figures_that_are_not_finite_are_refused(tmp_path: Path, figure: str) -> None:
    found = check_framework(written(tmp_path, HEAD + ROOT + DOMAINS.replace("name: Hai", f"name: Hai, max: {figure}")))
    assert [one.place.line for one in found] == [15]


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- b\n", "{", "a: &x [*x]\n", "id: 2024-13-45\n", "id: !!python/object:os.system {}\n", "a: 1\na: 2\n"],
)
def test_what_is_no_framework_at_all_is_a_problem_not_a_crash(tmp_path: Path, text: str) -> None:
    assert check_framework(written(tmp_path, text))


def test_nested_aliases_do_not_grow(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 30))
    assert any(one.code == "yaml-alias" for one in check_framework(written(tmp_path, bomb)))


def test_a_deep_nest_is_refused(tmp_path: Path) -> None:
    assert check_framework(written(tmp_path, "id: " + "[" * 5000 + "]" * 5000 + "\n"))


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.yaml"
    path.write_bytes((HEAD + ROOT).encode("utf-16"))
    with pytest.raises(BadInputError) as refused:
        check_framework(path)
    assert refused.value.problems[0].code == "file-encoding"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        load_framework(tmp_path / "none.yaml")


def test_the_hash_follows_the_content_and_not_the_comments(tmp_path: Path) -> None:
    plain = load_framework(written(tmp_path, HEAD + ROOT + DOMAINS)).hash
    commented = load_framework(written(tmp_path, "# a comment\n" + HEAD + ROOT + DOMAINS)).hash
    changed = load_framework(written(tmp_path, HEAD + ROOT + DOMAINS.replace("Hai", "Ba"))).hash
    assert plain == commented != changed


def test_the_nodes_are_in_pre_order_wherever_the_file_puts_them(tmp_path: Path) -> None:
    child = '  - {code: "1.1", parent: "1", concept: made-up.child, name: Con, scale: small}\n'
    found = load_framework(written(tmp_path, HEAD + child + DOMAINS + ROOT))
    assert [node.code for node in found.nodes] == ["total", "1", "1.1", "2"]
    assert [node.level for node in found.nodes] == ["total", "domain", "criterion", "domain"]
    assert [node.code for node in found.leaves] == ["1.1", "2"]
    assert (found.node("1.1").min, found.node("1.1").max) == (0, 2)


def test_a_chain_is_summed_only_if_every_step_is(tmp_path: Path) -> None:
    child = '  - {code: "1.1", parent: "1", concept: made-up.child, name: Con, max: 5}\n'
    published = DOMAINS.replace("name: Một", "name: Một, aggregate: published")
    found = load_framework(written(tmp_path, HEAD + ROOT + published + child))
    assert found.summed_to_total("2")
    assert found.summed_to_total("1")
    assert not found.summed_to_total("1.1")


def test_an_unknown_code_or_edition_or_period_is_named(tmp_path: Path) -> None:
    written(tmp_path, HEAD + ROOT + DOMAINS)
    library = FrameworkLibrary.load(tmp_path)
    with pytest.raises(UnknownNodeError, match=r"9\.9"):
        library.get("made-up-2024").node("9.9")
    with pytest.raises(UnknownNodeError, match="made-up-2024"):
        library.get("made-up-2042")
    with pytest.raises(UnknownNodeError, match="2023"):
        library.for_period("made-up", Period("2023"))
    with pytest.raises(UnknownNodeError, match="Did you mean made-up"):
        library.for_period("made-upp", Period("2024"))


def test_a_quarter_and_a_day_belong_to_the_edition_of_their_year(tmp_path: Path) -> None:
    written(tmp_path, HEAD.replace('from: "2024"', 'from: "2024", to: "2024"') + ROOT + DOMAINS)
    library = FrameworkLibrary.load(tmp_path)
    for text in ("2024-Q1", "2024-12", "2024-01-01"):
        assert library.for_period("made-up", Period(text)).id == "made-up-2024"
    with pytest.raises(UnknownNodeError):
        library.for_period("made-up", Period("2025-Q1"))


def test_two_editions_of_one_period_are_refused(tmp_path: Path) -> None:
    written(tmp_path, HEAD + ROOT + DOMAINS)
    (tmp_path / "again.yaml").write_text(
        HEAD.replace("made-up-2024", "made-up-again") + ROOT + DOMAINS, encoding="utf-8"
    )
    with pytest.raises(BadInputError) as refused:
        FrameworkLibrary.load(tmp_path)
    assert [one.code for one in refused.value.problems] == ["overlapping-editions"]


def test_a_concept_that_no_edition_has_cannot_be_succeeded(tmp_path: Path) -> None:
    lost = DOMAINS.replace("name: Hai", "name: Hai, succeeds: {concepts: [made-up.lost]}")
    written(tmp_path, HEAD + ROOT + lost)
    with pytest.raises(BadInputError) as refused:
        FrameworkLibrary.load(tmp_path)
    assert [(one.code, one.value) for one in refused.value.problems] == [("unknown-concept", "made-up.lost")]


def test_the_library_lists_the_problems_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("id: [", encoding="utf-8")
    (tmp_path / "b.yaml").write_text(HEAD + ROOT + ROOT, encoding="utf-8")
    with pytest.raises(BadInputError) as refused:
        FrameworkLibrary.load(tmp_path)
    assert {str(one.place).rpartition("/")[2][:6] for one in refused.value.problems} == {"a.yaml", "b.yaml"}


def test_the_committed_schema_is_up_to_date_and_accepts_the_shipped_files() -> None:
    committed = json.loads((rules_folder() / "schema" / "framework.schema.json").read_text(encoding="utf-8"))
    assert committed == framework_schema()
    validator = jsonschema.Draft202012Validator(committed)
    for path in sorted((rules_folder() / "frameworks").glob("*.yaml")):
        validator.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
