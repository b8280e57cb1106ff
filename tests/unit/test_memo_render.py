"""Printing memo models: PDF, HTML, plain text, chat message, JSON."""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jsonschema
import pytest
from hostile_texts import HOSTILE, LONGEST
from pypdf import PdfReader

from thammuu.errors import EnvironmentFaultError, PermanentRefusalError
from thammuu.memos.model import Column, MemoModel, Row, Section, Sentence, Table
from thammuu.memos.printing.chat import MAX_MESSAGE
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.schema import memo_schema
from thammuu.memos.printing.trial_models import FORMS, LANGUAGES, Trial, trial_memo, trials
from thammuu.resources import rules_folder, templates_folder

WHY = ("form:trial",)


def model(text: str = "tỉnh Hà Nam", **more: object) -> MemoModel:
    return trial_memo(Trial(text=text, **more))  # type: ignore[arg-type]  named as in Trial


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(templates_folder())


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def flat(text: str) -> str:
    """Return text without the places where its lines were broken."""
    return re.sub(r"[\s\u200b]+", "", text)


def test_the_pdf_carries_its_data_its_title_and_the_memos_date(renderer: Renderer) -> None:
    printed = model()
    reader = PdfReader(io.BytesIO(renderer.pdf(printed)))
    assert reader.metadata is not None
    assert reader.metadata.title == printed.title
    assert reader.metadata.author == "CƠ QUAN BAN HÀNH"
    assert "20220620" in str(reader.metadata.get("/CreationDate"))
    assert list(reader.attachments) == ["memo.json"]
    assert reader.attachments["memo.json"][0] == renderer.json(printed)
    xmp = bytes(reader.trailer["/Root"]["/Metadata"].get_data())
    assert b"pdfaid:part>3<" in xmp
    assert b"pdfaid:conformance>A<" in xmp
    assert b"pdfuaid:part>1<" in xmp


def test_the_attached_data_is_the_memo_even_where_letters_are_replaced_in_print(renderer: Renderer) -> None:
    printed = model("tỉnh 🚀")
    reader = PdfReader(io.BytesIO(renderer.pdf(printed)))
    assert reader.attachments["memo.json"][0] == renderer.json(printed)


def test_the_same_model_gives_the_same_bytes_in_every_thread(renderer: Renderer) -> None:
    models = [model(f"tỉnh {n}") for n in range(6)]
    alone = [hashlib.sha256(renderer.pdf(one)).hexdigest() for one in models]
    shared = Renderer(templates_folder())
    with ThreadPoolExecutor(3) as threads:
        together = [hashlib.sha256(pdf).hexdigest() for pdf in threads.map(shared.pdf, models * 2)]
    assert together == alone * 2


PRINT_ON_ANOTHER_DAY = """
import hashlib, sys, time
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.trial_models import Trial, trial_memo
from thammuu.resources import templates_folder

moment = float(sys.argv[1])
local, universal = time.localtime, time.gmtime
time.time, time.time_ns = lambda: moment, lambda: int(moment * 1e9)
time.localtime = lambda seconds=None: local(moment if seconds is None else seconds)
time.gmtime = lambda seconds=None: universal(moment if seconds is None else seconds)
renderer, memo = Renderer(templates_folder()), trial_memo(Trial())
for kind in ("pdf", "docx", "html", "text", "chat", "json"):
    printed = getattr(renderer, kind)(memo)
    print(kind, hashlib.sha256(printed if isinstance(printed, bytes) else printed.encode()).hexdigest())
"""


def test_two_processes_on_two_days_in_two_time_zones_print_the_same_bytes(tmp_path: Path) -> None:
    def printed(day: str, zone: str, seed: str, folder: Path) -> str:
        folder.mkdir()
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": day}
        command = [sys.executable, "-c", PRINT_ON_ANOTHER_DAY, day]
        told = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
        return told.stdout

    first = printed("1655683200", "Asia/Ho_Chi_Minh", "1", tmp_path / "a")
    # what reads the machine's own clock, below Python, sees another second too
    time.sleep(2)
    later = printed("1798761599", "America/New_York", "2", tmp_path / "b")
    assert first.count("\n") == 6
    assert first == later


def test_page_numbers_start_on_the_second_page_and_the_foot_is_on_each(renderer: Renderer) -> None:
    pages = pages_of(renderer.pdf(model("Nội dung dài " * 40, paragraphs=12)))
    assert len(pages) > 2
    assert not pages[0].lstrip().startswith("1")
    assert pages[1].lstrip().startswith("2")
    assert all("Mã văn bản: trial-2022" in page for page in pages)


@pytest.mark.parametrize("paragraphs", range(1, 40, 3))
def test_the_closing_and_the_signature_share_a_page(renderer: Renderer, paragraphs: int) -> None:
    text = "Nội dung của đoạn này dài hơn một dòng để đẩy chữ ký xuống."
    pages = pages_of(renderer.pdf(model(text, paragraphs=paragraphs, full=False)))
    closing = [n for n, page in enumerate(pages) if "./." in page]
    signed = [n for n, page in enumerate(pages) if "TL. THỦ TRƯỞNG" in page]
    assert closing == signed
    assert len(signed) == 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_prints_its_own_head(renderer: Renderer, form: str, language: str) -> None:
    memo = model(form=form, language=language)
    for printed in (pages_of(renderer.pdf(memo))[0], renderer.html(memo), renderer.text(memo)):
        assert memo.labels.motto in printed
        assert (memo.labels.addressed_to in printed) == bool(memo.addressees)
        assert ("V/v" in printed) == (form == "cong-van")
        assert (form.upper() in printed) == (memo.document_title is not None)
        assert ("Căn cứ" in printed) == (form == "ke-hoach")


def test_a_long_table_repeats_its_head_on_each_page(renderer: Renderer) -> None:
    pages = pages_of(renderer.pdf(model(rows=120)))
    assert sum("STT" in page for page in pages) >= 3


def test_a_row_of_one_cell_is_a_heading_across_the_table(renderer: Renderer) -> None:
    html = renderer.html(model())
    assert '<th class="across" scope="rowgroup" colspan="3">tỉnh Hà Nam</th>' in html


def test_the_page_stands_alone(renderer: Renderer) -> None:
    html = renderer.html(model())
    assert not re.search(r"(src|href)=", html)
    assert "@page" in html
    assert "table-header-group" in html


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_printed_literally_everywhere(renderer: Renderer, text: str) -> None:
    hostile = model(text)
    pdf = "".join(pages_of(renderer.pdf(hostile)))
    assert "root:" not in pdf
    if text.isascii():
        assert flat(text) in flat(pdf)
        assert flat(text) in flat(renderer.text(hostile))
    html = renderer.html(hostile)
    assert "<script>" not in html
    assert not re.search(r"<(?!/?(?:svg|rect|text|line|circle|polyline|path|title|!doctype)\b)\w+[^>]*\son\w+=", html)
    assert len(renderer.chat(hostile)) <= MAX_MESSAGE


@pytest.mark.parametrize(
    ("raw", "printed"),
    [
        ("tỉnh 漢 Đắk Lắk", "tỉnh ? Đắk Lắk"),
        ("Ha\u0300 Nam", "Hà Nam"),
        ("Hà\u202e Nam\u200b\x00\x07", "Hà Nam"),
        ("Hà\tNam", "Hà Nam"),
    ],
)
def test_letters_that_cannot_be_drawn_are_replaced_and_invisible_ones_left_out(
    renderer: Renderer, raw: str, printed: str
) -> None:
    memo = model(raw)
    for text in (renderer.html(memo), renderer.text(memo), pages_of(renderer.pdf(memo))[0]):
        assert printed in text
        assert raw not in text


def test_a_very_long_cell_is_printed_whole(renderer: Renderer) -> None:
    columns = (Column(title="STT", width=6), Column(title="Nội dung", width=60))
    rows = (Row(cells=("1", LONGEST), because=WHY),)
    section = Section(kind="findings", heading="I. DÀI", blocks=(Table(caption="Bảng 1", columns=columns, rows=rows),))
    memo = model().model_copy(update={"sections": (section,)})
    pages = pages_of(renderer.pdf(memo))
    assert len(pages) > 10
    assert sum("cuối" in page for page in pages) == 1
    assert max(map(len, pages)) < 7000
    assert LONGEST in renderer.html(memo)


def test_a_thousand_rows_are_printed(renderer: Renderer) -> None:
    memo = model(rows=1000)
    pages = "".join(pages_of(renderer.pdf(memo)))
    assert "- 999" in pages
    assert len(renderer.chat(memo)) <= MAX_MESSAGE


def test_a_row_with_too_many_cells_is_refused_by_its_name(renderer: Renderer) -> None:
    table = Table(
        caption="Bảng 1",
        columns=(Column(title="STT", width=6), Column(title="Nội dung", width=60)),
        rows=(Row(cells=("1", "a"), because=WHY), Row(cells=("1", "a", "b"), because=WHY)),
    )
    section = Section(kind="findings", heading="I. SAI", blocks=(table,))
    memo = model().model_copy(update={"sections": (section,)})
    for printer in (renderer.pdf, renderer.html, renderer.text, renderer.docx, renderer.chat):
        with pytest.raises(PermanentRefusalError, match=re.escape("sections[0].blocks[0].rows[1]")):
            printer(memo)


def test_a_text_longer_than_any_memos_is_refused_by_its_name(renderer: Renderer) -> None:
    memo = model().model_copy(update={"opening": (Sentence(text="ộ" * 100_001, because=WHY),)})
    for printer in (renderer.pdf, renderer.html, renderer.text, renderer.docx):
        with pytest.raises(PermanentRefusalError, match=re.escape("opening[0].text")):
            printer(memo)


def test_pictures_have_a_text_for_those_who_cannot_see_them(renderer: Renderer) -> None:
    html = renderer.html(model("tỉnh Hà Nam"))
    assert html.count('role="img" aria-label="') >= 3


def test_plain_text_has_no_markup(renderer: Renderer) -> None:
    text = renderer.text(model())
    assert "Số: 05/CQBH-VP" in text
    assert "DỰ THẢO" in text
    assert "<" not in text


def test_the_message_tells_the_standing_three_tasks_and_where_the_memo_is(renderer: Renderer) -> None:
    memo = model(rows=9)
    lines = renderer.chat(memo, "https://example.org/memos/trial-2022").splitlines()
    assert lines[0] == memo.title
    assert "tỉnh Hà Nam đạt 43,29 điểm." in lines
    assert [line[:2] for line in lines if re.match(r"\d\. ", line)] == ["1.", "2.", "3."]
    assert all("trước ngày 30/9/2022" in line for line in lines if re.match(r"\d\. ", line))
    assert lines[-1].endswith("https://example.org/memos/trial-2022")


@pytest.mark.parametrize("name", [name for name, _ in trials()])
def test_no_message_is_longer_than_a_chat_takes_nor_cut_inside_a_word(renderer: Renderer, name: str) -> None:
    memo = trial_memo(dict(trials())[name])
    link = "https://example.org/memos/trial-2022"
    message = renderer.chat(memo, link)
    assert len(message) <= MAX_MESSAGE
    assert message.endswith(link)
    assert all(word in {"tên", "gọi", "rất", "dài"} for word in re.findall(r"(\w+)…", message))


def test_json_is_canonical(renderer: Renderer) -> None:
    body = renderer.json(model())
    assert MemoModel.model_validate_json(body) == model()
    assert body == json.dumps(json.loads(body), ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def test_the_published_schema_is_the_models_and_every_memo_follows_it(renderer: Renderer) -> None:
    published = json.loads((rules_folder() / "schema" / "memo.schema.json").read_text(encoding="utf-8"))
    assert published == memo_schema()
    validator = jsonschema.Draft202012Validator(published)
    for _name, trial in trials():
        assert list(validator.iter_errors(json.loads(renderer.json(trial_memo(trial))))) == []


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
