"""Plans, slips and charts that a head of office would not send back."""

import io
import re
from datetime import date

import pytest
from example_memos import built, memo, pack, sections_of, texts_of, views_of
from pypdf import PdfReader

from thammuu.memos.model import Chart, Item, Language, MemoModel, Paragraph, Section, Sentence
from thammuu.memos.printing.render import Renderer
from thammuu.memos.weighing import SEVERITIES
from thammuu.resources import templates_folder

SPRING = date(2023, 4, 12)
PROVINCE = "ubnd-tinh-vi-du"


def said(model: MemoModel) -> list[str]:
    return [text for section in model.sections for text in texts_of(section)]


def sentences_of(section: Section) -> list[Sentence]:
    return [block.sentence for block in section.blocks if isinstance(block, Paragraph | Item)]


def test_a_plan_without_findings_keeps_up_results_and_has_no_empty_heading() -> None:
    plan = memo("thanh-hoa", form="ke-hoach", issuer=PROVINCE)
    assert all(section.blocks for section in plan.sections)
    told = "\n".join(said(plan))
    assert "duy trì các kết quả đã đạt được" in told
    assert "dưới đây" not in told
    assert plan.title.startswith("Kế hoạch duy trì kết quả PAPI")


def test_a_plan_is_grounded_in_law_and_results_and_its_notes_follow_their_lines() -> None:
    plan = memo("ha-nam", form="ke-hoach", issuer=PROVINCE)
    *before, why = [one.text for one in (*plan.grounds, *plan.opening)]
    assert why == ("Để khắc phục các nội dung mất điểm, Ủy ban nhân dân tỉnh Hà Nam ban hành Kế hoạch, cụ thể như sau:")
    *legal, found, first, second, third = before
    assert legal
    assert all(
        re.match(r"Căn cứ (Luật|Pháp lệnh|Nghị quyết số|Nghị định số|Quyết định số|Chỉ thị số|Thông tư số) .*;$", one)
        for one in legal
    )
    assert found.startswith("Căn cứ kết quả Chỉ số")
    assert found.endswith("công bố.")
    assert [line.partition(" năm")[0] for line in (first, second, third)] == ["PAR INDEX", "SIPAS", "PAPI"]
    assert "Số liệu đã đưa tin về PAPI" in third
    assert "Các cơ quan, địa phương phối hợp;" in plan.recipients


def test_the_grounds_of_a_plan_are_the_texts_that_its_tasks_cite() -> None:
    plan = memo("ha-nam", form="ke-hoach", issuer=PROVINCE)
    cited = {text for task in plan.tasks for text in task.basis.split("; ") if text}
    grounds = [one.text for one in (*plan.grounds, *plan.opening) if one.because[0].startswith("legal:")]
    assert cited
    assert len(grounds) == len(cited)
    assert all(any(text.removesuffix(" ngày") in ground for ground in grounds) for text in cited)


def test_a_plan_without_tasks_is_grounded_in_the_results_alone() -> None:
    plan = memo("thanh-hoa", form="ke-hoach", issuer=PROVINCE)
    grounds = [one.text for one in (*plan.grounds, *plan.opening) if one.text.startswith("Căn cứ")]
    assert len(grounds) == 1
    assert plan.opening[-1].text.startswith("Để duy trì các kết quả đã đạt được, Ủy ban nhân dân tỉnh Thanh Hóa")


def merged_slip(body_id: str = "ninh-binh-2025", language: Language = "vi", issuer: str = "bo-noi-vu") -> MemoModel:
    body = pack().units.get(body_id)
    on = date(2025, 9, 15)
    parts = [(pack().units.get(one), views_of(one, on, 2022)) for one in body.predecessors]
    return built(body, parts, on, year=2022, form="phieu-bao", language=language, issuer=issuer)


def test_a_slip_to_a_merged_province_names_the_former_one_in_results_and_findings() -> None:
    slip = merged_slip()
    (results,) = sections_of(slip, "standing")
    names = ("Tỉnh Hà Nam", "Tỉnh Nam Định", "Tỉnh Ninh Bình")
    for text, name in zip(texts_of(results), names, strict=True):
        assert text.startswith(f"{name} (trước sắp xếp), PAPI năm 2022: ")
    found = texts_of(sections_of(slip, "findings")[0])
    assert all(text.startswith("Tỉnh ") and " (trước sắp xếp), " in text for text in found)


def test_a_slip_to_a_merged_province_tells_the_gravest_of_all_parts() -> None:
    slip = merged_slip()
    told = [one.because[0].removeprefix("finding:") for one in sentences_of(sections_of(slip, "findings")[0])]
    severities = {line.id: SEVERITIES.index(line.severity) for line in slip.findings}
    assert [severities[one] for one in told] == sorted(severities.values())[: len(told)]


@pytest.mark.parametrize("issuer", ["bo-noi-vu", PROVINCE])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_slip_to_a_merged_province_has_one_page(language: Language, issuer: str) -> None:
    renderer = Renderer(templates_folder())
    bodies = [one.id for one in pack().units.at(date(2025, 9, 15), "province") if len(one.predecessors) > 1]
    slips = {one: merged_slip(one, language, issuer) for one in bodies}
    pages = {one: len(PdfReader(io.BytesIO(renderer.pdf(slip))).pages) for one, slip in slips.items()}
    assert len(pages) > 20
    assert set(pages.values()) == {1}, pages


def test_a_slip_to_a_merged_province_names_the_main_task_of_each_part_that_the_page_has_room_for() -> None:
    slip = merged_slip("hai-phong-2025")
    asked = sections_of(slip, "tasks")[0]
    told = [{ref.removeprefix("action:") for ref in one.because} for one in sentences_of(asked)]
    mine = [task for task in slip.tasks if any(task.action_id in refs for refs in told)]
    units = {line.id: line.unit_id for line in slip.findings}
    assert {units[one] for task in mine for one in task.finding_ids} == {"hai-duong", "hai-phong"}
    assert "nhiệm vụ" in slip.title


def test_a_committees_slip_goes_to_those_who_lead_its_tasks() -> None:
    slip = memo("ha-nam", SPRING, year=2022, form="phieu-bao", issuer=PROVINCE)
    asked = texts_of(sections_of(slip, "tasks")[0])
    assert len(slip.addressees) == len({text.partition(":")[0] for text in asked})
    assert len(slip.tasks) > len(asked)


def test_a_plan_of_one_unit_has_no_lonely_heading_below_its_tasks() -> None:
    plan = memo("ha-nam", form="ke-hoach", issuer=PROVINCE)
    assert [section.heading for section in plan.sections if section.level == 2] == [""]


def test_a_slip_opens_in_one_short_sentence() -> None:
    slip = memo("ha-nam", form="phieu-bao")
    assert [one.text for one in slip.opening] == [
        "Bộ Nội vụ báo kết quả các chỉ số công bố năm 2022 của tỉnh Hà Nam như sau:"
    ]
    assert any(text.endswith(": không đạt điểm.") for text in said(slip))


def test_a_period_without_a_total_is_told_and_its_place_in_the_chart_stays_open() -> None:
    model = memo("quang-ninh", SPRING, year=2022)
    assert "không so sánh được với năm 2021 do khuyết dữ liệu" in "\n".join(said(model))
    (chart,) = (
        one for one in sections_of(model, "standing")[0].blocks if isinstance(one, Chart) and one.shows == "ranks"
    )
    assert [point.label for point in chart.series[0].points][-2:] == ["2020", "2022"]
    drawn = Renderer(templates_folder()).html(model)
    assert drawn.count("stroke-dasharray") == 1


def test_criteria_that_no_table_tells_are_named_where_raising_them_would_help() -> None:
    model = memo("ha-nam")
    told = {line.code for line in model.findings}
    (text,) = (one for one in said(model) if one.startswith("Để vào nhóm"))
    assert "7.2" not in told
    assert "7.2. Chất lượng không khí" in text
    assert "(6.3; 6.2; " in text


def test_an_all_clear_says_so_in_its_chat_message() -> None:
    assert "không có nội dung nào cần tập trung khắc phục" in Renderer(templates_folder()).chat(memo("thanh-hoa"))
