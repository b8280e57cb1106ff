"""A message as an e-mail: headers that cannot be broken out of, text, HTML, attachments, the bytes that are sent.

Whatever a name, a title or a number holds, it becomes one line of one header. Two things are guarded against: line
breaks, and encoded words. ``=?utf-8?q?=0ABcc:_x?=`` is one line, but some versions of Python decode it when a header
is set and write the line break it hides: https://github.com/python/cpython/issues/121650.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from thammuu.delivery.mime import file_part, parts_as_one, text_part
from thammuu.errors import BadInputError, PermanentRefusalError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from thammuu.delivery.ports import Message

LONGEST_NAME: Final = 120
LONGEST_SUBJECT: Final = 200
LONGEST_FILE_NAME: Final = 120
LONGEST_ADDRESS: Final = 254
"""Characters, by RFC 5321, 4.5.3.1.3."""
DELIVERY_HEADER: Final = "X-Thammuu-Delivery"
_LONGEST_ENDING = 10
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LOCAL = re.compile(r"[^\s\"(),:;<>@\[\\\]]{1,64}")
_DOMAIN_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BAD_IN_FILE_NAMES = re.compile(r"[\\/:*?\"<>|]+")
_UNSUBSCRIBE = re.compile(r"(?:https://|mailto:)[!-;=?-~]{1,900}")
_HEADER_NAME = re.compile(rb"([!-9;-~]+):")
_LINES = SMTP.clone(cte_type="7bit")
_WIDE_LINES = SMTPUTF8.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who a mail is from.

    Args:
        address: The sender's address; bounces go there, and its domain is that of message ids.
        reply_to: Where answers go; empty if to the sender.
        name: What is shown beside the address.
    """

    address: str
    reply_to: str = ""
    name: str = ""

    @property
    def domain(self) -> str:
        """The domain of the sender's address, as the wire has it."""
        return domain_of(self.address)


def fault_of_address(address: str) -> str | None:
    """Return what is wrong with an e-mail address, in words that do not repeat it; None if nothing is.

    Only what servers take in practice is let through: no quoted local parts, no comments, no address literals.
    """
    if len(address) > LONGEST_ADDRESS:
        return _("an address has at most {n} characters").format(n=LONGEST_ADDRESS)
    if any(unicodedata.category(one) in _UNSEEN or one.isspace() for one in address):
        return _("an address has no spaces, control or invisible characters")
    if address.count("@") != 1:
        return _("an address has one @")
    local, _at, domain = address.partition("@")
    if not _LOCAL.fullmatch(local) or local.startswith(".") or local.endswith(".") or ".." in local or "=?" in local:
        return _("the part before the @ is not one that mail servers take")
    labels = _idna(domain).split(".")
    if len(labels) < 2 and labels != ["localhost"]:  # noqa: PLR2004  a name and its top-level domain
        return _("the part after the @ is a domain such as example.org")
    # what ends in a number is an address of a machine, whose mail server nobody has named
    good = all(map(_DOMAIN_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])
    return None if good else _("the part after the @ is no domain")


def _idna(domain: str) -> str:
    """Return a domain in ASCII; empty where that cannot be."""
    if domain.isascii():
        return domain.lower()
    import idna

    try:
        # not Python's own codec: by the rules of 2003 some letters name another domain
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return ""


def domain_of(address: str) -> str:
    """Return an address's domain in lower-case ASCII."""
    return _idna(address.rpartition("@")[2])


def wire_address(address: str) -> str:
    """Return an address with its domain in ASCII; the part before it may still need SMTPUTF8."""
    return f"{address.rpartition('@')[0]}@{domain_of(address)}"


def one_line(text: str, longest: int) -> str:
    """Return a text as one line that means only itself: no control, invisible or direction marks, no encoded words.

    Args:
        text: From anywhere.
        longest: Characters; the rest is cut at a word, with an ellipsis.
    """
    spaced = "".join(" " if one.isspace() else one for one in unicodedata.normalize("NFC", text))
    seen = "".join(one for one in spaced if unicodedata.category(one) not in _UNSEEN)
    # last: what stood between the two signs may just have been taken out
    line = " ".join(seen.split()).replace("=?", "= ?").replace("?=", "? =")
    if len(line) <= longest:
        return line
    head = line[: longest - 1]
    return (head.rpartition(" ")[0] or head) + "…"


def file_name(name: str) -> str:
    """Return a file name that every system takes and that leads to no other folder."""
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > _LONGEST_ENDING:
        stem, ending = name, ""
    safe = [_BAD_IN_FILE_NAMES.sub("-", one_line(part, LONGEST_FILE_NAME)).strip(" .") for part in (stem, ending)]
    tail = f".{safe[1]}" if safe[1] else ""
    return (safe[0] or "file")[: LONGEST_FILE_NAME - len(tail)] + tail


def message_id(delivery_id: str, origin: Origin) -> str:
    """Return the Message-ID of a delivery: the same on every try, so that second copies are recognised."""
    return f"<{delivery_id}@{origin.domain}>"


def wire_of(message: Message, origin: Origin, at: datetime) -> bytes:
    """Return a message's bytes as they are sent, checked to hold the headers that were set, each once, and no others.

    Args:
        message: The delivery.
        origin: Who it is from.
        at: The Date.

    Raises:
        PermanentRefusalError: If an address or the delivery's id cannot stand in a header, or the headers are not those
            that were set; such a mail is never sent. No address is named.
    """
    _check(message, origin)
    try:
        headers = dict(_headers(message, origin, at))
        made = b"".join(headers.values()) + b"MIME-Version: 1.0\r\n" + _entity(message)
    except (MessageError, ValueError) as error:
        raise PermanentRefusalError(_("The mail's headers cannot be written.")) from error
    head, _blank, _body = made.partition(b"\r\n\r\n")
    of_entity = {"mime-version", "content-type"} | set(() if _several(message) else {"content-transfer-encoding"})
    if sorted(names_in(head)) != sorted({name.lower() for name in headers} | of_entity):
        raise PermanentRefusalError(_("The mail's headers are not those that were set."))
    return made


def _check(message: Message, origin: Origin) -> None:
    if not _ID.fullmatch(message.delivery_id):
        raise PermanentRefusalError(_("The delivery's id cannot be a message id."))
    for address in filter(None, (message.to.address, origin.address, origin.reply_to)):
        if fault := fault_of_address(address):
            raise PermanentRefusalError(_("An address is wrong: {fault}.").format(fault=fault))


def _headers(message: Message, origin: Origin, at: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield the names of headers and their lines, without those of what is in the mail."""
    wide = not wire_address(message.to.address).isascii()
    yield "From", _mailbox("From", origin.name, origin.address, wide=wide)
    yield "To", _mailbox("To", message.to.name, message.to.address, wide=wide)
    yield "Subject", _worded("Subject", one_line(message.subject, LONGEST_SUBJECT), wide=wide)
    plain = {"Date": format_datetime(at), "Message-ID": message_id(message.delivery_id, origin)}
    # RFC 3834: no out-of-office notice is due
    plain |= {"Auto-Submitted": "auto-generated", DELIVERY_HEADER: message.delivery_id}
    if _UNSUBSCRIBE.fullmatch(message.unsubscribe):
        plain["List-Unsubscribe"] = f"<{message.unsubscribe}>"
        if message.unsubscribe.startswith("https:"):
            plain["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    plain["Content-Language"] = message.language
    if origin.reply_to:
        yield "Reply-To", _mailbox("Reply-To", "", origin.reply_to, wide=wide)
    for name, value in plain.items():
        yield name, f"{name}: {value}\r\n".encode("ascii")


def _mailbox(header: str, name: str, address: str, *, wide: bool) -> bytes:
    local, _at, domain = wire_address(address).rpartition("@")
    return _folded(header, Address(display_name=one_line(name, LONGEST_NAME), username=local, domain=domain), wide=wide)


@lru_cache(maxsize=128)
def _worded(header: str, text: str, *, wide: bool) -> bytes:
    return _folded(header, text, wide=wide)


def _folded(header: str, value: Any, *, wide: bool) -> bytes:  # noqa: ANN401  what the library takes
    chosen = _WIDE_LINES if wide else _LINES
    name, parsed = chosen.header_store_parse(header, value)
    return chosen.fold_binary(name, parsed)


def _several(message: Message) -> bool:
    return bool(message.html or message.attachments)


def _entity(message: Message) -> bytes:
    """Return what is in a mail, with the headers that say so."""
    body = text_part(message.text, "plain")
    if message.html:
        body = parts_as_one("alternative", [body, text_part(message.html, "html")])
    if not message.attachments:
        return body
    files = (file_part(file_name(one.name), one.media_type, one.content) for one in message.attachments)
    return parts_as_one("mixed", [body, *files])


def names_in(head: bytes) -> Iterable[str]:
    """Yield the names of headers in lower case as a server reads them: one a line that does not start with a space."""
    for line in re.split(rb"\r\n|\r|\n", head):
        if line[:1] in {b" ", b"\t"}:
            continue
        found = _HEADER_NAME.match(line)
        yield found[1].decode().lower() if found else ""


def origin_of(address: str | None, reply_to: str | None, name: str = "") -> Origin:
    """Return who mails are from, by settings.

    Raises:
        BadInputError: If an address is missing or cannot be one.
    """
    for setting, value in (("THAMMUU_SMTP_FROM", address or ""), ("THAMMUU_SMTP_REPLY_TO", reply_to or None)):
        if value is not None and (fault := fault_of_address(value)):
            raise BadInputError(_("{setting} is no e-mail address: {fault}.").format(setting=setting, fault=fault))
        if value is not None and not wire_address(value).isascii():
            # every server that a mail passes would have to know such addresses, and bounces come there
            told = _("{setting} is no e-mail address: the part before the @ has letters that few servers take.")
            raise BadInputError(told.format(setting=setting))
    return Origin(address or "", reply_to or "", name)
