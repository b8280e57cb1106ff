"""The memo of Hà Nam for the meeting of 20 June 2022 and of others, word for word."""

import os
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from example_memos import MEETING, memo, pack, published

from thammuu.memos.builder import build_memo
from thammuu.memos.render import Renderer
from thammuu.memos.view import BestPeer, Climber
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
    section = memo("ha-nam").standing
    assert section is not None
    par_index, sipas, papi = section.lines
    assert "đạt 81,51/100 điểm" in par_index.text
    assert "thấp hơn trung bình cả nước (86,37 điểm) 4,86 điểm" in par_index.text
    assert "xếp thứ 60/63 tỉnh, thành phố" in par_index.text
    assert "xếp thứ 19/63 tỉnh, thành phố" in sipas.text
    assert "43,2855/80 điểm" in papi.text
    assert "thuộc nhóm Trung bình cao; theo tính toán đứng thứ 22/60" in papi.text
    assert papi.note_number is not None
    note = section.notes[papi.note_number - 1]
    assert "43,28 điểm, thứ 20" in note
    assert "43,2855 điểm, thứ 22" in note


def test_zeros_come_first_and_each_finding_is_told_once() -> None:
    section = memo("ha-nam").findings
    assert section is not None
    assert [line.code for line in section.lines[:3]] == ["3-BCCI", "8-DT", "8-KTXH"]
    names = [line.name for line in section.lines]
    assert len(names) == len(set(names))


def test_a_memo_of_2022_names_the_offices_and_the_law_of_2022() -> None:
    tasks = memo("ha-nam").tasks
    assert tasks is not None
    leads = {task.lead for task in tasks.tasks}
    assert "Sở Kế hoạch và Đầu tư" in leads
    assert not any("đặc khu" in " ".join((task.lead, *task.coordinating)) for task in tasks.tasks)
    assert "Nghị định số 61/2018/NĐ-CP" in tasks.table.note
    assert "118/2025" not in tasks.table.note


def test_a_memo_of_2026_names_the_offices_and_the_law_of_2026() -> None:
    tasks = memo("ha-nam", date(2026, 4, 20)).tasks
    assert tasks is not None
    leads = {task.lead for task in tasks.tasks}
    assert "Sở Tài chính" in leads
    assert "Sở Kế hoạch và Đầu tư" not in leads
    assert "Nghị định số 118/2025/NĐ-CP" in tasks.table.note
    assert "61/2018" not in tasks.table.note


def test_every_task_has_one_lead_and_a_working_day_after_the_memo() -> None:
    for unit in ("ha-nam", "son-la", "ben-tre"):
        model = memo(unit)
        assert model.tasks is not None
        ids = [task.id for task in model.tasks.tasks]
        assert len(ids) == len(set(ids))
        for task in model.tasks.tasks:
            assert task.deadline > MEETING
            assert task.deadline.weekday() < 5
            assert task.output
            assert ";" not in task.lead


def test_the_gain_is_exact_and_the_rank_is_the_one_with_others_unchanged() -> None:
    model = memo("ha-nam")
    assert model.gain is not None
    assert "từ 43,2855 lên 43,7123" in model.gain.paragraphs[0]
    assert "từ thứ 22 lên thứ 17/60" in model.gain.paragraphs[0]


def test_practice_known_later_is_not_cited() -> None:
    early, late = memo("ha-nam"), memo("ha-nam", date(2024, 1, 15))
    assert early.practice is not None
    assert late.practice is not None
    assert not any("Kon Tum" in entry for entry in early.practice.entries)
    assert any("Kon Tum" in entry for entry in late.practice.entries)


def test_a_merged_unit_is_marked_and_its_successor_is_written_to() -> None:
    on = date(2026, 4, 20)
    model = build_memo(
        unit=pack().units.get("ha-nam"),
        round_name="2026",
        as_of=on,
        views=[published("papi", 2021).view("ha-nam", on)],
        catalogue=pack().actions,
        agencies=pack().agencies,
        issuer=pack().issuer("bo-noi-vu"),
        memo_id="ha-nam-2026",
        templates_hash="0" * 64,
        successor=pack().units.get("ninh-binh-2025"),
    )
    assert model.unit.full_name == "tỉnh Hà Nam (trước sắp xếp)"
    assert model.addressees == ("Ủy ban nhân dân tỉnh Ninh Bình",)


def test_names_and_sentences_from_data_are_cleaned_and_never_read_as_markup(renderer: Renderer) -> None:
    view = published("papi", 2021).view("ha-nam", MEETING)
    hostile = 'Hà\u202e\x00 Nam <script>x</script> #read("/etc/passwd") {{ 7*7 }} \U0001f680' + "dài" * 300
    unit = pack().units.get("ha-nam")
    named = replace(unit, names=tuple(replace(name, name=hostile, full=hostile) for name in unit.names))
    model = build_memo(
        unit=named,
        round_name="2022",
        as_of=MEETING,
        views=[
            replace(
                view,
                findings=[replace(one, explain={"vi": hostile, "en": hostile}) for one in view.findings],
                best_peer={code: BestPeer("x", hostile, 1.0) for code in view.best_peer},
                climbers={code: Climber("x", hostile, 1.0, 0.5) for code in view.climbers},
            )
        ],
        catalogue=pack().actions,
        agencies=pack().agencies,
        issuer=pack().issuer("bo-noi-vu"),
        memo_id="ha-nam-2022",
        templates_hash="0" * 64,
    )
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
    assert model.tasks is not None
    assert model.tasks.heading.endswith("PHÂN CÔNG NHIỆM VỤ")
    fronts = [name for task in model.tasks.tasks for name in task.coordinating if "Mặt trận" in name]
    assert fronts
    assert all(name.endswith("(đề nghị)") for name in fronts)


def test_findings_beyond_fifteen_go_to_a_landscape_annex() -> None:
    model = memo("son-la")
    assert model.findings is not None
    assert sum(line.in_body and line.code != "total" for line in model.findings.lines) == 15
    left = [line for line in model.findings.lines if not line.in_body]
    assert sum(len(table.rows) for annex in model.annexes for table in annex.tables) == len(left)
    assert len(model.annexes) == 1
    assert model.annexes[0].landscape


def test_every_finding_is_printed_somewhere(renderer: Renderer) -> None:
    for unit in ("ha-nam", "son-la", "can-tho"):
        model = memo(unit, date(2023, 4, 12), year=2022)
        assert model.findings is not None
        printed = renderer.text(model).casefold()
        lines = [line for line in model.findings.lines if line.code != "total"]
        assert [line.name for line in lines if line.name.casefold() not in re.sub(r"\s+", " ", printed)] == []


def test_the_same_inputs_give_the_same_model_and_the_same_bytes(renderer: Renderer) -> None:
    first, second = memo("ha-nam"), memo("ha-nam")
    assert first == second
    assert renderer.pdf(first) == Renderer(templates_folder()).pdf(second)
