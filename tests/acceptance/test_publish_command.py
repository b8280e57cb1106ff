"""``thammuu publish`` from the file to the memos."""

import zipfile
from pathlib import Path

import pytest
from commands import Papi, Thammuu

from thammuu.memos.model import MemoModel

SPRING = ("--published-on", "2023-04-12")
PUBLISH = ("--index", "papi", "--period")


def tree(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")} if folder.exists() else set()


def test_a_published_year_gives_every_province_its_memo(thammuu: Thammuu, papi: Papi) -> None:
    told = thammuu("publish", papi(2022), *PUBLISH, "2022", "--published-on", "2023-04-12", "--format", "json")
    assert told.code == 0, told.err
    summary = told.json()
    assert {
        name: summary[name] for name in ("publication_id", "index", "period", "revision", "units", "scores", "missing")
    } == {
        "publication_id": "papi-2022-r1",
        "index": "papi",
        "period": "2022",
        "revision": 1,
        "units": 63,
        "scores": 1735,
        "missing": 29,
    }
    assert summary["memos"] == 63
    assert summary["findings"] > 0
    memos = thammuu("memos", "list", "--format", "json").json()
    assert len(memos) == 63
    assert all(memo["pdf"] and memo["round"] == "2023" for memo in memos)


def test_quang_ninh_is_first_in_2022_and_ha_nam_22nd_of_60_in_2021(thammuu: Thammuu, papi: Papi) -> None:
    for year in (2021, 2022):
        assert thammuu("publish", papi(year), *PUBLISH, str(year), "--history").code == 0
    totals = {
        year: [
            row for row in thammuu("facts", *PUBLISH, str(year), "--format", "json").json() if row["level"] == "total"
        ]
        for year in (2021, 2022)
    }
    first = next(row for row in totals[2022] if row["total_rank"] == 1)
    assert (first["unit_name"], round(first["total"], 4)) == ("Quảng Ninh", 47.8763)
    ha_nam = next(row for row in totals[2021] if row["unit_name"] == "Hà Nam")
    assert (round(ha_nam["total"], 4), ha_nam["total_rank"], ha_nam["total_n"]) == (43.2855, 22, 60)
    assert (ha_nam["published_total"], ha_nam["published_rank"]) == (43.28, 20)
    assert sum(row["total"] is None for row in totals[2021]) == 3


def test_the_same_content_again_changes_nothing(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022")
    events = thammuu("events", "--format", "json").json()
    again = thammuu("publish", papi(2022), *PUBLISH, "2022")
    assert again.code == 0
    assert "same content" in again.out
    assert thammuu("events", "--format", "json").json() == events


def test_changed_content_is_the_next_revision_and_going_back_is_a_third(
    thammuu: Thammuu, papi: Papi, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.csv"
    changed.write_text(papi(2022).read_text("utf-8").replace("1.290253639", "1.290253640"), "utf-8")
    revisions = [
        thammuu("publish", file, *PUBLISH, "2022", "--format", "json").json()["publication_id"]
        for file in (papi(2022), changed, papi(2022))
    ]
    assert revisions == ["papi-2022-r1", "papi-2022-r2", "papi-2022-r3"]


def test_only_memos_whose_model_changed_are_drafted_again(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022", "--published-on", "2023-04-12")
    changed = tmp_path / "changed.csv"
    changed.write_text(papi(2022).read_text("utf-8").replace("1.290253639", "2.29"), "utf-8")
    thammuu("publish", changed, *PUBLISH, "2022", "--published-on", "2023-04-12")
    memos = thammuu("memos", "list", "--format", "json").json()
    assert len(memos) == 63
    assert next(memo for memo in memos if memo["unit_name"] == "Hà Nội")["version"] == 2


def test_a_dry_run_says_what_would_happen_and_writes_nothing(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publications")
    before = tree(tmp_path / "data")
    told = thammuu("publish", papi(2022), *PUBLISH, "2022", *SPRING, "--dry-run", "--format", "json").json()
    assert (told["publication_id"], told["units"], told["memos"], told["dry_run"]) == ("papi-2022-r1", 63, 63, True)
    assert told["findings"] > 0
    assert tree(tmp_path / "data") == before
    assert thammuu("publications", "--format", "json").json() == []


def test_every_error_of_a_file_is_told_at_once_and_nothing_is_written(
    thammuu: Thammuu, papi: Papi, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.csv"
    text = papi(2022).read_text("utf-8").replace("1.290253639", "abc", 1).replace("1.685889125", "99", 1)
    bad.write_text(text.replace(",Hà Giang,", ",Hà Giàng,", 1), "utf-8")
    told = thammuu("publish", bad, *PUBLISH, "2022", "--format", "json")
    assert told.code == 2
    problems = told.json()["problems"]
    assert len(problems) >= 3
    assert all(problem["file"] and problem["row"] and problem["expected"] for problem in problems)
    assert {"abc", "99"} <= {problem["value"] for problem in problems}
    assert thammuu("publications", "--format", "json").json() == []
    assert thammuu("events", "--format", "json").json() == []


def test_a_withdrawn_publication_takes_its_memos_with_it(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022")
    told = thammuu("publish", "--withdraw", "papi-2022-r1", "--reason", "wrong file", "--format", "json")
    assert told.json() == {
        "publication_id": "papi-2022-r1",
        "withdrawn": True,
        "reason": "wrong file",
        "standing": None,
    }
    assert {memo["status"] for memo in thammuu("memos", "list", "--format", "json").json()} == {"superseded"}
    assert thammuu("publish", "--withdraw", "papi-2022-r1", "--reason", "again").code == 2
    assert thammuu("facts", *PUBLISH, "2022").code == 2


def test_withdrawing_a_revision_brings_the_one_before_back(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022", "--published-on", "2023-04-12")
    models = {memo["memo_id"]: memo["model"] for memo in thammuu("memos", "list", "--format", "json").json()}
    changed = tmp_path / "changed.csv"
    changed.write_text(papi(2022).read_text("utf-8").replace("1.290253639", "2.29"), "utf-8")
    thammuu("publish", changed, *PUBLISH, "2022", "--published-on", "2023-04-12")
    told = thammuu("publish", "--withdraw", "papi-2022-r2", "--reason", "typing error", "--format", "json").json()
    assert told["standing"] == "papi-2022-r1"
    assert {memo["memo_id"]: memo["model"] for memo in thammuu("memos", "list", "--format", "json").json()} == models


def test_history_is_analysed_but_drafts_no_memos(thammuu: Thammuu, papi: Papi) -> None:
    told = thammuu("publish", papi(2021), *PUBLISH, "2021", "--history", "--format", "json").json()
    assert (told["memos"], told["findings"] > 0) == (0, True)
    assert thammuu("memos", "list", "--format", "json").json() == []


def test_an_older_period_drafts_no_memos_and_previews_what_it_changes(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022")
    memos = thammuu("memos", "list", "--format", "json").json()
    told = thammuu("publish", papi(2021), *PUBLISH, "2021", "--round", "2022", "--format", "json").json()
    assert told["memos"] == 0
    assert any("papi-2022-r1 would gain" in note for note in told["notes"])
    assert thammuu("memos", "list", "--format", "json").json() == memos


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("publish",), "needs FILE"),
        (("publish", "x.csv", "--index", "papi", "--period", "2022"), "x.csv"),
        (("publish", "FILE", "--index", "papy", "--period", "2022"), "papi"),
        (("publish", "FILE", "--index", "papi", "--period", "22"), "2022-Q2"),
        (("publish", "FILE", "--index", "papi", "--period", "1999"), "papi-2011"),
        (("publish", "--withdraw", "papi-2022-r9", "--reason", "x"), "no publication"),
        (("facts", "--index", "papi", "--period", "2022"), "Nothing is published"),
        (("findings", "--index", "papi", "--period", "2022", "--severity", "bad"), "critical"),
        (("memos", "show", "Hà Nam"), "no memo"),
        (("memos", "export", "out", "--format", "odt"), "pdf, docx, html, txt, chat, json"),
        (("memos", "diff", "ha-nam-2023@1", "ha-nam-2023"), "no memo"),
        (("memos", "summary", "2022"), "2022"),
    ],
)
def test_bad_requests_are_refused_with_exit_code_2_and_a_hint(
    thammuu: Thammuu, papi: Papi, arguments: tuple[str, ...], told: str
) -> None:
    result = thammuu(*(str(papi(2022)) if argument == "FILE" else argument for argument in arguments))
    assert result.code == 2
    assert told in result.err.replace("\n", " ")
    assert "Traceback" not in result.err


def test_a_data_folder_that_cannot_be_made_is_an_environment_fault(thammuu: Thammuu, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = thammuu("publications", "--data", tmp_path / "file" / "data")
    assert told.code == 3
    assert "cannot be made" in told.err


def test_the_data_folder_may_stand_before_or_after_the_command(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("--data", tmp_path / "a", "publish", papi(2022), *PUBLISH, "2022", "--history")
    assert len(thammuu("publications", "--data", tmp_path / "a", "--format", "json").json()) == 1
    assert thammuu("publications", "--format", "json").json() == []


def test_listings_print_csv_with_a_header(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022", "--history")
    facts = thammuu("facts", *PUBLISH, "2022", "--format", "csv").out.splitlines()
    assert facts[0].startswith("unit_id,unit_code,unit_name,concept,code,level,")
    assert len(facts) == 1 + 63 * 37
    findings = thammuu("findings", *PUBLISH, "2022", "--format", "csv").out.splitlines()
    assert findings[0].startswith("unit_code,unit_name,concept,code,rule,severity,explain")


def test_exported_memos_are_whole_files_and_no_others(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022", "--published-on", "2023-04-12")
    told = thammuu("memos", "export", tmp_path / "out", "--format", "pdf,docx,html,txt,chat,json", "--unit", "Hà Nam")
    assert told.code == 0
    written = {path.suffix: path for path in (tmp_path / "out").iterdir() if not path.name.endswith(".chat.txt")}
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"ha-nam-2023.{suffix}" for suffix in ("chat.txt", "docx", "html", "json", "pdf", "txt")]
    assert written[".pdf"].read_bytes().startswith(b"%PDF-")
    assert zipfile.ZipFile(written[".docx"]).testzip() is None
    model = MemoModel.model_validate_json(written[".json"].read_bytes())
    assert (model.provenance.memo_id, model.draft) == ("ha-nam-2023", True)
    heading = next(section.heading for section in model.sections if section.kind == "tasks")
    for suffix in (".txt", ".html"):
        assert heading in written[suffix].read_text("utf-8")


def test_the_doctor_finds_a_healthy_folder_healthy_and_a_lost_file_lost(
    thammuu: Thammuu, papi: Papi, tmp_path: Path
) -> None:
    thammuu("publish", papi(2022), *PUBLISH, "2022", "--history")
    well = thammuu("doctor", "--format", "json")
    assert well.code == 0, well.out
    assert {row["state"] for row in well.json()} == {"ok"}
    blob = next(path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file())
    blob.unlink()
    assert thammuu("doctor").code == 1


def test_init_copies_rules_and_templates_for_editing(
    thammuu: Thammuu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, papi: Papi
) -> None:
    assert thammuu("init", tmp_path / "mine").code == 0
    assert thammuu("init", tmp_path / "mine").code == 2
    monkeypatch.setenv("THAMMUU_RULES", str(tmp_path / "mine" / "rules"))
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(tmp_path / "mine" / "templates"))
    (tmp_path / "mine" / "rules" / "zero-score.yaml").unlink()
    assert thammuu("publish", papi(2022), *PUBLISH, "2022", "--history").code == 0
