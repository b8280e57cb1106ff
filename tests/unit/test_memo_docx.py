"""Memos as Word documents that a clerk can edit."""

import io
import re
import zipfile
from datetime import UTC, datetime

import docx
import pytest
from hostile_texts import HOSTILE, LONGEST
from lxml import etree

from thammuu.memos.model import Column, MemoModel, Row, Section, Table
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.trial_models import Trial, trial_memo, trials
from thammuu.resources import templates_folder

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
WORD = {"w": W[1:-1], "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(templates_folder())


def body_of(document: bytes) -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return etree.fromstring(archive.read("word/document.xml"), etree.XMLParser(huge_tree=True))


def text_of(document: bytes) -> str:
    return "\n".join("".join(paragraph.itertext()) for paragraph in body_of(document).iter(f"{W}p"))


@pytest.mark.parametrize("name", [name for name, _ in trials()])
def test_every_memo_is_a_whole_document(renderer: Renderer, name: str) -> None:
    printed = renderer.docx(trial_memo(dict(trials())[name]))
    with zipfile.ZipFile(io.BytesIO(printed)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        for part in names:
            if part.endswith((".xml", ".rels")):
                etree.fromstring(archive.read(part), etree.XMLParser(huge_tree=True))
        relations = etree.fromstring(archive.read("word/_rels/document.xml.rels"))
        assert all(f"word/{one.get('Target')}" in names for one in relations)
    body = body_of(printed)
    assert all(cell[-1].tag == f"{W}p" for cell in body.iter(f"{W}tc")), "Word repairs a cell that ends otherwise"
    numbers = body.xpath("//wp:docPr/@id", namespaces=WORD)
    assert len(numbers) == len(set(numbers))
    assert "{{" not in text_of(printed) or "markup" in name
    docx.Document(io.BytesIO(printed))


def test_its_looks_are_named_styles_that_the_template_defines(renderer: Renderer) -> None:
    printed = renderer.docx(trial_memo(Trial(form="ke-hoach")))
    document = docx.Document(io.BytesIO(printed))
    defined = {style.style_id for style in document.styles}
    used = set(body_of(printed).xpath("//w:pStyle/@w:val | //w:tblStyle/@w:val", namespaces=WORD))
    assert used <= defined
    assert {"Heading1", "Heading2", "Caption", "MemoBody", "MemoCell", "Title"} <= used
    assert document.styles.element.xpath("//w:docDefaults//w:rFonts/@w:ascii") == ["Times New Roman"]
    assert not body_of(printed).xpath("//w:rPr[w:sz or w:b or w:rFonts]", namespaces=WORD)


def test_tables_repeat_their_head_keep_rows_whole_and_have_set_widths(renderer: Renderer) -> None:
    tables = body_of(renderer.docx(trial_memo(Trial()))).xpath(
        "//w:tbl[w:tblPr/w:tblStyle/@w:val='TableGrid']", namespaces=WORD
    )
    assert len(tables) == 3
    for table in tables:
        rows = table.findall(f"{W}tr")
        assert [row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows] == [True] + [False] * (len(rows) - 1)
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        columns = [int(column.get(f"{W}w")) for column in table.iter(f"{W}gridCol")]
        cells = [int(cell.get(f"{W}w")) for cell in rows[-1].iter(f"{W}tcW")]
        assert cells == columns
        assert table.xpath("w:tr[2]/w:tc/w:tcPr/w:gridSpan/@w:val", namespaces=WORD) == ["3"]


def test_charts_have_a_text_for_those_who_cannot_see_them(renderer: Renderer) -> None:
    printed = renderer.docx(trial_memo(Trial(text="tỉnh Hà Nam")))
    assert body_of(printed).xpath("//wp:docPr/@descr", namespaces=WORD) == ["tỉnh Hà Nam"] * 2
    with zipfile.ZipFile(io.BytesIO(printed)) as archive:
        pictures = [name for name in archive.namelist() if name.startswith("word/media/")]
        assert all(archive.read(name).startswith(b"\x89PNG") for name in pictures)
    assert len(pictures) == 2


def test_each_annex_has_pages_of_its_own_turned_where_it_is_wide(renderer: Renderer) -> None:
    document = docx.Document(io.BytesIO(renderer.docx(trial_memo(Trial()))))
    turned = [section.page_width > section.page_height for section in document.sections]
    assert turned == [False, True, False]
    settings = [section._sectPr for section in document.sections]  # noqa: SLF001  python-docx shows no page numbering
    assert [one.xpath("w:pgNumType/@w:start") for one in settings] == [[], ["1"], ["1"]]
    assert all(section.different_first_page_header_footer for section in document.sections)


def test_page_numbers_are_in_the_header_and_the_provenance_in_the_foot_of_every_page(renderer: Renderer) -> None:
    (section,) = docx.Document(io.BytesIO(renderer.docx(trial_memo(Trial(full=False))))).sections
    assert section.header._element.xpath(".//w:instrText")[0].text.strip() == "PAGE"  # noqa: SLF001
    assert not section.first_page_header._element.xpath(".//w:instrText")  # noqa: SLF001
    for foot in (section.footer, section.first_page_footer):
        assert [paragraph.text for paragraph in foot.paragraphs] == ["Mã văn bản: trial-2022"]
        assert foot.paragraphs[0].style.style_id == "Footer"


def test_the_closing_is_kept_with_the_signature(renderer: Renderer) -> None:
    document = docx.Document(io.BytesIO(renderer.docx(trial_memo(Trial()))))
    closing = next(paragraph for paragraph in document.paragraphs if paragraph.text.endswith("./."))
    assert closing.style.paragraph_format.keep_with_next
    before = closing._p.getprevious()  # noqa: SLF001
    assert before.find(f"{W}pPr/{W}keepNext") is not None


@pytest.mark.parametrize(("language", "named"), [("vi", "vi-VN"), ("en", "en-GB")])
def test_its_properties_are_the_memos(renderer: Renderer, language: str, named: str) -> None:
    memo = trial_memo(Trial(language=language))  # type: ignore[arg-type]  one of the two
    document = docx.Document(io.BytesIO(renderer.docx(memo)))
    properties = document.core_properties
    assert properties.title == memo.title
    assert properties.author == "CƠ QUAN BAN HÀNH"
    assert properties.language == named
    assert properties.created == properties.modified == datetime(2022, 6, 20, tzinfo=UTC)
    assert document.styles.element.xpath("//w:docDefaults//w:lang/@w:val") == [named]


def test_nothing_in_it_depends_on_when_it_was_made(renderer: Renderer) -> None:
    memo = trial_memo(Trial())
    first = renderer.docx(memo)
    assert first == Renderer(templates_folder()).docx(memo)
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(renderer: Renderer, text: str) -> None:
    printed = renderer.docx(trial_memo(Trial(text=text)))
    body = body_of(printed)
    if text.isascii():
        assert text in text_of(printed)
    plain = body_of(renderer.docx(trial_memo(Trial())))
    assert len(list(body.iter(f"{W}p"))) == len(list(plain.iter(f"{W}p")))
    assert not body.xpath("//w:fldChar | //w:fldSimple | //w:instrText", namespaces=WORD)


def test_control_characters_and_marks_of_direction_never_reach_the_document(renderer: Renderer) -> None:
    printed = text_of(renderer.docx(trial_memo(Trial(text="Ha\u0300\x00\x0b\u202e Nam\ufffe"))))
    assert "Hà Nam" in re.sub(" +", " ", printed)
    assert not re.search("[\x00-\x08\x0b\x0c\u202e\ufffe]", printed)


def test_a_very_long_cell_and_a_thousand_rows_are_printed_whole(renderer: Renderer) -> None:
    columns = (Column(title="STT", width=6), Column(title="Nội dung", width=60))
    why = ("form:trial",)
    rows = tuple(Row(cells=(str(n), LONGEST if n == 0 else f"dòng {n}"), because=why) for n in range(1000))
    table = Table(caption="Bảng 1", columns=columns, rows=rows)
    memo: MemoModel = trial_memo(Trial()).model_copy(
        update={"sections": (Section(kind="findings", heading="I. DÀI", blocks=(table,)),)}
    )
    printed = text_of(renderer.docx(memo))
    assert LONGEST in printed
    assert "dòng 999" in printed
