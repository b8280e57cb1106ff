"""Webhooks as receivers see them: checked with the library of Standard Webhooks, and every answer they may give."""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from standardwebhooks import Webhook, WebhookVerificationError

from servers.http_sink import HttpSink, Reply, http_sink
from servers.mail_messages import NOW, clock, message
from servers.mail_sink import certificate
from servers.ports import free_port
from thammuu.delivery.channels.webhook import WebhookChannel
from thammuu.delivery.outbound import Limits
from thammuu.delivery.ports import Answer, MemoRef
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from thammuu.clock import Clock

SECRET = "whsec_" + b64encode(b"made up, thirty-two bytes long..").decode()
OTHER = "whsec_" + b64encode(b"another, thirty-two bytes long..").decode()
HOME = Settings(delivery_hosts="localhost", delivery_private_hosts="localhost")
QUICK = Limits(connect_s=1.0, read_s=0.5, whole_s=2.0, answer_bytes=10_000)
CANARY = "CANARY-7391-token"


def now() -> datetime:
    return datetime.now(UTC)


def post(
    address: str, secret: str = SECRET, *, at: Clock = now, settings: Settings = HOME, **changed: object
) -> Answer:
    async def go() -> Answer:
        channel = WebhookChannel(settings, at, QUICK)
        try:
            return await channel.send(message(to={"address": address, "secret": secret}, **changed))
        finally:
            await channel.close()

    return asyncio.run(go())


def hook(sink: HttpSink) -> str:
    return f"http://localhost:{sink.port}/hooks/{CANARY}?key={CANARY}"


def test_a_receiver_checks_the_signature_with_its_library() -> None:
    with http_sink() as sink:
        answer = post(hook(sink))
    (request,) = sink.requests
    assert answer == Answer("accepted")
    assert request.path == f"/hooks/{CANARY}?key={CANARY}"
    assert request.headers["webhook-id"] == "d-0123456789abcdef"
    told = Webhook(SECRET).verify(request.body, dict(request.headers))
    assert told["type"] == "memo.issued"
    for changed in (request.body + b" ", request.body.replace(b"ha-nam", b"ha-tay")):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(changed, dict(request.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER).verify(request.body, dict(request.headers))


def test_a_receiver_with_a_certificate_of_an_authority_of_one_s_own_is_trusted_where_the_operator_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = certificate(tmp_path)
    monkeypatch.setenv("HTTPS_PROXY", f"http://localhost:{free_port()}")
    with http_sink(secured=own) as sink:
        address = hook(sink).replace("http:", "https:")
        assert post(address).outcome == "later"
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(own.path))
        assert post(address) == Answer("accepted")
    assert len(sink.requests) == 1


def test_while_a_secret_is_replaced_both_sign() -> None:
    with http_sink() as sink:
        assert post(hook(sink), f"{SECRET} {OTHER}").outcome == "accepted"
        assert post(hook(sink), f"{OTHER},{SECRET}").outcome == "accepted"
    for request in sink.requests:
        assert Webhook(SECRET).verify(request.body, dict(request.headers))
        assert Webhook(OTHER).verify(request.body, dict(request.headers))


def test_an_ed25519_key_signs_so_that_a_receiver_needs_no_secret() -> None:
    key = Ed25519PrivateKey.generate()
    secret = "whsk_" + b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())).decode()
    with http_sink() as sink:
        assert post(hook(sink), secret, at=clock).outcome == "accepted"
    (request,) = sink.requests
    version, _comma, signature = request.headers["webhook-signature"].partition(",")
    assert version == "v1a"
    public: Ed25519PublicKey = key.public_key()
    content = f"d-0123456789abcdef.{int(NOW.timestamp())}.".encode() + request.body
    public.verify(b64decode(signature), content)


def test_a_program_is_told_ids_numbers_days_and_links_and_nothing_of_persons() -> None:
    memos = (MemoRef("ha-nam-2022", 2, 5, date(2026, 6, 22), "https://cchc.example/memos/ha-nam-2022"),)
    with http_sink() as sink:
        post(hook(sink), at=clock, memos=memos, kind="withdrawal")
    body = sink.requests[0].body
    assert json.loads(body) == {
        "type": "memo.withdrawn",
        "timestamp": "2026-06-22T02:30:00Z",
        "data": {
            "delivery": "d-0123456789abcdef",
            "language": "vi",
            "memos": [
                {
                    "id": "ha-nam-2022",
                    "version": 2,
                    "number": 5,
                    "dated": "2026-06-22",
                    "link": "https://cchc.example/memos/ha-nam-2022",
                }
            ],
            "text": "Công văn số 05/BNV-CCHC",
        },
    }
    assert "Văn phòng" not in body.decode()


def test_a_further_try_has_the_same_id_and_the_time_of_the_try() -> None:
    with http_sink() as sink:
        post(hook(sink), at=clock)
        post(hook(sink), at=lambda: NOW + timedelta(minutes=5), attempt=2)
    first, second = sink.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert int(second.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 300


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 200, "plain text", "whsec_ê", f"{SECRET} whsk_eA=="]
)
def test_without_a_good_secret_nothing_is_posted(secret: str) -> None:
    with http_sink() as sink:
        answer = post(hook(sink), secret)
    assert answer.outcome == "refused"
    assert "secret" in answer.reason
    assert SECRET not in answer.reason
    assert sink.connections == 0


LATER_DATE = "Mon, 22 Jun 2026 02:31:00 GMT"
ANSWERS: list[tuple[Reply, Answer]] = [
    (Reply(200), Answer("accepted")),
    (Reply(201), Answer("accepted")),
    (Reply(202, body=b""), Answer("accepted")),
    (Reply(204, body=b""), Answer("accepted")),
    (Reply(200, body=b"x" * 20_000), Answer("accepted")),
    (Reply(301, {"Location": "http://localhost/x"}), Answer("refused", "301")),
    (Reply(307, {"Location": "http://localhost/x"}), Answer("refused", "307")),
    (Reply(400), Answer("refused", "400")),
    (Reply(401), Answer("refused", "401")),
    (Reply(403), Answer("refused", "403")),
    (Reply(404), Answer("refused", "404")),
    (Reply(408), Answer("later", "408")),
    (Reply(410), Answer("refused", "410")),
    (Reply(413), Answer("refused", "413")),
    (Reply(422), Answer("refused", "422")),
    (Reply(425), Answer("later", "425")),
    (Reply(429), Answer("later", "429")),
    (Reply(429, {"Retry-After": "120"}), Answer("later", "429", wait_s=120.0)),
    (Reply(429, {"Retry-After": LATER_DATE}), Answer("later", "429", wait_s=60.0)),
    (Reply(429, {"Retry-After": "Mon, 22 Jun 2020 02:31:00 GMT"}), Answer("later", "429")),
    (Reply(429, {"Retry-After": "soon"}), Answer("later", "429")),
    (Reply(429, {"Retry-After": "-5"}), Answer("later", "429")),
    (Reply(503, {"Retry-After": "9" * 40}), Answer("later", "503", wait_s=86_400.0)),
    (Reply(500), Answer("later", "500")),
    (Reply(502), Answer("later", "502")),
    (Reply(503), Answer("later", "503")),
    (Reply(504), Answer("unknown", "504")),
    (Reply(599), Answer("later", "599")),
    (Reply(silent=True), Answer("unknown", "the answer was lost")),
    (Reply(0), Answer("unknown", "the answer was lost")),
    (Reply(500, {"Content-Length": "100"}), Answer("later", "500")),
    (Reply(200, {"Content-Length": "100"}), Answer("accepted")),
]


@pytest.mark.parametrize(
    ("reply", "answer"), ANSWERS, ids=[f"{one.status}-{place}" for place, (one, _answer) in enumerate(ANSWERS)]
)
def test_each_answer_means_what_the_table_says(reply: Reply, answer: Answer) -> None:
    with http_sink(lambda _request: reply) as sink:
        assert post(hook(sink), at=clock) == answer
    assert len(sink.requests) == 1


def closed(_port: int) -> str:
    return f"http://localhost:{free_port()}/"


def no_tls(port: int) -> str:
    return f"https://localhost:{port}/"


def no_name(_port: int) -> str:
    return "https://no-such-host.invalid/"


@pytest.mark.parametrize(
    ("address", "kind"), [(closed, "ConnectionError"), (no_tls, "SSLError"), (no_name, "ConnectionError")]
)
def test_what_was_never_handed_over_is_tried_again(address: Callable[[int], str], kind: str) -> None:
    hosts = Settings(delivery_hosts="localhost,no-such-host.invalid", delivery_private_hosts="localhost")
    with http_sink() as sink:
        answer = post(address(sink.port), settings=hosts)
    assert answer == Answer("later", f"the server cannot be reached: {kind}")
    assert sink.requests == []


def test_a_receiver_that_does_not_answer_is_left_in_peace_and_others_are_not() -> None:
    silent = Reply(silent=True)
    moment = [NOW]

    async def go(dead: HttpSink, well: HttpSink) -> list[Answer]:
        # two names of this machine: a receiver is known by its host
        home = Settings(delivery_hosts="localhost,127.0.0.1", delivery_private_hosts="localhost,127.0.0.1")
        channel = WebhookChannel(home, lambda: moment[0], QUICK)
        there, here = f"http://127.0.0.1:{dead.port}/", f"http://localhost:{well.port}/"
        to = [{"address": one, "secret": SECRET} for one in (there, there, there, here)]
        got = [await channel.send(message(to=one)) for one in to]
        moment[0] += timedelta(seconds=31)
        got.append(await channel.send(message(to=to[0])))
        await channel.close()
        return got

    with http_sink(lambda _request: silent) as dead, http_sink() as well:
        answers = asyncio.run(go(dead, well))
    assert [one.outcome for one in answers] == ["unknown", "unknown", "later", "accepted", "unknown"]
    assert answers[2].wait_s == 30.0
    assert (dead.connections, well.connections) == (3, 1)


def test_a_host_that_is_not_allowed_is_not_asked() -> None:
    with http_sink() as sink:
        answer = post(f"http://127.0.0.1:{sink.port}/hooks/{CANARY}")
    assert answer.outcome == "refused"
    assert "THAMMUU_DELIVERY_HOSTS" in answer.reason
    assert CANARY not in answer.reason
    assert sink.connections == 0


def test_an_address_is_checked_before_it_is_used() -> None:
    channel = WebhookChannel(HOME, clock)
    assert channel.check("http://localhost:8080/hook") is None
    assert channel.check("https://evil.example/hook")
    asyncio.run(channel.close())


def test_no_secret_is_logged_or_told(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    replies = [Reply(), Reply(0), Reply(500, body=CANARY.encode()), Reply(404, body=SECRET.encode())]
    for reply in replies:
        with http_sink(lambda _request, reply=reply: reply) as sink:
            answer = post(hook(sink))
        assert CANARY not in answer.reason + answer.reference
        assert SECRET not in answer.reason + answer.reference
    told = caplog.text + "".join(capfd.readouterr())
    assert CANARY not in told
    assert SECRET not in told
