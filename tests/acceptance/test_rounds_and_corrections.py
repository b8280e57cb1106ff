"""Corrections, withdrawals and rounds: which publications a memo answers."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from commands import EXAMPLES, Papi, Thammuu

from thammuu import bootstrap
from thammuu.intake import acceptance, publishing
from thammuu.intake.publishing import Request
from thammuu.ledger import log
from thammuu.settings import Settings

PAPI = ("--index", "papi", "--period")
SIPAS = EXAMPLES / "sipas" / "sipas-2021.csv"
JUNE, APRIL = date(2022, 6, 20), date(2023, 4, 12)


def drafts(thammuu: Thammuu) -> dict[str, dict[str, Any]]:
    return {memo["memo_id"]: memo for memo in thammuu("memos", "list", "--format", "json").json()}


def answered(thammuu: Thammuu, memo_id: str) -> list[str]:
    """The publications of the newest draft of a memo."""
    events = thammuu("events", "--type", "memo.drafted", "--format", "json").json()
    return sorted([event["data"]["publications"] for event in events if event["data"]["memo_id"] == memo_id][-1])


def without(papi_file: Path, name: str, to: Path) -> Path:
    to.write_text(
        "\n".join(line for line in papi_file.read_text("utf-8").splitlines() if f",{name}," not in line) + "\n"
    )
    return to


def test_a_correction_stays_in_the_round_of_what_it_corrects(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publish", papi(2022), *PAPI, "2022", "--published-on", "2023-04-12")
    changed = tmp_path / "changed.csv"
    changed.write_text(papi(2022).read_text("utf-8").replace("1.290253639", "2.29"), "utf-8")
    elsewhere = thammuu("publish", changed, *PAPI, "2022", "--published-on", "2024-01-15", "--round", "2024")
    assert elsewhere.code == 2
    assert "round 2023" in elsewhere.err.replace("\n", " ")
    told = thammuu("publish", changed, *PAPI, "2022", "--published-on", "2024-01-15", "--format", "json").json()
    assert (told["publication_id"], told["round"]) == ("papi-2022-r2", "2023")
    assert {memo["round"] for memo in drafts(thammuu).values()} == {"2023"}
    sipas = ("publish", SIPAS, "--index", "sipas", "--period", "2021", "--partial", "--published-on", "2022-06-20")
    assert thammuu(*sipas, "--round", "2023").code == 0
    assert answered(thammuu, "ha-nam-2023") == ["papi-2022-r2", "sipas-2021-r1"]


def test_a_unit_that_a_correction_leaves_out_loses_its_memo(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    thammuu("publish", papi(2022), *PAPI, "2022", "--published-on", "2023-04-12")
    shorter = without(papi(2022), "Hà Nam", tmp_path / "shorter.csv")
    assert thammuu("publish", shorter, *PAPI, "2022", "--published-on", "2023-04-12", "--partial").code == 0
    assert drafts(thammuu)["ha-nam-2023"]["status"] == "superseded"
    assert drafts(thammuu)["ha-noi-2023"]["status"] == "draft"
    thammuu("publish", "--withdraw", "papi-2022-r2", "--reason", "Hà Nam was forgotten")
    assert drafts(thammuu)["ha-nam-2023"]["status"] == "draft"


def test_a_former_province_that_a_correction_leaves_out_leaves_its_successors_memo(
    thammuu: Thammuu, papi: Papi, tmp_path: Path
) -> None:
    def told_of() -> set[str]:
        memo = thammuu("memos", "show", "ninh-binh-2025-2025", "--format", "json").json()
        return {section["unit_id"] for section in memo["sections"] if section["kind"] == "unit"}

    thammuu("publish", papi(2022), *PAPI, "2022", "--published-on", "2025-09-15")
    assert told_of() == {"ha-nam", "nam-dinh", "ninh-binh"}
    shorter = without(papi(2022), "Hà Nam", tmp_path / "shorter.csv")
    assert thammuu("publish", shorter, *PAPI, "2022", "--published-on", "2025-09-15", "--partial").code == 0
    assert told_of() == {"nam-dinh", "ninh-binh"}
    thammuu("publish", "--withdraw", "papi-2022-r2", "--reason", "Hà Nam was forgotten")
    assert told_of() == {"ha-nam", "nam-dinh", "ninh-binh"}


def test_a_unit_left_out_before_any_stage_has_run_gets_no_memo(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    """Both revisions were accepted by commands that were stopped; they are analysed in one batch."""
    shorter = without(papi(2022), "Hà Nam", tmp_path / "shorter.csv")
    with bootstrap.changing(Settings(data=tmp_path / "data")) as program:
        publishing.publish(program.context, Request(papi(2022), "papi", "2022", published_on=APRIL))
        publishing.publish(program.context, Request(shorter, "papi", "2022", partial=True, published_on=APRIL))
        program.run()
    states = {memo["unit_id"]: memo["status"] for memo in drafts(thammuu).values()}
    assert (states["ha-nam"], states["ha-noi"]) == ("superseded", "draft")


def test_an_older_period_does_not_enter_through_another_index(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PAPI, "2022", "--published-on", "2023-04-12")
    thammuu("publish", papi(2021), *PAPI, "2021", "--published-on", "2022-06-20")
    thammuu("publish", SIPAS, "--index", "sipas", "--period", "2021", "--partial", "--published-on", "2022-06-20")
    assert answered(thammuu, "ha-nam-2022") == ["sipas-2021-r1"]


def test_a_withdrawn_index_leaves_the_memo_to_the_others(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2021), *PAPI, "2021", "--published-on", "2022-06-20")
    thammuu("publish", SIPAS, "--index", "sipas", "--period", "2021", "--partial", "--published-on", "2022-06-20")
    assert answered(thammuu, "ha-nam-2022") == ["papi-2021-r1", "sipas-2021-r1"]
    thammuu("publish", "--withdraw", "papi-2021-r1", "--reason", "test of a withdrawal")
    assert answered(thammuu, "ha-nam-2022") == ["sipas-2021-r1"]
    assert drafts(thammuu)["ha-noi-2022"]["status"] == "superseded"


def test_a_withdrawal_that_overtakes_the_analysis_leaves_the_same(thammuu: Thammuu, papi: Papi, tmp_path: Path) -> None:
    """Published and withdrawn before any stage has run, as a stopped command may leave it."""
    settings = Settings(data=tmp_path / "data")
    requests = [
        Request(papi(2021), "papi", "2021", published_on=JUNE),
        Request(SIPAS, "sipas", "2021", partial=True, published_on=JUNE),
    ]
    with bootstrap.changing(settings) as program:
        for request in requests:
            publishing.publish(program.context, request)
        acceptance.withdraw(program.context, "papi-2021-r1", "overtaken")
        program.run()
        with program.context.database.snapshot() as connection:
            assert list(log.read(connection, types=["event.rejected"])) == []
    standing = [memo for memo in drafts(thammuu).values() if memo["status"] == "draft"]
    with SIPAS.open(encoding="utf-8") as file:
        scored = {row["entity_name"] for row in csv.DictReader(line for line in file if not line.startswith("#"))}
    assert {memo["unit_name"] for memo in standing} == scored
    assert all(answered(thammuu, memo["memo_id"]) == ["sipas-2021-r1"] for memo in standing)


def test_history_published_again_for_memos_is_a_revision(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PAPI, "2022", "--history")
    told = thammuu("publish", papi(2022), *PAPI, "2022", "--published-on", "2023-04-12", "--format", "json").json()
    assert (told["publication_id"], told["memos"]) == ("papi-2022-r2", 63)
    back = thammuu("publish", papi(2022), *PAPI, "2022", "--history")
    assert back.code == 2


def test_withdrawing_with_dry_run_is_refused_and_withdraws_nothing(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PAPI, "2022", "--history")
    assert thammuu("publish", "--withdraw", "papi-2022-r1", "--reason", "x", "--dry-run").code == 2
    assert thammuu("publications", "--format", "json").json()[0]["withdrawn_sequence"] is None


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "", "x" * 41, "2023\n", "\u202e2023", "2023 ", "..", "\ud800", '"><script>']
)
def test_a_round_that_could_not_name_a_file_is_refused(thammuu: Thammuu, papi: Papi, name: str) -> None:
    told = thammuu("publish", papi(2022), *PAPI, "2022", "--round", name or " ")
    assert told.code == 2
    assert "it names files" in told.err
    assert thammuu("publications", "--format", "json").json() == []


@pytest.mark.parametrize("reason", [" ", "x" * 2_000, "a\x1b[31m", "\udcff"])
def test_a_reason_that_nobody_can_read_is_refused(thammuu: Thammuu, papi: Papi, reason: str) -> None:
    thammuu("publish", papi(2022), *PAPI, "2022", "--history")
    assert thammuu("publish", "--withdraw", "papi-2022-r1", "--reason", reason).code == 2


@pytest.mark.parametrize("day", ["2021-12-31", "2999-01-01"])
def test_a_day_of_publication_that_cannot_be_is_refused(thammuu: Thammuu, papi: Papi, day: str) -> None:
    assert thammuu("publish", papi(2022), *PAPI, "2022", "--published-on", day).code == 2
