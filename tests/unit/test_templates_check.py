"""Checking templates that an office has changed."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from thammuu.errors import EnvironmentFaultError, PermanentRefusalError, Place
from thammuu.memos.printing.faults import TemplateFaultError
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.self_contained import loads
from thammuu.memos.printing.templates_check import check_templates
from thammuu.memos.printing.trial_models import Trial, trial_memo
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


@pytest.mark.parametrize(
    "loading",
    [
        '<script src="//example.org/x.js"></script>',
        "<script>fetch('/x')</script>",
        '<link rel="stylesheet" href="other.css">',
        '<img alt="" src="//example.org/x.png">',
        '<img alt="" srcset="x.png 2x">',
        '<iframe src="x"></iframe>',
        '<base href="/">',
        '<meta http-equiv="refresh" content="0; url=x">',
        '<style>@import "other.css";</style>',
        "<style>p { background: url(//example.org/x.png) }</style>",
        "<style>p { background: url( 'x.png' ) }</style>",
        '<p style="background: url(x.png)">x</p>',
        '<p onclick="go()">x</p>',
        '<svg><image xlink:href="x.svg"/></svg>',
    ],
)
def test_whatever_a_page_would_load_or_run_is_found(loading: str) -> None:
    assert loads(f"<html><head></head><body>{loading}</body></html>")


def test_a_page_may_hold_its_own_pictures_and_say_what_it_likes() -> None:
    within = '<style>p { background: url("data:image/png;base64,AA") }</style><p>&lt;script&gt; @import fetch(//x)</p>'
    assert loads(f'<html><body>{within}<svg><use href="#a"/></svg></body></html>') is None


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("memo.html.j2", "{{ 1 / 0 }}"),
        ("memo.html.j2", "{{ 'a' + 1 }}"),
        ("memo.html.j2", "{% for one in range(100001) %}{% endfor %}"),
        ("memo.html.j2", "{{ 'a' * 999999999 }}"),
        ("memo.html.j2", "{{ 9 ** 9 ** 9 ** 9 ** 9 }}"),
        ("memo.html.j2", "{{ [1, 2] | random }}"),
        ("memo.html.j2", "{{ lipsum() }}"),
        ("memo.html.j2", "{{ cycler(1, 2).next() }}"),
        ("memo.html.j2", "{{ memo.title | round }}"),
        ("memo.html.j2", "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}"),
        ("memo.txt.j2", "{{ memo.title.nothing() }}"),
        ("charts.svg.j2", "{{ 1 / 0 }}"),
        ("blocks.docx.j2", "{{ 1 / 0 }}"),
    ],
)
def test_whatever_a_template_raises_is_an_error_with_file_and_line(copy: Path, name: str, fault: str) -> None:
    file = copy / "action_memo" / name
    file.write_text(f"{fault}\n{file.read_text('utf-8')}", "utf-8")
    renderer, memo = Renderer(copy), trial_memo(Trial())
    printers = {"memo.txt.j2": renderer.text, "blocks.docx.j2": renderer.docx, "charts.svg.j2": renderer.pdf}
    with pytest.raises(TemplateFaultError) as told:
        printers.get(name, renderer.html)(memo)
    assert f"action_memo/{name}:1 " in str(told.value)


def test_a_template_that_is_no_text_is_an_error_with_its_file(copy: Path) -> None:
    (copy / "action_memo" / "memo.html.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(TemplateFaultError, match=r"memo\.html\.j2"):
        Renderer(copy).html(trial_memo(Trial()))
    with pytest.raises(TemplateFaultError, match=r"memo\.html\.j2"):
        Renderer(copy).check()


def test_a_memo_that_does_not_typeset_is_told_with_file_and_line(copy: Path) -> None:
    line = spoil(copy, "memo.typ", "memo.addressees", "memo.nothing")
    with pytest.raises(PermanentRefusalError, match=rf"action_memo/memo\.typ:{line}:"):
        Renderer(copy).pdf(trial_memo(Trial()))


def test_an_output_without_end_is_refused(copy: Path) -> None:
    spoil(copy, "memo.txt.j2", "{", "{% for a in range(9999) %}{% for b in range(9999) %}abc{% endfor %}{% endfor %}{")
    with pytest.raises(TemplateFaultError, match=r"memo\.txt\.j2.*10000000 letters"):
        Renderer(copy).text(trial_memo(Trial()))


def test_a_template_that_takes_too_long_is_told(copy: Path) -> None:
    loops = "".join(f"{{% for {name} in range(9999) %}}" for name in "abc") + "{% endfor %}" * 3
    spoil(copy, "memo.txt.j2", "{", loops + "{")
    (problem,) = check_templates(copy, seconds=6)
    assert (problem.code, problem.place.file) == ("template-too-slow", "action_memo/memo.txt.j2")


def test_a_typst_template_that_takes_too_long_is_told(copy: Path) -> None:
    spoil(
        copy, "memo.typ", "#letterhead(memo)", "#{ let n = range(9999); for a in n { for b in n { for c in n { } } } }"
    )
    (problem,) = check_templates(copy, seconds=6)
    assert (problem.code, problem.place.file) == ("template-too-slow", "action_memo/memo.typ")


def test_a_check_that_cannot_begin_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", shutil.which("false"))
    with pytest.raises(EnvironmentFaultError, match="could not be tried"):
        check_templates(templates_folder())


def test_a_template_that_takes_too_much_memory_is_told(copy: Path) -> None:
    grows = "{% set grown = namespace(all=['a' * 9000000]) %}{% for a in range(5000) %}{% set grown.all = grown.all + "
    spoil(copy, "memo.txt.j2", "{", grows + "[a ~ 'x' * 9000000] %}{% endfor %}{")
    (problem,) = check_templates(copy)
    assert (problem.code, problem.place.file) == ("template-too-large", "action_memo/memo.txt.j2")


@pytest.mark.parametrize(
    "line",
    [
        '#import "@preview/cetz:0.3.4": canvas',
        '#import "@local/own:1.0.0"',
        '#import "@" + "preview/cetz:0.3.4"',
        '#import "\\u{40}preview/cetz:0.3.4"',
        '#let own = "x"; #import own',
        '#include "letterhead.typ" + ""',
        '#eval("import" + " p")',
        '#let a = "//"; #import a',
        '#include "/letterhead.typ"',
        '#dictionary(std).at("ev" + "al")("1")',
        '#import "linked/letterhead.typ": soft',
    ],
)
def test_typst_may_bring_in_nothing_but_files_of_its_folder(copy: Path, line: str) -> None:
    file = copy / "action_memo" / "letterhead.typ"
    file.write_text(f"// it may import what it has\n{line}\n{file.read_text('utf-8')}", "utf-8")
    with pytest.raises(TemplateFaultError, match=r"action_memo/letterhead\.typ:2 "):
        Renderer(copy).check()
    (problem,) = check_templates(copy)
    assert problem.place == Place(file="action_memo/letterhead.typ", line=2)


def test_today_is_the_memos_day_wherever_typst_stands(copy: Path) -> None:
    asked = "".join(
        f'#assert.eq(datetime.today(offset: {hours}).display(), "2022-06-20")\n' for hours in (-11, 0, 7, 11)
    )
    spoil(
        copy,
        "memo.typ",
        "#letterhead(memo)",
        f'#assert.eq(datetime.today().display(), "2022-06-20")\n{asked}#letterhead(memo)',
    )
    assert Renderer(copy).pdf(trial_memo(Trial())).startswith(b"%PDF")


def test_a_missing_template_is_told(copy: Path) -> None:
    (copy / "action_memo" / "memo.docx").unlink()
    (problem,) = check_templates(copy)
    assert "memo.docx" in (problem.place.file or "")


def test_a_folder_without_templates_is_told(tmp_path: Path) -> None:
    (problem,) = check_templates(tmp_path)
    assert problem.code == "template-missing"
