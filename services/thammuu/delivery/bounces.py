"""Mail that comes back, read and matched to its delivery: bounces, notices of delay and arrival, answers, absences.

A mailbox takes mail from anybody, so nothing here is trusted: only the first 128 KB of a mail are read, only so deep,
and an id counts only where it is one of ours, on our domain, and the same wherever the mail names one. Where deliveries
have addresses of their own to come back to, a report is believed only if it came to one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser, HeaderParser
from typing import TYPE_CHECKING, Any, Final, Literal

from thammuu.delivery.mail import DELIVERY_HEADER
from thammuu.delivery.reasons import freed
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.delivery.returning import Returning

Kind = Literal["bounce", "delay", "arrival", "answer", "absence", "unproven", "foreign"]
LARGEST: Final = 2**17
"""Bytes that are read of a mail: a report stands before the message that it returns."""
_MOST_BOUNDARIES: Final = 40
"""Mails nested deeper are nobody's report."""
_MOST_PARTS: Final = 60
_ID: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_PLAIN_ID = re.compile(_ID)
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_OTHERS: Final = ""
"""Stands for the id of a mail that is not ours; whatever else the report names is not believed."""
_SERVERS: Final = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mdaemon)@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail tells of a delivery.

    Args:
        kind: ``foreign`` where it tells of none of ours; ``unproven`` of a report that anybody could have written.
        delivery_id: Of which one; None where it names none, or several.
        reason: In words, without addresses.
    """

    kind: Kind
    delivery_id: str | None = None
    reason: str = ""

    @property
    def state(self) -> Literal["bounced", "delivered"] | None:
        """What the delivery becomes; None where nothing is known by it."""
        if self.delivery_id is None or self.kind in {"foreign", "delay", "unproven"}:
            return None
        return "bounced" if self.kind == "bounce" else "delivered"


def notice_in(raw: bytes, domain: str, returning: Returning | None = None) -> Notice:
    """Return what a mail tells of a delivery.

    Args:
        raw: The mail, from anybody.
        domain: Of the sender's address: our message ids end with it.
        returning: Recognises the addresses of deliveries, where they have some.
    """
    head = raw[:LARGEST]
    if head.lower().count(b"boundary=") > _MOST_BOUNDARIES:
        return Notice("foreign")
    try:
        mail = BytesParser(policy=policy.compat32).parsebytes(head)
        return _read(mail, domain.lower(), returning)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError):
        # the parser gives up on what no mail program writes
        return Notice("foreign")


def _read(mail: Message[Any, Any], domain: str, returning: Returning | None) -> Notice:
    parts = list(_parts(mail))
    proven = None if returning is None else returning.delivery_of(mail)
    believed = returning is None or proven is not None
    # gateways wrap reports into other mails, and some name no kind: what stands in it tells
    if any(_type(part) in _STATUS_TYPES for part in parts):
        return _of_report(parts, domain, proven, believed=believed)
    delivery_id = proven or _only(_ids_in(f"{mail.get('In-Reply-To', '')} {mail.get('References', '')}", domain))
    if "X-Failed-Recipients" in mail:
        # reports before RFC 3464, which some servers still write: the mail is returned as text
        told = delivery_id or _only(_ids_in(str(mail.get_payload()), domain))
        kind: Kind = "bounce" if believed else "unproven"
        return Notice(kind, told, _("the mail server says that it failed")) if told else Notice("foreign")
    if not delivery_id:
        return Notice("foreign")
    if _is_of_a_server(mail):
        # a report in words: whatever it says, nobody has read the message
        return Notice("delay", delivery_id, _("a mail server wrote about it"))
    if _is_automatic(mail):
        return Notice("absence", delivery_id, _("an automatic answer came"))
    return Notice("answer", delivery_id, _("it was answered"))


def _parts(mail: Message[Any, Any]) -> Iterator[Message[Any, Any]]:
    """Yield a mail's parts, outermost first; neither deep nor many."""
    waiting, seen = [mail], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        payload = part.get_payload()
        if isinstance(payload, list):
            waiting += [one for one in payload[:_MOST_PARTS] if isinstance(one, Message)]


def _type(part: Message[Any, Any]) -> str:
    return part.get_content_type().lower()


def _of_report(parts: list[Message[Any, Any]], domain: str, proven: str | None, *, believed: bool) -> Notice:
    """Return what a report of RFC 3464 or RFC 8098 tells."""
    fields = [block for part in parts if _type(part) in _STATUS_TYPES for block in _blocks(part)]
    found = {one for block in fields for one in _envelope_ids(block)}
    for part in parts:
        if _type(part) in {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}:
            found |= set(_returned_ids(part, domain))
    # receipts name the mail they are for in a field of their own
    for block in fields:
        found |= set(_ids_in(str(block.get("Original-Message-ID", "")), domain))
    delivery_id = proven or _only(found)
    if not delivery_id:
        return Notice("foreign")
    # receipts are written by the reader's program, which answers to the address that the mail shows
    receipt = any("Disposition" in block for block in fields)
    if not believed and not receipt:
        return Notice("unproven", delivery_id, _why(fields))
    actions = {str(block.get("Action", "")).strip().lower() for block in fields}
    if believed and ("failed" in actions or (actions == {""} and any(_is_final(block) for block in fields))):
        return Notice("bounce", delivery_id, _why(fields))
    if receipt or "delivered" in actions:
        return Notice("arrival", delivery_id, _("a receipt came"))
    return Notice("delay", delivery_id, _why(fields))


_STATUS_TYPES = frozenset(
    {
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
    }
)


def _blocks(part: Message[Any, Any]) -> list[Message[Any, Any]]:
    """Return the groups of fields of a report's machine-readable part."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [one for one in payload[:_MOST_PARTS] if isinstance(one, Message)]
    texts = re.split(r"\r?\n\r?\n", str(payload))[:_MOST_PARTS]
    return [HeaderParser(policy=policy.compat32).parsestr(text) for text in texts]


def _envelope_ids(block: Message[Any, Any]) -> Iterator[str]:
    told = str(block.get("Original-Envelope-Id", "")).strip()
    if _PLAIN_ID.fullmatch(told):
        yield told


def _returned_ids(part: Message[Any, Any], domain: str) -> Iterator[str]:
    """Yield the ids in the headers of the mail that was returned."""
    payload = part.get_payload()
    if isinstance(payload, list) and isinstance(payload[0], Message):
        inner: Message[Any, Any] = payload[0]
    else:
        content = part.get_payload(decode=True)
        told = content if isinstance(content, bytes) else b""
        inner = BytesParser(policy=policy.compat32).parsebytes(told, headersonly=True)
    written = str(inner.get("Message-ID", ""))
    ours = list(_ids_in(written, domain))
    yield from ours or ([_OTHERS] if written.strip() else [])
    named = str(inner.get(DELIVERY_HEADER, "")).strip()
    if _PLAIN_ID.fullmatch(named):
        yield named


def _ids_in(text: str, domain: str) -> Iterator[str]:
    """Yield the ids of our message ids in a text."""
    for found in re.finditer(rf"<({_ID})@([^<>\s]{{1,255}})>", text[:10_000]):
        if found[2].lower() == domain:
            yield found[1]


def _only(found: Iterator[str] | set[str]) -> str | None:
    """Return the one id; a mail that names several tells nothing certain."""
    ids = set(found)
    return ids.pop() if len(ids) == 1 else None


def _why(fields: list[Message[Any, Any]]) -> str:
    """Return status and diagnosis, without addresses."""
    for block in fields:
        status = _STATUS.search(str(block.get("Status", ""))[:200])
        said = str(block.get("Diagnostic-Code", ""))[:2_000].partition(";")[2]
        if status or said:
            return freed(f"{status[0] if status else ''} {said}")
    return ""


def _is_final(block: Message[Any, Any]) -> bool:
    """Return whether a status is one of failure for good (RFC 3463): some servers write no action beside it."""
    return str(block.get("Status", "")).strip().startswith("5.")


def _is_of_a_server(mail: Message[Any, Any]) -> bool:
    """Return whether a mail server wrote a mail: by its type, its sender, or that nobody is to answer it."""
    nobody = str(mail.get("Return-Path", "")).strip() == "<>" and "Auto-Submitted" not in mail
    return nobody or _type(mail) == "multipart/report" or _SERVERS.search(str(mail.get("From", ""))) is not None


def _is_automatic(mail: Message[Any, Any]) -> bool:
    """Return whether no person wrote a mail (RFC 3834, and what older programs set)."""
    sent = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(mail.get("Precedence", "")).strip().lower()
    marked = any(name in mail for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-From"))
    return sent != "no" or precedence in {"auto_reply", "bulk", "junk"} or marked
