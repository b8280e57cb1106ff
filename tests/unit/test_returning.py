"""Reports are believed where they come to an address that only the sender could make."""

import asyncio
from email.parser import BytesHeaderParser
from typing import Any

import pytest

from servers.deliveries import KEY
from servers.mail_messages import clock, message
from servers.mail_sink import mail_sink
from thammuu.delivery.bounces import notice_in
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.returning import Returning, returning_of
from thammuu.delivery.vault import Vault, new_key
from thammuu.errors import BadInputError
from thammuu.settings import Settings

OURS, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
DOMAIN = "moha.example"
OTHER_KEY = "YW5vdGhlciBrZXkgZm9yIHRlc3RzIG9ubHksIGhlcmU="
RETURNING = Returning("bao-cao@moha.example", Vault([KEY]))
OWN = RETURNING.address_for(OURS)
RECEIPT = "message/disposition-notification"


def settings(**changed: Any) -> Settings:  # noqa: ANN401  settings of every type
    whole = {"smtp_host": "localhost", "smtp_security": "none", "smtp_from": "bao-cao@moha.example"}
    return Settings(**whole | {"smtp_sub_addresses": True, "secret_key": KEY} | changed)


def report(to: str, fields: str = "Action: failed\r\nStatus: 5.1.1", kind: str = "message/delivery-status") -> bytes:
    """A report that names our delivery, as whoever knows the mail can write it."""
    # a receipt has its fields in one group
    end = "" if kind == RECEIPT else "\r\n"
    return (
        f"From: MAILER-DAEMON@mx.hanam.example\r\nTo: {to}\r\n"
        'Content-Type: multipart/report; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: {kind}\r\n\r\nOriginal-Envelope-Id: {OURS}\r\n"
        f"Original-Message-ID: <{OURS}@{DOMAIN}>\r\n{end}{fields}\r\n\r\n--b--\r\n"
    ).encode()


def told(mail: bytes) -> tuple[str, str | None, str | None]:
    notice = notice_in(mail, DOMAIN, RETURNING)
    return notice.kind, notice.delivery_id, notice.state


def test_a_delivery_has_an_address_of_its_own_that_tells_which_it_is() -> None:
    local, _at, domain = OWN.partition("@")
    assert (local[:8], len(local), domain) == ("bao-cao+", 50, DOMAIN)
    assert RETURNING.address_for(OTHER) != OWN
    assert Returning("bao-cao@moha.example", Vault([new_key()])).address_for(OURS) != OWN
    assert Returning("bao-cao@moha.example", Vault([new_key(), KEY])).address_for(OURS) == OWN, "a key was added"


@pytest.mark.parametrize("to", [OWN, OWN.upper(), f"<{OWN}>", f"somebody@else.example\r\nDelivered-To: {OWN}"])
def test_a_report_that_came_there_is_believed(to: str) -> None:
    assert told(report(to)) == ("bounce", OURS, "bounced")


def test_it_tells_of_that_delivery_whatever_is_in_it() -> None:
    assert told(report(RETURNING.address_for(OTHER))) == ("bounce", OTHER, "bounced")
    assert told(report(OWN).replace(OURS.encode(), b"x")) == ("bounce", OURS, "bounced")
    in_words = f"To: {OWN}\r\nX-Failed-Recipients: a@b.example\r\n\r\nIt failed.\r\n".encode()
    assert told(in_words) == ("bounce", OURS, "bounced")
    absent = f"To: {OWN}\r\nAuto-Submitted: auto-replied\r\n\r\nAway.\r\n".encode()
    assert told(absent) == ("absence", OURS, "delivered")


@pytest.mark.parametrize(
    "to",
    [
        "bao-cao@moha.example",
        # in a name of a test nothing may be drawn: each process that runs tests must find the same names
        Returning("bao-cao@moha.example", Vault([OTHER_KEY])).address_for(OURS),
        OWN[:9] + ("a" if OWN[9] != "a" else "b") + OWN[10:],
        OWN.replace("@", "a@"),
        f"{OWN}, {RETURNING.address_for(OTHER)}",
        f"{'x' * 2_000}, {OWN}",
    ],
)
@pytest.mark.parametrize("fields", ["Action: failed\r\nStatus: 5.1.1", "Action: delivered", "Action: delayed"])
def test_one_that_came_elsewhere_changes_nothing(to: str, fields: str) -> None:
    assert told(report(to, fields)) == ("unproven", OURS, None)
    in_words = f"To: {to}\r\nX-Failed-Recipients: a@b\r\nIn-Reply-To: <{OURS}@{DOMAIN}>\r\n\r\nIt failed.\r\n".encode()
    assert told(in_words) == ("unproven", OURS, None)


def test_receipts_and_answers_come_to_the_address_that_mails_show() -> None:
    receipt = report("bao-cao@moha.example", "Disposition: manual-action; displayed", RECEIPT)
    assert told(receipt) == ("arrival", OURS, "delivered")
    disguised = report("bao-cao@moha.example", "Disposition: x\r\nAction: failed\r\nStatus: 5.0.0", RECEIPT)
    assert told(disguised) == ("arrival", OURS, "delivered")
    answer = f"From: a@b.example\r\nTo: bao-cao@moha.example\r\nIn-Reply-To: <{OURS}@{DOMAIN}>\r\n\r\nYes.\r\n".encode()
    assert told(answer) == ("answer", OURS, "delivered")


def test_without_the_setting_reports_are_matched_by_what_is_in_them() -> None:
    assert returning_of(settings(smtp_sub_addresses=False)) is None
    assert notice_in(report("bao-cao@moha.example"), DOMAIN).state == "bounced"


@pytest.mark.parametrize("own", [True, False])
def test_the_envelope_alone_has_the_address(own: bool) -> None:  # noqa: FBT001  a parameter of the test
    with mail_sink() as sink:

        async def go() -> None:
            channel = EmailChannel(settings(smtp_port=sink.port, smtp_sub_addresses=own), clock)
            assert (await channel.send(message(delivery_id=OURS))).outcome == "accepted"
            await channel.close()

        asyncio.run(go())
    (mail,) = sink.received
    assert mail.sender == (OWN if own else "bao-cao@moha.example")
    assert BytesHeaderParser().parsebytes(mail.content)["From"] == "bao-cao@moha.example"
    assert OWN.partition("+")[2].partition("@")[0].encode() not in mail.content


@pytest.mark.parametrize("changed", [{"smtp_from": f"{'a' * 22}@moha.example"}, {"secret_key": None}])
def test_what_cannot_be_done_is_said_before_anything_is_sent(changed: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        EmailChannel(settings(**changed), clock)
    EmailChannel(settings(smtp_from=f"{'a' * 21}@moha.example"), clock)
