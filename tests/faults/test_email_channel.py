"""The e-mail channel against servers that secure, refuse, delay, cut and lie."""

import asyncio
import logging
import socket
import threading
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import structlog

from servers.mail_messages import clock, message
from servers.mail_sink import Certificate, certificate, mail_sink
from servers.scripted_smtp import CUT, SILENT, Script, scripted_smtp
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.ports import Answer, Attachment, Message
from thammuu.errors import BadInputError
from thammuu.settings import Settings

PASSWORD = "Mật-khẩu-rất-bí-mật-7391"  # noqa: S105  made up
BIG = Attachment("big.pdf", "application/pdf", bytes(range(256)) * 8_000)


def settings(port: int, **changed: Any) -> Settings:  # noqa: ANN401  settings of every type
    whole = {
        "smtp_host": "localhost",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_from": "bao-cao@moha.example",
        "smtp_timeout_s": 5,
    }
    return Settings(**whole | changed)


def send(chosen: Settings, *messages: Message) -> list[Answer]:
    """Send one after the other on one channel."""

    async def go() -> list[Answer]:
        channel = EmailChannel(chosen, clock)
        try:
            return [await channel.send(one) for one in messages or (message(),)]
        finally:
            await channel.close()

    return asyncio.run(go())


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificates"))


def test_a_mail_goes_over_starttls_with_a_login(trusted: Certificate) -> None:
    with mail_sink(secured=trusted, login=("user", PASSWORD)) as sink:
        (answer,) = send(
            settings(
                sink.port, smtp_security="starttls", smtp_ca_file=trusted.path, smtp_user="user", smtp_password=PASSWORD
            )
        )
    assert answer == Answer("accepted", reference="2.0.0 Ok: queued as 4F1A2B")
    (mail,) = sink.received
    assert mail.over_tls
    assert mail.user == "user"
    assert mail.sender == "bao-cao@moha.example"
    assert b"Message-ID: <d-0123456789abcdef@moha.example>\r\n" in mail.content
    assert b"Auto-Submitted: auto-generated\r\n" in mail.content
    assert b"X-Thammuu-Delivery: d-0123456789abcdef\r\n" in mail.content
    assert b"Date: Mon, 22 Jun 2026 09:30:00 +0700\r\n" in mail.content
    assert b"List-Unsubscribe" not in mail.content


def test_a_server_without_starttls_gets_nothing() -> None:
    with mail_sink() as sink:
        (answer,) = send(settings(sink.port, smtp_security="starttls"))
    assert answer.outcome == "later"
    assert "STARTTLS" in answer.reason.upper()
    assert sink.received == []


def test_a_certificate_nobody_vouches_for_is_not_trusted(trusted: Certificate) -> None:
    with mail_sink(secured=trusted) as sink:
        (answer,) = send(settings(sink.port, smtp_security="starttls"))
    assert answer.outcome == "later"
    assert "certificate" in answer.reason.lower()
    assert sink.received == []


def test_a_certificate_of_another_host_is_not_trusted(trusted: Certificate) -> None:
    with mail_sink(secured=trusted) as sink:
        (answer,) = send(
            settings(sink.port, smtp_host="127.0.0.1", smtp_security="starttls", smtp_ca_file=trusted.path)
        )
    assert answer.outcome == "later"
    assert sink.received == []


def test_a_login_is_never_configured_to_go_in_plain_text() -> None:
    with pytest.raises(BadInputError, match="never sent plain"):
        EmailChannel(settings(25, smtp_host="mail.example.org", smtp_user="user", smtp_password=PASSWORD), clock)


@pytest.mark.parametrize(
    ("missing", "told"), [({"smtp_host": None}, "THAMMUU_SMTP_HOST"), ({"smtp_from": None}, "THAMMUU_SMTP_FROM")]
)
def test_what_is_not_configured_is_named(missing: dict[str, None], told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        EmailChannel(settings(25, **missing), clock)


def test_a_refused_login_is_tried_again_later_and_tells_no_secret(trusted: Certificate) -> None:
    with mail_sink(secured=trusted, login=("user", "another")) as sink:
        (answer,) = send(
            settings(
                sink.port, smtp_security="starttls", smtp_ca_file=trusted.path, smtp_user="user", smtp_password=PASSWORD
            )
        )
    assert answer.outcome == "later"
    assert "535" in answer.reason
    assert PASSWORD not in answer.reason


def test_several_mails_share_a_connection() -> None:
    with mail_sink() as sink:
        answers = send(settings(sink.port), *(message(delivery_id=f"d-{n}") for n in range(5)))
    assert [one.outcome for one in answers] == ["accepted"] * 5
    assert len(sink.received) == 5
    assert len(sink.peers) == 1


def test_many_mails_at_once_use_as_many_connections_as_allowed() -> None:
    async def go(chosen: Settings) -> list[Answer]:
        channel = EmailChannel(chosen, clock)
        try:
            return list(await asyncio.gather(*(channel.send(message(delivery_id=f"d-{n}")) for n in range(12))))
        finally:
            await channel.close()

    with mail_sink() as sink:
        answers = asyncio.run(go(settings(sink.port, smtp_connections=3)))
    assert [one.outcome for one in answers] == ["accepted"] * 12
    assert 1 <= len(sink.peers) <= 3


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (Script(greeting="554 no"), "later"),
        (Script(greeting=CUT), "later"),
        (Script(mail="451 busy"), "later"),
        (Script(mail="550 sender refused"), "refused"),
        (Script(mail="530 authentication required"), "later"),
        (Script(mail="421 shutting down"), "later"),
        (Script(rcpt="450 mailbox busy"), "later"),
        (Script(rcpt="550 5.1.1 no such user"), "refused"),
        (Script(rcpt="552 mailbox full"), "refused"),
        (Script(rcpt="251 will forward"), "accepted"),
        (Script(rcpt="nonsense"), "later"),
        (Script(data="451 busy"), "later"),
        (Script(data="554 no"), "refused"),
        (Script(data=CUT), "later"),
        (Script(mail=CUT), "later"),
        (Script(rcpt=CUT), "later"),
        (Script(end="451 4.7.1 greylisted"), "later"),
        (Script(end="552 too much mail data"), "refused"),
        (Script(end="554 5.7.1 spam"), "refused"),
        (Script(end="421 going down"), "later"),
        (Script(end=CUT), "unknown"),
        (Script(end="nonsense"), "unknown"),
        (Script(cut_after=10), "unknown"),
        (Script(cut_after=700_000), "unknown"),
    ],
    ids=repr,
)
def test_each_answer_of_a_server_means_what_it_means(script: Script, outcome: str) -> None:
    with scripted_smtp(script) as server:
        (answer,) = send(settings(server.port, smtp_host="127.0.0.1"), message(attachments=(BIG,)))
    assert answer.outcome == outcome, answer
    assert bool(answer.reason) == (outcome != "accepted")
    assert len(server.accepted) == (outcome == "accepted")


@pytest.mark.parametrize(
    ("script", "outcome"),
    [
        (Script(greeting=SILENT), "later"),
        (Script(rcpt=SILENT), "later"),
        (Script(data=SILENT), "later"),
        (Script(end=SILENT), "unknown"),
    ],
    ids=repr,
)
def test_a_server_that_says_nothing_is_left_after_a_while(script: Script, outcome: str) -> None:
    with scripted_smtp(script) as server:
        (answer,) = send(settings(server.port, smtp_host="127.0.0.1", smtp_timeout_s=0.4))
    assert answer.outcome == outcome, answer


def test_a_slow_server_is_waited_for() -> None:
    with scripted_smtp(Script(delay_s=0.2)) as server:
        (answer,) = send(settings(server.port, smtp_host="127.0.0.1"))
    assert answer.outcome == "accepted"


def test_a_kept_connection_that_the_server_ended_is_opened_anew() -> None:
    with scripted_smtp(Script(mails_a_connection=1)) as server:
        answers = send(settings(server.port, smtp_host="127.0.0.1"), *(message(delivery_id=f"d-{n}") for n in range(3)))
    assert [one.outcome for one in answers] == ["accepted"] * 3
    assert server.connections == 3
    assert len(server.accepted) == 3


def test_a_refused_recipient_does_not_end_the_connection() -> None:
    with mail_sink() as sink:
        sink.refused["nobody@hanam.example"] = "550 5.1.1 <nobody@hanam.example>: no such user"
        answers = send(settings(sink.port), message(), message(to={"address": "nobody@hanam.example"}), message())
    assert [one.outcome for one in answers] == ["accepted", "refused", "accepted"]
    assert answers[1].reason == "550 5.1.1 <…>: no such user"
    assert len(sink.peers) == 1


def test_a_mail_larger_than_the_server_takes_is_not_sent() -> None:
    with mail_sink(size=50_000) as sink:
        (answer,) = send(settings(sink.port), message(attachments=(BIG,)))
    assert answer.outcome == "refused"
    assert "50000" in answer.reason
    assert sink.received == []


@pytest.mark.parametrize(
    ("extensions", "outcome"), [(("SMTPUTF8", "8BITMIME"), "accepted"), (("8BITMIME",), "refused")]
)
def test_an_address_beyond_ascii_goes_only_to_servers_that_can(extensions: Sequence[str], outcome: str) -> None:
    with scripted_smtp(Script(extensions=tuple(extensions))) as server:
        (answer,) = send(settings(server.port, smtp_host="127.0.0.1"), message(to={"address": "hộp.thư@thư.example"}))
    assert answer.outcome == outcome
    told = [one for one in server.commands if one.startswith(("MAIL", "RCPT"))]
    if outcome == "accepted":
        assert told == [
            "MAIL FROM:<bao-cao@moha.example> SMTPUTF8 BODY=8BITMIME",
            "RCPT TO:<hộp.thư@xn--th-e0a.example>",
        ]
    else:
        assert told == []


def test_the_domain_of_an_address_is_written_in_ascii() -> None:
    with scripted_smtp(Script(extensions=("DSN", "SIZE 0"))) as server:
        (answer,) = send(settings(server.port, smtp_host="127.0.0.1"), message(to={"address": "a@thư.example"}))
    assert answer.outcome == "accepted"
    told = [one for one in server.commands if one.startswith(("MAIL", "RCPT"))]
    assert told[0].endswith(" RET=HDRS ENVID=d-0123456789abcdef")
    assert told[1] == "RCPT TO:<a@xn--th-e0a.example> NOTIFY=FAILURE"


def test_a_sender_s_domain_is_written_in_ascii_and_the_rest_must_be() -> None:
    with scripted_smtp(Script()) as server:
        (answer,) = send(settings(server.port, smtp_host="127.0.0.1", smtp_from="bao-cao@thư.example"))
    assert answer.outcome == "accepted", answer
    assert "MAIL FROM:<bao-cao@xn--th-e0a.example>" in server.commands
    assert b"From: bao-cao@xn--th-e0a.example\r\n" in server.mails[0]
    for setting in ("smtp_from", "smtp_reply_to"):
        with pytest.raises(BadInputError, match=f"THAMMUU_{setting.upper()} is no e-mail address"):
            EmailChannel(settings(25, **{setting: "báo-cáo@moha.example"}), clock)


def test_one_domain_gets_no_more_mails_a_minute_than_allowed() -> None:
    one, other = {"address": "a@one.example"}, {"address": "a@other.example"}
    with mail_sink() as sink:
        answers = send(settings(sink.port, mails_a_minute=12), *(message(to=one) for _ in range(5)), message(to=other))
    assert [answer.outcome for answer in answers] == ["accepted", "accepted", "later", "later", "later", "accepted"]
    assert [answer.wait_s for answer in answers[2:5]] == pytest.approx([5.0, 10.0, 15.0])


def test_no_secret_and_no_address_is_said_in_a_reason_or_a_log(
    trusted: Certificate, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    structlog.reset_defaults()
    to = {"name": "Người Nhận Riêng", "address": "canary-4711@hanam.example"}
    plain = b64encode(f"\0user\0{PASSWORD}".encode()).decode()
    said = "550 <canary-4711@hanam.example> (Người Nhận Riêng) https://u:p@host/x " + PASSWORD + " AUTH PLAIN " + plain
    login = {"smtp_user": "user", "smtp_password": PASSWORD}
    answers = []
    for script in (
        Script(greeting=f"421 {said}"),
        Script(rcpt=said),
        Script(data=said),
        Script(end=said),
        Script(end=CUT),
    ):
        with scripted_smtp(replace(script, extensions=("AUTH PLAIN",))) as server:
            answers += send(settings(server.port, smtp_host="127.0.0.1", **login), message(to=to))
    with mail_sink(secured=trusted, login=("user", "another")) as sink:
        answers += send(
            settings(sink.port, smtp_security="starttls", smtp_ca_file=trusted.path, **login), message(to=to)
        )
    # the server of the test logs what it hears
    ours = [record for record in caplog.records if not record.name.startswith("mail.")]
    told = repr(answers) + repr([record.getMessage() for record in ours]) + "".join(capfd.readouterr())
    for secret in ("canary-4711", "Người Nhận", PASSWORD, "u:p@host", plain):
        assert secret not in told
    assert len({one.outcome for one in answers}) == 3


def test_settings_and_servers_do_not_show_the_password() -> None:
    chosen = settings(25, smtp_password=PASSWORD, smtp_user="user")
    assert PASSWORD not in repr(chosen) + repr(vars(EmailChannel(chosen, clock)))


def test_a_server_that_stops_reading_is_not_written_to_any_more() -> None:
    received, go = bytearray(), threading.Event()

    def talk(listening: socket.socket) -> None:
        with listening.accept()[0] as sock:
            sock.sendall(b"220 test\r\n")
            for reply in (b"250 test\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
                sock.recv(1_000)
                sock.sendall(reply)
            go.wait(30)
            with suppress(ConnectionError):
                while piece := sock.recv(1_000_000):
                    received.extend(piece)

    async def go_on(channel: EmailChannel, server: threading.Thread) -> Answer:
        file = Attachment("large.pdf", "application/pdf", bytes(30_000_000))
        answer = await channel.send(message(attachments=(file,)))
        go.set()
        await asyncio.to_thread(server.join, 30)
        await channel.close()
        return answer

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = threading.Thread(target=talk, args=(listening,))
        server.start()
        told = settings(listening.getsockname()[1], smtp_host="127.0.0.1", smtp_timeout_s=1.0)
        assert asyncio.run(go_on(EmailChannel(told, clock), server)).outcome == "unknown"
    assert not server.is_alive()
    assert len(received) < 30_000_000
