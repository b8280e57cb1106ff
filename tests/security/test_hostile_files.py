"""Files meant to hold up, fill up or mislead the reader are refused quickly, in little memory, with a reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, NamedTuple

import pytest

from thammuu.intake.limits import Limits
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

TIME_LIMIT_S = 2.0
"""Of processor time, so that a busy machine does not fail the tests; a reader that waits meets the timeout below."""
MEMORY_LIMIT_KB = 300_000

_READ = """
import json, resource, sys, time
from pathlib import Path
from thammuu.errors import BadInputError
from thammuu.intake.reading import read_submission
from thammuu.period import Period
from thammuu.rulepack.frameworks import load_framework
from thammuu.rulepack.units import UnitRegistry

rules = Path(sys.argv[2])
period = Period("2022")
framework = load_framework(rules / "frameworks" / "papi-2021.yaml")
units = UnitRegistry.load(rules / "units")
start = time.process_time()
codes = []
try:
    read_submission(sys.argv[1], framework=framework, units=units, period=period)
except BadInputError as refusal:
    codes = [[problem.code, str(problem.place), problem.value or "", problem.expected] for problem in refusal.problems]
seconds = time.process_time() - start
status = Path("/proc/self/status")  # its peak is of this program alone; ru_maxrss begins at that of the caller
lines = status.read_text().splitlines() if status.exists() else []
peaks = [line.split()[1] for line in lines if line.startswith("VmHWM")]
memory = int(peaks[0]) if peaks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"problems": codes, "seconds": seconds, "kilobytes": memory}))
"""


class Refusal(NamedTuple):
    problems: list[list[str]]
    seconds: float
    kilobytes: int

    @property
    def codes(self) -> set[str]:
        return {problem[0] for problem in self.problems}


@pytest.fixture
def refused(tmp_path: Path) -> Callable[[Path], Refusal]:
    def read(path: Path) -> Refusal:
        before = {entry.name for entry in tmp_path.iterdir()}
        command = [sys.executable, "-c", _READ, str(path), str(rules_folder())]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, cwd=tmp_path)
        result = Refusal(**json.loads(done.stdout))
        assert result.problems, "the file was accepted"
        assert {entry.name for entry in tmp_path.iterdir()} == before, "something was written"
        return result

    return read


def assert_cheap(refusal: Refusal) -> None:
    assert refusal.seconds < TIME_LIMIT_S
    assert refusal.kilobytes < MEMORY_LIMIT_KB


_TYPES = (
    b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_WORKBOOK = (
    b'<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    b'<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>'
)
_RELATIONS = (
    b'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Id="rId1" Type="worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
)
_SHEET_START = (
    b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
)
_SHEET_END = b"</sheetData></worksheet>"


def write_workbook(path: Path, sheet: Iterable[bytes], **others: Iterable[bytes]) -> Path:
    parts: dict[str, Iterable[bytes]] = {
        "[Content_Types].xml": [_TYPES],
        "xl/workbook.xml": [_WORKBOOK],
        "xl/_rels/workbook.xml.rels": [_RELATIONS],
        "xl/worksheets/sheet1.xml": sheet,
    }
    parts |= {f"xl/{name}.xml": content for name, content in others.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, pieces in parts.items():
            with archive.open(name, "w", force_zip64=False) as member:
                for piece in pieces:
                    member.write(piece)
    return path


def repeated(unit: bytes, total: int) -> Iterable[bytes]:
    piece = unit * (1_000_000 // len(unit) + 1)
    for _number in range(total // len(piece) + 1):
        yield piece


def cells(rows: int, columns: int) -> Iterable[bytes]:
    yield _SHEET_START
    row = b"<row>" + b"<c><v>1</v></c>" * columns + b"</row>"
    for _number in range(rows):
        yield row
    yield _SHEET_END


def test_a_small_workbook_whose_sheet_inflates_to_a_gigabyte(
    tmp_path: Path, refused: Callable[[Path], Refusal]
) -> None:
    path = write_workbook(tmp_path / "bomb.xlsx", [_SHEET_START, *repeated(b" ", 1_000_000_000), _SHEET_END])
    refusal = refused(path)
    assert path.stat().st_size < 6_000_000
    assert refusal.codes == {"inflates-too-far"}
    assert_cheap(refusal)


def test_a_sheet_whose_header_lies_about_its_size(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = write_workbook(tmp_path / "liar.xlsx", [_SHEET_START, *repeated(b" ", 300_000_000), _SHEET_END])
    content = bytearray(path.read_bytes())
    name = b"xl/worksheets/sheet1.xml"
    central = content.rindex(name) - 46
    assert content[central : central + 4] == b"PK\x01\x02"
    content[central + 24 : central + 28] = (1_000).to_bytes(4, "little")
    path.write_bytes(content)
    refusal = refused(path)
    assert refusal.codes <= {"inflates-too-far", "broken-workbook"}
    assert_cheap(refusal)


def test_shared_strings_that_inflate(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    text = [b'<?xml version="1.0"?><sst>', *repeated(b"<si><t/></si>", 200_000_000), b"</sst>"]
    refusal = refused(write_workbook(tmp_path / "strings.xlsx", cells(1, 1), sharedStrings=text))
    assert refusal.codes == {"inflates-too-far"}
    assert_cheap(refusal)


def test_as_many_shared_strings_as_are_let_through(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    text = [b'<?xml version="1.0"?><sst>', *repeated(b"<si><t>a</t></si>", 30_000_000), b"</sst>"]
    assert_cheap(refused(write_workbook(tmp_path / "strings.xlsx", cells(1, 1), sharedStrings=text)))


def test_more_cells_than_a_sheet_may_hold(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    refusal = refused(write_workbook(tmp_path / "cells.xlsx", cells(40_000, 100)))
    assert refusal.codes == {"too-many-rows"}
    assert_cheap(refusal)


def test_a_flood_of_strange_elements(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    flood = [_SHEET_START, *repeated(b"<z/>", 100_000_000), _SHEET_END]
    refusal = refused(write_workbook(tmp_path / "flood.xlsx", flood))
    assert refusal.codes == {"broken-workbook"}
    assert_cheap(refusal)


@pytest.mark.parametrize("columns", [5_000, 100_000])
def test_a_hundred_thousand_columns_in_a_workbook(
    columns: int, tmp_path: Path, refused: Callable[[Path], Refusal]
) -> None:
    refusal = refused(write_workbook(tmp_path / "wide.xlsx", cells(3, columns)))
    assert refusal.codes == {"too-many-columns"}
    assert_cheap(refusal)


def test_a_hundred_thousand_columns_in_a_csv_file(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "wide.csv"
    path.write_text("Tỉnh" + ",1.1" * 100_000 + "\n" + "Hà Nam" + ",1" * 100_000 + "\n", encoding="utf-8")
    refusal = refused(path)
    assert refusal.codes == {"too-many-columns"}
    assert_cheap(refusal)


@pytest.mark.parametrize(
    ("start", "unit", "end"),
    [
        (b'<row><c t="inlineStr"><is><t>', b"a", b"</t></is></c></row>"),
        (b'<row><c t="', b"a", b'"/></row>'),
        (b"<row><c><v>", b"&#49;", b"</v></c></row>"),
        (b"<row><!-- ", b"a", b" --></row>"),
    ],
    ids=["text", "attribute", "references", "comment"],
)
def test_one_cell_of_monstrous_length(
    start: bytes, unit: bytes, end: bytes, tmp_path: Path, refused: Callable[[Path], Refusal]
) -> None:
    sheet = [_SHEET_START, start, *repeated(unit, 100_000_000), end, _SHEET_END]
    refusal = refused(write_workbook(tmp_path / "long.xlsx", sheet))
    assert refusal.codes == {"too-large"}
    assert_cheap(refusal)


def test_a_hundred_sheets_that_inflate_together(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "sheets.xlsx"
    row = b"<row>" + b"<c><v>1</v></c>" * 900 + b"</row>\n"
    sheets = b"".join(b'<sheet name="S%d" r:id="r%d"/>' % (number, number) for number in range(100))
    targets = b"".join(b'<Relationship Id="r%d" Target="worksheets/s.xml"/>' % number for number in range(100))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", _WORKBOOK.replace(b'<sheet name="S" sheetId="1" r:id="rId1"/>', sheets))
        archive.writestr("xl/_rels/workbook.xml.rels", b"<Relationships>" + targets + b"</Relationships>")
        archive.writestr("xl/worksheets/s.xml", _SHEET_START + row * 1_000 + _SHEET_END)
    refusal = refused(path)
    assert refusal.codes <= {"several-sheets", "inflates-too-far"}
    assert_cheap(refusal)


@pytest.mark.parametrize(
    "text", ["\t" * 900_000 + "=", '"' + " " * 900_000 + '=",=', "1" * 900_000, "1." * 450_000, "1 " * 450_000]
)
def test_a_line_made_to_slow_down_patterns(text: str, tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "slow.csv"
    path.write_text(f"entity_name,criterion_code,score\nHà Nam,{text},{text}\n"[:999_000], encoding="utf-8")
    assert_cheap(refused(path))


def test_a_row_number_far_below_the_last_row(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    sheet = [_SHEET_START, b'<row r="9999999"><c r="A9999999"><v>1</v></c></row>', _SHEET_END]
    refusal = refused(write_workbook(tmp_path / "far.xlsx", sheet))
    assert refusal.codes == {"broken-workbook"}
    assert_cheap(refusal)


_LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>'
)


@pytest.mark.parametrize(
    "part", ["worksheets/sheet1", "workbook", "_rels/workbook.xml.rels", "styles", "sharedStrings"]
)
def test_entities_in_any_part(part: str, tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    name = f"xl/{part}" if part.endswith(".rels") else f"xl/{part}.xml"
    parts = {
        "xl/workbook.xml": _WORKBOOK,
        "xl/_rels/workbook.xml.rels": _RELATIONS,
        "xl/worksheets/sheet1.xml": _SHEET_START + b"<row><c><v>1</v></c></row>" + _SHEET_END,
        name: _LAUGHS + b"<l>&d;</l>",
    }
    path = tmp_path / "laughs.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in parts.items():
            archive.writestr(member, content)
    refusal = refused(path)
    assert refusal.codes == {"unsafe-xml"}
    assert_cheap(refusal)


def test_zips_inside_zips(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 10_000_000)
    path = tmp_path / "nested.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(50):
            archive.write(inner, f"{number}.zip")
    refusal = refused(path)
    assert refusal.codes == {"wrong-kind"}
    assert_cheap(refusal)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "xl\\..\\..\\x", "C:/x"])
def test_members_that_lead_out_of_the_archive(name: str, tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = write_workbook(tmp_path / "out.xlsx", cells(1, 1))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    assert refused(path).codes == {"unsafe-name"}


def test_a_directory_of_a_million_members(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "members.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"xl/a-rather-long-name-of-a-member-{number}", b"")
    refusal = refused(path)
    assert refusal.codes == {"broken-workbook"}
    assert_cheap(refusal)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5_000, "wrong-kind"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "wrong-kind"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", "wrong-kind"),
        (b"%PDF-1.7", "wrong-kind"),
        (b"entity_name,total\nH\xc3\xa0 Nam,1\n", "wrong-kind"),
        (b"PK\x03\x04 and then nothing of use", "broken-workbook"),
        ("Tỉnh,1.1\n".encode("utf-16"), "wrong-encoding"),
    ],
)
def test_other_things_named_xlsx(content: bytes, code: str, tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "scores.xlsx"
    path.write_bytes(content)
    refusal = refused(path)
    assert refusal.codes == {code}
    assert_cheap(refusal)


def test_an_open_document_sheet_named_xlsx(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "scores.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    assert refused(path).codes == {"wrong-kind"}


def test_a_folder_is_not_read(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    folder = tmp_path / "scores.csv"
    folder.mkdir()
    assert refused(folder).codes == {"not-a-file"}


def test_a_pipe_does_not_hold_up_the_reader(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    pipe = tmp_path / "scores.csv"
    os.mkfifo(pipe)
    refusal = refused(pipe)
    assert refusal.codes == {"not-a-file"}
    assert_cheap(refusal)


def test_a_link_to_an_endless_device_is_not_read(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    link = tmp_path / "scores.csv"
    link.symlink_to("/dev/zero")
    refusal = refused(link)
    assert refusal.codes == {"not-a-file"}
    assert_cheap(refusal)


@pytest.mark.parametrize("name", ["absent.csv", "x" * 400 + ".csv", "a-file/scores.csv"])
def test_a_file_that_cannot_be_opened(name: str, tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    (tmp_path / "a-file").write_text("x", encoding="utf-8")
    assert refused(tmp_path / name).codes == {"cannot-read"}


def test_a_file_above_the_size_limit_is_not_read(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "scores.csv"
    with path.open("wb") as stream:
        stream.truncate(Limits().file_bytes + 1)
    refusal = refused(path)
    assert refusal.codes == {"too-large"}
    assert_cheap(refusal)


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        (b"\n", "too-many-rows"),
        (b",,,,,,,,,,,,,,,,,,,\n", "too-many-rows"),
        (b"a", "too-large"),
        (b'"', "too-large"),
        (b"\0", "wrong-encoding"),
    ],
)
def test_endless_repetition_in_a_csv_file(
    unit: bytes, code: str, tmp_path: Path, refused: Callable[[Path], Refusal]
) -> None:
    path = tmp_path / "scores.csv"
    with path.open("wb") as stream:
        stream.write(b"entity_name,criterion_code,score\n" if unit != b"\0" else b"")
        stream.writelines(repeated(unit, 60_000_000))
    refusal = refused(path)
    assert refusal.codes == {code}
    assert_cheap(refusal)


def test_a_quote_that_swallows_the_file(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "scores.csv"
    with path.open("wb") as stream:
        stream.write(b'entity_name,criterion_code,score\n"')
        stream.writelines(repeated(b"Ha Nam,1.1,1\n", 60_000_000))
    refusal = refused(path)
    assert refusal.codes == {"broken-csv"}
    assert_cheap(refusal)


def test_a_million_units_nobody_knows(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "scores.csv"
    rows = "".join(f"Tỉnh số {number},1.1,1\n" for number in range(300_000))
    path.write_text("entity_name,criterion_code,score\n" + rows, encoding="utf-8")
    refusal = refused(path)
    assert refusal.codes == {"unknown-unit", "reading-stopped"}
    assert_cheap(refusal)


def test_a_million_criteria_nobody_knows(tmp_path: Path, refused: Callable[[Path], Refusal]) -> None:
    path = tmp_path / "scores.csv"
    rows = "".join(f"Hà Nam,c{number},1\n" for number in range(300_000))
    path.write_text("entity_name,criterion_code,score\n" + rows, encoding="utf-8")
    refusal = refused(path)
    assert refusal.codes == {"unknown-criterion", "reading-stopped"}
    assert_cheap(refusal)


def test_a_million_bad_scores_are_counted_but_not_all_listed(
    tmp_path: Path, refused: Callable[[Path], Refusal]
) -> None:
    path = tmp_path / "scores.csv"
    path.write_text("entity_name,criterion_code,score\n" + "Hà Nam,1.1,bad\n" * 1_000_000, encoding="utf-8")
    refusal = refused(path)
    assert refusal.codes == {"not-a-number", "more-errors"}
    assert len(refusal.problems) == 1_001
    assert refusal.problems[-1][2] == "99001"
    assert_cheap(refusal)
