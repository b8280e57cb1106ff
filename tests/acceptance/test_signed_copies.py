"""The signed copy of an issued memo: what is taken back, what is not, and that it is the document from then on."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import EXAMPLES, Thammuu
from pypdf import PdfReader, PdfWriter
from signing_tool import signed

from thammuu.cli.main import main

Made = Callable[[bytes, bytes], bytes]
"""A file, made of the issued PDF and of another memo's."""
DAY = ("--dated", "2023-04-20")


pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which Hà Nam's memo is issued, Cao Bằng's too."""
    folder = tmp_path_factory.mktemp("issued") / "data"
    lines = (EXAMPLES / "papi" / "papi-2022.csv").read_text("utf-8").splitlines()
    file = folder.parent / "two.csv"
    header = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    names = ("Hà Nam", "Cao Bằng", "An Giang", "Hà Nội")
    kept = [*lines[: header + 1], *(line for line in lines[header + 1 :] if any(f",{one}," in line for one in names))]
    file.write_text("\n".join(kept) + "\n", "utf-8")
    there = ("--data", str(folder))
    told = ["publish", str(file), "--index", "papi", "--period", "2022", "--published-on", "2023-04-12", "--partial"]
    assert main([*told, *there]) == 0
    for unit in ("Hà Nam", "Cao Bằng"):
        assert main(["memos", "issue", unit, *DAY, *there]) == 0
    return folder


def issued_pdf(thammuu: Thammuu, folder: Path, memo_id: str = "ha-nam-2023") -> bytes:
    out = folder / "out"
    assert thammuu("memos", "export", out).code == 0
    return (out / f"{memo_id}.pdf").read_bytes()


def file_with(folder: Path, content: bytes) -> Path:
    file = folder / "signed.pdf"
    file.write_bytes(content)
    return file


def memo(thammuu: Thammuu) -> dict[str, Any]:
    rows = {row["memo_id"]: row for row in thammuu("memos", "list", "--format", "json").json()}
    found: dict[str, Any] = rows["ha-nam-2023"]
    return found


def told(thammuu: Thammuu) -> list[dict[str, Any]]:
    return [one["data"] for one in thammuu("events", "--type", "memo.signed", "--format", "json").json()]


def test_the_signed_copy_is_the_document_from_then_on(thammuu: Thammuu, tmp_path: Path) -> None:
    content = signed(issued_pdf(thammuu, tmp_path))
    assert PdfReader(io.BytesIO(content)).get_fields() is not None
    file = file_with(tmp_path, content)
    done = thammuu("memos", "signed", "Hà Nam", file)
    assert done.code == 0, done.err
    assert issued_pdf(thammuu, tmp_path) == content
    (event,) = told(thammuu)
    assert (event["pdf"], event["version"], "reason" in event) == (memo(thammuu)["signed"], 1, False)
    assert thammuu("memos", "signed", "Hà Nam", file).code == 0
    assert len(told(thammuu)) == 1
    assert thammuu("doctor", "--sweep").code == 0
    assert issued_pdf(thammuu, tmp_path) == content
    assert thammuu("backup", tmp_path / "backup").code == 0
    assert thammuu("--data", tmp_path / "restored", "restore", tmp_path / "backup").code == 0
    assert thammuu("--data", tmp_path / "restored", "memos", "export", tmp_path / "again").code == 0
    assert (tmp_path / "again" / "ha-nam-2023.pdf").read_bytes() == content


def test_a_tool_that_writes_the_file_anew_is_known_by_the_attached_model(thammuu: Thammuu, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=io.BytesIO(issued_pdf(thammuu, tmp_path)))
    anew = io.BytesIO()
    writer.write(anew)
    file = file_with(tmp_path, signed(anew.getvalue()))
    done = thammuu("memos", "signed", "Hà Nam", file)
    assert done.code == 0, done.err


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda own, _other: own, "a digital signature"),
        (lambda own, _other: signed(own) + b"\n1 0 obj <</Added true>> endobj", "nothing after"),
        (lambda _own, other: signed(other), "the issued PDF with a signature"),
        (lambda own, _other: own + b"\n/ByteRange [0 10 20 5] <31>", "a digital signature"),
        (lambda own, _other: own + b"\n/ByteRange [0 999999999999 999999999999 9]", "a digital signature"),
        (lambda own, _other: signed(own + b"\n/ByteRange [0 1 2 3]" * 101), "a digital signature"),
        (lambda _own, _other: b"%PDF-1.7\nstream\n" + zlib.compress(b"\0" * 30_000_000), "the issued PDF"),
        (lambda _own, _other: b"a letter", "no PDF"),
    ],
)
def test_what_is_not_visibly_the_signed_document_is_refused(
    thammuu: Thammuu, tmp_path: Path, made: Made, expected: str
) -> None:
    own, other = issued_pdf(thammuu, tmp_path), issued_pdf(thammuu, tmp_path, "cao-bang-2023")
    refused = thammuu("memos", "signed", "Hà Nam", file_with(tmp_path, made(own, other)))
    assert refused.code == 2
    assert expected in " ".join(refused.err.split())
    assert (memo(thammuu)["signed"], told(thammuu)) == (None, [])


def test_a_scan_is_taken_with_a_reason_that_stays(thammuu: Thammuu, tmp_path: Path) -> None:
    own = issued_pdf(thammuu, tmp_path)
    scan = b"%PDF-1.4\nmade for a test\n%%EOF\n"
    assert thammuu("memos", "signed", "Hà Nam", file_with(tmp_path, scan), "--anyway", "  ").code == 2
    done = thammuu("memos", "signed", "Hà Nam", file_with(tmp_path, scan), "--anyway", "Bản quét có dấu")
    assert done.code == 0, done.err
    assert [one["reason"] for one in told(thammuu)] == ["Bản quét có dấu"]
    proper = file_with(tmp_path, signed(own))
    again = thammuu("memos", "signed", "Hà Nam", proper)
    assert (again.code, "another signed copy" in again.err) == (2, True)
    assert thammuu("memos", "signed", "Hà Nam", proper, "--anyway", "Bản ký số đến sau").code == 0
    assert issued_pdf(thammuu, tmp_path) == proper.read_bytes()


def test_only_a_standing_document_is_signed_and_only_by_who_may_issue(thammuu: Thammuu, tmp_path: Path) -> None:
    file = file_with(tmp_path, signed(issued_pdf(thammuu, tmp_path)))
    draft = thammuu("memos", "signed", "An Giang", file)
    assert (draft.code, "not issued" in draft.err) == (2, True)
    unknown = thammuu("memos", "signed", "ha-nam-2023@7", file)
    assert unknown.code == 2
    assert thammuu("people", "add", "chief", "--rights", "edit,approve,issue,send").code == 0
    assert thammuu("people", "add", "head", "--rights", "approve").code == 0
    refused = thammuu("memos", "signed", "Hà Nam", file, "--as", "head")
    assert (refused.code, "no right to issue" in refused.err) == (2, True)
    assert thammuu("memos", "signed", "ha-nam-2023@1", file, "--as", "chief").code == 0
    assert thammuu("publish", "--withdraw", "papi-2022-r1", "--reason", "for a test").code == 0
    gone = thammuu("memos", "signed", "Cao Bằng", file, "--as", "chief")
    assert (gone.code, "stands no longer" in gone.err) == (2, True)
