"""How a mail's lines go over the wire (RFC 5321, 4.5.2)."""

import re

from hypothesis import given
from hypothesis import strategies as st

from thammuu.delivery.channels.smtp_conversation import dotted


@given(st.lists(st.sampled_from([b"a", b".", b"..", b"\r\n", b"\n", b"\r", b" "]), max_size=30).map(b"".join))
def test_only_the_last_line_is_a_lone_dot_and_the_others_come_back(mail: bytes) -> None:
    sent = dotted(mail)
    assert sent.endswith(b"\r\n.\r\n") or sent == b".\r\n"
    lines = sent.split(b"\r\n")
    assert lines.index(b".") == len(lines) - 2
    received = b"\r\n".join(line.removeprefix(b".") for line in lines[:-2])
    wanted = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
    assert received == wanted.removesuffix(b"\r\n") or received == wanted
