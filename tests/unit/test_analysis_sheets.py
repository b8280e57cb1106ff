"""Facts and findings computed for some nodes at a time and read for some units at a time are those of all at once."""

from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_scores import framework, node, period

from thammuu.analysis.assessment import assess, findings_on, write_facts
from thammuu.analysis.facts import FactTable, compute_facts
from thammuu.analysis.findings import Finding
from thammuu.analysis.inputs import IndexPeriod
from thammuu.analysis.rules import RuleSet, load_rules
from thammuu.analysis.sheets import Sheets
from thammuu.resources import rules_folder

SCORE = st.one_of(st.none(), st.sampled_from([0.0, 2.5, 10.0]), st.floats(0, 10, allow_nan=False))
CODES = ("1.1", "1.2", "2.1", "3")
NOW = framework(
    node("1", aggregate="sum", max=20.0),
    node("1.1", "1"),
    node("1.2", "1"),
    node("2", aggregate="sum"),
    node("2.1", "2"),
    node("3", direction="lower"),
)
# the same concepts under other codes, one of them new since, in another order
THEN = framework(node("3", concept="c.1.1"), node("1", concept="c.3", direction="lower"), node("2", concept="c.2.1"))


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """The shipped rules, and one each that looks at earlier periods, at the nearest units and at a region."""
    folder = tmp_path_factory.mktemp("rules")
    for path in rules_folder().glob("*.yaml"):
        (folder / path.name).write_bytes(path.read_bytes())
    more = {
        "long-low": {"when": "attainment < 0.5", "for": 2, "severity": "minor"},
        "among-nearest": {"when": "attainment < peer_median", "peers": "nearest", "severity": "minor"},
        "below-region": {"when": "attainment < region.peer_median", "severity": "raise"},
    }
    for name, fields in more.items():
        row = {"id": name, "title": {"vi": name}, "explain": {"vi": f"Quy tắc {name}.", "en": f"Rule {name}."}}
        row |= {"applies_to": {"nodes": "all"}, "tests": [{"name": "fires", "facts": {}, "fires": True}]} | fields
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(row, allow_unicode=True), encoding="utf-8")
    return load_rules(folder)


@st.composite
def two_years(draw: st.DrawFn) -> tuple[IndexPeriod, IndexPeriod]:
    units = [f"u{at:02}" for at in range(draw(st.integers(2, 9)))]
    regions = {unit: draw(st.sampled_from(["north", "south"])) for unit in units}
    now = {unit: {code: draw(SCORE) for code in CODES} for unit in units}
    then = {unit: {code: draw(SCORE) for code in ("1", "2", "3")} for unit in units[1:]}
    return period(NOW, now, regions=regions), period(THEN, then, year=2021, regions=regions)


@settings(max_examples=25, deadline=None)
@given(years=two_years(), cells=st.integers(1, 40), units=st.integers(1, 4))
def test_parts_of_any_size_make_the_same_facts_and_findings(
    rules: RuleSet, years: tuple[IndexPeriod, IndexPeriod], cells: int, units: int
) -> None:
    now, before = years
    sheets = list(Sheets(rules, FactTable(now, [before]), now.period.end, cells_at_once=cells, units_at_once=units))
    assert pl.concat([sheet.every_fact() for sheet in sheets]).equals(compute_facts(now, [before]))
    found = [findings_on(sheet) for sheet in sheets]
    at_once = assess(rules, now, [before])
    assert tuple(one for part, _silenced in found for one in part) == at_once.findings
    assert tuple(one for _found, part in found for one in part) == at_once.silenced


def test_findings_come_in_order_of_unit_and_framework_over_all_sheets(rules: RuleSet) -> None:
    now = period(NOW, {f"u{at:02}": dict.fromkeys(CODES, float(at % 3)) for at in range(7)})
    sheets = Sheets(rules, FactTable(now, []), now.period.end, cells_at_once=1, units_at_once=2)
    assert len(sheets) == 4
    places = {one.code: place for place, one in enumerate(NOW.nodes)}
    keys = [_key(one, places) for sheet in sheets for one in findings_on(sheet)[0]]
    assert len(keys) > 7
    assert keys == sorted(set(keys))


def _key(finding: Finding, places: dict[str, int]) -> tuple[str, int]:
    return finding.unit_id, places[finding.code]


@pytest.mark.parametrize("units", [0, 1, 5])
def test_the_written_facts_are_the_facts(rules: RuleSet, units: int, tmp_path: Path) -> None:
    now = period(NOW, {f"u{at}": dict.fromkeys(CODES, float(at)) for at in range(units)})
    sheets = Sheets(rules, FactTable(now, []), now.period.end, cells_at_once=1, units_at_once=2)
    write_facts(sheets, tmp_path / "facts.parquet")
    assert pl.read_parquet(tmp_path / "facts.parquet").equals(compute_facts(now, []))
