"""Mails through a real mail server, Postfix: taken over STARTTLS, handed on as they are, returned with a report."""

import asyncio
import email
import time
from collections.abc import Callable, Iterator
from email import policy
from typing import Any

import pytest

from servers.deliveries import KEY
from servers.mail_messages import clock, message
from servers.mail_sink import Certificate, Received, Sink, certificate, mail_sink
from servers.mta import Postfix, postfix
from thammuu.delivery.bounces import notice_in
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.ports import Answer, Attachment, Message
from thammuu.delivery.returning import returning_of
from thammuu.settings import Settings

WITHIN_S = 60.0
OURS = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with mail_sink() as running:
        yield running


@pytest.fixture(scope="module")
def server(sink: Sink, trusted: Certificate) -> Iterator[Postfix]:
    with postfix(sink.port, trusted, size=1_000_000) as running:
        yield running


def send(server: Postfix, *messages: Message, **changed: Any) -> list[Answer]:  # noqa: ANN401  settings
    chosen: dict[str, Any] = {
        "smtp_host": "localhost",
        "smtp_port": server.port,
        "smtp_from": "bao-cao@moha.example",
        "smtp_ca_file": server.secured.path,
    }

    async def go() -> list[Answer]:
        channel = EmailChannel(Settings(**chosen | changed), clock)
        try:
            return [await channel.send(one) for one in messages]
        finally:
            await channel.close()

    return asyncio.run(go())


def arrived(server: Postfix, sink: Sink, wanted: Callable[[Received], bool]) -> Received:
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        found = next((one for one in list(sink.received) if wanted(one)), None)
        if found is not None:
            return found
        time.sleep(0.1)
    pytest.fail(f"Nothing came.\n{server.said()}")


def test_a_mail_comes_through_as_it_was_written(server: Postfix, sink: Sink) -> None:
    pdf = bytes(range(256)) * 1_000
    text = "Kính gửi: Ủy ban nhân dân tỉnh Hà Nam.\n.\n..\nFrom the start.\n" + "dài " * 400 + "\n"
    (answer,) = send(
        server,
        message(delivery_id="d-whole", text=text, attachments=(Attachment("công văn.pdf", "application/pdf", pdf),)),
    )
    assert answer.outcome == "accepted"
    assert "queued as" in answer.reference
    found = arrived(server, sink, lambda one: b"d-whole" in one.content)
    assert found.recipients == ("vanphong@hanam.example",)
    parsed = email.message_from_bytes(found.content, policy=policy.default)
    assert parsed["message-id"] == "<d-whole@moha.example>"
    assert parsed["to"].addresses[0].display_name == "Văn phòng UBND tỉnh Hà Nam"
    body = parsed.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == text
    (attachment,) = parsed.iter_attachments()
    assert attachment.get_filename() == "công văn.pdf"
    assert attachment.get_content() == pdf


def test_a_mail_in_plain_text_is_refused_by_the_server_and_stays(server: Postfix) -> None:
    (answer,) = send(server, message(), smtp_security="none")
    assert answer.outcome == "later"
    assert answer.reason.startswith("530 5.7.0 Must issue a STARTTLS command first")


def test_a_mail_above_the_limit_is_refused_with_both_sizes(server: Postfix) -> None:
    (answer,) = send(server, message(attachments=(Attachment("a.pdf", "application/pdf", b"x" * 1_000_000),)))
    assert answer.outcome == "refused"
    assert "1000000" in answer.reason


def test_a_mail_that_the_next_server_refuses_comes_back_and_is_matched(server: Postfix, sink: Sink) -> None:
    sink.refused["gone@hanam.example"] = "550 5.1.1 <gone@hanam.example>: no such mailbox"
    (answer,) = send(server, message(delivery_id="d-bounced", to={"address": "gone@hanam.example"}))
    assert answer.outcome == "accepted"
    report = arrived(server, sink, lambda one: one.recipients == ("bao-cao@moha.example",))
    assert report.sender == "<>"
    notice = notice_in(report.content, "moha.example")
    assert (notice.kind, notice.delivery_id, notice.state) == ("bounce", "d-bounced", "bounced")
    assert notice.reason.startswith("5.1.1 550 5.1.1 <…>: no such mailbox")
    assert "gone@" not in notice.reason


def test_a_report_comes_to_the_address_of_its_delivery_alone_and_proves_it(server: Postfix, sink: Sink) -> None:
    sink.refused["gone@hanam.example"] = "550 5.1.1 no such mailbox"
    chosen = {"smtp_from": "bao-cao@moha.example", "smtp_sub_addresses": True, "secret_key": KEY}
    (answer,) = send(server, message(delivery_id=OURS, to={"address": "gone@hanam.example"}), **chosen)
    assert answer.outcome == "accepted"
    returning = returning_of(Settings(**chosen))
    assert returning is not None
    report = arrived(server, sink, lambda one: one.recipients == (returning.address_for(OURS),))
    notice = notice_in(report.content, "moha.example", returning)
    assert (notice.kind, notice.delivery_id, notice.state) == ("bounce", OURS, "bounced")
    forged = report.content.replace(returning.address_for(OURS).encode(), b"bao-cao@moha.example")
    assert notice_in(forged, "moha.example", returning).kind == "unproven"


def test_the_report_of_a_mail_of_another_domain_is_none_of_ours(server: Postfix, sink: Sink) -> None:
    sink.refused["gone@hanam.example"] = "550 5.1.1 no such mailbox"
    send(
        server,
        message(delivery_id="d-foreign", to={"address": "gone@hanam.example"}),
        smtp_from="other@elsewhere.example",
    )
    report = arrived(server, sink, lambda one: one.recipients == ("other@elsewhere.example",))
    assert notice_in(report.content, "moha.example").kind == "foreign"
    assert notice_in(report.content, "elsewhere.example").delivery_id == "d-foreign"
