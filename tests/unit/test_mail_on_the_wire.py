"""How a mail's lines go over the wire (RFC 5321, 4.5.2)."""

import email
import re
from email import policy

from hypothesis import given
from hypothesis import strategies as st

from servers.mail_messages import clock, message
from thammuu.delivery import mime
from thammuu.delivery.channels.smtp_conversation import dotted
from thammuu.delivery.mail import Origin, wire_of
from thammuu.delivery.ports import Attachment


@given(st.lists(st.sampled_from([b"a", b".", b"..", b"\r\n", b"\n", b"\r", b" "]), max_size=30).map(b"".join))
def test_only_the_last_line_is_a_lone_dot_and_the_others_come_back(mail: bytes) -> None:
    sent = dotted(mail)
    assert sent.endswith(b"\r\n.\r\n") or sent == b".\r\n"
    lines = sent.split(b"\r\n")
    assert lines.index(b".") == len(lines) - 2
    received = b"\r\n".join(line.removeprefix(b".") for line in lines[:-2])
    wanted = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
    assert received == wanted.removesuffix(b"\r\n") or received == wanted


@given(st.lists(st.binary(max_size=300), max_size=3))
def test_files_arrive_byte_for_byte(contents: list[bytes]) -> None:
    files = tuple(Attachment(f"{n}.pdf", "application/pdf", one) for n, one in enumerate(contents))
    sent = wire_of(message(attachments=files), Origin("bao-cao@moha.example"), clock())
    assert sent.count(b"\n") == sent.count(b"\r\n") == sent.count(b"\r")
    parsed = email.message_from_bytes(sent, policy=policy.default)
    assert [one.get_content() for one in parsed.iter_attachments()] == contents
    assert max(map(len, sent.split(b"\r\n"))) <= 998


def test_large_files_are_not_kept_in_memory() -> None:
    large = Attachment("signed.pdf", "application/pdf", b"%PDF-" + bytes(2_000_000))
    before = mime._encoded.cache_info().currsize  # noqa: SLF001  what is kept shows nowhere else
    sent = wire_of(message(attachments=(large,)), Origin("bao-cao@moha.example"), clock())
    (came,) = email.message_from_bytes(sent, policy=policy.default).iter_attachments()
    assert came.get_content() == large.content
    assert mime._encoded.cache_info().currsize == before  # noqa: SLF001  the same


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\t\n.=- "), max_size=400), st.booleans()
)
def test_texts_arrive_letter_for_letter_in_lines_that_every_server_takes(text: str, alone: bool) -> None:  # noqa: FBT001  drawn
    more = {"html": "", "attachments": ()} if alone else {"html": f"<p>{text}</p>"}
    sent = wire_of(message(text=text, **more), Origin("bao-cao@moha.example"), clock())
    assert sent.isascii()
    assert sent.count(b"\n") == sent.count(b"\r\n") == sent.count(b"\r")
    assert max(map(len, sent.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 78
    parsed = email.message_from_bytes(sent, policy=policy.default)
    assert not parsed.defects
    assert parsed.get_body(("plain",)).get_content().replace("\r\n", "\n") == text.rstrip("\n") + "\n"
    if not alone:
        assert parsed.get_body(("html",)).get_content().replace("\r\n", "\n") == f"<p>{text}</p>\n"
        assert [one.get_content_type() for one in parsed.walk()][:4] == [
            "multipart/mixed", "multipart/alternative", "text/plain", "text/html",
        ]  # fmt: skip
