"""The catalogue can be acted on: each fault of a bad file is told with its place, and the shipped one has none."""

import json
import re
import shutil
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from thammuu.cli.main import main
from thammuu.errors import Problem
from thammuu.resources import rules_folder
from thammuu.rulepack.actions import load_actions
from thammuu.rulepack.actions_lint import Entry, lint, lint_rules
from thammuu.rulepack.actions_practices import load_practices
from thammuu.rulepack.agencies import AgencyRegister, Holding, load_agencies
from thammuu.rulepack.frameworks import FrameworkLibrary
from thammuu.rulepack.legal import load_legal_texts
from thammuu.rulepack.units import UnitRegistry
from thammuu.rulepack.yaml_positions import read_yaml

GOOD = {
    "id": "one",
    "answers": ["par-index.total"],
    "lead": "home-affairs",
    "coordinating": ["finance"],
    "task": {"vi": "Lập sổ mượn sách của thư viện", "en": "Keep a register of books lent by the library"},
    "output": {"vi": "Sổ mượn sách", "en": "The register"},
    "deadline": {"days": 30},
    "effort": 1,
    "cause": "not-done",
    "source": "professional practice",
    "basis": "memory",
}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of the shipped rules folder."""
    return Path(shutil.copytree(rules_folder(), tmp_path / "rules"))


def write(rules: Path, *actions: dict[str, object]) -> Path:
    """Write a file of actions beside the shipped ones, a key a line, so that lines can be told."""
    path = rules / "actions" / "bad.yaml"
    separate = [deepcopy(action) for action in actions]
    path.write_text(yaml.safe_dump({"actions": separate}, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def told(rules: Path, **changes: object) -> list[Problem]:
    path = write(rules, GOOD | changes)
    return [one for one in lint_rules(rules) if one.place.file == str(path)]


def vietnamese(task: str) -> dict[str, str]:
    return {"vi": task, "en": "Keep a register of books lent by the library"}


def english(task: str) -> dict[str, str]:
    return {"vi": "Lập sổ mượn sách của thư viện", "en": task}


def product(output: str) -> dict[str, str]:
    return {"vi": output, "en": "The register"}


def test_the_shipped_catalogue_has_neither_errors_nor_warnings() -> None:
    assert lint_rules(rules_folder()) == []


def test_a_good_action_is_left_alone(rules: Path) -> None:
    assert told(rules) == []


@pytest.mark.parametrize(
    ("changes", "code", "value"),
    [
        ({"task": vietnamese("Tăng cường công tác mượn sách")}, "action-empty-verb", "Tăng cường công tác mượn sách"),
        ({"task": vietnamese("Lập sổ sách; đẩy mạnh tuyên truyền")}, "action-empty-verb", "đẩy mạnh tuyên truyền"),
        ({"task": english("Enhance the lending of books")}, "action-empty-verb", "Enhance the lending of books"),
        ({"output": product("Nhận thức được nâng lên")}, "action-empty-output", "Nhận thức được nâng lên"),
        ({"task": vietnamese("Lập sổ cùng các cơ quan liên quan")}, "action-vague-offices", "cơ quan liên quan"),
        ({"task": vietnamese("Lập sổ tại từng huyện")}, "action-dated-word", "huyện"),
        ({"task": vietnamese("Gửi sổ về Sở Kế hoạch và Đầu tư")}, "action-dated-word", "Sở Kế hoạch và Đầu tư"),
        ({"task": vietnamese("Lập sổ ở các xã, phường, đặc khu")}, "action-dated-word", "xã, phường, đặc khu"),
        ({"task": english("Keep a register in all districts")}, "action-dated-word", "districts"),
        ({"task": {"vi": "Lập sổ mượn sách của thư viện"}}, "action-english", "Lập sổ mượn sách của thư viện"),
        ({"task": english("Lập sổ for books")}, "action-english", "Lập sổ for books"),
        ({"answers": ["par-index.totl"]}, "action-concept", "par-index.totl"),
        ({"coordinating": ["home-affairs"]}, "action-lead-twice", "home-affairs"),
        ({"legal": ["law-31-2024-qh15"]}, "action-legal-basis", "law-31-2024-qh15"),
        ({"answers": ["papi.certification"], "cause": "no-evidence"}, "action-survey-cause", "no-evidence"),
        (
            {"answers": ["papi.certification"], "task": vietnamese("Nâng mức hài lòng lên 95% số người")},
            "action-survey-target",
            "95%",
        ),
        ({"answers": ["sipas.total"], "output": product("Sổ ghi mức 90 điểm")}, "action-survey-target", "90 điểm"),
        ({"output": product("Báo cáo")}, "action-empty-output", "Báo cáo"),
        ({"output": product("Kết quả tốt")}, "action-empty-output", "Kết quả tốt"),
        ({"output": product("Không có")}, "action-empty-output", "Không có"),
        ({"output": {"vi": "Sổ mượn sách", "en": "A report"}}, "action-empty-output", "A report"),
        ({"task": vietnamese("Quyết liệt thu hồi sách quá hạn")}, "action-urging", "Quyết liệt"),
        ({"task": vietnamese("Lập sổ mượn sách, TODO hỏi thêm")}, "action-unfinished", "TODO"),
        ({"task": vietnamese("Lập sổ mượn sách trước ngày 31/6")}, "action-date", "ngày 31/6"),
        ({"task": vietnamese("Lập sổ mượn sách năm 30/02/2026")}, "action-date", "30/02/2026"),
        ({"task": vietnamese("Lập sổ trước ngày 31 tháng 11")}, "action-date", "ngày 31 tháng 11"),
        ({"task": english("Keep a register from 29 February 2025")}, "action-date", "29 February 2025"),
        ({"task": vietnamese("Lap so muon sach cua thu vien")}, "action-vietnamese", "Lap so muon sach cua thu vien"),
        ({"task": vietnamese("Lập sổ mượn sách của {Tỉnh}")}, "action-blank", "{Tỉnh}"),
        ({"task": vietnamese("Lập sổ mượn sách của {{kind}}")}, "action-blank", "{}"),
        ({"task": vietnamese("Lập sổ mượn sách của <tỉnh>")}, "action-blank", "<"),
        ({"task": vietnamese("Lập sổ mượn sách của [tên tỉnh]")}, "action-blank", "["),
        ({"task": vietnamese("Lập sổ mượn sách của %s")}, "action-blank", "%s"),
        ({"task": vietnamese("Lập sổ mượn sách của …")}, "action-blank", "…"),
        ({"task": vietnamese("Lập sổ " * 100)}, "action-too-long", f"{('Lập sổ ' * 100)[:80]}…"),
    ],
)
def test_each_fault_is_told_with_what_stood_there(
    rules: Path, changes: dict[str, object], code: str, value: str
) -> None:
    assert [(one.code, one.value, one.severity) for one in told(rules, **changes)] == [(code, value, "error")]


@pytest.mark.parametrize(
    "task",
    [
        "Lập sổ mượn sách trước ngày 29/02",
        "Lập sổ mượn sách theo Nghị định 61/2018/NĐ-CP",
        "Trực thư viện 24/7 và nhận 31/63 đầu sách",
        "Lập sổ mượn sách trước ngày 30 tháng 6 năm 2026",
    ],
)
def test_days_of_the_calendar_and_numbers_that_are_no_days_are_left_alone(rules: Path, task: str) -> None:
    assert told(rules, task=vietnamese(task)) == []


def test_a_quantity_makes_an_empty_verb_a_task(rules: Path) -> None:
    assert told(rules, task=vietnamese("Tăng cường 05 cán bộ cho thư viện")) == []


def test_a_share_of_offices_is_a_fair_target_where_nobody_is_asked(rules: Path) -> None:
    assert told(rules, answers=["par-index.bodies-inspected"], task=vietnamese("Kiểm tra sổ của 30% số thư viện")) == []


def test_a_term_in_braces_is_no_dated_word(rules: Path) -> None:
    both = {"vi": "Lập danh sách {district-files} theo tên sách", "en": "List {district-files} by title of book"}
    assert told(rules, task=both) == []


def test_a_fault_is_told_at_its_line_and_column(rules: Path) -> None:
    (fault,) = told(rules, task=vietnamese("Chú trọng việc mượn sách"))
    text = (rules / "actions" / "bad.yaml").read_text("utf-8").splitlines()
    assert (fault.place.line, fault.place.column) == (text.index("    vi: Chú trọng việc mượn sách") + 1, 9)
    assert fault.expected.startswith("a verb that can be seen done")


def test_an_unknown_concept_is_told_the_nearest(rules: Path) -> None:
    (fault,) = told(rules, answers=["papi.certificaton"])
    assert "papi.certification" in fault.expected


def test_a_sentence_copied_with_small_changes_is_told_how_near_it_is(rules: Path) -> None:
    copied = "Lập sổ mượn sách của các thư viện"
    path = write(rules, GOOD, GOOD | {"id": "two", "task": vietnamese(copied)})
    faults = [one for one in lint_rules(rules) if one.place.file == str(path)]
    assert [(one.code, one.value) for one in faults] == [
        ("action-near-duplicate", copied),
        ("action-near-duplicate", GOOD["task"]["en"]),  # type: ignore[index]
    ]
    assert "93 % the same as that of one" in faults[0].expected
    assert "100 % the same" in faults[1].expected


def test_all_faults_of_a_file_are_told_at_once(rules: Path) -> None:
    faults = told(
        rules,
        answers=["papi.nothing", "papi.certification"],
        task={"vi": "Quán triệt việc mượn sách ở huyện, mức 90%"},
        cause="filed-late",
    )
    assert {one.code for one in faults} == {
        "action-concept",
        "action-dated-word",
        "action-english",
        "action-survey-target",
        "action-survey-cause",
    }


@pytest.mark.parametrize(("key", "code"), [("lead", "schema-missing"), ("deadline", "schema-missing")])
def test_an_action_without_office_or_date_is_refused_when_read(
    rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str, code: str
) -> None:
    write(rules, {name: value for name, value in GOOD.items() if name != key})
    monkeypatch.setenv("THAMMUU_RULES", str(rules))
    assert main(["rules", "check", "--format", "json"]) == 2
    problems = json.loads(capsys.readouterr().out)["problems"]
    assert [(one["code"], one["value"]) for one in problems] == [(code, key)]


def gap(agencies: AgencyRegister) -> AgencyRegister:
    """A register in which nobody holds the land duty in March 2025."""
    land = agencies.duties["land"]
    later = Holding.model_validate({"agency": "agriculture-environment", "from": "2025-04-01"})
    held = land.model_copy(update={"held_by": (land.held_by[0], later)})
    return replace(agencies, duties=agencies.duties | {"land": held})


def test_a_lead_that_nobody_fills_on_some_day_is_told_with_the_day(rules: Path) -> None:
    path = write(rules, GOOD | {"lead": "land"})
    document = read_yaml(path)
    action = next(one for one in load_actions(rules / "actions").actions if one.id == "one")
    agencies = gap(load_agencies(rules / "agencies.yaml"))
    found = lint([Entry(action, document, 0)], [], agencies, load_legal_texts(rules / "legal_bases.yaml"))
    lead = [one for one in found if one.code == "action-no-office"]
    assert [(one.value, one.place.line) for one in lead] == [("land", 5)]
    assert "2025-03-01" in lead[0].expected


def without(rules: Path, concept: str) -> list[Problem]:
    for path in (rules / "actions").glob("*.yaml"):
        text = path.read_text("utf-8")
        path.write_text(text.replace(f"{concept}]", "par-index.total]").replace(f"{concept},", ""), "utf-8")
    return lint_rules(rules)


def test_a_domain_without_fallback_is_an_error_in_the_newest_edition(rules: Path) -> None:
    found = without(rules, "papi.environment")
    assert {(one.code, one.value, one.severity) for one in found} == {
        ("concept-without-fallback", "papi.environment", "error")
    }
    assert [Path(str(one.place.file)).stem for one in found] == ["papi-2021", "papi-indicators-2018"]
    for one in found:
        line = Path(str(one.place.file)).read_text("utf-8").splitlines()[(one.place.line or 0) - 1]
        assert "concept: papi.environment" in line


def test_a_criterion_with_only_its_domains_fallback_is_a_warning(
    rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (found,) = without(rules, "par-index.iso-9001")
    assert (found.code, found.value, found.severity) == ("concept-without-action", "par-index.iso-9001", "warning")
    monkeypatch.setenv("THAMMUU_RULES", str(rules))
    assert main(["rules", "check"]) == 0
    printed = capsys.readouterr()
    assert "180 actions, 1 warnings." in printed.out
    assert "par-index.iso-9001" in printed.err


def test_the_command_refuses_a_catalogue_that_cannot_be_acted_on(
    rules: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(rules, GOOD | {"task": vietnamese("Nâng cao chất lượng thư viện")})
    monkeypatch.setenv("THAMMUU_RULES", str(rules))
    assert main(["rules", "check"]) == 2
    assert "Nâng cao chất lượng thư viện" in capsys.readouterr().err


def test_every_leaf_of_the_newest_par_index_and_papi_has_an_action_of_its_own() -> None:
    catalogue = load_actions(rules_folder() / "actions")
    library = FrameworkLibrary.load(rules_folder() / "frameworks")
    for name in ("par-index-876", "papi-2021", "papi-2019", "papi-2018", "papi-2016", "papi-2011"):
        leaves = library.get(name).leaves
        assert [one.concept for one in leaves if not catalogue.answering(one.concept)] == []


def test_what_a_practice_tells_is_of_a_unit_that_is_registered() -> None:
    units = {unit.id: unit for unit in UnitRegistry.load(rules_folder() / "units").units}
    for practice in load_actions(rules_folder() / "actions").practices:
        unit = units[practice.unit_id]
        assert practice.unit.vi.endswith(unit.name_on(practice.known_from)), practice.id
        gone = unit.valid_to is not None and unit.valid_to < date(2025, 7, 1)
        assert (practice.merged_on is not None) == gone, practice.id


def test_no_text_that_is_to_be_checked_before_it_is_cited_counts_as_read() -> None:
    texts = load_legal_texts(rules_folder() / "legal_bases.yaml").texts.values()
    assert [one.id for one in texts if one.basis == "read" and "check" in one.note] == []


def test_a_practice_names_its_source_not_the_press_in_general() -> None:
    dated = re.compile(r"\d{4}")
    for practice in load_practices(rules_folder() / "practices.yaml"):
        name = practice.source_name.vi
        assert name.casefold() not in {"báo chí", "internet"}, practice.id
        assert not name.startswith("báo chí") or dated.search(name), practice.id
        assert practice.source.startswith("https://") or dated.search(practice.source), practice.id
