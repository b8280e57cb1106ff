"""Findings: one a unit and criterion, the strongest, with what it covers, who raised it and what was silenced."""

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from made_up_scores import framework, node, period, single

from thammuu.analysis.assessment import Assessment, assess
from thammuu.analysis.findings import Finding, raise_findings
from thammuu.analysis.inputs import IndexPeriod
from thammuu.analysis.rules import RuleSet, load_rules
from thammuu.canonical import canonical_json, derived_id
from thammuu.resources import rules_folder

TREE = framework(node("1"))
LOW = single([0.0, 5.0, 6.0, 7.0, 8.0, 9.0])


def shipped() -> RuleSet:
    return load_rules(rules_folder())


def rule(name: str, when: str, severity: str = "major", **more: Any) -> dict[str, Any]:  # noqa: ANN401  any field
    row = {"id": name, "title": {"vi": name}, "when": when, "severity": severity}
    row |= {"explain": {"vi": f"Quy tắc {name}.", "en": f"Rule {name}."}, "applies_to": {"nodes": "leaves"}}
    return row | {"tests": [{"name": "fires", "facts": {}, "fires": True}]} | more


def ruleset(folder: Path, *rules: dict[str, Any]) -> RuleSet:
    for one in rules:
        (folder / f"{one['id']}.yaml").write_text(yaml.safe_dump(one, allow_unicode=True), encoding="utf-8")
    return load_rules(folder)


def found(assessment: Assessment, unit: str = "u00") -> Finding:
    return next(finding for finding in assessment.findings if finding.unit_id == unit)


def test_the_strongest_rule_makes_the_finding_and_lists_what_it_inhibits() -> None:
    regions = dict.fromkeys(LOW, "north")
    finding = found(assess(shipped(), period(TREE, LOW, regions=regions), []))
    assert (finding.rule, finding.severity) == ("zero-score", "critical")
    assert finding.facts == {"score": 0.0}
    assert [(cover["rule"], cover["inhibited_by"]) for cover in finding.covers] == [
        ("below-peers", "zero-score"),
        ("last-in-region", "zero-score"),
    ]
    assert finding.covers[0]["facts"] == {"attainment": 0.0, "peer_p25": 0.6}


def test_there_is_one_finding_a_unit_and_criterion_in_order() -> None:
    findings = assess(shipped(), period(TREE, LOW, regions=dict.fromkeys(LOW, "north")), []).findings
    keys = [(finding.unit_id, finding.code) for finding in findings]
    assert keys == sorted(set(keys))


def test_a_finding_survives_storage() -> None:
    for finding in assess(shipped(), period(TREE, LOW), []).findings:
        assert Finding.from_dict(finding.as_dict()) == finding
        canonical_json(finding.as_dict())


def test_ids_follow_from_publication_unit_and_concept_alone() -> None:
    finding = found(assess(shipped(), period(TREE, LOW), []))
    assert finding.id == derived_id("finding", "pub-2022", "u00", "c.1")


def test_a_run_of_three_periods_raises_the_severity_and_says_so() -> None:
    low = single([0.5, 5.0, 6.0, 7.0, 8.0, 9.0])
    earlier = [period(TREE, low, year=year) for year in (2021, 2020)]
    finding = found(assess(shipped(), period(TREE, low), earlier))
    assert (finding.rule, finding.severity, finding.raised_by) == ("below-peers", "critical", ["persistent"])
    assert finding.explain["vi"].endswith("Đã 03 kỳ liên tiếp trong một phần tư thấp nhất cả nước.")
    assert finding.facts["periods_below"] == 3
    two = found(assess(shipped(), period(TREE, low), earlier[:1]))
    assert (two.severity, two.raised_by) == ("major", [])


def test_a_raising_rule_finds_nothing_alone(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, rule("always", "score >= 0", "raise"))
    assert raise_findings(rules, period(TREE, LOW), []) == []


def test_critical_is_not_raised_further(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, rule("zero", "score = 0", "critical"), rule("always", "score >= 0", "raise"))
    assert found(assess(rules, period(TREE, LOW), [])).severity == "critical"


def test_a_silenced_rule_stays_visible_with_who_and_until_when(tmp_path: Path) -> None:
    until = {"date": date(2023, 1, 31), "by": "Sở Nội vụ", "reason": "đang rà soát"}
    zero = rule("zero", "score = 0", "critical", inhibits=["weak"], suppress_until=until)
    rules = ruleset(tmp_path, zero, rule("weak", "attainment < 0.1"))
    assessment = assess(rules, period(TREE, LOW), [], as_of=date(2023, 1, 31))
    finding = found(assessment)
    assert finding.rule == "weak"
    assert finding.covers[0]["silenced_by"] == "Sở Nội vụ"
    (silenced,) = assessment.silenced
    assert (silenced["unit_id"], silenced["rule"], silenced["silenced_until"]) == ("u00", "zero", "2023-01-31")
    assert silenced["reason"] == "đang rà soát"
    after = assess(rules, period(TREE, LOW), [], as_of=date(2023, 2, 1))
    assert (found(after).rule, after.silenced) == ("zero", ())
    assert found(after).covers[0]["inhibited_by"] == "zero"


def test_a_rule_may_ask_for_consecutive_periods(tmp_path: Path) -> None:
    rules = ruleset(tmp_path, rule("twice", "score = 0", **{"for": 2}))
    current = period(TREE, LOW)

    def fires(*earlier: IndexPeriod) -> bool:
        return bool(raise_findings(rules, current, earlier))

    assert not fires()
    assert not fires(period(TREE, single([1.0] * 6), year=2021))
    assert fires(period(TREE, LOW, year=2021))
    renamed = framework(node("9", concept="c.1"), id="made-up-0")
    assert fires(period(renamed, single([0.0] * 6, "9"), year=2021))


def test_peer_facts_are_those_of_the_rules_group_and_dotted_ones_of_the_named_group(tmp_path: Path) -> None:
    regions = {f"u{at:02}": "north" if at in (0, 3, 4, 5) else "south" for at in range(6)}
    current = period(TREE, LOW, regions=regions)
    own = rule("own", "attainment < peer_min AND peer_min = region.peer_min", peers="region")
    finding = found(assess(ruleset(tmp_path, own), current, []))
    assert finding.facts == {"attainment": 0.0, "peer_min": 0.7, "region.peer_min": 0.7}
    both = rule("own", "peer_min < region.peer_min")
    finding = found(assess(ruleset(tmp_path, both), current, []))
    assert finding.facts == {"peer_min": 0.5, "region.peer_min": 0.7}


def test_scope_limits_a_rule_to_nodes_direction_and_index(tmp_path: Path) -> None:
    tree = framework(node("1"), node("1.1", "1", direction="lower"), node("2"))
    current = period(tree, {"a": {"1.1": 0.0, "2": 0.0}})

    def codes(**scope: object) -> list[str]:
        rules = ruleset(tmp_path, rule("zero", "score = 0", applies_to=scope))
        return [finding.code for finding in raise_findings(rules, current, [])]

    assert codes(nodes="leaves") == ["1.1", "2"]
    assert codes(nodes="all") == ["total", "1", "1.1", "2"]
    assert codes(nodes="leaves", direction="higher") == ["2"]
    assert codes(nodes=["total", "domain"]) == ["total", "1", "2"]
    assert codes(nodes="leaves", indices=["other"]) == []
    assert codes(nodes="leaves", indices=["made-up"]) == ["1.1", "2"]


def test_a_partial_publication_yields_zeros_but_nothing_about_peers() -> None:
    tree = framework(node("total", None, aggregate="published", max=100.0), node("1", max=None), node("2"))
    scores = {f"u{at}": {"1": 0.0, "2": 0.1 if at == 0 else 9.0} for at in range(9)}
    findings = raise_findings(shipped(), period(tree, scores, complete=False), [])
    assert {(finding.code, finding.rule) for finding in findings} == {("1", "zero-score"), ("2", "at-floor")}
    assert next(one for one in findings if one.code == "1").explain == {"vi": "Không đạt điểm.", "en": "No points."}


def test_the_assessment_carries_the_national_facts() -> None:
    facts = assess(shipped(), period(TREE, LOW), []).facts
    assert facts.height == 12
    assert "peer_median" in facts.columns


def test_a_fall_of_exactly_a_tenth_is_found_and_its_stored_facts_say_so() -> None:
    tree = framework(node("1", min=0.25, max=2.5))
    others = [1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8]
    for before, now in ((1.375, 1.15), (2.275, 2.05)):
        earlier = period(tree, single([before, *others]), year=2021)
        finding = found(assess(shipped(), period(tree, single([now, *others])), [earlier]))
        facts = (
            finding.facts
            if finding.rule == "falling"
            else next(cover["facts"] for cover in finding.covers if cover["rule"] == "falling")
        )
        assert facts == {"delta": -0.1, "peer_delta": 0.0}


def test_a_difference_of_facts_is_rounded_before_it_is_compared(tmp_path: Path) -> None:
    tree = framework(node("1"))
    rules = ruleset(tmp_path, rule("worse", "delta - peer_delta <= -0.1"))
    before, now = single([5.0] * 7), single([1.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5])
    findings = assess(rules, period(tree, now), [period(tree, before, year=2021)]).findings
    assert [finding.unit_id for finding in findings] == ["u00"]
