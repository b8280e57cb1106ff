"""The memo of Hà Nam for the meeting of 20 June 2022 and of others, word for word."""

import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from example_memos import MEETING, built, memo, pack, published, texts_of

from thammuu.memos.model import MemoModel, Table
from thammuu.memos.printing.render import Renderer
from thammuu.memos.view import BestPeer, Climber, NearPeer
from thammuu.resources import templates_folder

KEPT = Path(__file__).parent / "kept"


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(templates_folder())


@pytest.mark.parametrize(
    ("unit", "on", "issuer"),
    [
        ("ha-nam", MEETING, "bo-noi-vu"),
        ("quang-ninh", MEETING, "bo-noi-vu"),
        ("son-la", date(2026, 4, 20), "ubnd-tinh-vi-du"),
    ],
    ids=["a-ministry-asks", "a-province-without-data", "a-committee-assigns"],
)
def test_a_memo_reads_as_kept(renderer: Renderer, unit: str, on: date, issuer: str) -> None:
    """Set THAMMUU_KEEP=1 to write the files anew, then read the difference before it is committed."""
    printed = renderer.text(memo(unit, on, issuer=issuer))
    kept = KEPT / f"{unit}-{on:%Y}.txt"
    if os.environ.get("THAMMUU_KEEP"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(printed, encoding="utf-8")
    assert printed == kept.read_text(encoding="utf-8")


def test_ha_nam_stands_where_the_meeting_heard_and_the_difference_is_noted() -> None:
    section = memo("ha-nam").section("standing")
    par_index, sipas, papi = texts_of(section, "paragraph")
    assert "đạt 81,51/100 điểm" in par_index
    assert "thấp hơn trung bình cả nước (86,37 điểm) 4,86 điểm" in par_index
    assert "xếp thứ 60/63 tỉnh, thành phố" in par_index
    assert "xếp thứ 19/63 tỉnh, thành phố" in sipas
    assert "43,2855/80 điểm" in papi
    assert "thuộc nhóm Trung bình cao; theo tính toán đứng thứ 22/60" in papi
    note = texts_of(section, "note")[-1]
    assert "43,28 điểm, thứ 20" in note
    assert "43,2855 điểm, thứ 22" in note


def test_zeros_come_first_and_each_finding_is_told_once() -> None:
    lines = memo("ha-nam").findings
    assert [line.code for line in lines[:3]] == ["3-BCCI", "8-DT", "8-KTXH"]
    names = [line.name for line in lines]
    assert len(names) == len(set(names))


def cited(model: MemoModel) -> str:
    section = model.section("tasks")
    tables = [block for block in section.blocks if isinstance(block, Table)] if section else []
    return " ".join(table.note.text for table in tables if table.note)


def test_a_memo_of_2022_names_the_offices_and_the_law_of_2022() -> None:
    model = memo("ha-nam")
    leads = {task.lead for task in model.tasks}
    assert "Sở Kế hoạch và Đầu tư" in leads
    assert not any("đặc khu" in " ".join((task.lead, *task.coordinating)) for task in model.tasks)
    assert "Nghị định số 61/2018/NĐ-CP" in cited(model)
    assert "118/2025" not in cited(model)


def test_a_memo_of_2026_names_the_offices_and_the_law_of_2026() -> None:
    model = memo("ha-nam", date(2026, 4, 20))
    leads = {task.lead for task in model.tasks}
    assert "Sở Tài chính" in leads
    assert "Sở Kế hoạch và Đầu tư" not in leads
    assert "Nghị định số 118/2025/NĐ-CP" in cited(model)
    assert "61/2018" not in cited(model)


def test_every_task_has_one_lead_and_a_working_day_after_the_memo() -> None:
    for unit in ("ha-nam", "son-la", "ben-tre"):
        model = memo(unit)
        assert model.tasks
        ids = [task.id for task in model.tasks]
        assert len(ids) == len(set(ids))
        for task in model.tasks:
            assert task.deadline > MEETING
            assert task.deadline.weekday() < 5
            assert task.output
            assert ";" not in task.lead


def test_the_gain_is_exact_and_the_rank_is_the_one_with_others_unchanged() -> None:
    first = texts_of(memo("ha-nam").section("gain"))[0]
    assert "từ 43,2855 lên 43,7123" in first
    assert "từ thứ 22 lên thứ 17/60" in first


def test_practice_known_later_is_not_cited() -> None:
    early, late = memo("ha-nam"), memo("ha-nam", date(2024, 1, 15))
    assert not any("Tỉnh Kon Tum:" in entry for entry in texts_of(early.section("practice"), "item"))
    assert any("Tỉnh Kon Tum:" in entry for entry in texts_of(late.section("practice"), "item"))


def test_a_merged_unit_is_marked_and_its_successor_is_written_to() -> None:
    on = date(2026, 4, 20)
    former, heir = pack().units.get("ha-nam"), pack().units.get("ninh-binh-2025")
    model = built(heir, [(former, [published("papi", 2021).view("ha-nam", on)])], on, year=2025)
    assert texts_of(model.section("standing"))[0].startswith("Tỉnh Hà Nam (trước sắp xếp)")
    assert model.addressees == ("Ủy ban nhân dân tỉnh Ninh Bình",)


def test_names_and_sentences_from_data_are_cleaned_and_never_read_as_markup(renderer: Renderer) -> None:
    view = published("papi", 2021).view("ha-nam", MEETING)
    hostile = 'Hà\u202e\x00 Nam <script>x</script> #read("/etc/passwd") {{ 7*7 }} \U0001f680' + "dài" * 300
    unit = pack().units.get("ha-nam")
    named = replace(unit, names=tuple(replace(name, name=hostile, full=hostile) for name in unit.names))
    changed = replace(
        view,
        findings=[replace(one, explain={"vi": hostile, "en": hostile}) for one in view.findings],
        best_peer={code: BestPeer(named, 1.0) for code in view.best_peer},
        climbers={code: [Climber(named, 1.0, 0.5, 0.5)] for code in view.climbers},
        near={code: NearPeer(named, 3.0, 1) for code in view.near},
    )
    model = built(named, [(named, [changed])], MEETING, year=2021)
    body = model.model_dump_json()
    assert "\u202e" not in body
    assert "\\u0000" not in body
    assert len(model.unit.name) <= 120
    text, html = renderer.text(model), renderer.html(model)
    assert "{{ 7*7 }}" in text
    assert "<script>" not in html
    assert b"%PDF" in renderer.pdf(model)[:8]


def test_a_committee_assigns_its_own_and_asks_the_others() -> None:
    model = memo("son-la", date(2026, 4, 20), issuer="ubnd-tinh-vi-du")
    section = model.section("tasks")
    assert section is not None
    assert section.heading.endswith("PHÂN CÔNG NHIỆM VỤ")
    fronts = [name for task in model.tasks for name in task.coordinating if "Mặt trận" in name]
    assert fronts
    assert all(name.endswith("(đề nghị)") for name in fronts)


def test_findings_beyond_fifteen_go_to_a_landscape_annex() -> None:
    model = memo("son-la")
    assert sum(line.in_body and line.code != "total" for line in model.findings) == 15
    left = [line for line in model.findings if not line.in_body]
    tables = [block for annex in model.annexes for block in annex.blocks if isinstance(block, Table)]
    assert sum(len(table.rows) for table in tables) == len(left)
    assert len(model.annexes) == 1
    assert model.annexes[0].landscape


def test_every_finding_is_printed_somewhere(renderer: Renderer) -> None:
    for unit in ("ha-nam", "son-la", "can-tho"):
        model = memo(unit, date(2023, 4, 12), year=2022)
        printed = renderer.text(model).casefold()
        lines = [line for line in model.findings if line.code != "total"]
        assert [line.name for line in lines if line.name.casefold() not in re.sub(r"\s+", " ", printed)] == []


def test_the_same_inputs_give_the_same_model_and_the_same_bytes(renderer: Renderer) -> None:
    first, second = memo("ha-nam"), memo("ha-nam")
    assert first == second
    assert renderer.pdf(first) == Renderer(templates_folder()).pdf(second)
