"""What mails to the sender's mailbox tell of deliveries."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest

from servers.mail_messages import clock, message
from thammuu.delivery.bounces import notice_in
from thammuu.delivery.mail import Origin, wire_of

ORIGIN = Origin("bao-cao@moha.example")
ID = "d-0123456789abcdef"


def report(
    action: str = "failed",
    status: str = "5.1.1",
    returned: bytes | None = None,
    envelope: str = "",
    kind: str = "message/rfc822",
) -> bytes:
    """A report of RFC 3464, as mail servers write it."""
    whole = wire_of(message(), ORIGIN, clock()) if returned is None else returned
    lines = [
        "From: MAILER-DAEMON@mx.hanam.example",
        "To: bao-cao@moha.example",
        "Subject: Undelivered Mail Returned to Sender",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"',
        "",
        "--b1",
        "Content-Type: text/plain",
        "",
        "I am sorry.",
        "--b1",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.hanam.example",
        *([f"Original-Envelope-Id: {envelope}"] if envelope else []),
        "",
        "Final-Recipient: rfc822; gone@hanam.example",
        f"Action: {action}",
        f"Status: {status}",
        f"Diagnostic-Code: smtp; 550 {status} <gone@hanam.example>: no such mailbox",
        "",
        "--b1",
        f"Content-Type: {kind}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + whole + b"\r\n--b1--\r\n"


def answer(**headers: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "chanh-van-phong@hanam.example"
    mail["To"] = "bao-cao@moha.example"
    mail["Subject"] = "Re: Công văn"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Đã nhận được.")
    return bytes(mail)


def test_a_bounce_names_its_delivery_and_why() -> None:
    found = notice_in(report(), "moha.example")
    assert (found.kind, found.delivery_id, found.state) == ("bounce", ID, "bounced")
    assert found.reason == "5.1.1 550 5.1.1 <…>: no such mailbox"


def test_a_bounce_that_returns_the_headers_only_is_matched() -> None:
    head = wire_of(message(), ORIGIN, clock()).partition(b"\r\n\r\n")[0] + b"\r\n"
    assert notice_in(report(returned=head, kind="text/rfc822-headers"), "moha.example").delivery_id == ID


def test_a_bounce_that_returns_nothing_is_matched_by_its_envelope() -> None:
    found = notice_in(report(returned=b"\r\n", kind="text/plain", envelope=ID), "moha.example")
    assert (found.kind, found.delivery_id) == ("bounce", ID)


@pytest.mark.parametrize(
    ("action", "kind", "state"),
    [("delayed", "delay", None), ("relayed", "delay", None), ("delivered", "arrival", "delivered")],
)
def test_other_reports_are_no_bounces(action: str, kind: str, state: str | None) -> None:
    found = notice_in(report(action=action, status="4.4.1"), "moha.example")
    assert (found.kind, found.delivery_id, found.state) == (kind, ID, state)


def test_a_person_s_answer_shows_that_it_arrived() -> None:
    found = notice_in(answer(In_Reply_To=f"<{ID}@moha.example>"), "moha.example")
    assert (found.kind, found.delivery_id, found.state) == ("answer", ID, "delivered")


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
    ],
)
def test_an_absence_is_told_from_an_answer(headers: dict[str, str]) -> None:
    found = notice_in(answer(References=f"<x@y> <{ID}@moha.example>", **headers), "moha.example")
    assert (found.kind, found.delivery_id) == ("absence", ID)


def wrapped(mail: bytes) -> bytes:
    """A report inside another mail, as gateways that add a notice make of it; it names ours as an answer does."""
    head = f'References: <{ID}@moha.example>\r\nContent-Type: multipart/mixed; boundary="b0"\r\n\r\n--b0\r\n'
    inner = b"Content-Type: text/plain\r\n\r\nFrom outside.\r\n--b0\r\n" + mail.partition(b"MIME-Version: 1.0\r\n")[2]
    return head.encode() + inner + b"\r\n--b0--\r\n"


@pytest.mark.parametrize(
    "mail",
    [
        report().replace(b" report-type=delivery-status;", b""),
        report().replace(b"report-type=delivery-status", b"report-type*=utf-8''delivery-status"),
        report().replace(b"Subject:", f"In-Reply-To: <{ID}@moha.example>\r\nSubject:".encode()),
        report().replace(b"Action: failed\r\n", b""),
        wrapped(report()),
        answer(References=f"<{ID}@moha.example>", X_Failed_Recipients="gone@hanam.example"),
        answer(X_Failed_Recipients="gone@hanam.example").rstrip() + f"\r\nMessage-ID: <{ID}@moha.example>\r\n".encode(),
    ],
    ids=["no kind", "a kind in pieces", "as an answer", "no action", "wrapped", "by its header", "returned as text"],
)
def test_a_bounce_is_a_bounce_however_it_is_written(mail: bytes) -> None:
    found = notice_in(mail, "moha.example")
    assert (found.kind, found.delivery_id) == ("bounce", ID)


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "MAILER-DAEMON@mx.hanam.example"},
        {"From": "Mail Delivery System <postmaster@hanam.example>", "Auto-Submitted": "auto-replied"},
        {"From": "a@hanam.example", "Return-Path": "<>"},
    ],
)
def test_what_a_server_says_in_words_is_never_taken_for_an_arrival(headers: dict[str, str]) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    mail = f"{head}In-Reply-To: <{ID}@moha.example>\r\n\r\nYour message could not be delivered.\r\n".encode()
    found = notice_in(mail, "moha.example")
    assert (found.kind, found.delivery_id, found.state) == ("delay", ID, None)


def test_mail_about_something_else_is_foreign() -> None:
    assert notice_in(answer(), "moha.example").kind == "foreign"
    assert notice_in(answer(In_Reply_To="<d-1@elsewhere.example>"), "moha.example").kind == "foreign"
    assert notice_in(b"", "moha.example").kind == "foreign"
    assert notice_in(b"\x00\xff not a mail", "moha.example").kind == "foreign"
