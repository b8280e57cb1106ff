"""Checking templates that an office has changed."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from thammuu.errors import Place
from thammuu.memos.printing.templates_check import check_templates
from thammuu.resources import templates_folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    copied = tmp_path / "templates"
    shutil.copytree(templates_folder(), copied)
    return copied


def spoil(copy: Path, name: str, old: str, new: str) -> int:
    """Change a template and return the line of the change."""
    file = copy / "action_memo" / name
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def spoil_word(copy: Path, old: str, new: str) -> None:
    file = copy / "action_memo" / "memo.docx"
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts["word/document.xml"]
    parts["word/document.xml"] = parts["word/document.xml"].replace(old.encode(), new.encode(), 1)
    with zipfile.ZipFile(file, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def test_the_shipped_templates_print_every_memo() -> None:
    assert check_templates(templates_folder()) == []


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("memo.html.j2", "memo.grounds", "memo.nothing"),
        ("memo.html.j2", "{% for ground", "{% fr ground"),
        ("memo.txt.j2", "memo.grounds", "memo.nothing"),
        ("chat.txt.j2", "task.lead", "task.nothing"),
        ("charts.svg.j2", "bar.label", "bar.nothing"),
        ("blocks.docx.j2", "column.align ==", "column.nothing =="),
    ],
)
def test_a_fault_in_a_jinja_template_is_told_with_file_and_line(copy: Path, name: str, old: str, new: str) -> None:
    line = spoil(copy, name, old, new)
    places = {problem.place for problem in check_templates(copy)}
    assert Place(file=f"action_memo/{name}", line=line) in places


@pytest.mark.parametrize("name", ["memo.typ", "letterhead.typ"])
def test_a_fault_in_a_typst_template_is_told_with_file_line_and_column(copy: Path, name: str) -> None:
    line = spoil(copy, name, "memo.addressees", "memo.nothing")
    (problem,) = check_templates(copy)
    assert (problem.place.file, problem.place.line) == (f"action_memo/{name}", line)
    assert problem.place.column is not None


def test_a_warning_of_typst_is_a_fault_with_its_place(copy: Path) -> None:
    line = spoil(copy, "memo.typ", "#letterhead(memo)", '#text(font: "No Such Font")[a]')
    (problem,) = check_templates(copy)
    assert (problem.place.file, problem.place.line) == ("action_memo/memo.typ", line)


def test_a_tag_in_the_word_template_that_does_not_exist_is_told_with_its_part(copy: Path) -> None:
    spoil_word(copy, "memo.letterhead.number", "memo.letterhead.nothing")
    (problem,) = check_templates(copy)
    assert problem.place.file == "action_memo/memo.docx/word/document.xml"
    assert "nothing" in problem.expected


def test_a_word_template_with_an_open_loop_is_told_with_its_part(copy: Path) -> None:
    spoil_word(copy, "{%p endfor %}", "")
    (problem,) = check_templates(copy)
    assert problem.place.file == "action_memo/memo.docx/word/document.xml"


def test_a_page_that_loads_something_from_elsewhere_is_refused(copy: Path) -> None:
    spoil(copy, "memo.html.j2", "<head>", '<head><script src="https://example.org/x.js"></script>')
    assert "template-not-self-contained" in {problem.code for problem in check_templates(copy)}


def test_a_missing_template_is_told(copy: Path) -> None:
    (copy / "action_memo" / "memo.docx").unlink()
    (problem,) = check_templates(copy)
    assert "memo.docx" in (problem.place.file or "")


def test_a_folder_without_templates_is_told(tmp_path: Path) -> None:
    (problem,) = check_templates(tmp_path)
    assert problem.code == "template-missing"
