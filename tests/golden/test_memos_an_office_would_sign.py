"""What a head of office would send back: each test is a mistake that a memo once held."""

import io
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from example_memos import MEETING, built, memo, merged_memo, pack, published, sections_of, texts_of
from pypdf import PdfReader

from thammuu.analysis.assessment import assess
from thammuu.analysis.inputs import IndexPeriod, index_period
from thammuu.intake.reading import read_submission
from thammuu.memos.because import KINDS
from thammuu.memos.builder import build_memo
from thammuu.memos.model import Chart, Language, MemoModel, Table
from thammuu.memos.printing.render import Renderer
from thammuu.memos.view import HistoryPoint, PublicationView
from thammuu.period import Period
from thammuu.resources import templates_folder

SPRING = date(2023, 4, 12)
AUTUMN = date(2025, 9, 15)
CITIES = ("ha-noi", "ho-chi-minh", "can-tho", "da-nang", "hai-phong")
UNITS = published("papi", 2021).periods[-1].units["unit_id"].to_list()
ROWS = """period,entity_name,criterion_code,criterion_name,score,rank
{year},Quảng Nam,total,Chỉ số cải cách hành chính,{total},{rank}
{year},Quảng Nam,7,"Xây dựng và phát triển chính quyền điện tử, chính quyền số",{domain},{domain_rank}
"""


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(templates_folder())


@pytest.fixture(scope="module")
def memos() -> list[MemoModel]:
    return [*(memo(unit) for unit in UNITS), *(memo(unit, SPRING, year=2022) for unit in UNITS)]


def drawn(model: MemoModel) -> list[Chart]:
    return [block for section in model.sections for block in section.blocks if isinstance(block, Chart)]


def tabled(model: MemoModel, kind: str) -> list[Table]:
    found = [section for section in model.sections if section.kind == kind]
    return [block for section in found for block in section.blocks if isinstance(block, Table)]


def printed(model: MemoModel, renderer: Renderer) -> str:
    return re.sub(r"\s+", " ", renderer.text(model))


def pages(model: MemoModel, renderer: Renderer) -> list[str]:
    reader = PdfReader(io.BytesIO(renderer.pdf(model)))
    return [re.sub(r"[ \u200b]+", " ", page.extract_text()) for page in reader.pages]


@pytest.fixture(scope="module")
def quang_nam(tmp_path_factory: pytest.TempPathFactory) -> MemoModel:
    """PAR INDEX 2023 of a province of which only the total and one domain are known, with ranks."""
    folder = tmp_path_factory.mktemp("par-index")
    before = par_index(folder, 2022, total=80.91, rank=57, domain=11.08, domain_rank=14)
    now = par_index(folder, 2023, total=84.6, rank=56, domain=11.59, domain_rank=22)
    assessed = assess(pack().rules, now, [before])
    unit, on = pack().units.get("quang-nam"), date(2024, 4, 17)
    view = PublicationView(
        framework=now.framework,
        unit_id="quang-nam",
        publication_id=now.publication_id,
        period="2023",
        revision=1,
        complete=False,
        published_on=on,
        facts=assessed.facts.filter(assessed.facts["unit_id"] == "quang-nam").to_dicts(),
        findings=assessed.findings,
        history=(
            HistoryPoint("2022", 80.91, 57, 63, published=True),
            HistoryPoint("2023", 84.6, 56, 63, published=True),
        ),
    )
    return built(unit, [(unit, [view])], on, year=2023)


def par_index(folder: Path, year: int, **figures: float) -> IndexPeriod:
    path = folder / f"{year}.csv"
    path.write_text(ROWS.format(year=year, **figures), encoding="utf-8")
    period = Period(str(year))
    framework = pack().frameworks.for_period("par-index", period)
    read = read_submission(path, framework=framework, units=pack().units, period=period, partial=True)
    return index_period(f"par-index-{year}", read.payload(), framework, pack().units)


def test_a_domain_known_by_its_rank_alone_is_told_by_it(quang_nam: MemoModel, renderer: Renderer) -> None:
    told = printed(quang_nam, renderer)
    assert "chính quyền số) xếp thứ 22/63, giảm 08 bậc" in told
    assert "chính quyền số) (thứ 22/63)" in told
    assert "None" not in told
    assert "khuyết dữ liệu" not in told


def test_a_published_total_has_its_band_and_its_change_and_the_label_of_the_framework(quang_nam: MemoModel) -> None:
    line, note = texts_of(quang_nam.section("standing"))
    assert "tăng 3,69 điểm so với năm 2022" in line
    assert "thuộc nhóm B; xếp thứ 56/63" in line
    assert "không chính thức" in note


def test_a_unit_ranked_by_the_publisher_is_never_called_not_assessed() -> None:
    par_index_line = texts_of(memo("ha-noi").section("standing"))[0]
    assert "không được đánh giá" not in par_index_line
    assert "không nêu điểm; xếp thứ 10/63" in par_index_line


def test_no_rank_of_papi_passes_for_an_official_one(memos: list[MemoModel]) -> None:
    for model in memos:
        texts = texts_of(model.section("standing"), "paragraph") + texts_of(model.section("findings"))
        texts += texts_of(model.section("practice"))
        ranked = [text for text in texts if text.count("PAPI") and re.search(r"thứ \d", text)]
        assert all("heo tính toán" in text for text in ranked)
        for chart in drawn(model):
            if any(series.name == "PAPI" for series in chart.series):
                assert "PAPI theo tính toán" in chart.caption


def test_papi_is_said_to_be_its_publishers_and_a_ministry_does_not_name_itself(memos: list[MemoModel]) -> None:
    openings = [model.opening[-1].text for model in memos]
    assert all("(PAPI) năm" in opening for opening in openings)
    assert all("do CECODES, VFF-CRT, RTA và UNDP công bố" in opening for opening in openings)
    assert not any("do Bộ Nội vụ công bố" in opening for opening in openings)


def test_papi_has_no_criteria(memos: list[MemoModel]) -> None:
    alone = [model for model in memos if all(one.startswith("papi-") for one in model.provenance.publications)]
    columns = {column.title for model in alone for table in tabled(model, "tasks") for column in table.columns}
    assert columns
    assert not any("tiêu chí" in title.lower() for title in columns)
    assert not any("do tiêu chí thay đổi" in model.model_dump_json() for model in alone)


def test_no_deadline_is_more_than_a_year_away() -> None:
    for action in pack().actions.actions:
        for day in (SPRING, MEETING, AUTUMN):
            deadline = action.deadline.after(day, pack().actions.calendar)
            assert (deadline - day).days <= 366, (action.id, day, deadline)


def test_a_task_list_stays_one_that_people_read(memos: list[MemoModel]) -> None:
    assert max(len(model.tasks) for model in memos) <= 25


@pytest.mark.parametrize("city", CITIES)
@pytest.mark.parametrize("on", [SPRING, AUTUMN])
def test_a_city_is_not_given_units_it_may_not_have(city: str, on: date) -> None:
    model = memo(city, on, year=2022)
    offices = " ".join(" ".join((task.lead, *task.coordinating)) for task in model.tasks)
    assert not re.search(r"thị trấn|thị xã|đặc khu|cấp tỉnh|Thanh tra tỉnh", offices)
    assert "Ủy ban nhân dân cấp xã" in offices


def test_names_of_criteria_hold_no_unexplained_abbreviation(memos: list[MemoModel]) -> None:
    names = [line.name for model in memos for line in model.findings]
    assert [name for name in names if re.search(r"\b(TTHC|UBND|HĐND|KT-XH|CCHC)\b", name)] == []


def test_a_remark_does_not_repeat_the_score_that_stands_beside_it(memos: list[MemoModel]) -> None:
    for model in memos:
        for table in tabled(model, "findings"):
            for row in table.rows:
                assert row.cells[2] not in row.cells[-1]
                assert "(trung vị là" not in row.cells[-1]


def test_totals_that_are_compared_have_the_same_decimals(memos: list[MemoModel]) -> None:
    pair = re.compile(r"từ (\d+,\d+) lên (\d+,\d+)")
    found = [pair.search(text) for model in memos for text in texts_of(model.section("gain"))]
    compared = [match for match in found if match]
    assert compared
    assert all(len(match[1].partition(",")[2]) == len(match[2].partition(",")[2]) for match in compared)


def test_a_unit_without_findings_is_told_so_and_a_lone_section_has_no_number(renderer: Renderer) -> None:
    all_clear, in_part = memo("thanh-hoa"), memo("bac-giang", SPRING, year=2022)
    assert [section.heading for section in all_clear.sections] == ["KẾT QUẢ CHỈ SỐ PAPI"]
    assert "Qua rà soát 28 nội dung thành phần của PAPI, không có nội dung nào" in all_clear.closing[0].text
    assert "Qua rà soát 13 nội dung thành phần có điểm của PAPI, không có nội dung nào" in in_part.closing[0].text
    assert printed(in_part, renderer).count("khuyết dữ liệu") == 1


def test_a_single_annex_has_no_number_and_counts_its_own_pages(renderer: Renderer) -> None:
    model = memo("kon-tum", SPRING, year=2022)
    assert [annex.number for annex in model.annexes] == ["Phụ lục"]
    *body, annex = pages(model, renderer)
    assert annex.lstrip().startswith("Phụ lục")
    assert [page.split(maxsplit=1)[0] for page in body[1:]] == [str(place) for place in range(2, len(body) + 1)]


@pytest.mark.parametrize("unit", ["ha-nam", "kon-tum", "bac-lieu"])
def test_the_signature_stands_below_the_end_of_the_last_section(unit: str, renderer: Renderer) -> None:
    model = memo(unit, SPRING, year=2022)
    signed = next(page for page in pages(model, renderer) if "Nơi nhận:" in page)
    end = texts_of(model.sections[-1])[-1].split()[-3:]
    assert re.search(r"\s+".join(map(re.escape, end)), signed)


def test_the_number_of_a_document_is_not_broken_over_lines(renderer: Renderer) -> None:
    told = "\n".join(pages(memo("ha-nam"), renderer))
    assert "61/2018/NĐ-CP" in told
    assert not re.search(r"/\s*\n\s*(NĐ|QĐ|NQ)-|(NĐ|QĐ|NQ)-\s*\n", told)


@pytest.mark.parametrize(("issuer", "told"), [("bo-noi-vu", "Đề nghị"), ("ubnd-tinh-vi-du", "Yêu cầu")])
def test_findings_without_tasks_are_not_closed_as_an_all_clear(issuer: str, told: str) -> None:
    on = date(2026, 4, 20) if issuer != "bo-noi-vu" else MEETING
    unit = pack().units.get("son-la")
    model = build_memo(
        body=unit,
        round_name="2022",
        as_of=on,
        parts=[(unit, [published("papi", 2021).view("son-la", on)])],
        catalogue=replace(pack().actions, actions=()),
        agencies=pack().agencies,
        issuer=pack().issuer(issuer),
        memo_id="son-la-2022",
        templates_hash="0" * 64,
        pack_hash="0" * 64,
    )
    assert model.section("findings") is not None
    assert model.section("tasks") is None
    (closing,) = model.closing
    assert closing.text.startswith(told)
    assert closing.text.endswith("khắc phục các nội dung nêu trên./.")


@pytest.fixture(scope="module")
def ninh_binh() -> MemoModel:
    """The memo on PAPI 2022 to the province that three provinces have merged into since."""
    return merged_memo("ninh-binh-2025", AUTUMN)


def test_a_task_for_several_former_provinces_names_each(ninh_binh: MemoModel) -> None:
    shared = [task.criteria for task in ninh_binh.tasks if "\n" in task.criteria]
    assert shared
    assert all(line.partition(": ")[0].endswith("(trước sắp xếp)") for told in shared for line in told.split("\n"))
    assert len({task.action_id for task in ninh_binh.tasks}) == len(ninh_binh.tasks)


def test_each_former_province_has_its_own_findings_and_its_name_in_them(ninh_binh: MemoModel) -> None:
    sections = sections_of(ninh_binh, "findings")
    assert [section.unit_id for section in sections] == ["ha-nam", "nam-dinh", "ninh-binh"]
    for section in sections:
        name = f"tỉnh {pack().units.get(section.unit_id).name_on(MEETING)} (trước sắp xếp)"
        assert all(name in text for text in texts_of(section))
        assert {line.unit_id for line in ninh_binh.findings} == {one.unit_id for one in sections}


def test_a_merged_province_is_not_taught_by_its_own_parts(ninh_binh: MemoModel) -> None:
    (practice,) = sections_of(ninh_binh, "practice")
    references = [ref for block in practice.blocks if block.kind == "item" for ref in block.sentence.because]
    peers = {ref.split("/")[1] for ref in references if ref.startswith("fact:")}
    assert peers
    assert peers.isdisjoint({"ha-nam", "nam-dinh", "ninh-binh"})


@pytest.mark.parametrize("language", ["vi", "en"])
def test_everything_printed_rests_on_what_exists(ninh_binh: MemoModel, language: Language) -> None:
    actions, agencies = pack().actions, pack().agencies
    known = {
        "action": {one.id for one in actions.actions},
        "agency": set(agencies.agencies),
        "legal": set(actions.legal.texts),
        "practice": {one.id for one in actions.practices},
    }
    for model in (ninh_binh, memo("ha-nam", language=language), memo("son-la", language=language)):
        known["finding"] = {line.id for line in model.findings}
        known["publication"] = set(model.provenance.publications)
        for kind, name in (ref.split(":", 1) for ref in references(model)):
            assert kind in KINDS
            assert name in known.get(kind, {name})


def references(model: MemoModel) -> set[str]:
    tree = model.model_dump()
    found: set[str] = set()
    waiting: list[object] = [tree]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            found |= set(here.get("because", ()))
            waiting += here.values()
        elif isinstance(here, list | tuple):
            waiting += here
    return found
