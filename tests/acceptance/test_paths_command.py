"""The command that finds the smallest set of criteria for a rank."""

import csv
import io

from commands import Papi, Thammuu

PAPI = ("--index", "papi", "--period", "2022")


def test_each_step_says_where_it_leads(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PAPI, "--published-on", "2023-04-12")
    told = thammuu("paths", "Hà Nam", *PAPI, "--to-rank", "20", "--format", "json").json()
    assert (told["reached"], told["criteria"]) == (True, 3)
    assert (told["rank_now"], told["rank_then"], told["n"]) == (26, 20, 61)
    assert [step["code"] for step in told["steps"]] == ["6.2", "6.3", "7.2"]
    rows = csv.DictReader(
        io.StringIO(thammuu("paths", "Hà Nam", *PAPI, "--to-rank", "1", "--to", "best", "--format", "csv").out)
    )
    assert [row["rank_after"] for row in rows][-1] == "1"


def test_a_rank_out_of_reach_and_one_already_held_are_said(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PAPI, "--published-on", "2023-04-12")
    assert "does not reach rank 1" in thammuu("paths", "Hà Nam", *PAPI, "--to-rank", "1").out
    assert "already has rank 26 of 61" in thammuu("paths", "Hà Nam", *PAPI, "--to-rank", "60").out


def test_without_a_total_or_a_publication_the_error_says_which(thammuu: Thammuu, papi: Papi) -> None:
    thammuu("publish", papi(2022), *PAPI, "--published-on", "2023-04-12")
    missing = thammuu("paths", "Bắc Giang", *PAPI, "--to-rank", "3")
    assert missing.code == 2
    assert "Bac Giang has no total of papi 2022" in missing.err
    unpublished = thammuu("paths", "Hà Nam", "--index", "papi", "--period", "2021", "--to-rank", "3")
    assert unpublished.code == 2
    assert "Published periods: 2022" in unpublished.err
