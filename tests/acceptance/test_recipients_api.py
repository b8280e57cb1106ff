"""Recipients are kept over HTTP as by the command line, and their addresses stay where they belong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from servers.program import API, Answer, Server, command, environment, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from commands import Thammuu

TOKEN = "a token that is made up"  # noqa: S105  a made-up one
SECRET = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"  # noqa: S105  the same
CANARIES = ("Hoàng Yến", "hoang.yen@nest.example.com", "hook.example.com/yellow", SECRET)
SAID = {
    "unit": "Hà Nam",
    "role": "secretariat",
    "name": CANARIES[0],
    "email": CANARIES[1],
    "webhook": f"https://{CANARIES[2]}",
    "webhook_secret": SECRET,
    "formats": ["pdf", "docx"],
    "valid_from": "2023-01-01",
}
DAY = "?units_as_of=2023-04-20"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("kept")
    key = Fernet.generate_key().decode()
    return environment(folder / "data", THAMMUU_SECRET_KEY=key, THAMMUU_API_TOKEN=TOKEN)


@pytest.fixture
def server(env: dict[str, str]) -> Iterator[Server]:
    with served(env) as started:
        yield started


def asked(server: Server, method: str, path: str, said: Any = None) -> Answer:  # noqa: ANN401  any JSON value
    body = None if said is None else json.dumps(said)
    return server.ask(method, f"{API}/recipients{path}", body, {"content-type": "application/json"})


def test_a_recipient_is_added_changed_and_erased(server: Server, env: dict[str, str]) -> None:
    added = asked(server, "POST", DAY, SAID)
    assert added.status == 201, added.body
    name = added.json()["recipient_id"]
    assert added.headers["location"] == f"{API}/recipients/{name}"
    assert added.headers["cache-control"] == "no-store"
    again = asked(server, "POST", DAY, SAID)
    assert (again.status, again.json()["became"], again.json()["recipient_id"]) == (200, "unchanged", name)

    changed = asked(server, "PATCH", f"/{name}", {"language": "en", "valid_from": None, "quiet_from": "21:30"})
    assert changed.status == 422
    assert [one["column"] for one in changed.json()["problems"]] == ["quiet_to"]
    changed = asked(server, "PATCH", f"/{name}", {"language": "en", "valid_from": None})
    assert changed.json()["became"] == "changed"
    shown = asked(server, "GET", f"/{name}").json()
    assert (shown["language"], shown["valid_from"], shown["formats"]) == ("en", None, ["pdf", "docx"])
    assert shown["channels"] == {"email": "usable", "webhook": "usable"}

    opened = asked(server, "GET", f"/{name}?contact=true")
    assert opened.headers["cache-control"] == "no-store"
    assert opened.json()["name"] == CANARIES[0]
    assert opened.json()["addresses"] == {"email": CANARIES[1], "webhook": f"https://{CANARIES[2]}"}
    plain = [added, again, changed, asked(server, "GET", ""), asked(server, "GET", f"/{name}")]
    assert not any(canary.encode() in one.body for one in plain for canary in CANARIES)
    assert SECRET.encode() not in opened.body

    assert [one["recipient_id"] for one in asked(server, "GET", "").json()["items"]] == [name]
    assert asked(server, "DELETE", f"/{name}").json() == {"recipient_id": name, "erased": True}
    assert asked(server, "GET", "").json()["items"] == []
    gone = [asked(server, method, f"/{name}", {}) for method in ("GET", "PATCH", "DELETE")]
    assert [one.status for one in gone] == [404, 404, 404]

    asked(server, "POST", DAY, SAID)
    wrong = asked(server, "POST", DAY, SAID | {"email": f"{CANARIES[1]}@x", "role": "secretariat", "unit": "Hà Nma"})
    assert {one["column"] for one in wrong.json()["problems"]} == {"unit", "email"}
    misspelt = asked(server, "POST", DAY, SAID | {"e-mail": CANARIES[1], "turn": 0})
    assert {one["column"] for one in misspelt.json()["problems"]} == {"e-mail", "turn"}
    assert not any(canary.encode() in one.body for one in (wrong, misspelt) for canary in CANARIES)
    server.stop()
    logged = server.running.said()
    assert "Serving on" in logged
    events = command(env, "events", "--format", "json").stdout
    held = b"".join(one.read_bytes() for one in Path(env["THAMMUU_DATA"]).rglob("*") if one.is_file())
    for canary in CANARIES:
        assert canary not in logged + events
        assert canary.encode() not in held


def test_without_a_token_nobody_sees_or_changes_recipients(env: dict[str, str], server: Server) -> None:
    del env
    stranger = Server(server.running, server.address)
    for method, path in (("GET", ""), ("POST", ""), ("GET", "/r-1"), ("PATCH", "/r-1"), ("DELETE", "/r-1")):
        assert asked(stranger, method, path, {}).status == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"unit": 7}', b"\xff", b'{"unit": "\\ud800", "role": "x"}'])
def test_a_body_that_is_no_recipient_is_refused(server: Server, body: bytes) -> None:
    refused = server.ask("POST", f"{API}/recipients", body)
    assert refused.status == 422, refused.body
    assert refused.json()["problems"]


def test_a_large_body_is_refused_before_it_is_read(server: Server) -> None:
    assert server.ask("POST", f"{API}/recipients", b" " * 30_000).status == 413


def test_without_a_key_the_server_says_that_it_is_its_own_fault(tmp_path: Path) -> None:
    with served(environment(tmp_path / "data")) as keyless:
        refused = asked(keyless, "POST", DAY, SAID)
        assert (refused.status, "THAMMUU_SECRET_KEY" in refused.json()["detail"]) == (503, True)
        assert asked(keyless, "GET", "").status == 200


def test_the_command_line_adds_shows_and_changes_one(thammuu: Thammuu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAMMUU_SECRET_KEY", Fernet.generate_key().decode())
    told = ["unit=Hà Nam", "role=secretariat", f"email={CANARIES[1]}", "name=Văn phòng"]
    added = thammuu("recipients", "add", *told, "--units-as-of", "2023-04-20")
    assert added.code == 0, added.err
    (row,) = thammuu("recipients", "list", "--format", "json").json()
    name = row["recipient_id"]
    assert added.out.strip() == f"{name} is new."
    assert thammuu("recipients", "change", name, "language=en").out.strip() == f"{name} is changed."
    assert thammuu("recipients", "change", name, "language=en").out.strip() == f"{name} is as before."
    plain = thammuu("recipients", "show", name)
    assert "en" in plain.out
    assert CANARIES[1] not in plain.out
    assert CANARIES[1] in thammuu("recipients", "show", name, "--show-addresses").out
    refused = thammuu("recipients", "change", name, "email=a@@b", "turn=x")
    assert refused.code == 2
    assert "2 errors" in refused.err
    assert thammuu("recipients", "change", name, "email").code == 2
    assert thammuu("recipients", "show", "r-none").code == 2
