"""``thammuu templates check`` on templates that an office has copied with ``thammuu init`` and changed."""

import io
import zipfile
from pathlib import Path

import pytest
from commands import EXAMPLES, Thammuu

from thammuu.memos.printing import printing_apart
from thammuu.resources import templates_folder

SHIPPED = templates_folder()
SIPAS = ("--index", "sipas", "--period", "2021", "--published-on", "2022-06-20", "--partial")


@pytest.fixture
def office(thammuu: Thammuu, tmp_path: Path) -> Path:
    """The templates of an office's own."""
    assert thammuu("init", tmp_path / "office").code == 0
    return tmp_path / "office" / "templates"


def spoil(templates: Path, name: str, old: str, new: str) -> int:
    """Change a template and return the line of the change."""
    file = templates / "action_memo" / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def spoil_word(templates: Path, old: str, new: str) -> None:
    file = templates / "action_memo" / "memo.docx"
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts["word/document.xml"]
    parts["word/document.xml"] = parts["word/document.xml"].replace(old.encode(), new.encode(), 1)
    with zipfile.ZipFile(file, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def test_what_init_copies_is_what_ships_and_has_no_fault(thammuu: Thammuu, office: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert files(office) == files(SHIPPED)
    told = thammuu("templates", "check", office)
    assert (told.code, told.err) == (0, "")
    assert f"{office}: 0 problems." in " ".join(told.out.split())


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("memo.html.j2", "{% for ground", "{% fr ground"),
        ("memo.html.j2", "memo.grounds", "memo.nothing"),
        ("memo.txt.j2", "{% for ", "{% for for "),
        ("memo.txt.j2", "memo.grounds", "memo.nothing"),
        ("chat.txt.j2", "task.lead", "task.nothing"),
        ("charts.svg.j2", "bar.label", "bar.nothing"),
        ("blocks.docx.j2", "column.align ==", "column.nothing =="),
        ("memo.typ", "memo.addressees", "memo.nothing"),
        ("memo.typ", "#letterhead(memo)", "#letterhead(memo"),
        ("memo.typ", "#letterhead(memo)", '#read("/etc/passwd")'),
        ("letterhead.typ", "memo.addressees", "memo.nothing"),
    ],
    ids=[
        "html-syntax",
        "html-name",
        "text-syntax",
        "text-name",
        "message-name",
        "chart-name",
        "word-blocks-name",
        "typst-key",
        "typst-syntax",
        "typst-file-outside",
        "typst-import-key",
    ],
)
def test_each_fault_is_told_with_file_and_line(thammuu: Thammuu, office: Path, name: str, old: str, new: str) -> None:
    line = spoil(office, name, old, new)
    told = thammuu("templates", "check", office)
    assert told.code == 1
    assert "Traceback" not in told.err
    assert f"action_memo/{name}:{line}" in told.err


def test_programs_read_the_same_places_as_json(thammuu: Thammuu, office: Path) -> None:
    line = spoil(office, "chat.txt.j2", "task.lead", "task.nothing")
    told = thammuu("templates", "check", office, "--format", "json")
    assert told.code == 1
    (problem,) = told.json()
    assert (problem["file"], problem["line"]) == ("action_memo/chat.txt.j2", line)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("memo.letterhead.number", "memo.letterhead.nothing", "nothing"),
        ("{%p endfor %}", "", "endfor"),
    ],
    ids=["name", "open-loop"],
)
def test_a_broken_tag_of_the_word_template_is_told_with_its_part(
    thammuu: Thammuu, office: Path, old: str, new: str, fault: str
) -> None:
    spoil_word(office, old, new)
    told = thammuu("templates", "check", office)
    assert told.code == 1
    assert "action_memo/memo.docx/word/document.xml:" in told.err
    assert fault in told.err


def test_the_templates_in_use_are_checked_if_none_are_named(
    thammuu: Thammuu, office: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(office, "chat.txt.j2", "task.lead", "task.nothing")
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(office))
    assert thammuu("templates", "check").code == 1
    assert thammuu("templates", "check", SHIPPED).code == 0


@pytest.mark.parametrize(
    ("name", "fault", "fmt"),
    [
        ("memo.html.j2", "{{ 1 / 0 }}", "html"),
        ("memo.txt.j2", "{{ 'a' + 1 }}", "text"),
        ("blocks.docx.j2", "{{ memo.none() }}", "docx"),
        ("letterhead.typ", '#import "@preview/cetz:0.3.4"', "pdf"),
    ],
)
def test_a_template_that_breaks_while_a_memo_is_printed_is_told_without_a_traceback(  # noqa: PLR0913, PLR0917  fixtures and a row of the table
    thammuu: Thammuu, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: str, fmt: str
) -> None:
    where = ("--data", tmp_path / "data")
    assert thammuu(*where, "publish", EXAMPLES / "sipas" / "sipas-2021.csv", *SIPAS).code == 0
    file = office / "action_memo" / name
    file.write_text(f"{fault}\n{file.read_text('utf-8')}", "utf-8")
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(office))
    # another edition than the one stored when the scores were published
    edition = ("--language", "en", "--format", fmt.replace("text", "txt"))
    told = thammuu(*where, "memos", "export", tmp_path / "out", "--unit", "Hà Nam", *edition)
    assert told.code not in {0, 2}
    assert "Traceback" not in told.err
    assert f"action_memo/{name}:1 " in " ".join(told.err.split())


def test_a_memo_carries_the_hash_of_the_templates_it_was_drafted_with(
    thammuu: Thammuu, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hash_of(data: str) -> str:
        where = ("--data", tmp_path / data)
        assert thammuu(*where, "publish", EXAMPLES / "sipas" / "sipas-2021.csv", *SIPAS).code == 0
        memo = thammuu(*where, "memos", "show", "Hà Nam", "--format", "json").json()
        found: str = memo["provenance"]["templates_hash"]
        return found

    shipped = hash_of("shipped")
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(office))
    assert hash_of("copied") == shipped
    with (office / "action_memo" / "memo.css").open("a", encoding="utf-8") as css:
        css.write("/* changed */\n")
    changed = hash_of("changed")
    assert changed != shipped
    whole = thammuu("--data", tmp_path / "changed", "memos", "show", "Hà Nam", "--format", "html")
    assert "/* changed */" in whole.out
    assert whole.err == ""
    again = thammuu("--data", tmp_path / "shipped", "memos", "show", "Hà Nam")
    assert "ha-nam-2022 is printed with other templates than it was drafted with" in again.err
    assert f"In lại bằng mẫu {changed[:8]}, khác mẫu {shipped[:8]} khi soạn thảo" in " ".join(again.out.split())
    out = thammuu("--data", tmp_path / "shipped", "memos", "export", tmp_path / "out", "--format", "html,pdf,txt")
    assert out.err.count("ha-nam-2022 is printed with other templates") == 1
    kept = thammuu("--data", tmp_path / "shipped", "memos", "show", "Hà Nam", "--format", "json").json()
    assert kept["provenance"]["templates_hash"] == shipped


def test_a_template_without_end_neither_hangs_the_worker_nor_loses_the_memo(
    thammuu: Thammuu, office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing_apart, "MOST_SECONDS", 4.0)
    where = ("--data", tmp_path / "data")
    endless = "#{ let n = range(9999); for a in n { for b in n { for c in n { } } } }"
    spoil(office, "memo.typ", "#letterhead(memo)", endless)
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(office))
    file_of_one = tmp_path / "one.csv"
    rows = (EXAMPLES / "sipas" / "sipas-2021.csv").read_text("utf-8").splitlines()
    kept = [row for row in rows if row.startswith(("#", "period")) or "Hà Nam" in row]
    file_of_one.write_text("\n".join(kept) + "\n", "utf-8")
    told = thammuu(*where, "publish", file_of_one, *SIPAS)
    assert "Traceback" not in told.err
    (aside,) = thammuu(*where, "events", "--type", "event.rejected", "--format", "json").json()
    assert "action_memo/memo.typ takes too long" in aside["data"]["reason"]
    assert thammuu(*where, "memos", "show", "Hà Nam").out
