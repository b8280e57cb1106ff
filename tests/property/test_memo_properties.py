"""What holds for every memo, whatever its texts: it is printed or refused by a field's name, alike each time."""

import io
import json
import os
import re
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree, html  # type: ignore[import-untyped]  # it ships no types
from pypdf import PdfReader

from thammuu.memos.forms import FORMS
from thammuu.memos.model import Form, MemoModel
from thammuu.memos.printing.chat import MAX_MESSAGE, fitted
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.trial_models import LANGUAGES, Trial, trial_memo
from thammuu.resources import templates_folder

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
PIECES = (
    *(
        "{{",
        "}}",
        "{%",
        "%}",
        "{#",
        "#}",
        "{_{",
        "}_}",
        "#read(",
        '"',
        "'",
        "<",
        ">",
        "&",
        "]]>",
        "<!--",
        "\\",
        "$",
        "`",
    ),
    *(
        "<script>",
        "</w:t>",
        "<w:p/>",
        "\u202e",
        "\u200b",
        "\x00",
        "\u2028",
        "a\u0323\u0302",
        "🚀",
        "ệ",
        " ",
        "tỉnh",
        "\ufffe",
    ),
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=20).map("".join),
)
TRIALS = st.builds(
    Trial,
    text=TEXTS,
    rows=st.integers(0, 4),
    full=st.booleans(),
    form=st.sampled_from(sorted(FORMS)),
    language=st.sampled_from(LANGUAGES),
    draft=st.booleans(),
)
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\u200b\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


@cache
def renderer() -> Renderer:
    return Renderer(templates_folder())


def elements_of(page: str) -> set[str]:
    return {element.tag for element in html.fromstring(page).iter() if isinstance(element.tag, str)}


@cache
def every_element() -> set[str]:
    """Return the elements of pages whose texts are plain."""
    plain = (Trial(form=form, draft=draft) for form in FORMS for draft in (True, False))
    return {tag for trial in plain for tag in elements_of(renderer().html(trial_memo(trial)))}


def word_elements(document: bytes) -> Iterator[str]:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        yield from (element.tag for element in etree.fromstring(archive.read("word/document.xml")).iter())


@settings(max_examples=60)
@given(TRIALS)
@example(Trial(text="\x00"))
@example(Trial(text='<script>"</script>'))
def test_no_text_becomes_an_element_of_a_page_or_a_document(trial: Trial) -> None:
    memo = trial_memo(trial)
    page = renderer().html(memo)
    assert elements_of(page) <= every_element()
    assert not html.fromstring(page).xpath("//@src | //@href | //@onload | //@onclick | //@onerror")
    assert not {f"{W}fldChar", f"{W}fldSimple", f"{W}instrText", f"{W}hyperlink"} & set(
        word_elements(renderer().docx(memo))
    )


@settings(max_examples=60)
@given(TRIALS)
def test_plain_texts_are_in_normal_form_visible_and_a_message_fits(trial: Trial) -> None:
    memo = trial_memo(trial)
    for printed in (renderer().text(memo), renderer().chat(memo), renderer().html(memo)):
        assert unicodedata.is_normalized("NFC", printed)
        assert not INVISIBLE.search(printed)
    assert len(renderer().chat(memo)) <= MAX_MESSAGE


@settings(max_examples=60)
@given(st.text(max_size=4000), TEXTS)
def test_a_message_of_any_lines_fits_and_ends_with_its_link(lines: str, link: str) -> None:
    told = " ".join(link.split()) or "x"
    message = fitted(f"{lines}\n{told}")
    assert len(message) <= MAX_MESSAGE
    assert message.endswith(told)


@settings(max_examples=12)
@given(TRIALS)
def test_a_pdf_carries_the_very_model_it_was_made_from(trial: Trial) -> None:
    memo = trial_memo(trial)
    pdf = renderer().pdf(memo)
    reader = PdfReader(io.BytesIO(pdf))
    assert reader.attachments["memo.json"][0] == renderer().json(memo)
    assert MemoModel.model_validate_json(reader.attachments["memo.json"][0]) == memo
    assert renderer().pdf(memo) == pdf


PRINT_ALL = """
import hashlib, json, sys
from thammuu.memos.forms import FORMS
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.trial_models import LANGUAGES, Trial, trial_memo
from thammuu.resources import templates_folder

renderer, found = Renderer(templates_folder()), {}
wanted = [(form, language) for form in FORMS for language in LANGUAGES]
for form, language in wanted if sys.argv[1] == "onwards" else reversed(wanted):
    memo = trial_memo(Trial(form=form, language=language))
    for kind in ("pdf", "docx", "html", "text", "chat", "json"):
        printed = getattr(renderer, kind)(memo)
        body = printed if isinstance(printed, bytes) else printed.encode()
        found[f"{form} {language} {kind}"] = hashlib.sha256(body).hexdigest()
print(json.dumps(found, sort_keys=True))
"""


def test_two_processes_print_every_form_language_and_format_to_the_byte(tmp_path: Path) -> None:
    def printed(order: str, seed: str, zone: str) -> dict[str, str]:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
        command = [sys.executable, "-c", PRINT_ALL, order]
        told = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True)
        found: dict[str, str] = json.loads(told.stdout)
        return found

    first = printed("onwards", "1", "Asia/Ho_Chi_Minh")
    assert len(first) == len(FORMS) * len(LANGUAGES) * 6
    assert printed("backwards", "2", "America/New_York") == first
    assert len({digest for name, digest in first.items() if not name.endswith("chat")}) == len(first) * 5 // 6


@pytest.mark.parametrize("form", FORMS)
def test_reading_a_printed_model_back_prints_the_same(form: Form) -> None:
    memo = trial_memo(Trial(form=form))
    again = MemoModel.model_validate_json(renderer().json(memo))
    assert again == memo
    assert renderer().html(again) == renderer().html(memo)
    assert renderer().docx(again) == renderer().docx(memo)
