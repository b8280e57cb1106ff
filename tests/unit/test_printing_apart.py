"""Templates that an office has changed print in a process of their own: what never ends is told, nothing hangs."""

import gc
import shutil
import time
from pathlib import Path

import pytest

from thammuu.errors import PermanentRefusalError
from thammuu.memos.printing.faults import TemplateFaultError
from thammuu.memos.printing.printing_apart import ApartRenderer, renderer_of
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.trial_models import Trial, trial_memo
from thammuu.resources import templates_folder

SECONDS = 4.0
ENDLESS = "".join(f"{{% for {name} in range(9999) %}}" for name in "abc") + "{% endfor %}" * 3
MEMO = trial_memo(Trial())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped templates, to be spoilt."""
    return Path(shutil.copytree(templates_folder(), tmp_path / "templates"))


def spoil(templates: Path, name: str, beginning: str) -> None:
    file = templates / "action_memo" / name
    file.write_text(f"{beginning}\n{file.read_text('utf-8')}", "utf-8")


def test_shipped_templates_and_whole_copies_are_printed_with_in_this_process(copy: Path) -> None:
    assert type(renderer_of(templates_folder())) is Renderer
    assert type(renderer_of(copy)) is Renderer
    spoil(copy, "memo.css", "/* ours */")
    assert type(renderer_of(copy)) is ApartRenderer


def test_a_changed_template_prints_the_same_apart_as_here(copy: Path) -> None:
    spoil(copy, "memo.css", "/* ours */")
    apart, here = renderer_of(copy), Renderer(copy)
    assert apart.pdf(MEMO) == here.pdf(MEMO)
    assert apart.docx(MEMO) == here.docx(MEMO)
    assert "/* ours */" in apart.html(MEMO)
    assert (apart.html(MEMO), apart.text(MEMO)) == (here.html(MEMO), here.text(MEMO))
    assert apart.chat(MEMO, "https://example.org/1") == here.chat(MEMO, "https://example.org/1")
    assert apart.templates_hash == here.templates_hash
    apart.check()


@pytest.mark.parametrize(
    ("name", "printer"),
    [("memo.txt.j2", "text"), ("memo.html.j2", "html"), ("charts.svg.j2", "pdf"), ("blocks.docx.j2", "docx")],
)
def test_a_jinja_loop_without_end_is_told_with_file_and_line(copy: Path, name: str, printer: str) -> None:
    spoil(copy, name, ENDLESS)
    apart, begun = ApartRenderer(copy, seconds=SECONDS), time.monotonic()
    with pytest.raises(PermanentRefusalError, match=rf"action_memo/{name}:1 takes too long.*within 4 seconds"):
        getattr(apart, printer)(MEMO)
    assert time.monotonic() - begun < 60


def test_a_typst_loop_without_end_is_told_and_the_next_memo_prints(copy: Path) -> None:
    file = copy / "action_memo" / "memo.typ"
    whole = file.read_text("utf-8")
    spoil(copy, "memo.typ", "#{ let n = range(9999); for a in n { for b in n { for c in n { } } } }")
    apart = ApartRenderer(copy, seconds=SECONDS)
    for attempt in (apart.check, lambda: apart.pdf(MEMO)):
        with pytest.raises((PermanentRefusalError, TemplateFaultError), match=r"action_memo/memo\.typ takes too long"):
            attempt()
    assert apart.text(MEMO)
    file.write_text(whole, "utf-8")
    assert apart.pdf(MEMO).startswith(b"%PDF-")


def test_a_template_that_takes_too_much_memory_is_told(copy: Path) -> None:
    grows = "{% set grown = namespace(all=['a' * 9000000]) %}{% for a in range(5000) %}{% set grown.all = grown.all + "
    spoil(copy, "memo.txt.j2", grows + "[a ~ 'x' * 9000000] %}{% endfor %}")
    with pytest.raises((PermanentRefusalError, TemplateFaultError), match=r"action_memo/memo\.txt\.j2"):
        ApartRenderer(copy).text(MEMO)


def test_a_panic_of_a_template_is_told_with_its_place(copy: Path) -> None:
    spoil(copy, "letterhead.typ", '#panic("no")')
    with pytest.raises(PermanentRefusalError, match=r"action_memo/letterhead\.typ:1"):
        ApartRenderer(copy).pdf(MEMO)


def test_a_process_that_dies_is_told_with_the_template(copy: Path) -> None:
    apart = ApartRenderer(copy)
    assert apart.text(MEMO)
    (process,) = apart._idle  # noqa: SLF001  nothing but a crash of typst ends it so, and none is known
    process.kill()
    with pytest.raises(PermanentRefusalError, match=r"action_memo/memo\.typ broke the process that prints \(exit -9\)"):
        apart.pdf(MEMO)
    assert apart.pdf(MEMO).startswith(b"%PDF-")


def test_no_process_is_left_behind(copy: Path) -> None:
    apart = ApartRenderer(copy)
    assert apart.text(MEMO)
    (process,) = apart._idle  # noqa: SLF001  the only way to see it
    del apart
    gc.collect()
    assert process.returncode is not None
