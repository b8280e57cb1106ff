"""Who is told of a memo, as people ask and as the ledger records it, on real scores."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from commands import EXAMPLES, Thammuu, corrected

from thammuu.cli.main import main
from thammuu.delivery.vault import new_key
from thammuu.resources import rules_folder

PAPI = ("--index", "papi", "--period", "2022", "--published-on")
LIST = """\
unit,role,email,turn
Hà Nam,secretariat,thu-ky@ha-nam.example.com,1
Hà Nam,secretariat,thay-the@ha-nam.example.com,2
Hà Nam,steering-committee,thu-ky@ha-nam.example.com,1
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "data"
    told = [str(EXAMPLES / "papi" / "papi-2022.csv"), *PAPI, "2023-04-12", "--data", str(folder)]
    assert main(["publish", *told]) == 0
    return folder


@pytest.fixture(autouse=True)
def data(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thammuu: Thammuu) -> None:
    """A copy of the published data for each test, with a key for contact data."""
    del thammuu
    shutil.copytree(published, tmp_path / "data")
    monkeypatch.setenv("THAMMUU_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("THAMMUU_SECRET_KEY", new_key())


def registered(thammuu: Thammuu, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(LIST, "utf-8")
    done = thammuu("recipients", "import", file, "--units-as-of", "2023-04-12")
    assert done.code == 0, done.err


def told(thammuu: Thammuu, kind: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = thammuu("events", "--type", kind, "--format", "json").json()
    return [row["data"] for row in rows]


def untold(thammuu: Thammuu) -> tuple[str, str]:
    rows = {row["check"]: row for row in thammuu("doctor", "--format", "json").json()}
    row = rows["issued memos that nobody is told of"]
    return row["state"], row["detail"]


def test_trying_routes_shows_who_gets_what_by_which_channel_when_and_why(thammuu: Thammuu, tmp_path: Path) -> None:
    registered(thammuu, tmp_path)
    asked = ("--unit", "Hà Nam", "--severity", "critical", "--index", "papi", "--at", "2023-04-21T23:55")
    tried = thammuu("routes", "test", *asked, "--format", "json").json()
    (message,) = tried["messages"]
    assert (message["channel"], message["due"]) == ("email", "2023-04-24T00:00+07:00")
    assert message["shares"] != ""
    assert "route.routes[0] (routes.yaml:" in message["why"]
    assert tried["nobody"] == [{"unit": "Hà Nam", "role": "lead-agency"}]
    shown = thammuu("routes", "test", *asked)
    assert "nobody can be reached as lead-agency" in shown.err
    assert told(thammuu, "delivery.queued") == []


def test_trying_a_round_takes_its_memos(thammuu: Thammuu, tmp_path: Path) -> None:
    registered(thammuu, tmp_path)
    tried = thammuu("routes", "test", "--round", "2023", "--at", "2023-04-20T10:00", "--format", "json").json()
    assert {row["unit"] for row in tried["messages"]} == {"Hà Nam"}
    assert len({row["unit"] for row in tried["nobody"]}) >= 60


def test_unknown_names_are_told_together_with_the_nearest(thammuu: Thammuu) -> None:
    wrong = thammuu(
        "routes", "test", "--unit", "Hà Nam", "--at", "2023-04-20T10:00", "--index", "pap", "--severity", "criticl"
    )
    assert wrong.code == 2
    assert "papi" in wrong.err
    assert "critical" in wrong.err
    assert thammuu("routes", "test").code == 2
    assert thammuu("routes", "test", "--round", "1999").code == 2


def test_checking_routes_tells_every_problem_with_its_place(
    thammuu: Thammuu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "2 routes" in thammuu("routes", "check").out
    shutil.copytree(rules_folder(), tmp_path / "rules")
    file = tmp_path / "rules" / "delivery" / "routes.yaml"
    file.write_text("route:\n  to: []\n  routes:\n    - match: {unit: ha-nm}\n    - match: {index: pap}\n", "utf-8")
    monkeypatch.setenv("THAMMUU_RULES", str(tmp_path / "rules"))
    wrong = thammuu("routes", "check")
    assert wrong.code == 2
    assert "routes.yaml:4:21" in wrong.err.replace("\n", "")
    assert "routes.yaml:5:22" in wrong.err.replace("\n", "")


def test_a_memo_its_correction_and_its_withdrawal_go_to_the_same_people(thammuu: Thammuu, tmp_path: Path) -> None:
    assert thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20").code == 0
    assert {one["role"] for one in told(thammuu, "delivery.unaddressed")} >= {"secretariat", "steering-committee"}
    assert untold(thammuu) == ("note", "1")
    registered(thammuu, tmp_path)
    applied = thammuu("routes", "apply", "--round", "2023", "--format", "json").json()
    assert (applied["messages"], applied["memos"]) == (1, 1)
    assert thammuu("routes", "apply", "--round", "2023", "--format", "json").json()["messages"] == 0
    assert untold(thammuu) == ("ok", "0")
    (first,) = told(thammuu, "delivery.queued")
    assert first["memos"] == [{"memo_id": "ha-nam-2023", "version": 1}]

    (tmp_path / "list.csv").write_text("unit,role,email\n*,secretariat,moi@example.com\n", "utf-8")
    assert thammuu("recipients", "import", tmp_path / "list.csv").code == 0
    file = corrected(tmp_path, "Hà Nam", "6.3", "1.50")
    assert thammuu("publish", file, *PAPI, "2023-05-10").code == 0
    assert thammuu("memos", "issue", "Hà Nam", "--dated", "2023-05-12").code == 0
    queued = told(thammuu, "delivery.queued")
    assert [(one["recipient"], one["channel"]) for one in queued] == [(first["recipient"], "email")] * 2
    assert queued[1]["memos"][0]["version"] > 1

    for name in ("papi-2022-r2", "papi-2022-r1"):
        done = thammuu("publish", "--withdraw", name, "--reason", "wrong scores")
        assert done.code == 0, done.err
    assert told(thammuu, "delivery.cancelled") != []
    kinds = {one["kind"] for one in told(thammuu, "delivery.queued")}
    assert kinds == {"memo"}, "nobody had it yet, so nobody is told"
    assert thammuu("ledger", "verify").code == 0
