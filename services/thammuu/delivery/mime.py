"""What is in a mail, as bytes: text, page and files, each with the headers of its part (RFC 2045, RFC 2046).

The standard library writes the same three headers of a part anew for every mail, and walks each line of a file several
times. Here only what differs from mail to mail is written anew; headers that hold words are still the library's.
"""

from __future__ import annotations

import base64
import re
import secrets
from binascii import b2a_qp
from email.message import MIMEPart
from email.policy import SMTP
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LINE_ENDS: Final = re.compile(r"\r\n|\r|\x85")
_BAD_IN_TEXTS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_KEPT_BYTES: Final = 2_000_000
"""Files larger than this are encoded anew for each mail: signed copies of 50 MB would fill the memory."""


def text_part(text: str, subtype: str) -> bytes:
    """Return a text as a part; its only control characters are line ends and tabs.

    Args:
        text: From anywhere.
        subtype: ``plain`` or ``html``.
    """
    clean = _BAD_IN_TEXTS.sub("", _LINE_ENDS.sub("\n", text)).rstrip("\n")
    lines = b2a_qp(f"{clean}\n".encode(), istext=True).replace(b"\n", b"\r\n")
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode() + lines


def file_part(name: str, media_type: str, content: bytes) -> bytes:
    """Return a file as a part; one that goes to many is encoded once.

    Args:
        name: One line, without anything that leads to another folder.
        media_type: Such as ``application/pdf``.
        content: The file.
    """
    encoded = _encoded(content) if len(content) <= _KEPT_BYTES else _base64(content)
    return _file_head(name, media_type) + encoded


def parts_as_one(kind: str, parts: Iterable[bytes]) -> bytes:
    """Return several parts as one.

    Args:
        kind: ``alternative``, the best one last, or ``mixed``.
        parts: At least one.
    """
    # "=_" stands in no text and no file: an equals sign there is followed by two digits, a line end or another one
    boundary = b"=_" + secrets.token_hex(16).encode()
    between = b"\r\n--" + boundary
    head = b"Content-Type: multipart/" + kind.encode() + b';\r\n boundary="' + boundary + b'"\r\n'
    return head + b"".join(between + b"\r\n" + one for one in parts) + between + b"--\r\n"


@lru_cache(maxsize=128)
def _file_head(name: str, media_type: str) -> bytes:
    kind, _slash, subtype = media_type.partition("/")
    part = MIMEPart(policy=SMTP.clone(cte_type="7bit"))
    part.set_content(b"", maintype=kind, subtype=subtype, filename=name)
    return part.as_bytes().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def _base64(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


@lru_cache(maxsize=32)
def _encoded(content: bytes) -> bytes:
    return _base64(content)
