"""Names and texts that try to be more than text, from rule pack and score file to every format of a memo."""

from __future__ import annotations

import io
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
import zipfile
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from lxml import etree, html  # type: ignore[import-untyped]  # it ships no types
from pypdf import PdfReader

from thammuu.cli.main import main
from thammuu.errors import BadInputError
from thammuu.memos.printing.chat import MAX_MESSAGE
from thammuu.memos.printing.schema import memo_schema
from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHIPPED = rules_folder()
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LITERAL = (
    '<script>alert("x")</script>',
    '#read("/etc/passwd")',
    "{{ 7 * 7 }}{% for x in y %}",
    "{_{ 7 }_} {_% x %_} {{p x }} {%tr y %}",
    "$x^2$ *bold* _it_ `raw` @ref \\u{41}",
    "=cmd|' /C calc'!A0",
    '{ INCLUDETEXT "C:\\secret.txt" } { DDEAUTO c:\\x }',
    "</w:t></w:r></w:p><w:p/>",
    "]]> <!-- &amp; &lt; ' \"",
    '" onload="alert(1)" x="',
)
"""Printed letter for letter in every format."""
MENDED = {
    "emoji 🚀 và 漢字": "emoji ? và ??",
    "Ha\u0300 \u202eNam\u200b\x00\x07\u2066x": "Hà Namx",
    "hai\u2028dòng\tmột\u00a0chữ": "hai dòng một chữ",
}
"""Printed without what no font draws or no reader sees."""
NAMES = (*LITERAL, *MENDED)
LONGEST = "nội dung của ô " * 3600
FORMATS = "pdf,docx,html,txt,chat,json"
EDITIONS = (
    (),
    ("--language", "en"),
    ("--form", "thong-bao"),
    ("--form", "phieu-bao"),
    ("--form", "ke-hoach", "--issuer", "ubnd-tinh-vi-du"),
)
FLOOR = {"1": 0.25, "4": 0.25, "6": 0.25}
"""The least score of PAPI's sub-dimensions by dimension; 0.33 elsewhere."""
PUBLISHED = ("--period", "2022", "--published-on", "2023-04-12", "--partial")


def changed_yaml(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = yaml.safe_load(file.read_text("utf-8"))
    change(document)
    file.write_text(yaml.safe_dump(document, allow_unicode=True, sort_keys=False), "utf-8")


def renamed(document: dict[str, Any]) -> None:
    """Name the criteria, whose findings are printed, one after the other; then what is above them."""
    for place, node in enumerate(sorted(document["nodes"], key=lambda node: "." not in node["code"])):
        node["name"] = node["name_en"] = f"{NAMES[place % len(NAMES)]} ({place})"


def with_hostile_issuer(document: dict[str, Any]) -> None:
    told = " ".join(LITERAL)
    document["name"] = {"vi": told, "en": told}
    document["issuing_body"] = document["place"] = told
    document["number_symbol"] = NAMES[0]
    document["recipients"].insert(0, told)
    document["signature"] = {"authority": told, "title": told}


def hostile_unit(document: dict[str, Any], name: str = " ".join(LITERAL[:4])) -> None:
    (unit,) = (one for one in document["units"] if one["id"] == "ha-nam")
    unit["name"] = unit["en"] = name


def shipped(to: Path) -> Path:
    shutil.copytree(SHIPPED, to)
    return to


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with Hà Nam at the floor of PAPI, under names meant to break out, in the shipped rules' place."""
    folder = tmp_path_factory.mktemp("hostile")
    rules = shipped(folder / "rules")
    changed_yaml(rules / "frameworks" / "papi-2021.yaml", renamed)
    changed_yaml(rules / "issuers" / "bo-noi-vu.yaml", with_hostile_issuer)
    changed_yaml(rules / "units" / "provinces.yaml", hostile_unit)
    codes = [node["code"] for node in yaml.safe_load((rules / "frameworks" / "papi-2021.yaml").read_text())["nodes"]]
    scores = [f"2022,35,{code},{FLOOR.get(code[0], 0.33)}" for code in codes if "." in code]
    file = folder / "scores.csv"
    file.write_text("\n".join(["period,entity_code,criterion_code,score", *scores]) + "\n", "utf-8")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("THAMMUU_RULES", str(rules))
        environment.setenv("THAMMUU_DATA", str(folder / "data"))
        assert main(["publish", str(file), "--index", "papi", *PUBLISHED]) == 0
        yield folder


@pytest.fixture(scope="module")
def exported(published: Path) -> dict[str, dict[str, bytes]]:
    """Each edition's files by format."""
    found = {}
    for edition in EDITIONS:
        out = published / "-".join(["out", *edition])
        assert main(["memos", "export", str(out), "--format", FORMATS, *edition]) == 0
        name = "ha-nam-2023" + "".join(f".{one}" for one in edition if not one.startswith("--"))
        found[" ".join(edition)] = {path.name.removeprefix(f"{name}."): path.read_bytes() for path in out.iterdir()}
    return found


def flat(text: str) -> str:
    """Return text without the places where its lines were broken."""
    return re.sub(r"[\s\u200b]+", "", text)


def text_of_pdf(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def document_of(docx: bytes) -> etree._Element:
    with zipfile.ZipFile(io.BytesIO(docx)) as archive:
        return etree.fromstring(archive.read("word/document.xml"))


def texts_of(files: dict[str, bytes]) -> dict[str, str]:
    """What a reader sees of each format of one edition."""
    return {
        "pdf": text_of_pdf(files["pdf"]),
        "docx": "".join(document_of(files["docx"]).itertext()),
        "html": html.fromstring(files["html"].decode()).find("body").text_content(),
        "txt": files["txt"].decode(),
    }


@pytest.mark.parametrize("edition", [" ".join(one) for one in EDITIONS])
def test_every_name_is_printed_letter_for_letter_in_every_format(
    exported: dict[str, dict[str, bytes]], edition: str
) -> None:
    files = exported[edition]
    # a slip names three of the criteria, an issuer of its own no ministry
    named = [one for one in LITERAL if flat(one) in flat(files["txt"].decode())]
    assert len(named) >= (len(LITERAL) if edition in {"", "--language en", "--form thong-bao"} else 4)
    for fmt, text in texts_of(files).items():
        assert [one for one in named if flat(one) not in flat(text)] == [], fmt
        assert "root:" not in text


def test_letters_that_no_font_draws_or_no_reader_sees_are_mended_the_same_in_every_format(
    exported: dict[str, dict[str, bytes]],
) -> None:
    for fmt, text in texts_of(exported[""]).items():
        assert [one for one in MENDED.values() if flat(one) not in flat(text)] == [], fmt
        assert "🚀" not in text
        assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x0b\x0e-\x1f]", text), fmt
        assert unicodedata.is_normalized("NFC", text), fmt


@pytest.mark.parametrize("edition", [" ".join(one) for one in EDITIONS])
def test_no_name_becomes_an_element_a_field_or_an_attribute(
    exported: dict[str, dict[str, bytes]], edition: str
) -> None:
    files = exported[edition]
    page = html.fromstring(files["html"].decode())
    assert not page.xpath("//script | //*[@onload] | //*[@onclick] | //@src | //@href")
    body = document_of(files["docx"])
    assert not list(body.iter(f"{W}fldChar", f"{W}fldSimple", f"{W}instrText", f"{W}hyperlink", f"{W}object"))
    assert "/JavaScript" not in str(PdfReader(io.BytesIO(files["pdf"])).trailer["/Root"])
    assert len(files["chat.txt"].decode()) <= MAX_MESSAGE
    data = json.loads(files["json"])
    assert list(jsonschema.Draft202012Validator(memo_schema()).iter_errors(data)) == []
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x09\x0b-\x1f]", "".join(strings_of(data)))


def strings_of(value: Any) -> Iterator[str]:  # noqa: ANN401  any JSON value
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings_of(inner)


def long_criterion(document: dict[str, Any]) -> None:
    document["nodes"][3]["name"] = LONGEST


def unit_named(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda document: hostile_unit(document, name)


def read_names(pack: RulePack) -> tuple[object, object]:
    return pack.units, pack.frameworks


UNITS, FRAMEWORK = "units/provinces.yaml", "frameworks/papi-2021.yaml"


@pytest.mark.parametrize(
    ("file", "change", "told"),
    [
        (UNITS, unit_named(LONGEST), "200 characters"),
        (UNITS, unit_named("Hà \u202eNam"), "invisible"),
        (UNITS, unit_named("Hà\x07 Nam"), "invisible"),
        (FRAMEWORK, long_criterion, "characters"),
    ],
    ids=["unit-too-long", "unit-with-a-mark-of-direction", "unit-with-a-control-character", "criterion-too-long"],
)
def test_a_name_that_cannot_stand_in_a_memo_is_refused_with_its_line(
    tmp_path: Path, file: str, change: Callable[[dict[str, Any]], None], told: str
) -> None:
    rules = shipped(tmp_path / "rules")
    changed_yaml(rules / file, change)
    with pytest.raises(BadInputError) as refused:
        read_names(RulePack(rules))
    assert any(
        problem.place.line and file in (problem.place.file or "") and told in problem.expected
        for problem in refused.value.problems
    )


@pytest.mark.parametrize("name", [*NAMES, LONGEST])
def test_a_name_in_a_score_file_that_is_no_units_is_refused_with_row_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    scores = tmp_path / "scores.csv"
    quoted = '"' + name.replace('"', '""') + '"'
    scores.write_text(f"period,entity_name,criterion_code,score\n2022,{quoted},1.1,0.25\n", "utf-8", newline="")
    code = main(["publish", str(scores), "--index", "papi", *PUBLISHED, "--data", str(tmp_path / "data")])
    said = capsys.readouterr().err
    assert code == 2
    assert len(said) < 5_000
    if "\x00" not in name:
        assert "row 2 column B" in said
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08]", said)


def made_up_index() -> dict[str, Any]:
    """An index of 1,000 criteria in ten domains."""
    nodes: list[dict[str, Any]] = [{"code": "total", "concept": "made-up.total", "name": "Tổng", "name_en": "Total"}]
    for domain in range(1, 11):
        named = {"name": f"Lĩnh vực {domain}", "name_en": f"Domain {domain}"}
        nodes.append({"code": str(domain), "parent": "total", "concept": f"made-up.{domain}", **named})
    for domain in range(1, 11):
        for place in range(1, 101):
            code, named = f"{domain}.{place}", {"name": f"Tiêu chí {domain} {place}", "name_en": f"No {place}"}
            concept = f"made-up.{domain}-{place}"
            nodes.append({"code": code, "parent": str(domain), "concept": concept, **named})
    levels = {
        "total": {"name": {"vi": "tổng", "en": "total"}, "min": 0, "max": 1000},
        "domain": {"name": {"vi": "lĩnh vực", "en": "domain"}, "min": 0, "max": 100},
        "criterion": {"name": {"vi": "tiêu chí", "en": "criterion"}, "min": 0, "max": 1},
    }
    told = {name: {"vi": "Chỉ số thử", "en": "Trial index"} for name in ("title", "short_title", "publisher")}
    rest = {
        "sources": ["thử"],
        "periods": {},
        "defaults": {"method": "self-assessed"},
        "levels": levels,
        "nodes": nodes,
    }
    return {"id": "made-up", "index": "made-up", **told, **rest}


def test_a_thousand_findings_and_a_unit_without_any_score_are_printed_in_every_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules, index = shipped(tmp_path / "rules"), made_up_index()
    file = rules / "frameworks" / "made-up.yaml"
    file.write_text(yaml.safe_dump(index, allow_unicode=True, sort_keys=False), "utf-8")
    monkeypatch.setenv("THAMMUU_RULES", str(rules))
    monkeypatch.setenv("THAMMUU_DATA", str(tmp_path / "data"))
    codes = [node["code"] for node in index["nodes"] if "." in node["code"]]
    lines = [line for code in codes for line in (f"2022,35,{code},0", f"2022,36,{code},KCDL")]
    scores, out = tmp_path / "scores.csv", tmp_path / "out"
    scores.write_text("\n".join(["period,entity_code,criterion_code,score", *lines]) + "\n", "utf-8")
    assert main(["publish", str(scores), "--index", "made-up", *PUBLISHED]) == 0
    assert main(["memos", "export", str(out), "--format", FORMATS]) == 0
    full = {fmt: (out / f"ha-nam-2023.{fmt}").read_bytes() for fmt in ("pdf", "docx", "html", "txt", "json")}
    assert len(json.loads(full["json"])["findings"]) == 1000
    for fmt, text in texts_of(full).items():
        told = flat(text)
        assert [name for n in (1, 50, 100) if (name := f"Tiêuchí10{n}") not in told] == [], fmt
    assert len((out / "ha-nam-2023.chat.txt").read_text("utf-8")) <= MAX_MESSAGE
    empty = {fmt: (out / f"nam-dinh-2023.{fmt}").read_bytes() for fmt in ("pdf", "docx", "html", "txt", "json")}
    assert json.loads(empty["json"])["tasks"] == []
    for fmt, text in texts_of(empty).items():
        assert "tỉnhNamĐịnh" in flat(text), fmt
        assert not re.search(r"\b(?:nan|none|null)\b", text, re.IGNORECASE), fmt


SMALL_FILES_ONLY = """
import resource, sys
from thammuu.cli.main import main
from thammuu.errors import BadInputError

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(main(sys.argv[2:]))
"""


def test_a_disk_that_is_full_midway_leaves_no_part_of_a_file(published: Path, exported: object, tmp_path: Path) -> None:
    del exported
    command = [sys.executable, "-c", SMALL_FILES_ONLY, "40000", "memos", "export", str(tmp_path / "out")]
    ended = subprocess.run([*command, "--format", "txt,pdf"], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert "Traceback" not in ended.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {"ha-nam-2023.txt"}
    assert (published / "data" / "ledger.sqlite3").exists()


def test_an_export_that_meets_a_damaged_memo_leaves_whole_files_only(
    published: Path, exported: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del exported
    data = tmp_path / "data"
    shutil.copytree(published / "data", data)
    rows = listed(capsys, data)
    blob = data / "blobs" / rows[0]["pdf"][:2] / rows[0]["pdf"][2:]
    blob.write_bytes(blob.read_bytes()[:-100])
    code = main(["--data", str(data), "memos", "export", str(tmp_path / "out"), "--format", "txt,pdf"])
    assert code != 0
    assert rows[0]["pdf"] in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "out").iterdir()} <= {"ha-nam-2023.txt"}


def listed(capsys: pytest.CaptureFixture[str], data: Path) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert main(["--data", str(data), "memos", "list", "--format", "json"]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_export_that_is_stopped_leaves_whole_files_only_and_the_next_one_is_complete(
    published: Path, exported: dict[str, dict[str, bytes]], tmp_path: Path, ending: signal.Signals
) -> None:
    del published
    out = tmp_path / "out"
    command = [sys.executable, "-m", "thammuu", "memos", "export", str(out), "--format", FORMATS]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while not (out.exists() and any(out.iterdir())) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    process.send_signal(ending)
    process.wait(30)
    for path in out.iterdir():
        if not path.name.startswith("."):
            assert path.read_bytes() == exported[""][path.name.removeprefix("ha-nam-2023.")]
    assert main(["memos", "export", str(out), "--format", FORMATS]) == 0
    assert {path.name.removeprefix("ha-nam-2023."): path.read_bytes() for path in out.iterdir()} == exported[""]
