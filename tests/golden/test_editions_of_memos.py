"""Every form in both languages and every format, word for word, against the kept files.

A kept file is what a person would look at: the text of a PDF page by page, a Word document as one paragraph a line
with its style, the model as indented JSON.
"""

import difflib
import io
import json
import os
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.section import _Footer, _Header
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from example_memos import memo
from pypdf import PdfReader

from thammuu import bootstrap
from thammuu.cli.main import main
from thammuu.memos.model import Form, Language, MemoModel
from thammuu.memos.printing.render import Renderer
from thammuu.memos.summary import summary_model
from thammuu.resources import examples_folder, templates_folder
from thammuu.settings import Settings

KEPT = Path(__file__).parent / "kept" / "editions"
ON = date(2023, 4, 12)
ISSUERS: dict[Form, str] = {
    "cong-van": "bo-noi-vu",
    "thong-bao": "bo-noi-vu",
    "phieu-bao": "bo-noi-vu",
    "ke-hoach": "ubnd-tinh-vi-du",
}
LANGUAGES: tuple[Language, ...] = ("vi", "en")
EDITIONS = [(form, language) for form in (*ISSUERS, "bao-cao") for language in LANGUAGES]
MOST_LINES = 80
"""Of a difference that is shown."""


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(templates_folder())


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Language], MemoModel]]:
    """The report on the round of PAPI 2022, without the hashes that every change of a rule or template changes."""
    data = tmp_path_factory.mktemp("report") / "data"
    file = examples_folder() / "papi" / "papi-2022.csv"
    told = ["--index", "papi", "--period", "2022", "--published-on", str(ON), "--data", str(data)]
    assert main(["publish", str(file), *told]) == 0
    with bootstrap.reading(Settings(data=data)) as program:

        def made(language: Language) -> MemoModel:
            model = summary_model(program.context, str(ON.year), language)
            hashes = {"templates_hash": "0" * 64, "pack": "0" * 64}
            return model.model_copy(update={"provenance": model.provenance.model_copy(update=hashes)})

        yield cache(made)


def as_text(renderer: Renderer, model: MemoModel) -> str:
    return renderer.text(model)


def as_chat(renderer: Renderer, model: MemoModel) -> str:
    return renderer.chat(model)


def as_html(renderer: Renderer, model: MemoModel) -> str:
    return renderer.html(model)


def as_model(renderer: Renderer, model: MemoModel) -> str:
    return json.dumps(json.loads(renderer.json(model)), ensure_ascii=False, indent=1)


def as_pages(renderer: Renderer, model: MemoModel) -> str:
    pages = PdfReader(io.BytesIO(renderer.pdf(model))).pages
    return "\n".join(f"== page {number}\n{page.extract_text()}" for number, page in enumerate(pages, 1))


def as_paragraphs(renderer: Renderer, model: MemoModel) -> str:
    document = docx.Document(io.BytesIO(renderer.docx(model)))
    heads = [f"head: {one}" for section in document.sections for one in _paragraphs(section.header)]
    feet = [f"foot: {one}" for section in document.sections for one in _paragraphs(section.footer)]
    return "\n".join([*_paragraphs(document), *dict.fromkeys(heads), *dict.fromkeys(feet)])


def _paragraphs(block: Document | _Header | _Footer | _Cell) -> Iterator[str]:
    """Yield a line a paragraph, its style and its text, and a line a table's row."""
    for inner in block.iter_inner_content():
        if isinstance(inner, Paragraph):
            yield f"[{inner.style.name if inner.style else ''}] {_told(inner)}".rstrip()
            continue
        yield f"table of {len(inner.columns)} columns"
        for row in inner.rows:
            cells = (" ¶ ".join(_paragraphs(cell)) for cell in dict.fromkeys(row.cells))
            yield f"  {' | '.join(cells)}"


def _told(paragraph: Paragraph) -> str:
    pictures = paragraph._p.xpath(".//wp:docPr/@descr")  # noqa: SLF001  python-docx shows no alternative text
    fields = paragraph._p.xpath(".//w:instrText/text()")  # noqa: SLF001  nor fields
    marks = [f"<picture: {one}>" for one in pictures] + [f"<field: {one.strip()}>" for one in fields]
    return " ".join([paragraph.text.replace("\n", " ⏎ "), *marks]).strip()


FORMATS: dict[str, Callable[[Renderer, MemoModel], str]] = {
    "txt": as_text,
    "chat.txt": as_chat,
    "html": as_html,
    "json": as_model,
    "pdf.txt": as_pages,
    "docx.txt": as_paragraphs,
}


@cache
def edition(form: Form, language: Language) -> MemoModel:
    return memo("ha-nam", ON, year=2022, issuer=ISSUERS[form], language=language, form=form)


def difference(kept: str, printed: str, name: str) -> str:
    """Return what differs as a unified diff; empty where nothing does."""
    lines = list(difflib.unified_diff(kept.splitlines(), printed.splitlines(), f"kept {name}", "printed now", n=1))
    left = len(lines) - MOST_LINES
    return "\n".join([*lines[:MOST_LINES], *([f"… and {left} more lines"] if left > 0 else [])])


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(("form", "language"), EDITIONS)
def test_an_edition_reads_as_kept(
    renderer: Renderer, request: pytest.FixtureRequest, form: Form, language: Language, fmt: str
) -> None:
    """Set THAMMUU_KEEP=1 to write the files anew, then read the difference before it is committed."""
    model = request.getfixturevalue("report")(language) if form == "bao-cao" else edition(form, language)
    printed = f"{FORMATS[fmt](renderer, model).rstrip()}\n"
    kept = KEPT / f"{form}.{language}.{fmt}"
    if os.environ.get("THAMMUU_KEEP"):
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(printed, encoding="utf-8")
    told = difference(kept.read_text(encoding="utf-8"), printed, kept.name)
    if told:
        pytest.fail(told, pytrace=False)


def test_every_kept_edition_is_still_printed() -> None:
    printed = {f"{form}.{language}.{fmt}" for form, language in EDITIONS for fmt in FORMATS}
    assert {file.name for file in KEPT.iterdir()} == printed


def test_a_difference_is_shown_as_lines_that_changed() -> None:
    told = difference("Kính gửi:\nSở Nội vụ\nNơi nhận:", "Kính gửi:\nSở Tài chính\nNơi nhận:", "cong-van.vi.txt")
    assert told.splitlines()[-4:] == [" Kính gửi:", "-Sở Nội vụ", "+Sở Tài chính", " Nơi nhận:"]
    assert difference("a\nb", "a\nb", "x") == ""
    assert difference("", "\n".join(map(str, range(200))), "x").endswith("more lines")
