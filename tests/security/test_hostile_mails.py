"""Whatever stands in a name, a subject, a number or a file name: the server gets the headers that were meant."""

import asyncio
import email
import re
from email import policy
from email.header import decode_header, make_header
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servers.mail_messages import clock, message
from servers.mail_sink import mail_sink
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.mail import Origin, fault_of_address, file_name, one_line, wire_address, wire_of
from thammuu.delivery.ports import Attachment
from thammuu.settings import Settings

ORIGIN = Origin("bao-cao@moha.example", "cchc@moha.example")
HEADERS = [
    "auto-submitted",
    "content-language",
    "content-type",
    "date",
    "from",
    "message-id",
    "mime-version",
    "reply-to",
    "subject",
    "to",
    "x-thammuu-delivery",
]
HOSTILE = (
    "x\r\nBcc: all@example.org",
    "x\nBcc: all@example.org\n\nbody",
    "=?utf-8?q?=0ABcc:_all@example.org?=",
    "=?utf-8?q?=0D=0ABcc:_all@example.org=0D=0A=0D=0Abody?=",
    "=?utf-8?b?DQpCY2M6IGFsbEBleGFtcGxlLm9yZw==?=",
    "=\u200b?utf-8?q?=0ABcc:_all@example.org?\u200b=",
    "=?utf-8?q?=3D=3Futf-8=3Fq=3F=0ABcc:x=3F=3D?=",
    "x\x00\x0b\x0c\x1c\x85\u2028\u2029Bcc: all@example.org",
    "Sở \u202egpj.exe\u202c \u2066Nội vụ\u2069",
    '"quoted" <boss@example.org>, second@example.org; a:b;',
    "Tên rất dài " * 400,
    "a" * 5_000,
    "\ud800 lone",
    "😀 " * 50,
    "",
)


def raw_headers(mail: bytes) -> dict[str, str]:
    """The headers as a server reads them: nothing of Python's own parser."""
    head = mail.partition(b"\r\n\r\n")[0]
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)|\x00", head)
    lines = re.sub(rb"\r\n[ \t]", b" ", head).decode("ascii").split("\r\n")
    found = [line.partition(":") for line in lines]
    assert len({name.lower() for name, _colon, _value in found}) == len(found)
    return {name.lower(): value.strip() for name, _colon, value in found}


def sent(**changed: Any) -> bytes:  # noqa: ANN401  a message's parts
    with mail_sink() as sink:
        settings = Settings(
            smtp_host="127.0.0.1",
            smtp_port=sink.port,
            smtp_security="none",
            smtp_from="bao-cao@moha.example",
            smtp_reply_to="cchc@moha.example",
        )

        async def go() -> None:
            channel = EmailChannel(settings, clock)
            answer = await channel.send(message(**changed))
            await channel.close()
            assert answer.outcome == "accepted", answer

        asyncio.run(go())
        assert len(sink.received) == 1
        assert sink.received[0].recipients == ("vanphong@hanam.example",)
        return sink.received[0].content


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_out_of_the_subject_a_name_or_a_file_name(text: str) -> None:
    wire = sent(
        subject=text,
        to={"name": text},
        sender=text,
        attachments=(Attachment(f"{text}.pdf", "application/pdf", b"%PDF"),),
    )
    found = raw_headers(wire)
    assert sorted(found) == HEADERS
    subject = str(make_header(decode_header(found["subject"])))
    assert len(subject) <= 200
    assert not re.search(r"[\x00-\x1f\x7f\u0085\u200b-\u200f\u2028-\u202e\u2066-\u2069]", subject)
    assert "\n" not in str(make_header(decode_header(subject)))
    assert found["to"].endswith("vanphong@hanam.example>") or found["to"] == "vanphong@hanam.example"
    parsed = email.message_from_bytes(wire, policy=policy.default)
    assert [one.addr_spec for one in parsed["to"].addresses] == ["vanphong@hanam.example"]
    assert [one.addr_spec for one in parsed["from"].addresses] == ["bao-cao@moha.example"]
    assert parsed["bcc"] is None
    (attachment,) = parsed.iter_attachments()
    assert attachment.get_content() == b"%PDF"
    name = attachment.get_filename()
    assert name.endswith(".pdf")
    assert not re.search(r"[\\/:\x00-\x1f\u202e]", name)
    assert len(name) <= 120


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=80))
def test_any_text_leaves_the_headers_as_they_are(subject: str, name: str, file: str) -> None:
    made = message(subject=subject, to={"name": name}, attachments=(Attachment(file, "application/pdf", b"%PDF"),))
    assert sorted(raw_headers(wire_of(made, ORIGIN, clock()))) == HEADERS


@given(st.text(alphabet="=? \u200b\r\nutf-8qQbB0AD_:\ufe0f", max_size=60))
def test_no_text_holds_an_encoded_word(text: str) -> None:
    line = one_line(text, 200)
    assert "=?" not in line
    assert str(make_header(decode_header(line))) == line


@pytest.mark.parametrize(
    "address",
    [
        "a@b@example.org",
        "a b@example.org",
        "a@example.org\r\nBcc: x@example.org",
        "a@example.org>",
        "<a@example.org>",
        "a@example.org,b@example.org",
        '"a b"@example.org',
        "a@[127.0.0.1]",
        "a@example",
        "@example.org",
        "a@",
        "a..b@example.org",
        ".a@example.org",
        "a@-example.org",
        "a@example..org",
        "=?utf-8?q?a?=@example.org",
        "a@ex\u202eample.org",
        "a@127.0.0.1",
        "a@127.1",
        "a@example.0x7f",
        "a@２１３０７０６４３３.１",
        "a\u00a0@example.org",
        "x" * 65 + "@example.org",
        "a@" + "x" * 250 + ".org",
        "a@" + "\udc80" + ".org",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(address: str) -> None:
    fault = fault_of_address(address)
    assert fault
    assert address not in fault or not address


@pytest.mark.parametrize(
    "address", ["a@example.org", "a.b+c@sub.example.org", "o'neil_x@example.org", "hộp.thư@thư.example"]
)
def test_an_address_in_use_is_taken(address: str) -> None:
    assert fault_of_address(address) is None


def test_a_domain_is_the_one_that_its_letters_name_today() -> None:
    assert wire_address("a@fa\u00df.example") == "a@xn--fa-hia.example"
    assert wire_address("a@TH\u01af.Example") == "a@xn--th-e0a.example"
    assert wire_address("A.b@Example.ORG") == "A.b@example.org"


def test_a_file_name_leads_to_no_other_folder() -> None:
    assert file_name("../../etc/passwd") == "-..-etc-passwd"
    assert file_name("C:\\x\\y.pdf") == "C-x-y.pdf"
    assert file_name("\r\n") == "file"


def test_the_body_cannot_end_the_mail() -> None:
    wire = sent(text="one\r\n.\r\nRCPT TO:<all@example.org>\r\n.\n.\n..two\rthree\x00\x0c\n", html="")
    parsed = email.message_from_bytes(wire, policy=policy.default)
    body = parsed.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "one\n.\nRCPT TO:<all@example.org>\n.\n.\n..two\nthree\n"


@pytest.mark.parametrize(
    ("told", "headers"),
    [
        ("mailto:cchc@moha.example?subject=unsubscribe%20d-1", {"list-unsubscribe"}),
        ("https://portal.example/stop/d-1", {"list-unsubscribe", "list-unsubscribe-post"}),
        ("", set()),
        ("javascript:alert(1)", set()),
        ("http://portal.example/stop", set()),
        ("mailto:a@b.example>, <mailto:c@d.example", set()),
        ("https://portal.example/\r\nBcc: all@example.org", set()),
    ],
)
def test_a_way_to_stop_is_named_only_where_it_is_one(told: str, headers: set[str]) -> None:
    made = raw_headers(wire_of(message(unsubscribe=told), ORIGIN, clock()))
    assert {name for name in made if name.startswith("list-")} == headers
    if headers:
        assert made["list-unsubscribe"] == f"<{told}>"
    assert "bcc" not in made
