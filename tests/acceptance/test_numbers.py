"""Every number of a register is a document's or voided with a reason, and that is provable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from commands import EXAMPLES, Thammuu, memo
from sqlalchemy import create_engine, text

from thammuu.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("data")
DAY = ("--dated", "2023-04-20")
REASON = "Số đã cấp trên giấy trước khi dùng chương trình"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the memos of PAPI 2022."""
    folder = tmp_path_factory.mktemp("published") / "data"
    told = ["publish", str(EXAMPLES / "papi" / "papi-2022.csv"), "--index", "papi", "--period", "2022"]
    assert main([*told, "--published-on", "2023-04-12", "--data", str(folder)]) == 0
    return folder


def book(thammuu: Thammuu) -> list[tuple[int, int, str]]:
    rows = thammuu("memos", "numbers", "--format", "json").json()
    return [(row["first"], row["last"], row["state"]) for row in rows]


def doctor(thammuu: Thammuu) -> dict[str, Any]:
    rows: list[dict[str, Any]] = thammuu("doctor", "--format", "json").json()
    return next(row for row in rows if row["check"] == "numbers of documents")


def test_a_number_beyond_the_next_one_is_refused_unless_the_others_are_voided(thammuu: Thammuu) -> None:
    refused = thammuu("memos", "issue", "Hà Nam", *DAY, "--number", "4")
    assert refused.code == 2
    assert "would leave out 1–3: the next one is 1" in " ".join(refused.err.split())
    assert memo(thammuu, "ha-nam-2023")["status"] == "draft"
    assert thammuu("memos", "issue", "Hà Nam", *DAY, "--number", "4", "--void-skipped", REASON).code == 0
    (voided,) = thammuu("events", "--type", "memo.numbers-voided", "--format", "json").json()
    told = {name: voided["data"][name] for name in ("numbers_of", "year", "first", "last", "reason", "memo_id")}
    numbers = {"numbers_of": "bo-noi-vu", "year": 2023, "first": 1, "last": 3}
    assert told == numbers | {"reason": REASON, "memo_id": "ha-nam-2023"}
    assert voided["data"]["by"]

    assert thammuu("memos", "issue", "Hà Nội", *DAY).code == 0
    assert book(thammuu) == [(1, 3, "voided"), (4, 4, "document"), (5, 5, "document")]
    assert REASON in thammuu("memos", "numbers").out
    assert thammuu("memos", "numbers", "--year", "2022", "--format", "json").json() == []
    assert thammuu("ledger", "verify").code == 0
    assert doctor(thammuu)["state"] == "ok"


def test_a_voided_number_is_never_given(thammuu: Thammuu) -> None:
    thammuu("memos", "issue", "Hà Nam", *DAY, "--number", "3", "--void-skipped", REASON)
    refused = thammuu("memos", "issue", "Hà Nội", *DAY, "--number", "2")
    assert refused.code == 2
    assert f"was voided: {REASON}" in " ".join(refused.err.split())


def test_the_next_number_by_name_voids_nothing(thammuu: Thammuu) -> None:
    assert thammuu("memos", "issue", "Hà Nam", *DAY, "--number", "1", "--void-skipped", REASON).code == 0
    assert book(thammuu) == [(1, 1, "document")]


def test_a_document_that_is_refused_voids_nothing(thammuu: Thammuu) -> None:
    thammuu("people", "add", "vt-1", "--rights", "edit,approve,issue,send")
    refused = thammuu("memos", "issue", "Hà Nam", *DAY, "--number", "9", "--void-skipped", REASON, "--as", "nobody")
    assert refused.code == 2
    assert thammuu("events", "--type", "memo.numbers-voided", "--format", "json").json() == []
    assert book(thammuu) == []


@pytest.mark.parametrize("more", [("--void-skipped", REASON), ("--number", "3", "--void-skipped", " ")])
def test_a_reason_without_a_number_and_a_number_without_a_reason_are_refused(
    thammuu: Thammuu, more: tuple[str, ...]
) -> None:
    assert thammuu("memos", "issue", "Hà Nam", *DAY, *more).code == 2
    assert book(thammuu) == []


def test_each_register_and_year_counts_for_itself(thammuu: Thammuu) -> None:
    committee = ("--issuer", "ubnd-tinh-vi-du")
    thammuu("memos", "issue", "Hà Nam", *DAY, *committee, "--number", "2", "--void-skipped", REASON)
    thammuu("memos", "issue", "Hà Nội", *DAY, *committee)
    thammuu("memos", "issue", "Cao Bằng", "--dated", "2024-01-05")
    rows = thammuu("memos", "numbers", "--format", "json").json()
    assert [(row["register"], row["year"], row["first"], row["state"]) for row in rows] == [
        ("bo-noi-vu", 2024, 1, "document"),
        ("ubnd-tinh-vi-du/ha-nam", 2023, 1, "voided"),
        ("ubnd-tinh-vi-du/ha-nam", 2023, 2, "document"),
        ("ubnd-tinh-vi-du/ha-noi", 2023, 1, "document"),
    ]


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE issued_memos SET number = 8 WHERE number = 2", "2–7 is neither a document's nor voided"),
        ("DELETE FROM issued_memos WHERE number = 2", "ha-noi-2023, version 1: the register and the ledger"),
        ("UPDATE issued_memos SET dated = '2023-04-21' WHERE number = 2", "do not say the same number and day"),
    ],
)
def test_a_gap_and_a_changed_register_are_faults(thammuu: Thammuu, data: Path, damage: str, told: str) -> None:
    for unit in ("Hà Nam", "Hà Nội"):
        thammuu("memos", "issue", unit, *DAY)
    (database,) = data.glob("*.sqlite*")
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:
        connection.execute(text(damage))
    engine.dispose()
    verified = thammuu("ledger", "verify")
    assert verified.code == 1
    assert told in " ".join(verified.err.split())
    row = doctor(thammuu)
    assert row["state"] == "fault"
    assert told in row["detail"]


def test_an_old_gap_is_shown_and_voided_with_the_next_reason(thammuu: Thammuu, data: Path) -> None:
    for unit in ("Hà Nam", "Hà Nội"):
        thammuu("memos", "issue", unit, *DAY)
    (database,) = data.glob("*.sqlite*")
    engine = create_engine(f"sqlite:///{database}")
    with engine.begin() as connection:  # as the program once let a person do it
        connection.execute(text("UPDATE issued_memos SET number = 4 WHERE number = 2"))
    engine.dispose()
    shown = thammuu("memos", "numbers", "--format", "json")
    assert shown.code == 1
    assert [row["state"] for row in shown.json()] == ["document", "missing", "document"]
    assert thammuu("memos", "issue", "Cao Bằng", *DAY, "--number", "7", "--void-skipped", REASON).code == 0
    shown = thammuu("memos", "numbers", "--format", "json")
    assert shown.code == 0
    assert [(row["first"], row["last"], row["state"]) for row in shown.json()] == [
        (1, 1, "document"),
        (2, 3, "voided"),
        (4, 4, "document"),
        (5, 6, "voided"),
        (7, 7, "document"),
    ]
