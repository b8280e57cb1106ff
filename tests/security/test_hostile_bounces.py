"""Anybody may write to the sender's mailbox: forged, huge and endless mails tell nothing and cost little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thammuu.delivery.bounces import LARGEST, notice_in

DOMAIN = "moha.example"
HEAD = b"From: a@b\r\nMIME-Version: 1.0\r\n"
REPORT = HEAD + b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
FAILED = b"--b\r\nContent-Type: message/delivery-status\r\n\r\nX: y\r\n\r\nAction: failed\r\nStatus: 5.0.0\r\n\r\n"


def returned(headers: bytes) -> bytes:
    return REPORT + FAILED + b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n" + headers + b"\r\n\r\n--b--\r\n"


@pytest.mark.parametrize(
    "headers",
    [
        b"Message-ID: <d-1@elsewhere.example>\r\nX-Thammuu-Delivery: d-1",
        b"Message-ID: <d-1@moha.example>\r\nX-Thammuu-Delivery: d-2",
        b"Message-ID: <d-1@moha.example> <d-2@moha.example>",
        b"Message-ID: <d-1@moha.example.evil.example>",
        b"Message-ID: <../../x@moha.example>",
        b"Message-ID: <'; DROP TABLE deliveries; --@moha.example>",
        b"Message-ID: =?utf-8?q?=3Cd-1=40moha.example=3E?=",
        b"X-Thammuu-Delivery: d-1 d-2",
        b"X-Thammuu-Delivery: " + b"d" * 100_000,
        b"Subject: nothing",
    ],
)
def test_a_report_that_names_none_or_several_of_ours_is_foreign(headers: bytes) -> None:
    assert notice_in(returned(headers), DOMAIN).kind == "foreign"


def test_the_report_that_the_forged_ones_imitate_is_understood() -> None:
    found = notice_in(returned(b"Message-ID: <d-1@moha.example>\r\nX-Thammuu-Delivery: d-1"), DOMAIN)
    assert (found.kind, found.delivery_id) == ("bounce", "d-1")


def nested(depth: int) -> bytes:
    made = HEAD
    for level in range(depth):
        made += f'Content-Type: multipart/mixed; boundary="b{level}"\r\n\r\n--b{level}\r\n'.encode()
    return made


def messages_in_messages(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth


@pytest.mark.parametrize(
    "mail",
    [
        nested(1_000),
        nested(39),
        messages_in_messages(1_000),
        messages_in_messages(30_000),
        REPORT + b"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + b"A: b\r\n\r\n" * 100_000,
        REPORT + b"--b\r\n\r\n" * 150_000,
        HEAD + b"X: " + b"a" * 10_000_000,
        HEAD + b"X: a\r\n" * 200_000,
        HEAD + b"In-Reply-To: " + b"<" * 1_000_000,
        HEAD + b"In-Reply-To: " + b"<d-1@" * 200_000,
        HEAD + b"Content-Type: text/plain; " + b'a="' * 200_000,
        HEAD + b"Content-Type: multipart/report" + b"; a*0*=x" * 100_000,
        HEAD + b"References: =?utf-8?q?" + b"=0A" * 300_000 + b"?=",
        HEAD
        + b'Content-Type: multipart/report; report-type=delivery-status; boundary="'
        + b"b" * 500_000
        + b'"\r\n\r\n',
        b"\xff\x00" * 500_000,
    ],
    ids=range(15),
)
def test_a_monstrous_mail_is_foreign(mail: bytes) -> None:
    assert notice_in(mail, DOMAIN).kind == "foreign"


def test_what_stands_far_behind_is_not_read() -> None:
    far = b"Message-ID: <d-1@moha.example>\r\n"
    assert notice_in(returned(b"X: " + b"a" * LARGEST + b"\r\n" + far), DOMAIN).kind == "foreign"


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_no_bytes_raise(first: bytes, second: bytes) -> None:
    assert notice_in(first, DOMAIN).delivery_id is None
    notice_in(REPORT + FAILED + b"--b\r\n" + first + b"\r\n\r\n" + second, DOMAIN)
