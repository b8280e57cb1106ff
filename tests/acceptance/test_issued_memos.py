"""A memo that was issued: its number, its correction, and what a person can ask of it."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from commands import EXAMPLES, Thammuu, corrected, memo

from thammuu import __version__, bootstrap
from thammuu.cli.main import main
from thammuu.memos.summary import summary_of
from thammuu.settings import Settings

PAPI = ("--index", "papi", "--period")
VOIDED = ("--void-skipped", "Số đã cấp trên giấy")


pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with PAPI 2021 as history and PAPI 2022 with its memos."""
    folder = tmp_path_factory.mktemp("published") / "data"
    for year, on, more in ((2021, "2022-05-10", ["--history"]), (2022, "2023-04-12", [])):
        file = EXAMPLES / "papi" / f"papi-{year}.csv"
        told = ["publish", str(file), *PAPI, str(year), "--published-on", on, "--data", str(folder), *more]
        assert main(told) == 0
    return folder


def events(thammuu: Thammuu, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = thammuu("events", "--type", kind, "--format", "json").json()
    return found


def test_an_issued_memo_has_its_number_its_date_and_no_draft_mark(thammuu: Thammuu) -> None:
    done = thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20", "--number", "5", *VOIDED)
    assert done.code == 0, done.err
    told = thammuu("memos", "show", "Hà Nam").out
    assert "Số: 05/BNV-CCHC" in told
    assert "ngày 20 tháng 4 năm 2023" in told
    assert "DỰ THẢO" not in told
    row = memo(thammuu, "ha-nam-2023")
    assert (row["status"], row["number"], row["dated"]) == ("issued", 5, "2023-04-20")
    (event,) = events(thammuu, "memo.issued")
    assert (event["data"]["number"], event["data"]["model"]) == (5, row["model"])
    assert events(thammuu, "memo.rendered")[-1]["data"]["pdf"] == row["pdf"]
    assert thammuu("ledger", "verify").code == 0


def test_numbers_have_no_gap_and_are_given_once(thammuu: Thammuu) -> None:
    for unit in ("Hà Nam", "Hà Nội"):
        assert thammuu("memos", "issue", unit, "--dated", "2023-04-20").code == 0
    assert (memo(thammuu, "ha-nam-2023")["number"], memo(thammuu, "ha-noi-2023")["number"]) == (1, 2)
    taken = thammuu("memos", "issue", "Cao Bằng", "--dated", "2023-04-20", "--number", "2")
    assert taken.code == 2
    assert "ha-noi-2023" in taken.err
    twice = thammuu("memos", "issue", "Hà Nam")
    assert twice.code == 2
    assert "issued" in twice.err
    early = thammuu("memos", "issue", "Cao Bằng", "--dated", "2023-04-01")
    assert early.code == 2
    assert "2023-04-12" in early.err
    assert memo(thammuu, "cao-bang-2023")["status"] == "draft"


def test_a_correction_replaces_only_memos_whose_own_scores_changed(thammuu: Thammuu, tmp_path: Path) -> None:
    for unit in ("Hà Nam", "Hà Nội"):
        thammuu("memos", "issue", unit, "--dated", "2023-04-20")
    file = corrected(tmp_path, "Hà Nam", "6.3", "1.50")
    told = thammuu("publish", file, *PAPI, "2022", "--published-on", "2023-05-10")
    assert told.code == 0, told.err
    ha_nam, ha_noi = memo(thammuu, "ha-nam-2023"), memo(thammuu, "ha-noi-2023")
    assert (ha_nam["status"], ha_nam["version"]) == ("draft", 2)
    assert (ha_noi["status"], ha_noi["version"]) == ("issued", 1)
    text = " ".join(thammuu("memos", "show", "Hà Nam").out.split())
    assert "Văn bản này thay thế Công văn số 01/BNV-CCHC ngày 20/4/2023 của Bộ Nội vụ." in text
    assert "6.3. Cơ sở hạ tầng căn bản" in text.split("KẾT QUẢ THỰC HIỆN VĂN BẢN TRƯỚC")[-1]
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-05-15")
    assert memo(thammuu, "ha-nam-2023")["number"] == 3
    assert events(thammuu, "memo.issued")[-1]["data"]["corrects"] == 1
    (superseded,) = events(thammuu, "memo.superseded")
    assert (superseded["data"]["version"], superseded["data"]["reason"]) == (1, "corrected")


def test_two_versions_can_be_compared(thammuu: Thammuu, tmp_path: Path) -> None:
    file = corrected(tmp_path, "Hà Nam", "6.3", "1.50")
    thammuu("publish", file, *PAPI, "2022", "--published-on", "2023-04-12")
    rows = thammuu("memos", "diff", "ha-nam-2023@1", "ha-nam-2023@2", "--format", "json").json()
    scores = [row for row in rows if row["what"] == "score"]
    assert any("6.3" in row["where"] and row["after"].startswith("1,50") for row in scores)
    told = thammuu("memos", "diff", "ha-nam-2023@1", "ha-nam-2023@2").out
    assert "score changed" in told
    assert "finding-added" not in told
    same = thammuu("memos", "diff", "ha-nam-2023@2", "ha-nam-2023")
    assert "say the same" in same.out
    unknown = thammuu("memos", "diff", "ha-nam-2023@7", "ha-nam-2023")
    assert unknown.code == 2
    assert "1, 2" in unknown.err


def test_the_next_rounds_memo_looks_back_at_the_issued_one(thammuu: Thammuu, tmp_path: Path) -> None:
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20")
    lines = (EXAMPLES / "papi" / "papi-2022.csv").read_text("utf-8").splitlines()
    simulated = tmp_path / "simulated-2023.csv"
    simulated.write_text("\n".join(re.sub(r"^2022,", "2023,", line) for line in lines) + "\n", "utf-8")
    told = thammuu("publish", simulated, *PAPI, "2023", "--published-on", "2024-04-12")
    assert told.code == 0, told.err
    text = thammuu("memos", "show", "Hà Nam", "--round", "2024").out
    assert "số 01/BNV-CCHC ngày 20/4/2023" in " ".join(text.split())


def test_every_line_says_what_it_rests_on(thammuu: Thammuu) -> None:
    lines = thammuu("memos", "why", "Hà Nam", "--format", "json").json()
    assert len(lines) > 20
    assert all(line["rests_on"] for line in lines)
    known = {"position", "id", "type"}
    for line in lines:
        told = thammuu("memos", "why", "Hà Nam", str(line["line"]), "--format", "json").json()
        for reason in told["because"]:
            kind = reason["reference"].partition(":")[0]
            if kind in {"publication", "score", "fact", "finding"}:
                assert known == set(reason["event"]), reason
            elif kind in {"action", "practice", "legal", "agency", "unit", "issuer", "calendar"}:
                assert reason["hash"], reason
                assert reason["line"], reason
            elif kind == "form":
                assert reason["templates"], reason
                assert reason["program"] == f"thammuu {__version__}", reason
            else:
                pytest.fail(f"nobody follows {reason['reference']}")


def test_a_score_is_followed_to_its_rule_and_the_printed_figure(thammuu: Thammuu) -> None:
    lines = thammuu("memos", "why", "Hà Nam", "--format", "json").json()
    row = next(line for line in lines if "6.3. Cơ sở hạ tầng căn bản" in line["text"] and line["place"] == "findings")
    told = thammuu("memos", "why", "Hà Nam", str(row["line"]), "--format", "json").json()
    finding = next(one for one in told["because"] if one["reference"].startswith("finding:"))
    assert finding["rule"]
    assert re.fullmatch(r"[0-9a-f]{64}", finding["rule_file"])
    beyond = thammuu("memos", "why", "Hà Nam", "999")
    assert beyond.code == 2
    assert f"1 to {len(lines)}" in beyond.err


def test_other_editions_are_made_on_demand_and_named_so(thammuu: Thammuu, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    plan = ("--form", "ke-hoach", "--issuer", "ubnd-tinh-vi-du")
    told = thammuu("memos", "export", folder, "--unit", "Hà Nam", "--format", "txt,json", *plan)
    assert told.code == 0, told.err
    assert thammuu("memos", "export", folder, "--unit", "Hà Nam", "--format", "txt", "--language", "en").code == 0
    names = {path.name for path in folder.iterdir()}
    stem = "ha-nam-2023.ke-hoach.ubnd-tinh-vi-du"
    assert names == {f"{stem}.txt", f"{stem}.json", "ha-nam-2023.en.txt"}
    text = (folder / f"{stem}.txt").read_text("utf-8")
    for heading in ("MỤC ĐÍCH, YÊU CẦU", "MỤC TIÊU", "NHIỆM VỤ, GIẢI PHÁP", "KINH PHÍ", "TỔ CHỨC THỰC HIỆN"):
        assert heading in text
    assert "Kính gửi" not in text
    assert json.loads((folder / f"{stem}.json").read_text("utf-8"))["form"] == "ke-hoach"


def test_a_number_belongs_to_one_document(thammuu: Thammuu) -> None:
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20", "--number", "7", *VOIDED)
    notice = thammuu("memos", "show", "Hà Nam", "--form", "thong-bao").out
    assert "DỰ THẢO" in notice
    assert "07/TB-BNV" not in notice


def test_a_notice_can_be_issued_as_one(thammuu: Thammuu) -> None:
    assert thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20", "--form", "thong-bao").code == 0
    told = thammuu("memos", "show", "Hà Nam").out
    assert "Số: 01/TB-BNV" in told
    assert "DỰ THẢO" not in told


def test_each_committee_has_a_register_of_its_own(thammuu: Thammuu) -> None:
    committee = ("--dated", "2023-04-20", "--issuer", "ubnd-tinh-vi-du")
    for unit in ("Hà Nam", "Hà Nội"):
        assert thammuu("memos", "issue", unit, *committee).code == 0
    assert (memo(thammuu, "ha-nam-2023")["number"], memo(thammuu, "ha-noi-2023")["number"]) == (1, 1)


def test_a_withdrawn_publication_leaves_no_issued_memo_standing_and_the_same_again_lets_it_stand(
    thammuu: Thammuu, tmp_path: Path
) -> None:
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20")
    thammuu("publish", "--withdraw", "papi-2022-r1", "--reason", "a mistake")
    assert memo(thammuu, "ha-nam-2023")["status"] == "superseded"
    assert events(thammuu, "memo.superseded")[-1]["data"]["reason"] == "publication-withdrawn"
    papi = EXAMPLES / "papi" / "papi-2022.csv"
    assert thammuu("publish", papi, *PAPI, "2022", "--published-on", "2023-05-12").code == 0
    row = memo(thammuu, "ha-nam-2023")
    assert (row["status"], row["version"], row["number"]) == ("issued", 1, 1)
    file = corrected(tmp_path, "Hà Nam", "6.3", "1.50")
    thammuu("publish", file, *PAPI, "2022", "--published-on", "2023-05-20")
    assert (memo(thammuu, "ha-nam-2023")["status"], memo(thammuu, "ha-nam-2023")["version"]) == ("draft", 2)
    thammuu("publish", "--withdraw", "papi-2022-r3", "--reason", "the correction was wrong")
    row = memo(thammuu, "ha-nam-2023")
    assert (row["status"], row["version"]) == ("issued", 1)
    assert events(thammuu, "memo.superseded")[-1]["data"]["reason"] == "as-issued"


def test_a_correction_is_not_dated_before_what_it_replaces(thammuu: Thammuu, tmp_path: Path) -> None:
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-06-20")
    file = corrected(tmp_path, "Hà Nam", "6.3", "1.50")
    thammuu("publish", file, *PAPI, "2022", "--published-on", "2023-05-10")
    refused = thammuu("memos", "issue", "Hà Nam", "--dated", "2023-05-15")
    assert refused.code == 2
    assert "2023-06-20" in refused.err


def test_a_document_that_cannot_be_printed_gets_no_number(
    thammuu: Thammuu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thammuu("init", tmp_path / "own")
    template = tmp_path / "own" / "templates" / "action_memo" / "memo.typ"
    whole = template.read_text("utf-8")
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(tmp_path / "own" / "templates"))
    template.write_text(whole + "\n#panic(memo.letterhead.number)\n", "utf-8")
    refused = thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20")
    assert refused.code != 0
    assert memo(thammuu, "ha-nam-2023")["status"] == "draft"
    template.write_text(whole, "utf-8")
    assert thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20").code == 0
    assert memo(thammuu, "ha-nam-2023")["number"] == 1


@pytest.mark.parametrize("more", [("--number", "99999999999999999999"), ("--number", "0"), ("--dated", "9999-12-31")])
def test_numbers_and_days_out_of_bounds_are_refused(thammuu: Thammuu, more: tuple[str, str]) -> None:
    refused = thammuu("memos", "issue", "Hà Nam", *more)
    assert refused.code == 2
    assert "Traceback" not in refused.err
    assert memo(thammuu, "ha-nam-2023")["status"] == "draft"


def test_a_memo_dated_after_the_merger_is_handed_to_the_successor(thammuu: Thammuu) -> None:
    handed = thammuu("memos", "issue", "Hà Nam", "--dated", "2025-07-15")
    assert handed.code == 1
    assert "tỉnh Ninh Bình" in handed.out
    assert memo(thammuu, "ninh-binh-2025-2023")["status"] == "draft"
    assert memo(thammuu, "ha-nam-2023")["status"] == "superseded"
    told = thammuu("memos", "show", "Ninh Bình").out
    assert "I. TỈNH HÀ NAM (TRƯỚC SẮP XẾP)" in told
    assert thammuu("memos", "issue", "Ninh Bình", "--dated", "2025-07-15").code == 0
    assert memo(thammuu, "ninh-binh-2025-2023")["number"] == 1


def test_an_issued_version_can_be_shown_and_explained_after_its_correction(thammuu: Thammuu, tmp_path: Path) -> None:
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20")
    file = corrected(tmp_path, "Hà Nam", "6.3", "1.50")
    thammuu("publish", file, *PAPI, "2022", "--published-on", "2023-05-10")
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-05-15")
    assert "Số: 01/BNV-CCHC" in thammuu("memos", "show", "ha-nam-2023@1").out
    assert "Số: 02/BNV-CCHC" in thammuu("memos", "show", "ha-nam-2023").out
    old = thammuu("memos", "why", "ha-nam-2023@1", "--format", "json").json()
    assert not any("thay thế" in line["text"] for line in old)


def test_a_ministry_cannot_write_a_provinces_plan(thammuu: Thammuu) -> None:
    refused = thammuu("memos", "show", "Hà Nam", "--form", "ke-hoach")
    assert refused.code == 2
    assert "kind committee" in refused.err


def test_an_issued_memo_keeps_its_number_in_every_edition(thammuu: Thammuu) -> None:
    thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20", "--number", "7", *VOIDED)
    told = thammuu("memos", "show", "Hà Nam", "--language", "en").out
    assert "No: 07/BNV-CCHC" in told
    assert "DRAFT" not in told


@pytest.mark.parametrize("fmt", ["text", "html", "json"])
def test_the_round_has_a_report_of_its_own(thammuu: Thammuu, fmt: str) -> None:
    assert thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20").code == 0
    told = thammuu("memos", "summary", "2023", "--format", fmt)
    assert told.code == 0, told.err
    text = " ".join(told.out.split())
    assert "tỉnh Quảng Ninh (47,8763)" in text
    assert "01/BNV-CCHC" in text


def test_the_report_prints_as_a_document_in_both_languages(data: Path) -> None:
    with bootstrap.reading(Settings(data=data)) as program:
        pdf = summary_of(program.context, "2023", "pdf", "vi")
        docx = summary_of(program.context, "2023", "docx", "en")
    assert pdf.startswith(b"%PDF-")
    with zipfile.ZipFile(io.BytesIO(docx)) as parts:
        assert "RESULTS BY UNIT" in parts.read("word/document.xml").decode()


def test_a_report_on_a_round_that_nobody_published_is_refused(thammuu: Thammuu) -> None:
    assert thammuu("memos", "summary", "2031").code == 2
    assert thammuu("memos", "summary", "2023", "--format", "xls").code == 2
