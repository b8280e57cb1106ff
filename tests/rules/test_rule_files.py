"""Rule files: the shipped ones pass their own tests, and wrong ones are refused with all their places."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from thammuu.analysis.conditions import check_condition
from thammuu.analysis.fact_catalogue import condition_names
from thammuu.analysis.rules import RuleSet, load_rules, run_rule_tests
from thammuu.errors import BadInputError, Problem
from thammuu.resources import rules_folder

SHIPPED = {
    "zero-score": "critical",
    "at-floor": "critical",
    "below-peers": "major",
    "falling": "major",
    "last-in-region": "minor",
    "persistent": "raise",
    "rank-drop": "major",
    "not-at-maximum": "information",
}

GOOD = """\
id: low
title: {vi: Thấp, en: Low}
when: attainment < peer_p25
severity: major
explain: {vi: "Thấp ({{ score | amount }}).", en: "Low ({{ score | amount }})."}
tests:
  - {name: low, facts: {attainment: 0.1, peer_p25: 0.2, score: 1}, fires: true}
"""


@pytest.fixture(scope="module")
def shipped() -> RuleSet:
    return load_rules(rules_folder())


def test_the_shipped_rules_are_those_documented(shipped: RuleSet) -> None:
    assert {rule.id: rule.source.severity for rule in shipped.rules} == SHIPPED


def test_the_shipped_rules_pass_their_own_tests(shipped: RuleSet) -> None:
    assert run_rule_tests(shipped) == []


def test_every_shipped_rule_shows_when_it_does_not_fire(shipped: RuleSet) -> None:
    for rule in shipped.rules:
        assert any(not test.fires for test in rule.source.tests), rule.id


def test_vietnamese_sentences_hold_no_rule_id_no_point_as_decimal_sign_and_no_null(shipped: RuleSet) -> None:
    for rule in shipped.rules:
        for test in rule.source.tests:
            said = test.says.vi if test.says else ""
            assert not any(one in said for one in SHIPPED)
            assert not re.search(r"\d\.\d|None|null|nan| - |  ", said)
            assert not said or said.endswith(".")


def refused(folder: Path, text: str, name: str = "low.yaml") -> list[Problem]:
    (folder / name).write_text(dedent(text), encoding="utf-8")
    with pytest.raises(BadInputError) as refusal:
        load_rules(folder)
    return list(refusal.value.problems)


def places(problems: list[Problem]) -> list[tuple[str, int | None, str | int | None]]:
    return [(problem.code, problem.place.line, problem.place.column) for problem in problems]


def test_a_good_rule_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "low.yaml").write_text(GOOD, encoding="utf-8")
    assert [rule.id for rule in load_rules(tmp_path).rules] == ["low"]


def test_all_problems_of_all_files_come_at_once_each_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(GOOD.replace("peer_p25\n", "per_p25\n"), encoding="utf-8")
    problems = refused(tmp_path, GOOD.replace("id: low", "id: Low!").replace("severity: major", "severity: grave"))
    assert {Path(problem.place.file or "").name for problem in problems} == {"low.yaml", "other.yaml"}
    assert places(problems) == [
        ("schema-string-pattern-mismatch", 1, 5),
        ("schema-literal-error", 4, 11),
        ("condition-fact", 3, 20),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "column"),
    [
        ("when: attainment < peer_p25", "when: 'attainment < per_p25'", 3, 21),
        ("when: attainment < peer_p25", "when: |\n  attainment < peer_p25\n  AND scor = 1", 5, 7),
        ("when: attainment < peer_p25", "when: >\n  attainment < peer_p25 AND scor = 1", 4, 29),
        ("when: attainment < peer_p25", "when: NOW() > attainment", 3, 7),
    ],
)
def test_a_condition_is_pointed_at_inside_its_file(tmp_path: Path, old: str, new: str, line: int, column: int) -> None:
    (problem,) = refused(tmp_path, GOOD.replace(old, new))
    assert (problem.place.line, problem.place.column) == (line, column)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("severity: major", "severity: major\npeers: neighbours", "rule-peers"),
        ("severity: major", "severity: major\ninhibits: [nothing]", "rule-inhibits"),
        ("severity: major", "severity: major\ninhibits: [low]", "rule-inhibits"),
        ("severity: major", "severity: major\nseverty: minor", "schema-extra-forbidden"),
        ("severity: major", "severity: major\nfor: 0", "schema-greater-than-equal"),
        ("severity: major", "severity: major\nsuppress_until: 2027-01-31", "schema-model-type"),
        ("Thấp ({{ score | amount }}).", "Thấp ({{ scor | amount }}).", "rule-template-name"),
        ("Thấp ({{ score | amount }}).", "Thấp ({{ score | amount ).", "rule-template"),
        ("Thấp ({{ score | amount }}).", "Thấp ({{ score | shell }}).", "rule-template"),
        ("{attainment: 0.1,", "{attainmnt: 0.1,", "rule-test-fact"),
        ("{attainment: 0.1,", "{attainment: low,", "rule-test-value"),
        ("fires: true", "fires: false", "rule-untested"),
        ("fires: true", "fires: 'yes'", "schema-bool-type"),
        ("when: attainment < peer_p25", "when: 1", "schema-string-type"),
        ("tests:", "test:", "schema-missing"),
        ("id: low", "id: low\nid: high", "yaml-duplicate-key"),
        ("title: {vi: Thấp, en: Low}", "title: {vi: [", "yaml-syntax"),
    ],
)
def test_each_mistake_has_its_name(tmp_path: Path, old: str, new: str, code: str) -> None:
    problems = refused(tmp_path, GOOD.replace(old, new))
    assert code in {problem.code for problem in problems}
    assert all(problem.place.line for problem in problems)


def test_two_rules_do_not_share_an_id(tmp_path: Path) -> None:
    (tmp_path / "again.yaml").write_text(GOOD, encoding="utf-8")
    assert {problem.code for problem in refused(tmp_path, GOOD)} == {"rule-id"}


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ score.__class__ }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% for one in period %}{% endfor %}",
        "{% include 'x' %}",
        "{% set a = score %}",
        "{{ score() }}",
        "{% macro m() %}{% endmacro %}",
    ],
)
def test_a_template_can_only_print_facts(tmp_path: Path, hostile: str) -> None:
    problems = refused(tmp_path, GOOD.replace("Thấp ({{ score | amount }}).", hostile))
    assert {problem.code for problem in problems} == {"rule-template"}


def test_a_failing_rule_test_is_told_with_what_was_expected(tmp_path: Path) -> None:
    wrong = GOOD.replace("fires: true}", "fires: true, says: {vi: 'Cao.', en: 'Low (1 point).'}}")
    (tmp_path / "low.yaml").write_text(wrong, encoding="utf-8")
    (failure,) = run_rule_tests(load_rules(tmp_path))
    assert failure == {"rule": "low", "test": "low", "expected": "Cao.", "got": "Thấp (1 điểm)."}


def test_the_hash_changes_with_any_rule_or_peer_group_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "low.yaml").write_text(GOOD, encoding="utf-8")
    first = load_rules(tmp_path).hash
    (tmp_path / "agencies.yaml").write_text("agencies: []\n", encoding="utf-8")
    assert load_rules(tmp_path).hash == first
    (tmp_path / "peers.yaml").write_text("groups: []\n", encoding="utf-8")
    second = load_rules(tmp_path).hash
    (tmp_path / "low.yaml").write_text(GOOD + "# changed\n", encoding="utf-8")
    assert len({first, second, load_rules(tmp_path).hash}) == 3


def test_named_peer_groups_can_be_used_by_rules(tmp_path: Path) -> None:
    (tmp_path / "low.yaml").write_text(GOOD + "peers: cities\n", encoding="utf-8")
    (tmp_path / "peers.yaml").write_text(
        "groups:\n  - {name: cities, kind: list, phrase: {vi: các thành phố, en: the cities}, members: [hue]}\n",
        encoding="utf-8",
    )
    assert load_rules(tmp_path).peer_group("cities").members == ("hue",)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("{name: region, kind: region, phrase: {vi: a, en: b}}", "peers-name"),
        ("{name: cities, kind: list, phrase: {vi: a, en: b}}", "peers-members"),
        ("{name: near, kind: nearest, phrase: {vi: a, en: b}, members: [hue]}", "peers-members"),
        ("{name: near, kind: nearest, phrase: {vi: a}}", "peers-phrase"),
        ("{name: near, kind: closest, phrase: {vi: a, en: b}}", "schema-literal-error"),
    ],
)
def test_wrong_peer_groups_are_refused(tmp_path: Path, entry: str, code: str) -> None:
    (problem,) = refused(tmp_path, f"groups:\n  - {entry}\n", "peers.yaml")
    assert (problem.code, problem.place.line) == (code, 2)


def test_an_unknown_peer_group_is_bad_input(shipped: RuleSet) -> None:
    with pytest.raises(BadInputError, match="national, region"):
        shipped.peer_group("neighbours")


def test_peers_are_called_by_the_name_of_their_level(shipped: RuleSet) -> None:
    region = shipped.peer_group("region")
    assert region.phrase("province", "vi") == "các tỉnh, thành phố trong vùng"
    assert region.phrase("commune", "vi") == "các xã, phường, đặc khu trong vùng"
    assert region.phrase("department", "en") == "the units of its region"


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ code | abs }}",
        "{{ previous_score + 1 }}",
        "{{ previous_score - score }}",
        "{{ score | number('x') }}",
        "{{ score | number(1000000) }}",
        "{{ score | number(-1) }}",
        "{{ score | number(n) }}",
        "{{ score | percent(true) }}",
        "{{ code | period }}",
        "{% if n is divisibleby(0) %}x{% endif %}",
        "{% if score is sameas(1) %}x{% endif %}",
        "{% if 'x' in region %}x{% endif %}",
        "{% if previous_score > score %}x{% endif %}",
        "{% if previous_score is none %}{{ -previous_score }}{% endif %}",
        "{% if region == 'x' %}{{ 'a' if code > 1 }}{% endif %}",
        "{{ region | capitalize }}",
        "{{ (peer_delta if peer_delta is not none) | abs }}",
        "{{ " + "-" * 900 + "score }}",
        "{{ " + "(" * 900 + "score" + ")" * 900 + " }}",
        "{{ score" + " + 1" * 400 + " }}",
        "{% if n == 1 %}" * 60 + "{% endif %}" * 60,
        "A bell \\a rings.",
    ],
)
def test_a_sentence_that_could_fail_on_some_publication_is_refused_with_its_place(tmp_path: Path, hostile: str) -> None:
    problems = refused(tmp_path, GOOD.replace("Thấp ({{ score | amount }}).", hostile))
    assert {(problem.code, problem.place.line) for problem in problems} == {("rule-template", 5)}
    assert all(problem.expected for problem in problems)


@pytest.mark.parametrize(
    "sentence",
    [
        "{{ attainment | abs }} {{ max_score - score }} {{ peer_p25 + peer_median_score }}",
        "{% if previous_score is not none and previous_score > score %}{{ previous_score - score }}{% endif %}",
        "{% if previous_score is none %}x{% else %}{{ -previous_score }}{% endif %}",
        "{{ score | number(6) }} {{ rank | count }} {{ previous_period | period }} {{ score | of_max(peer_median) }}",
        "{{ 'a' if direction == 'lower' else 'b' }}{{ level_name | capitalize }}{{ 'c' if peer_p25 > 0 }}",
    ],
)
def test_what_the_condition_or_a_question_proves_may_be_used(tmp_path: Path, sentence: str) -> None:
    text = GOOD.replace("Thấp ({{ score | amount }}).", sentence)
    (tmp_path / "low.yaml").write_text(text, encoding="utf-8")
    assert [rule.id for rule in load_rules(tmp_path).rules] == ["low"]


@pytest.mark.parametrize(
    ("when", "certain"),
    [
        ("score < 1 AND n > 2", {"score", "n"}),
        ("score < 1 OR n > 2", set()),
        ("score < 1 OR score + n > 2", {"score"}),
        ("NOT (score IS NULL OR n = 1)", {"score", "n"}),
        ("score IS NULL", set()),
        ("COALESCE(score, 0) < n", {"n"}),
        ("score BETWEEN min_score AND 3", {"score", "min_score"}),
        ("NOT score IN (1, n)", {"score"}),
    ],
)
def test_a_condition_proves_that_facts_are_not_null(when: str, certain: set[str]) -> None:
    assert check_condition(when, condition_names(())).certain == certain


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a list\n", "title: {vi: a}\nwhen: score = 0\n", "a text\n"])
def test_a_file_that_is_no_rule_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (problem,) = refused(tmp_path, text)
    assert (problem.code, problem.value) == ("not-a-rule", "low.yaml")
    assert (problem.place.file or "").endswith("low.yaml")


def test_a_rule_in_a_file_named_yml_is_not_overlooked(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, GOOD, "low.yml")
    assert (problem.code, problem.value) == ("file-name", "low.yml")


def test_a_rule_test_whose_sentence_cannot_be_written_fails_with_the_reason(tmp_path: Path) -> None:
    text = GOOD.replace("Thấp ({{ score | amount }}).", "{{ max_score - score }}").replace("score: 1}", "n: 1}")
    (tmp_path / "low.yaml").write_text(text, encoding="utf-8")
    (failure,) = run_rule_tests(load_rules(tmp_path))
    assert (failure["test"], failure["expected"]) == ("low", True)
