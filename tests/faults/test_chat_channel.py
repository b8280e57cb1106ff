"""Chat messages on the wire, by the real library to servers in the vendors' place, and what their answers mean."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest

from servers.http_sink import Reply, Request, http_sink
from servers.mail_messages import clock, message
from servers.mail_sink import certificate
from thammuu.delivery.channels.chat import ChatChannel
from thammuu.delivery.outbound import Limits
from thammuu.delivery.ports import Answer, MemoRef
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

QUICK = Limits(connect_s=1.0, read_s=0.5, whole_s=2.0)
LINK = "https://cchc.example/memos/ha_nam-2022"
TEXT = f"Công văn số 05/BNV-CCHC\n1. Sở @everyone <b>A</b> [x](https://evil.example) <!channel>: rà soát\nXem: {LINK}"
TELEGRAM = "tgram://123456789:CANARY_abcdefghijklmnopqrstuvwxyzABC/-100123"
SLACK = "slack://TCANARY3L/BCANARY4JD/CANARYkdnlazkcOXrIdevi7FQ"
SLACK_BOT = "slack://xoxb-123456789012-1234567890123-CANARYl1YL3g1T5L4cK70k3/C12345678"
TEAMS = "workflows://prod-1.logic.azure.com:443/CANARYe69f83c8944/CANARYb3dfgBQ9EqbsXwQyUpO3MjkrF7"
ZALO = "zalo://12345:CANARY-abcDEF/9f8e7d"
MATTERMOST = "mmosts://chat.example/CANARY4722377935511fc85d3d"
MATRIX = "matrixs://CANARY-token@chat.example/!room:chat.example"
JSON = "jsons://chat.example/CANARY-bot"
VENDORS = {
    TELEGRAM: "api.telegram.org",
    SLACK: "hooks.slack.com",
    SLACK_BOT: "slack.com",
    TEAMS: "prod-1.logic.azure.com",
    ZALO: "bot-api.zaloplatforms.com",
    MATTERMOST: "chat.example",
    JSON: "chat.example",
}
GOOD = {TELEGRAM: b'{"ok":true}', SLACK_BOT: b'{"ok":true}', ZALO: b'{"ok":true}'}
TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    TELEGRAM: lambda told: told["text"],
    SLACK: lambda told: told["attachments"][0]["text"],
    SLACK_BOT: lambda told: told["attachments"][0]["text"],
    TEAMS: lambda told: told["attachments"][0]["content"]["body"][0]["text"],
    ZALO: lambda told: told["text"],
    MATTERMOST: lambda told: told["text"],
    JSON: lambda told: told["message"],
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


Sending = tuple[Answer, list[Request]]


@pytest.fixture
def sent(authority: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Sending]:
    """Send to an address whose vendor's name leads to a server of ours."""
    real = socket.getaddrinfo

    def sending(address: str, reply: Callable[[Request], Reply] | None = None, **changed: Any) -> Sending:  # noqa: ANN401
        vendor = VENDORS[address]
        trusted = certificate(authority, vendor)
        good = Reply(body=GOOD.get(address, b"ok"), status=202 if address == TEAMS else 200)
        with http_sink(reply or (lambda _request: good), trusted) as sink:

            def leading_here(host: str, port: int, *asked: Any, **options: Any) -> Any:  # noqa: ANN401
                here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", sink.port))]
                return here if host == vendor else real(host, port, *asked, **options)

            monkeypatch.setattr(socket, "getaddrinfo", leading_here)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted.path))
            return send(address, vendor, **changed), sink.requests

    return sending


def send(address: str, hosts: str, private: str | None = None, **changed: Any) -> Answer:  # noqa: ANN401
    settings = Settings(delivery_hosts=hosts, delivery_private_hosts=hosts if private is None else private)
    memos = (MemoRef("ha-nam-2022", 1, 5, clock().date(), LINK),)

    async def go() -> Answer:
        channel = ChatChannel(settings, clock, QUICK)
        try:
            return await channel.send(message(to={"address": address}, chat=TEXT, memos=memos, **changed))
        finally:
            await channel.close()

    return asyncio.run(go())


@pytest.mark.parametrize("address", VENDORS, ids=lambda one: f"{one.partition(':')[0]}-{VENDORS[one]}")
def test_each_service_gets_the_message_once_with_nothing_to_obey_in_it(
    address: str, sent: Callable[..., Sending]
) -> None:
    answer, requests = sent(address)
    assert answer == Answer("accepted")
    assert len(requests) == 1
    whole = requests[0].body.decode()
    text = TEXTS[address](json.loads(whole))
    assert "Công văn số 05/BNV-CCHC" in text
    assert LINK in text
    for hostile in ("@everyone", "<b>", "<!channel>", "](https://evil", "//evil.example", "evil.example"):
        assert hostile not in text
    assert "apprise" not in whole.lower()
    assert "github.com" not in whole
    lines = text.replace("\r\n", "\n").split("\n\n" if address == TEAMS else "\n")
    assert len(lines) == 3


SLACK_PAGE = b'{"ok":false,"error":"%s"}'
ANSWERS: list[tuple[str, Reply, Answer]] = [
    # https://core.telegram.org/bots/api#making-requests
    (TELEGRAM, Reply(400, body=b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}'),
     Answer("refused", "400 Bad Request: chat not found")),
    (TELEGRAM, Reply(401, body=b'{"ok":false,"description":"Unauthorized"}'), Answer("refused", "401 Unauthorized")),
    (TELEGRAM, Reply(403, body=b'{"ok":false,"description":"Forbidden: bot was kicked"}'),
     Answer("refused", "403 Forbidden: bot was kicked")),
    (TELEGRAM, Reply(429, body=b'{"ok":false,"description":"Too Many Requests","parameters":{"retry_after":35}}'),
     Answer("later", "429 Too Many Requests", wait_s=35.0)),
    (TELEGRAM, Reply(429, body=b'{"parameters":{"retry_after":1e300}}'), Answer("later", "429", wait_s=86_400.0)),
    (TELEGRAM, Reply(429, body=b"[" * 500_000), Answer("later", "429")),
    (TELEGRAM, Reply(400, body=b'{"description":' * 50_000), Answer("refused", "400")),
    (TELEGRAM, Reply(429, body=b'{"retry_after_ms":1' + b"0" * 400 + b"}"), Answer("later", "429")),
    (TELEGRAM, Reply(429, body=b'{"retry_after_ms":NaN}'), Answer("later", "429")),
    (TELEGRAM, Reply(502, body=b"<html>Bad Gateway</html>"), Answer("later", "502 <html>Bad Gateway</html>")),
    (TELEGRAM, Reply(302, {"Location": "https://evil.example/"}, body=b""), Answer("refused", "302")),
    (TELEGRAM, Reply(0), Answer("unknown", "the answer was lost")),
    (TELEGRAM, Reply(silent=True), Answer("unknown", "the answer was lost")),
    (TELEGRAM, Reply(200, {"Content-Length": "100"}), Answer("unknown", "the answer was lost")),
    (SLACK_BOT, Reply(200, body=b"x" * 10_000, times=150), Answer("unknown", "the answer was lost")),
    # https://docs.slack.dev/reference/methods/chat.postMessage#errors
    (SLACK_BOT, Reply(body=SLACK_PAGE % b"channel_not_found"), Answer("refused", "200 channel_not_found")),
    (SLACK_BOT, Reply(body=SLACK_PAGE % b"invalid_auth"), Answer("refused", "200 invalid_auth")),
    (SLACK_BOT, Reply(body=SLACK_PAGE % b"internal_error"), Answer("later", "200 internal_error")),
    (SLACK_BOT, Reply(429, {"Retry-After": "30"}, body=SLACK_PAGE % b"ratelimited"),
     Answer("later", "429 ratelimited", wait_s=30.0)),
    # https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors
    (SLACK, Reply(404, body=b"no_service"), Answer("refused", "404 no_service")),
    (SLACK, Reply(410, body=b"channel_is_archived"), Answer("refused", "410 channel_is_archived")),
    (SLACK, Reply(500, body=b"rollup_error"), Answer("later", "500 rollup_error")),
    (TEAMS, Reply(401), Answer("refused", "401 ok")),
    (TEAMS, Reply(429, {"Retry-After": "60"}, body=b""), Answer("later", "429", wait_s=60.0)),
    (TEAMS, Reply(504, body=b""), Answer("unknown", "504")),
    (MATTERMOST, Reply(400, body=b'{"id":"x","message":"Invalid webhook","status_code":400}'),
     Answer("refused", "400 Invalid webhook")),
    (MATTERMOST, Reply(503, body=b""), Answer("later", "503")),
    # https://bot.zapps.me/docs/error-code/
    (ZALO, Reply(body=b'{"ok":false,"description":"Chat not found","error_code":404}'),
     Answer("refused", "200 Chat not found")),
    (ZALO, Reply(408, body=b'{"ok":false,"description":"Request timeout"}'), Answer("later", "408 Request timeout")),
    (JSON, Reply(204, body=b""), Answer("accepted")),
    (JSON, Reply(403, body=b"[]"), Answer("refused", "403")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "reply", "answer"),
    ANSWERS,
    ids=[f"{one.partition(':')[0]}-{reply.status}-{place}" for place, (one, reply, _answer) in enumerate(ANSWERS)],
)
def test_each_answer_means_what_the_table_says(
    address: str, reply: Reply, answer: Answer, sent: Callable[..., Sending]
) -> None:
    got, requests = sent(address, lambda _request: reply)
    assert got == answer
    assert len(requests) == 1


def test_a_service_that_cannot_be_reached_is_tried_again() -> None:
    assert send("jsons://localhost:1/x", "localhost") == Answer(
        "later", "the server cannot be reached: ConnectionError"
    )


def test_a_service_that_does_not_answer_is_left_in_peace() -> None:
    hosts = Settings(delivery_hosts="localhost,127.0.0.1", delivery_private_hosts="localhost,127.0.0.1")

    async def go(port: int) -> list[Answer]:
        channel = ChatChannel(hosts, clock, QUICK)
        dead, well = "jsons://localhost:1/x", f"json://127.0.0.1:{port}/x"
        got = [await channel.send(message(to={"address": one})) for one in (dead, dead, dead, well)]
        await channel.close()
        return got

    with http_sink() as sink:
        answers = asyncio.run(go(sink.port))
    assert [one.wait_s for one in answers] == [None, None, 30.0, None]
    assert [one.outcome for one in answers] == ["later", "later", "later", "accepted"]


@pytest.mark.parametrize("address", [*VENDORS, MATRIX])
def test_an_address_is_good_where_its_host_is_configured(address: str) -> None:
    channel = ChatChannel(Settings(delivery_hosts=VENDORS.get(address, "chat.example")), clock)
    assert channel.check(address) is None
    stranger = ChatChannel(Settings(delivery_hosts="other.example"), clock)
    fault = stranger.check(address) or ""
    assert "THAMMUU_DELIVERY_HOSTS" in fault
    assert "CANARY" not in fault


ANYWHERE = Settings(delivery_hosts="api.telegram.org,chat.example,localhost", delivery_private_hosts="localhost")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "chat.example",
        "https://chat.example/",
        "mailto://user:pass@chat.example",
        "syslog://",
        "file:///etc/passwd",
        "apprise://chat.example/x",
        "json://chat.example/x",
        "mmost://chat.example/CANARY4722377935511fc85d3d",
        "matrix://token@chat.example/!room:chat.example",
        "tgram://CANARY/1",
        "tgram://123456789:CANARY_abcdefghijklmnopqrstuvwxyzABC/",
        "tgram://123456789:CANARY_abcdefghijklmnopqrstuvwxyzABC/-1/-2",
        f"{TELEGRAM},{JSON}",
        f"{TELEGRAM} {JSON}",
        f"{TELEGRAM}?format=markdown",
        f"{TELEGRAM}?mdv=2",
        f"{TELEGRAM}?retry=5",
        f"{JSON}?verify=no",
        f"{JSON}?redirect=yes",
        f"{JSON}?method=get",
        f"{JSON}?+X-Header=1",
        f"{JSON}?TO=x",
        f"{JSON}?CANARY",
        f"{JSON}?to=x;redirect=yes",
        f"{MATRIX}?mode=t2bot",
        f"{MATRIX}?e2ee=yes",
        f"{MATRIX}/!another:chat.example",
        f"{MATTERMOST}?to=a&template=https://evil.example",
        f"{MATTERMOST}?to=a,b",
        f"{TEAMS}?template=/etc/passwd",
        f"{SLACK}/%23one/%23two",
        "jsons://chat.example\\@evil.example/x",
        "jsons://chat.example%00.evil.example/x",
        "jsons://127.0.0.1/x",
        "jsons://2130706433/x",
        "jsons://[::1]/x",
        "matrixs://CANARY-token@chat.example/",
        "matrixs://CANARY-token@chat.example/%23alias:chat.example",
        "matrixs://CANARY-token@chat.example/@person:chat.example",
        "matrixs://user:CANARY-pass@chat.example/!room:chat.example",
    ],
)
def test_any_other_address_is_refused_without_repeating_it(address: str) -> None:
    channel = ChatChannel(ANYWHERE, clock)
    fault = channel.check(address)
    assert fault
    assert "CANARY" not in fault
    assert asyncio.run(channel.send(message(to={"address": address}))).outcome == "refused"


def test_an_address_of_the_own_network_is_not_connected_to() -> None:
    with http_sink() as sink:
        answer = send(f"jsons://localhost:{sink.port}/x", "localhost", private="")
    assert answer == Answer("refused", "the host has an address of the own network")
    assert sink.connections == 0


def test_no_token_is_logged_or_told(
    sent: Callable[..., Sending], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(1)
    logging.getLogger("apprise").setLevel(1)

    def echo(request: Request) -> Reply:
        """A service that repeats all it was told, as an error."""
        said = json.dumps({"ok": False, "description": request.path[:150], "error": request.body.decode()[:40]})
        return Reply(400, body=said.encode())

    for address in VENDORS:
        for reply in (None, echo, lambda _request: Reply(0)):
            answer, _requests = sent(address, reply)
            assert "CANARY" not in answer.reason + answer.reference, address
    send(TELEGRAM.replace("CANARY", "CANARY!"), "api.telegram.org")
    assert "CANARY" not in caplog.text + "".join(capfd.readouterr())
