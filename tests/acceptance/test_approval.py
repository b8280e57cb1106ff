"""Who may make documents of drafts: approved, returned, issued, one by one or a round at once."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import EXAMPLES, Thammuu, corrected, memo

from thammuu.cli.main import main

PAPI = ("--index", "papi", "--period")
DAY = ("--dated", "2023-04-20")


pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with PAPI 2022, so with a draft for each province."""
    folder = tmp_path_factory.mktemp("drafted") / "data"
    file = EXAMPLES / "papi" / "papi-2022.csv"
    assert main(["publish", str(file), *PAPI, "2022", "--published-on", "2023-04-12", "--data", str(folder)]) == 0
    return folder


def told(thammuu: Thammuu, kind: str) -> list[dict[str, Any]]:
    return [one["data"] for one in thammuu("events", "--type", kind, "--format", "json").json()]


def staff(thammuu: Thammuu) -> None:
    for name, rights in (("chief", "edit,approve,issue,send"), ("head", "approve"), ("clerk", "issue")):
        assert thammuu("people", "add", name, "--rights", rights).code == 0


def say_policy(rules: Path, policy: str) -> None:
    (rules / "delivery" / "policy.yaml").write_text(f"default: {{{policy}}}\n", "utf-8")


def test_an_approved_draft_is_issued_by_somebody_else(thammuu: Thammuu) -> None:
    staff(thammuu)
    refused = thammuu("memos", "issue", "Hà Nam", *DAY, "--as", "clerk")
    assert refused.code == 2
    assert "not approved" in refused.err
    assert memo(thammuu, "ha-nam-2023")["status"] == "draft"
    done = thammuu("memos", "approve", "Hà Nam", "--as", "head")
    assert (done.code, "ha-nam-2023 is approved" in done.out) == (0, True), done.err
    row = memo(thammuu, "ha-nam-2023")
    assert (row["status"], row["decided_by"]) == ("approved", "head")
    assert thammuu("memos", "issue", "Hà Nam", *DAY, "--as", "clerk").code == 0
    assert memo(thammuu, "ha-nam-2023")["status"] == "issued"
    (approved,), (issued,) = told(thammuu, "memo.approved"), told(thammuu, "memo.issued")
    assert (approved["version"], approved["model"], approved["by"]) == (1, row["model"], "head")
    assert issued["by"] == "clerk"
    assert thammuu("ledger", "verify").code == 0


def test_an_auditor_sees_who_gave_and_ended_rights(thammuu: Thammuu, data: Path) -> None:
    assert thammuu("people", "add", "chief", "--rights", "edit,approve,issue,send").code == 0
    assert thammuu("people", "add", "head", "--rights", "approve", "--as", "chief").code == 0
    assert thammuu("people", "end", "head", "--as", "stranger").code == 2
    assert thammuu("people", "end", "head", "--as", "chief").code == 0
    first, second = told(thammuu, "rights.given")
    assert first["by"].startswith("account:")
    assert (second["person_id"], second["rights"], second["by"]) == ("head", ["approve"], "chief")
    (ended,) = told(thammuu, "rights.ended")
    assert (ended["person_id"], ended["rights"], ended["by"]) == ("head", ["approve"], "chief")
    assert thammuu("ledger", "verify").code == 0
    with closing(sqlite3.connect(data / "ledger.sqlite3")) as connection, connection:
        connection.execute("UPDATE people SET valid_to = NULL WHERE person_id = 'head'")
    verified, doctor = thammuu("ledger", "verify"), thammuu("doctor", "--format", "json")
    assert (verified.code, "head: the register and the ledger" in verified.err) == (1, True)
    row = next(one for one in doctor.json() if one["check"] == "rights of people")
    assert (row["state"], "head" in row["detail"]) == ("fault", True)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (("approve", "Hà Nam", "--as", "clerk"), "no right to approve"),
        (("return", "Hà Nam", "--comment", "x", "--as", "clerk"), "no right to approve"),
        (("issue", "Hà Nam", "--as", "head"), "no right to issue"),
        (("issue", "--round", "2023", "--as", "head"), "no right to issue"),
        (("approve", "Hà Nam", "--as", "stranger"), "no person 'stranger'"),
        (("approve", "Hà Nam"), "Say who you are"),
    ],
)
def test_whoever_lacks_the_right_changes_nothing(thammuu: Thammuu, asked: tuple[str, ...], expected: str) -> None:
    staff(thammuu)
    refused = thammuu("memos", *asked)
    assert refused.code == 2
    assert expected in " ".join(refused.err.split())
    assert memo(thammuu, "ha-nam-2023")["status"] == "draft"
    assert told(thammuu, "memo.approved") + told(thammuu, "memo.returned") + told(thammuu, "memo.issued") == []


def test_while_nobody_is_registered_issuing_approves_too(thammuu: Thammuu) -> None:
    assert thammuu("memos", "issue", "Hà Nam", *DAY).code == 0
    (approved,), (issued,) = told(thammuu, "memo.approved"), told(thammuu, "memo.issued")
    assert approved["by"] == issued["by"]
    assert approved["by"].startswith("account:")


def test_a_returned_draft_says_why_and_is_not_issued(thammuu: Thammuu) -> None:
    assert thammuu("memos", "return", "Hà Nam", "--comment", "Thiếu căn cứ").code == 0
    row = memo(thammuu, "ha-nam-2023")
    assert (row["status"], row["comment"]) == ("returned", "Thiếu căn cứ")
    assert "Thiếu căn cứ" in thammuu("memos", "show", "Hà Nam").err
    assert "Thiếu căn cứ" in thammuu("memos", "list").err
    refused = thammuu("memos", "issue", "Hà Nam", *DAY)
    assert refused.code == 2
    assert "Thiếu căn cứ" in refused.err
    assert thammuu("memos", "approve", "ha-nam-2023@1").code == 0
    assert thammuu("memos", "return", "ha-nam-2023@1", "--comment", "Vẫn thiếu").code == 0
    assert thammuu("memos", "approve", "ha-nam-2023@1").code == 0
    assert len(told(thammuu, "memo.approved")) == 2
    assert [one["comment"] for one in told(thammuu, "memo.returned")] == ["Thiếu căn cứ", "Vẫn thiếu"]
    assert thammuu("memos", "issue", "Hà Nam", *DAY).code == 0
    empty = thammuu("memos", "return", "Hà Nội", "--comment", "  ")
    assert empty.code == 2


def test_a_changed_draft_loses_its_approval_and_its_comment(thammuu: Thammuu, tmp_path: Path) -> None:
    thammuu("memos", "approve", "Hà Nam", "Cao Bằng")
    thammuu("memos", "return", "Hà Nội", "--comment", "Xem lại")
    file = corrected(tmp_path, "Hà Nam", "6.3", "1.50")
    assert thammuu("publish", file, *PAPI, "2022", "--published-on", "2023-04-12").code == 0
    changed = memo(thammuu, "ha-nam-2023")
    assert (changed["version"], changed["status"], changed["decided_by"]) == (2, "draft", None)
    stale = thammuu("memos", "approve", "ha-nam-2023@1")
    assert stale.code == 2
    assert "look at it again" in stale.err
    assert thammuu("memos", "approve", "ha-nam-2023@2").code == 0


def test_naming_several_approves_all_or_none(thammuu: Thammuu) -> None:
    thammuu("memos", "issue", "Hà Nam", *DAY)
    refused = thammuu("memos", "approve", "Hà Nội", "Hà Nam", "Cao Bằng")
    assert refused.code == 2
    assert "ha-nam-2023" in refused.err
    assert memo(thammuu, "ha-noi-2023")["status"] == memo(thammuu, "cao-bang-2023")["status"] == "draft"
    twice = thammuu("memos", "approve", "Hà Nội", "Hà Nội")
    assert twice.code == 0
    assert memo(thammuu, "ha-noi-2023")["status"] == "approved"
    again = thammuu("memos", "approve", "Hà Nội")
    assert (again.code, "already" in again.err) == (2, True)


def test_of_a_round_those_are_approved_that_can_be(thammuu: Thammuu) -> None:
    thammuu("memos", "return", "Hà Nam", "--comment", "Xem lại")
    every = thammuu("memos", "approve", "--round", "2023", "--all")
    assert every.code == 0, every.err
    assert {row["status"] for row in thammuu("memos", "list", "--format", "json").json()} == {"approved"}
    thammuu("memos", "return", "Hà Nội", "--comment", "Sai số")
    thammuu("memos", "return", "Hà Nam", "--comment", "Xem lại")
    some = thammuu("memos", "approve", "--round", "2023")
    assert some.code == 1
    assert "0 approved, 2 not" in some.out
    assert "Sai số" in some.err
    assert (memo(thammuu, "ha-nam-2023")["status"], memo(thammuu, "cao-bang-2023")["status"]) == (
        "returned",
        "approved",
    )


def test_a_round_is_issued_in_the_order_of_unit_codes_without_gaps(thammuu: Thammuu) -> None:
    names = ("Hà Nội", "Cao Bằng", "Hà Nam", "An Giang")
    thammuu("memos", "approve", *names)
    thammuu("memos", "return", "Bắc Kạn", "--comment", "Xem lại")
    done = thammuu("memos", "issue", "--round", "2023", *DAY)
    assert done.code == 0, done.err
    rows = [row for row in thammuu("memos", "list", "--format", "json").json() if row["status"] == "issued"]
    assert {row["unit_name"] for row in rows} == set(names)
    in_order = sorted(rows, key=lambda row: row["unit_code"])
    assert [row["number"] for row in in_order] == [1, 2, 3, 4]
    assert "4 issued" in done.out
    assert "Xem lại" in done.err
    again = thammuu("memos", "issue", "--round", "2023", *DAY)
    assert "0 issued" in again.out


def test_what_cannot_be_printed_takes_no_number_and_stops_no_other(
    thammuu: Thammuu, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(Path(__file__).parents[2] / "templates", templates)
    page = templates / "action_memo" / "memo.typ"
    monkeypatch.setenv("THAMMUU_TEMPLATES", str(templates))
    told_by_unit = '#if memo.unit.id == "cao-bang" { panic("no paper") }\n'
    text = page.read_text("utf-8")
    at = text.index("\n", text.index("#let memo =")) + 1
    page.write_text(text[:at] + told_by_unit + text[at:], "utf-8")
    thammuu("memos", "approve", "Hà Nội", "Cao Bằng", "Hà Nam")
    done = thammuu("memos", "issue", "--round", "2023", *DAY)
    assert done.code == 1
    assert "cao-bang-2023" in done.err
    rows = {row["memo_id"]: row for row in thammuu("memos", "list", "--format", "json").json()}
    assert rows["cao-bang-2023"]["status"] == "approved"
    assert sorted((rows["ha-noi-2023"]["number"], rows["ha-nam-2023"]["number"])) == [1, 2]


def test_a_second_person_issues_where_the_policy_says_so(thammuu: Thammuu, rules: Path) -> None:
    say_policy(rules, "approval: second-person")
    alone = thammuu("memos", "issue", "Hà Nam", *DAY)
    assert (alone.code, "not approved" in alone.err) == (2, True)
    staff(thammuu)
    thammuu("memos", "approve", "Hà Nam", "--as", "chief")
    same = thammuu("memos", "issue", "Hà Nam", *DAY, "--as", "chief")
    assert (same.code, "somebody else" in same.err) == (2, True)
    assert thammuu("memos", "issue", "Hà Nam", *DAY, "--as", "clerk").code == 0


def test_an_automatic_policy_approves_by_itself(thammuu: Thammuu, rules: Path) -> None:
    say_policy(rules, "approval: automatic")
    staff(thammuu)
    thammuu("memos", "return", "Hà Nội", "--comment", "Xem lại", "--as", "head")
    assert thammuu("memos", "issue", "Hà Nam", *DAY, "--as", "clerk").code == 0
    assert [one["by"] for one in told(thammuu, "memo.approved")] == ["policy:bo-noi-vu"]
    assert thammuu("memos", "issue", "Hà Nội", *DAY, "--as", "clerk").code == 2


def test_an_approval_is_of_the_form_and_name_that_were_drafted(thammuu: Thammuu) -> None:
    staff(thammuu)
    thammuu("memos", "approve", "Hà Nam", "--as", "head")
    refused = thammuu("memos", "issue", "Hà Nam", *DAY, "--form", "thong-bao", "--as", "clerk")
    assert refused.code == 2
    assert "nobody approved it" in " ".join(refused.err.split())
    assert thammuu("memos", "issue", "Hà Nam", *DAY, "--form", "thong-bao", "--as", "chief").code == 0
    assert [one["by"] for one in told(thammuu, "memo.approved")] == ["head", "chief"]
