"""Plans, slips and charts that a head of office would not send back."""

from datetime import date

from example_memos import memo, sections_of, texts_of

from thammuu.memos.model import Chart, MemoModel
from thammuu.memos.printing.render import Renderer
from thammuu.resources import templates_folder

SPRING = date(2023, 4, 12)
PROVINCE = "ubnd-tinh-vi-du"


def said(model: MemoModel) -> list[str]:
    return [text for section in model.sections for text in texts_of(section)]


def test_a_plan_without_findings_keeps_up_results_and_has_no_empty_heading() -> None:
    plan = memo("thanh-hoa", form="ke-hoach", issuer=PROVINCE)
    assert all(section.blocks for section in plan.sections)
    told = "\n".join(said(plan))
    assert "duy trì các kết quả đã đạt được" in told
    assert "dưới đây" not in told
    assert plan.title.startswith("Kế hoạch duy trì kết quả PAPI")


def test_a_plan_is_grounded_in_one_sentence_and_its_notes_follow_their_lines() -> None:
    plan = memo("ha-nam", form="ke-hoach", issuer=PROVINCE)
    *results, why = [one.text for one in plan.opening]
    assert why.startswith("Căn cứ kết quả")
    assert "công bố, để khắc phục các nội dung mất điểm, Ủy ban nhân dân tỉnh Hà Nam ban hành Kế hoạch" in why
    assert [line.partition(" năm")[0] for line in results] == ["PAR INDEX", "SIPAS", "PAPI"]
    assert "Số liệu đã đưa tin về PAPI" in results[-1]
    assert "Các cơ quan, địa phương phối hợp;" in plan.recipients


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
