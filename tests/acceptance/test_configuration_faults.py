"""A fault of rules, issuer, templates or database is told before anything is accepted."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from commands import Papi, Thammuu

PAPI = ("--index", "papi", "--period", "2022", "--published-on", "2023-04-12")


@pytest.fixture
def copies(thammuu: Thammuu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copies of rules and templates, in use."""
    thammuu("init", tmp_path / "mine")
    monkeypatch.setenv("THAMMUU_RULES", str(tmp_path / "mine" / "rules"))
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(tmp_path / "mine" / "templates"))
    return tmp_path / "mine"


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("rules/zero-score.yaml", "when: score = 0", "when: scoer = 0", "score"),
        ("rules/actions/papi.yaml", "answers:", "answer:", "papi.yaml"),
        ("rules/issuers/bo-noi-vu.yaml", "name:", "nam:", "bo-noi-vu.yaml"),
        ("templates/action_memo/memo.typ", "#let memo", "#let (memo", "memo.typ"),
        ("rules/issuers/bo-noi-vu.yaml", "form: cong-van", "form: ke-hoach", "ke-hoach"),
        ("templates/action_memo/memo.html.j2", "{%", "{% nonsense %}{%", "memo.html.j2"),
        ("templates/action_memo/blocks.docx.j2", "{%", "{% nonsense %}{%", "blocks.docx.j2"),
        ("templates/action_memo/chat.txt.j2", "{%", "{% nonsense %}{%", "chat.txt.j2"),
    ],
)
def test_a_broken_file_refuses_the_publication_and_mending_it_suffices(  # noqa: PLR0913, PLR0917  a table of faults
    thammuu: Thammuu, papi: Papi, copies: Path, file: str, old: str, new: str, told: str
) -> None:
    whole = (copies / file).read_text("utf-8")
    spoil(copies / file, old, new)
    refused = thammuu("publish", papi(2022), *PAPI)
    assert refused.code in (2, 3)
    assert told in refused.err
    assert thammuu("publish", papi(2022), *PAPI, "--dry-run").code == refused.code
    assert thammuu("publications", "--format", "json").json() == []
    (copies / file).write_text(whole, "utf-8")
    assert thammuu("publish", papi(2022), *PAPI, "--format", "json").json()["memos"] == 63


def test_a_broken_word_document_is_told_when_it_is_asked_for_and_by_the_check(
    thammuu: Thammuu, papi: Papi, copies: Path, tmp_path: Path
) -> None:
    assert thammuu("publish", papi(2022), *PAPI).code == 0
    (copies / "templates" / "action_memo" / "memo.docx").write_bytes(b"no document at all")
    told = thammuu("memos", "export", tmp_path / "out", "--unit", "Hà Nam", "--format", "docx")
    assert told.code in (2, 3)
    assert "memo.docx" in told.err
    assert "Traceback" not in told.err
    assert list((tmp_path / "out").iterdir()) == []
    checked = thammuu("templates", "check", copies / "templates")
    assert (checked.code, "memo.docx" in checked.err) == (1, True)


@pytest.mark.parametrize("issuer", ["nobody", "../../../etc/passwd"])
def test_an_unknown_issuer_refuses_the_publication(
    thammuu: Thammuu, papi: Papi, monkeypatch: pytest.MonkeyPatch, issuer: str
) -> None:
    monkeypatch.setenv("THAMMUU_ISSUER", issuer)
    assert thammuu("publish", papi(2022), *PAPI).code in (2, 3)
    assert thammuu("doctor").code == 1
    assert thammuu("publications", "--format", "json").json() == []


def test_a_damaged_database_is_an_environment_fault_without_traceback(
    thammuu: Thammuu, papi: Papi, tmp_path: Path
) -> None:
    thammuu("publish", papi(2022), *PAPI, "--history")
    (tmp_path / "data" / "ledger.sqlite3").write_bytes(b"no database at all" * 500)
    for command in (("publications",), ("doctor",), ("ledger", "verify"), ("publish", papi(2022), *PAPI)):
        told = thammuu(*command)
        assert told.code == 3, command
        assert "Traceback" not in told.err


def test_a_database_of_a_newer_version_is_left_alone(thammuu: Thammuu, tmp_path: Path) -> None:
    thammuu("publications")
    with sqlite3.connect(tmp_path / "data" / "ledger.sqlite3") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    told = thammuu("publications")
    assert (told.code, "newer" in told.err) == (3, True)


def test_a_lost_database_beside_stored_files_is_not_started_anew(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publish", papi(2022), *PAPI, "--history")
    for file in (tmp_path / "data").glob("ledger.sqlite3*"):
        file.unlink()
    told = thammuu("publications")
    assert (told.code, "backup" in told.err) == (3, True)


def test_the_whole_ledger_is_in_its_one_file_after_a_command(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publish", papi(2022), *PAPI, "--history")
    events = thammuu("events", "--format", "json").json()
    (tmp_path / "copy").mkdir()
    shutil.copytree(tmp_path / "data" / "blobs", tmp_path / "copy" / "blobs")
    shutil.copy(tmp_path / "data" / "ledger.sqlite3", tmp_path / "copy")
    assert thammuu("events", "--format", "json", "--data", tmp_path / "copy").json() == events
