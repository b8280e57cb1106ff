"""What the standing of a unit rests on, followed from the memo down to the printed rows."""

from typing import Any

import pytest
from commands import EXAMPLES, Thammuu


@pytest.fixture
def lines(thammuu: Thammuu) -> list[dict[str, Any]]:
    """The lines of a memo on PAR INDEX and PAPI, with a PAPI before them."""
    for index, year, on, *more in (
        ("papi", 2020, "2021-04-14", "--history"),
        ("papi", 2021, "2022-05-10"),
        ("par-index", 2021, "2022-05-25", "--partial"),
    ):
        file = EXAMPLES / index / f"{index}-{year}.csv"
        told = thammuu("publish", file, "--index", index, "--period", str(year), "--published-on", on, *more)
        assert told.code == 0, told.err
    found: list[dict[str, Any]] = thammuu("memos", "why", "Hà Nam", "--format", "json").json()
    return found


def reasons(thammuu: Thammuu, lines: list[dict[str, Any]], words: str) -> dict[str, dict[str, Any]]:
    number = next(line["line"] for line in lines if line["place"] == "standing" and words in line["text"])
    told = thammuu("memos", "why", "Hà Nam", str(number), "--format", "json").json()
    return {one["reference"]: one for one in told["because"]}


def test_the_national_mean_is_followed_to_its_printed_row(thammuu: Thammuu, lines: list[dict[str, Any]]) -> None:
    found = reasons(thammuu, lines, "trung bình cả nước (86,37 điểm)")
    (mean,) = [one for name, one in found.items() if name.startswith("aggregate:")]
    assert mean["label"] == "Cả nước (TB 63 tỉnh)"
    assert float(mean["printed_scores"]["total"]) == 86.37
    assert mean["event"]["position"] > 0


def test_each_rank_of_the_chart_is_followed_to_its_publication(thammuu: Thammuu, lines: list[dict[str, Any]]) -> None:
    found = reasons(thammuu, lines, "2020 ")
    ranks = {one["period"]: one["total_rank"] for name, one in found.items() if name.startswith("fact:papi")}
    assert set(ranks) == {"2020", "2021"}
    assert ranks["2021"] == 22
    assert all(one["event"]["position"] > 0 for one in found.values())
