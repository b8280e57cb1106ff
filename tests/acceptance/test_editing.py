"""What a person may change in a draft, how that shows, and what becomes of it when the draft changes."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import EXAMPLES, Thammuu, corrected

from thammuu.cli.main import main

PAPI = ("--index", "papi", "--period")
DAY = ("--dated", "2023-04-20")
NEW = "Bộ Nội vụ thông báo kết quả của tỉnh Hà Nam và đề nghị đọc kỹ, chỉ đạo như sau:"


pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with PAPI 2022 of four provinces."""
    folder = tmp_path_factory.mktemp("drafted") / "data"
    file = four_provinces(EXAMPLES / "papi" / "papi-2022.csv", folder.parent / "four.csv")
    told = ["publish", str(file), *PAPI, "2022", "--published-on", "2023-04-12", "--partial", "--data", str(folder)]
    assert main(told) == 0
    return folder


def four_provinces(file: Path, to: Path) -> Path:
    lines = file.read_text("utf-8").splitlines()
    header = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    names = ("Hà Nam", "Hà Nội", "Cao Bằng", "An Giang")
    kept = [*lines[: header + 1], *(line for line in lines[header + 1 :] if any(f",{one}," in line for one in names))]
    to.write_text("\n".join(kept) + "\n", "utf-8")
    return to


def memo(thammuu: Thammuu, memo_id: str = "ha-nam-2023") -> dict[str, Any]:
    rows = {row["memo_id"]: row for row in thammuu("memos", "list", "--format", "json").json()}
    found: dict[str, Any] = rows[memo_id]
    return found


def lines(thammuu: Thammuu) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = thammuu("memos", "why", "Hà Nam", "--format", "json").json()
    return found


def line_of(thammuu: Thammuu, place: str, start: str = "") -> dict[str, Any]:
    return next(one for one in lines(thammuu) if one["place"] == place and one["text"].startswith(start))


def first_task(thammuu: Thammuu) -> tuple[int, dict[str, Any]]:
    """Return the line of the first row of the task table, and its task."""
    model = json.loads(thammuu("memos", "show", "Hà Nam", "--format", "json").out)
    task = model["tasks"][0]
    number = next(one["line"] for one in lines(thammuu) if one["text"].startswith(f"1 | {task['lead']} |"))
    return number, task


def test_a_changed_sentence_is_a_new_version_that_nobody_approved(thammuu: Thammuu) -> None:
    opening = line_of(thammuu, "opening")
    thammuu("memos", "approve", "Hà Nam")
    done = thammuu("memos", "edit", "Hà Nam", str(opening["line"]), "--text", NEW)
    assert done.code == 0, done.err
    row = memo(thammuu)
    assert (row["version"], row["status"], row["edits"]) == (2, "draft", 1)
    text = " ".join(thammuu("memos", "show", "Hà Nam").out.split())
    assert NEW in text
    assert " ".join(opening["text"].split()) not in text
    reasons = thammuu("memos", "why", "Hà Nam", str(opening["line"]), "--format", "json").json()["because"]
    (person,) = [one for one in reasons if one["reference"].startswith("person:")]
    assert opening["text"] in person["wrote"][0]
    assert len(reasons) > 1
    drafted = thammuu("events", "--type", "memo.drafted", "--format", "json").json()[-1]["data"]
    assert drafted["edited_by"].startswith("account:")
    again = thammuu("memos", "edit", "Hà Nam", str(opening["line"]), "--text", NEW)
    assert (again.code, memo(thammuu)["version"]) == (0, 2)
    assert thammuu("ledger", "verify").code == 0


def test_the_issued_document_says_what_the_person_wrote(thammuu: Thammuu) -> None:
    number, task = first_task(thammuu)
    opening = line_of(thammuu, "opening")["line"]
    assert thammuu("memos", "edit", "Hà Nam", str(opening), "--text", NEW).code == 0
    told = ("--text", "Rà soát toàn bộ quy trình", "--deadline", "2023-07-14", "--reason", "Theo lịch họp tháng 7")
    assert thammuu("memos", "edit", "Hà Nam", str(number), *told).code == 0
    thammuu("memos", "approve", "Hà Nam")
    assert thammuu("memos", "issue", "Hà Nam", *DAY).code == 0
    model = json.loads(thammuu("memos", "show", "Hà Nam", "--format", "json").out)
    changed = model["tasks"][0]
    assert (changed["sentence"], changed["deadline"]) == ("Rà soát toàn bộ quy trình", "2023-07-14")
    assert (changed["id"], changed["output"]) == (task["id"], task["output"])
    row = next(one["text"] for one in lines(thammuu) if one["text"].startswith(f"1 | {task['lead']} |"))
    assert "Rà soát toàn bộ quy trình. Sản phẩm:" in row
    assert row.endswith("14/7/2023")
    assert NEW in json.dumps(model, ensure_ascii=False)
    assert model["letterhead"]["number"].endswith("01/BNV-CCHC")
    assert thammuu("memos", "edit", "Hà Nam", str(opening), "--text", NEW).code == 2


def test_every_change_that_cannot_be_made_is_told_and_none_is_made(thammuu: Thammuu, tmp_path: Path) -> None:
    number, _task = first_task(thammuu)
    opening, closing = line_of(thammuu, "opening")["line"], line_of(thammuu, "closing")["line"]
    figures = line_of(thammuu, "findings", "1 | ")["line"]
    file = tmp_path / "changes.yaml"
    file.write_text(
        f"""changes:
- {{line: {opening}, text: "{NEW}"}}
- {{line: {opening}, text: "Hai lần."}}
- {{line: 9999, text: "Không có dòng này."}}
- {{line: {figures}, text: "Một con số khác."}}
- {{line: {closing}, text: "Không kết thúc như văn bản."}}
- {{line: {number}, deadline: 2023-07-15, reason: "thứ bảy"}}
- {{line: {number}, deadline: 2023-04-01}}
- {{line: {number}, text: "Vui lên 😀"}}
- {{line: {opening}, deadline: 2023-07-14, reason: "x"}}
- {{line: {number}}}
""",
        "utf-8",
    )
    refused = thammuu("memos", "edit", "Hà Nam", "--file", file)
    assert refused.code == 2
    told = " ".join(refused.err.split())
    for expected in (
        "one change of the same text",
        "a line from 1 to",
        "charts and tables of figures",
        "ends with ./.",
        "a working day",
        "a day after 2023-04-12",
        "a reason, in 1 to",
        "letters that can be printed",
        "a row of the task table",
        "a text or a deadline",
    ):
        assert expected in told, expected
    assert memo(thammuu)["version"] == 1


def test_a_deadline_after_all_others_needs_another_closing(thammuu: Thammuu, tmp_path: Path) -> None:
    number, _task = first_task(thammuu)
    closing = line_of(thammuu, "closing")
    late = ("--deadline", "2025-06-30", "--reason", "Chờ ngân sách")
    alone = thammuu("memos", "edit", "Hà Nam", str(number), *late)
    assert (alone.code, "closing" in alone.err) == (2, True)
    file = tmp_path / "changes.yaml"
    said = "Đề nghị báo cáo kết quả trước ngày 15/7/2025./."
    file.write_text(
        f"""changes:
- {{line: {number}, deadline: 2025-06-30, reason: Chờ ngân sách}}
- {{line: {closing["line"]}, text: {said}}}
""",
        "utf-8",
    )
    done = thammuu("memos", "edit", "Hà Nam", "--file", file)
    assert done.code == 0, done.err
    assert said in " ".join(thammuu("memos", "show", "Hà Nam").out.split())


def test_a_change_stays_while_its_text_does_and_is_told_when_it_goes(thammuu: Thammuu, tmp_path: Path) -> None:
    opening = line_of(thammuu, "opening")
    standing = line_of(thammuu, "standing")
    thammuu("memos", "edit", "Hà Nam", str(opening["line"]), "--text", NEW)
    thammuu("memos", "edit", "Hà Nam", str(standing["line"]), "--text", "Kết quả chung của tỉnh chưa cao.")
    assert memo(thammuu)["edits"] == 2
    file = four_provinces(corrected(tmp_path, "Hà Nam", "6.3", "1.50"), tmp_path / "four.csv")
    told = thammuu("publish", file, *PAPI, "2022", "--published-on", "2023-04-12", "--partial")
    assert told.code == 0, told.err
    row = memo(thammuu)
    assert row["version"] == 4
    assert (row["edits"], row["edits_dropped"]) == (1, 1)
    assert NEW in " ".join(thammuu("memos", "show", "Hà Nam").out.split())
    assert "1 changed wordings were dropped" in " ".join(thammuu("memos", "list").err.split())
    drafted = [one["data"] for one in thammuu("events", "--type", "memo.drafted", "--format", "json").json()]
    told_of = [one.get("edits_dropped") for one in drafted if one["memo_id"] == "ha-nam-2023"]
    assert told_of == [None, None, None, 1]


def test_a_text_that_the_day_of_issue_does_not_say_stops_the_issue(thammuu: Thammuu) -> None:
    number, _task = first_task(thammuu)
    done = thammuu("memos", "edit", "Hà Nam", str(number), "--deadline", "2023-04-14", "--reason", "Gấp")
    assert done.code == 0, done.err
    refused = thammuu("memos", "issue", "Hà Nam", *DAY)
    assert refused.code == 2
    assert "2023-04-14" in refused.err
    assert memo(thammuu)["status"] == "draft"
    assert thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-13").code == 0


def test_a_change_can_be_taken_back(thammuu: Thammuu) -> None:
    opening = line_of(thammuu, "opening")
    before = memo(thammuu)["model"]
    thammuu("memos", "edit", "Hà Nam", str(opening["line"]), "--text", NEW)
    thammuu("memos", "edit", "Hà Nam", str(opening["line"]), "--text", "Một câu khác:")
    assert memo(thammuu)["edits"] == 1
    thammuu("memos", "edit", "Hà Nam", str(opening["line"]), "--text", opening["text"])
    row = memo(thammuu)
    assert (row["model"], row["edits"], row["version"]) == (before, 0, 4)


def test_only_who_has_the_right_changes_wording(thammuu: Thammuu) -> None:
    opening = str(line_of(thammuu, "opening")["line"])
    assert thammuu("people", "add", "chief", "--rights", "edit,approve,issue,send").code == 0
    assert thammuu("people", "add", "clerk", "--rights", "issue").code == 0
    refused = thammuu("memos", "edit", "Hà Nam", opening, "--text", NEW, "--as", "clerk")
    assert (refused.code, "no right to edit" in refused.err) == (2, True)
    assert thammuu("memos", "edit", "Hà Nam", opening, "--text", NEW, "--as", "chief").code == 0
    assert "person:chief" in thammuu("memos", "why", "Hà Nam", opening).out
