"""``thammuu serve``: nobody in who should not be, and nobody at what is not theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from servers.program import API, Server, command, environment, served

if TYPE_CHECKING:
    from pathlib import Path

ASKED = {"index": "papi", "period": "2022", "published_on": "2023-04-12"}
TOKEN = "a token of thirty-two characters"  # noqa: S105  of these tests alone
EVERYWHERE = "0.0.0.0"  # noqa: S104  behind a token


def test_with_tokens_nobody_enters_without_one_and_each_may_do_what_its_line_names(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    lines = {right: f"a-token-that-may-{right}-alone" for right in ("read", "publish", "recipients")}
    limited = "".join(f"{rights}: {token}\n" for rights, token in lines.items())
    tokens.write_text(f"# of the portal\nanother-token-long-enough\n{limited}", encoding="utf-8")
    key = Fernet.generate_key().decode()
    told = {"THAMMUU_API_TOKEN": TOKEN, "THAMMUU_API_TOKENS_FILE": str(tokens), "THAMMUU_SECRET_KEY": key}
    with served(environment(tmp_path / "data", **told), "--host", EVERYWHERE) as server:
        assert server.get("/publications").status == 200
        for token, status in (
            ("another-token-long-enough", 200),
            (TOKEN + "x", 401),
            ("# of the portal", 401),
            ("", 401),
        ):
            server.token = token
            answer = server.get("/publications")
            assert answer.status == status
            assert status == 200 or answer.headers["www-authenticate"] == "Bearer"
            assert server.publish(b"x", **ASKED).status == (422 if status == 200 else 401)
        assert server.ask("GET", "/readyz").status == 200
        assert {right: done_with(server, token) for right, token in lines.items()} == {
            "read": [True, True, *[False] * 7],
            "publish": [True, True, True, True, *[False] * 5],
            "recipients": [True, True, False, False, True, True, True, True, False],
        }
        server.token = lines["read"]
        refused = server.ask("POST", f"{API}/recipients", b"{}", {"host": f"x{API}/publications?"})
        assert (refused.status, refused.json()["detail"]) == (403, "This token has no right to recipients.")


def done_with(server: Server, token: str) -> list[bool]:
    """Which requests are not refused for want of a right: two that read, one of each that writes, one of no route."""
    server.token = token
    asked = [
        ("GET", "/publications", {}), ("GET", "/recipients", {}), ("POST", "/publications", ASKED),
        ("DELETE", "/publications/none", {"reason": "x"}), ("POST", "/recipients", {}),
        ("PATCH", "/recipients/r-0", {}), ("DELETE", "/recipients/r-0", {}),
        ("GET", "/recipients/r-0", {"contact": "true"}), ("POST", "/memos", {}),
    ]  # fmt: skip
    return [server.ask(method, f"{API}{path}", b"{}", **more).status != 403 for method, path, more in asked]


@pytest.mark.parametrize(
    ("more", "arguments", "told"),
    [
        ({}, ("--host", EVERYWHERE), "THAMMUU_API_TOKEN"),
        ({"THAMMUU_API_TOKEN": "short"}, (), "16 characters"),
        ({"THAMMUU_API_TOKENS_FILE": "/dev/null"}, (), "no token"),
    ],
)
def test_a_server_without_what_keeps_others_out_does_not_begin(
    tmp_path: Path, more: dict[str, str], arguments: tuple[str, ...], told: str
) -> None:
    done = command(environment(tmp_path / "data", **more), "serve", "--port", "0", *arguments)
    assert done.returncode == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())
