"""Printing memo models: PDF, HTML, plain text."""

import hashlib
import io
import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from pypdf import PdfReader

from thammuu.errors import EnvironmentFaultError, PermanentRefusalError
from thammuu.memos import letter
from thammuu.memos.model import (
    Annex,
    Chart,
    Column,
    Letterhead,
    MemoModel,
    Point,
    Provenance,
    Row,
    Series,
    Signature,
    Standing,
    StandingSection,
    Table,
    TextSection,
    UnitLine,
)
from thammuu.memos.render import Renderer
from thammuu.resources import templates_folder

HOSTILE = (
    '<script>alert("x")</script>',
    '#read("/etc/passwd")',
    "{{ 7 * 7 }}{% for x in y %}",
    "$x^2$ *bold* _it_ `raw` @ref \\u{41}",
    "emoji 🚀 and 漢字",
    "W" * 400,
    "=cmd|' /C calc'!A0",
    "&amp; &lt; ' \"",
)


def table(text: str = "x", rows: int = 2) -> Table:
    columns = (
        Column(title="STT", width=6, align="center"),
        Column(title=text, width=30),
        Column(title="Điểm", width=9),
    )
    return Table(caption="Bảng 1. Thử", columns=columns, rows=tuple(Row(cells=("1", text, "0")) for _ in range(rows)))


def model(text: str = "tỉnh Hà Nam", rows: int = 2, pages: int = 0) -> MemoModel:
    series = Series(
        name=text[:20], points=tuple(Point(label=str(y), rank=y - 2015, n=63, text="x") for y in (2020, 2021))
    )
    chart = Chart(kind="ranks", caption=f"Hình 1. {text}", alt=text, series=(series,))
    annex = Annex(number="Phụ lục I", title=text, reference="(Kèm theo)", tables=(table(text, rows),))
    return MemoModel(
        draft=True,
        round="2022",
        dated=date(2022, 6, 20),
        title=f"Công văn về {text}",
        unit=UnitLine(id="ha-nam", code="35", name=text, full_name=text),
        labels=letter.LABELS,
        letterhead=Letterhead(
            governing_body="",
            issuing_body="BỘ NỘI VỤ",
            number=f"Số: {letter.BLANK_NUMBER}/BNV-CCHC",
            subject=f"V/v {text}",
            place_and_date="Hà Nội, ngày 20 tháng 6 năm 2022",
        ),
        addressees=(f"Ủy ban nhân dân {text}",),
        opening=(text, *(f"{text} {n}" for n in range(pages))),
        standing=StandingSection(
            heading=f"I. {text}",
            lines=(Standing(index="papi", publication_id="p", text=text, note_number=1),),
            notes=(text,),
            chart=chart,
        ),
        gain=TextSection(heading="II. KẾT QUẢ", paragraphs=(text,), entries=(text,)),
        closing=("Đề nghị thực hiện./.",),
        signature=Signature(authority="TL. BỘ TRƯỞNG", title="VỤ TRƯỞNG VỤ CẢI CÁCH HÀNH CHÍNH"),
        recipients=("Như trên;", "Lưu: VT, CCHC."),
        annexes=(annex,),
        provenance=Provenance(
            memo_id="ha-nam-2022",
            checkpoint="",
            verify_address="",
            templates_hash="0" * 64,
            line="Mã văn bản: ha-nam-2022",
            qr="thammuu:memo:ha-nam-2022",
            qr_alt="Mã phản hồi nhanh",
        ),
    )


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(templates_folder())


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def test_the_pdf_carries_its_data_its_title_and_the_memos_date(renderer: Renderer) -> None:
    printed = model()
    reader = PdfReader(io.BytesIO(renderer.pdf(printed)))
    assert reader.metadata is not None
    assert reader.metadata.title == printed.title
    assert reader.metadata.author == "BỘ NỘI VỤ"
    assert "20220620" in str(reader.metadata.get("/CreationDate"))
    assert list(reader.attachments) == ["memo.json"]
    attached = json.loads(reader.attachments["memo.json"][0])
    assert attached == printed.model_dump(mode="json")
    xmp = bytes(reader.trailer["/Root"]["/Metadata"].get_data())
    assert b"pdfaid:part>3<" in xmp
    assert b"pdfaid:conformance>A<" in xmp
    assert b"pdfuaid:part>1<" in xmp


def test_the_same_model_gives_the_same_bytes_in_every_thread(renderer: Renderer) -> None:
    models = [model(f"tỉnh {n}") for n in range(6)]
    alone = [hashlib.sha256(renderer.pdf(one)).hexdigest() for one in models]
    shared = Renderer(templates_folder())
    with ThreadPoolExecutor(3) as threads:
        together = [hashlib.sha256(pdf).hexdigest() for pdf in threads.map(shared.pdf, models * 2)]
    assert together == alone * 2


def test_page_numbers_start_on_the_second_page_and_the_foot_is_on_each(renderer: Renderer) -> None:
    pages = pages_of(renderer.pdf(model("Nội dung dài " * 40, pages=12)))
    assert len(pages) > 2
    assert not pages[0].lstrip().startswith("1")
    assert pages[1].lstrip().startswith("2")
    assert all("Mã văn bản: ha-nam-2022" in page for page in pages)


@pytest.mark.parametrize("paragraphs", range(0, 40, 3))
def test_the_closing_and_the_signature_share_a_page(renderer: Renderer, paragraphs: int) -> None:
    pages = pages_of(
        renderer.pdf(model("Nội dung của đoạn này dài hơn một dòng để đẩy chữ ký xuống.", pages=paragraphs))
    )
    closing = [n for n, page in enumerate(pages) if "./." in page]
    signed = [n for n, page in enumerate(pages) if "TL. BỘ TRƯỞNG" in page]
    assert closing == signed


def test_a_long_table_repeats_its_head_on_each_page(renderer: Renderer) -> None:
    pages = pages_of(renderer.pdf(model(rows=120)))
    assert sum("STT" in page for page in pages) >= 3


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_printed_literally_everywhere(renderer: Renderer, text: str) -> None:
    hostile = model(text)
    printed = "".join(pages_of(renderer.pdf(hostile)))
    assert "root:" not in printed
    assert "49" not in renderer.text(hostile)
    html = renderer.html(hostile)
    assert "<script>" not in html
    assert not re.search(r"<(?!/?(?:svg|rect|text|line|circle|polyline|path|title|!doctype)\b)\w+[^>]*\son\w+=", html)


def test_letters_that_the_font_lacks_are_replaced(renderer: Renderer) -> None:
    html = renderer.html(model("tỉnh 漢 Đắk Lắk"))
    assert "tỉnh ? Đắk Lắk" in html


def test_pictures_have_a_text_for_those_who_cannot_see_them(renderer: Renderer) -> None:
    html = renderer.html(model("tỉnh Hà Nam"))
    assert html.count('role="img" aria-label="') >= 2


def test_plain_text_has_the_number_blank_and_no_markup(renderer: Renderer) -> None:
    text = renderer.text(model())
    assert f"Số: {letter.BLANK_NUMBER}/BNV-CCHC" in text
    assert "DỰ THẢO" in text
    assert "<" not in text


def test_json_is_canonical(renderer: Renderer) -> None:
    body = renderer.json(model())
    assert MemoModel.model_validate_json(body) == model()
    assert body == json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_the_hash_of_the_templates_follows_their_content(tmp_path: Path) -> None:
    copy = tmp_path / "templates"
    shutil.copytree(templates_folder(), copy)
    before = Renderer(copy).templates_hash
    assert before == Renderer(templates_folder()).templates_hash
    with (copy / "action_memo" / "memo.css").open("a", encoding="utf-8") as css:
        css.write("/* changed */")
    assert Renderer(copy).templates_hash != before


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFaultError):
        Renderer(tmp_path)


def test_a_template_that_does_not_typeset_is_a_permanent_refusal(tmp_path: Path) -> None:
    copy = tmp_path / "templates"
    shutil.copytree(templates_folder(), copy)
    (copy / "action_memo" / "memo.typ").write_text("#nothing-of-that-name", encoding="utf-8")
    with pytest.raises(PermanentRefusalError):
        Renderer(copy).pdf(model())
