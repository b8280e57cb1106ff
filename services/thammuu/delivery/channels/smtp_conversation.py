"""One mail handed to a mail server, and what each of its answers means for the delivery (RFC 5321, 4.2 and 4.5.3.2)."""

from __future__ import annotations

from asyncio import WriteTransport
from typing import TYPE_CHECKING, Final

from aiosmtplib import (
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import normalize_message_line_endings

from thammuu.delivery.ports import Answer
from thammuu.delivery.reasons import freed
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiosmtplib import SMTP

_START_INPUT: Final = 354
_CLOSING: Final = 421
_ABOUT_US: Final = frozenset({530, 534, 535, 538})
"""Codes of RFC 4954 that tell of our login, not of the recipient: right again once the operator has mended it."""


class LostBeforeDataError(Exception):
    """The connection ended before the mail's text was asked for: nothing was handed over."""


async def hand_over(smtp: SMTP, sender: str, recipient: str, mail: bytes, envelope_id: str) -> Answer:
    """Hand one mail over on an open connection.

    Args:
        smtp: After the greeting.
        sender: Where bounces go.
        recipient: Where it goes.
        mail: With CRLF line ends.
        envelope_id: Returned in bounces by servers that can (RFC 3461).

    Raises:
        LostBeforeDataError: If the connection ended before the server asked for the text.
        aiosmtplib.SMTPException: If the server refused before that.
    """
    refusal = _cannot(smtp, recipient, mail)
    if refusal is not None:
        return refusal
    wide = not recipient.isascii()
    encoding = "utf-8" if wide else "ascii"
    try:
        await smtp.mail(sender, options=list(_mail_options(smtp, mail, envelope_id, wide=wide)), encoding=encoding)
        options = ["NOTIFY=FAILURE"] if smtp.supports_extension("dsn") else []
        await smtp.rcpt(recipient, options=options, encoding=encoding)
        asked = await smtp.execute_command(b"DATA")
    except SMTPResponseException:
        raise
    except (SMTPException, OSError) as error:
        raise LostBeforeDataError from error
    if asked.code != _START_INPUT:
        raise SMTPResponseException(asked.code, asked.message)
    return await _text_sent(smtp, mail)


def _mail_options(smtp: SMTP, mail: bytes, envelope_id: str, *, wide: bool) -> Iterable[str]:
    if smtp.supports_extension("size"):
        yield f"SIZE={len(mail)}"
    if wide:
        yield from ("SMTPUTF8", "BODY=8BITMIME")
    if smtp.supports_extension("dsn"):
        yield from ("RET=HDRS", f"ENVID={envelope_id}")


def _cannot(smtp: SMTP, recipient: str, mail: bytes) -> Answer | None:
    """Return the refusal of a mail that this server cannot take."""
    told = smtp.esmtp_extensions.get("size", "")
    most = int(told) if told.isascii() and told.isdigit() else 0
    if most and len(mail) > most:
        text = _("the mail has {n} bytes and the server takes {most}: send fewer attachments")
        return Answer("refused", text.format(n=len(mail), most=most))
    if not recipient.isascii() and not smtp.supports_extension("smtputf8"):
        return Answer("refused", _("the server takes no addresses with letters such as these (no SMTPUTF8)"))
    return None


async def _text_sent(smtp: SMTP, mail: bytes) -> Answer:
    """Send the text; from here on a lost answer leaves open whether the server has it."""
    protocol = smtp.protocol
    try:
        if protocol is None:
            raise SMTPServerDisconnected("")
        protocol.write(dotted(mail))
        answer = await protocol.read_response(timeout=smtp.timeout)
    except (SMTPException, OSError):
        cut(smtp)
        return Answer("unknown", _("the connection ended before the server answered for the whole mail"))
    if answer.code == _CLOSING:
        smtp.close()
    return answer_for(answer.code, answer.message, begun=True)


def cut(smtp: SMTP) -> None:
    """End a connection at once; otherwise a server that has stopped reading is waited for, to write the rest."""
    if isinstance(smtp.transport, WriteTransport):
        smtp.transport.abort()
    smtp.close()


def dotted(mail: bytes) -> bytes:
    """Return a mail as it goes over the wire: each line that starts with a dot has one more, a lone dot ends it all."""
    ends = mail.count(b"\r\n")
    if not mail.endswith(b"\r\n") or mail.count(b"\n") != ends or mail.count(b"\r") != ends:
        mail = normalize_message_line_endings(mail)
    first = b"." if mail.startswith(b".") else b""
    return first + mail.replace(b"\r\n.", b"\r\n..") + b".\r\n"


async def begun_anew(smtp: SMTP) -> bool:
    """Return whether a connection on which something was refused can take the next mail."""
    try:
        await smtp.rset()
    except (SMTPException, OSError):
        return False
    return True


def answer_for(code: int, said: str, *, begun: bool = False) -> Answer:
    """Return what a server's reply means.

    Args:
        code: Three digits; -1 where they could not be read.
        said: The text after it.
        begun: Whether the mail's text was sent.
    """
    told = freed(f"{code} {said}")
    if 200 <= code < 300 and begun:  # noqa: PLR2004  positive completion
        return Answer("accepted", reference=freed(said))
    if 500 <= code < 600:  # noqa: PLR2004  permanent negative completion
        return Answer("later" if code in _ABOUT_US else "refused", told)
    if 400 <= code < 500:  # noqa: PLR2004  transient negative completion
        return Answer("later", told)
    return Answer("unknown" if begun else "later", told)


def not_reached(error: Exception, secrets: Iterable[str] = ()) -> Answer:
    """Return what an error of opening a connection means: whatever it is, it is not the recipient's fault.

    Args:
        error: Raised while connecting, securing or logging in.
        secrets: Not to be repeated.
    """
    told = f"{error.code} {error.message}" if isinstance(error, SMTPResponseException) else str(error)
    said = _("the mail server cannot be used: {said}").format(said=freed(told, secrets))
    return Answer("later", said, server_away=True)
