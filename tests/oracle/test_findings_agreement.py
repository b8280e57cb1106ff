"""The shipped rules read off the oracle's facts, condition by condition, for all twelve PAPI years."""

from collections.abc import Mapping

import pytest
from papi_sheets import YEARS
from papi_years import PapiYears

import oracle
from oracle import Value
from thammuu.analysis.findings import Finding, raise_findings

STRENGTH = ("critical", "major", "minor", "information")
SEVERITY = {
    "zero-score": "critical",
    "at-floor": "critical",
    "below-peers": "major",
    "falling": "major",
    "rank-drop": "major",
    "last-in-region": "minor",
}
INHIBITED = {"below-peers", "falling", "last-in-region"}
Facts = Mapping[str, Value]


def holds(left: Value, right: float) -> bool:
    return isinstance(left, int | float) and left <= right


def fired(facts: Facts, region: Facts) -> set[str]:
    attainment, delta, ours = facts["attainment"], facts["delta"], set()
    if facts["level"] != "criterion":
        return {"rank-drop"} if holds(facts["rank_change"], -5) else set()
    if facts["score"] == 0:
        ours.add("zero-score")
    if holds(attainment, 0.02) and facts["score"] != 0:
        ours.add("at-floor")
    if isinstance(attainment, float) and isinstance(facts["peer_p25"], float) and attainment < facts["peer_p25"]:
        ours.add("below-peers")
    if holds(delta, -0.1) and holds(oracle.difference(as_float(delta), as_float(facts["peer_delta"])), -0.1):
        ours.add("falling")
    if isinstance(region["peer_min"], float) and holds(attainment, region["peer_min"]):
        ours.add("last-in-region")
    return ours


def as_float(value: Value) -> float | None:
    return value if isinstance(value, float) else None


def severity(rules: set[str], periods_below: Value) -> str:
    """The strongest rule's, one step up where the score has been low for three periods."""
    live = rules - INHIBITED if rules & {"zero-score", "at-floor"} else rules
    strongest = min(STRENGTH.index(SEVERITY[rule]) for rule in live)
    raised = isinstance(periods_below, int) and periods_below >= 3
    return STRENGTH[max(0, strongest - raised)]


def rules_of(finding: Finding) -> set[str]:
    return {finding.rule, *(covered["rule"] for covered in finding.covers)}


@pytest.mark.parametrize("year", YEARS)
def test_findings_agree_with_the_conditions_read_off_plain_facts(papi: PapiYears, year: int) -> None:
    national, region = oracle.facts_of(year), oracle.facts_of(year, "region")
    firings = {key: fired(facts, region[key]) for key, facts in national.items()}
    expected = {
        key: (rules, severity(rules, national[key]["periods_below"] if national[key]["level"] == "criterion" else 0))
        for key, rules in firings.items()
        if rules
    }
    earlier = [papi.years[past] for past in range(year - 1, YEARS[0] - 1, -1)]
    found = raise_findings(papi.pack.rules, papi.years[year], earlier)
    codes = {unit.id: unit.code for unit in (papi.pack.units.get(finding.unit_id) for finding in found)}
    assert {(codes[one.unit_id], one.code): (rules_of(one), one.severity) for one in found} == expected
    assert len(found) == len({(one.unit_id, one.code) for one in found}) > 0
