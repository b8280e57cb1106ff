"""The channel ``webhook``: memos for programs, signed as Standard Webhooks 1.0.0 says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode, b64encode
from binascii import Error as NoBase64Error
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from thammuu.delivery.channels.http_answers import answer_of
from thammuu.delivery.channels.in_threads import InThreads
from thammuu.delivery.ports import Answer
from thammuu.errors import BadInputError
from thammuu.i18n import _

if TYPE_CHECKING:
    from datetime import datetime

    from thammuu.delivery.ports import Message

_SYMMETRIC: Final = "whsec_"
_ASYMMETRIC: Final = "whsk_"
_SHORTEST_KEY: Final = 24
_LONGEST_KEY: Final = 64
_SEED: Final = 32
_TYPES: Final = {"memo": "memo.issued", "withdrawal": "memo.withdrawn", "incident": "delivery.overdue"}


class WebhookChannel(InThreads):
    """Posts messages to addresses that receivers name."""

    name = "webhook"

    def check(self, address: str) -> str | None:
        """Return what is wrong with an address, in words, or None."""
        return self._outbound.allowed.fault_of(address)

    def _sent(self, message: Message) -> Answer:
        fault = self.check(message.to.address)
        if fault is not None:
            return Answer("refused", fault)
        rests = self._resting.answer(_host(message))
        if rests is not None:
            return rests
        body = payload(message, self._clock())
        try:
            headers = signed(message.delivery_id, self._clock(), body, message.to.secret)
        except BadInputError as error:
            return Answer("refused", str(error))
        return self._posted(message, body, headers)

    def _posted(self, message: Message, body: bytes, headers: dict[str, str]) -> Answer:
        from requests import RequestException, Session

        with self._outbound.exchange() as exchange, Session() as session:
            try:
                session.post(message.to.address, data=body, headers=headers, allow_redirects=False)
            except (RequestException, ValueError) as error:
                # the address may be in its text
                if not exchange.method:
                    return Answer("refused", type(error).__name__)
        self._resting.told(_host(message), answered=exchange.answered or bool(exchange.refused))
        if exchange.replies and exchange.replies[-1].status // 100 == 2:  # noqa: PLR2004  it was taken
            return Answer("accepted")
        parts = urlsplit(message.to.address)
        secrets = (message.to.address, message.to.name, parts.path, parts.query, message.to.secret)
        return answer_of(exchange, self._clock(), secrets)


def _host(message: Message) -> str:
    return urlsplit(message.to.address).hostname or ""


def payload(message: Message, now: datetime) -> bytes:
    """Return what a program is told: ids, numbers, days and links, and the chat message; nothing of persons.

    Args:
        message: The delivery.
        now: The time.
    """
    memos: list[dict[str, Any]] = [
        {
            "id": one.memo_id,
            "version": one.version,
            "number": one.number,
            "dated": one.dated.isoformat(),
            "link": one.link or None,
        }
        for one in message.memos
    ]
    data = {"delivery": message.delivery_id, "language": message.language, "memos": memos, "text": message.chat}
    told = {"type": _TYPES[message.kind], "timestamp": now.isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def signed(message_id: str, now: datetime, body: bytes, secrets: str) -> dict[str, str]:
    """Return the headers of a webhook.

    Args:
        message_id: The same on every try.
        now: The time of this try.
        body: What is posted.
        secrets: ``whsec_…`` (HMAC-SHA256) or ``whsk_…`` (Ed25519); several, while one replaces another, separated by
            spaces or commas.

    Raises:
        BadInputError: If there is none, or one cannot be read; it is not repeated.
    """
    moment = str(int(now.timestamp()))
    content = f"{message_id}.{moment}.".encode() + body
    signatures = [_signature(one, content) for one in secrets.replace(",", " ").split()]
    if not signatures:
        raise BadInputError(_("The webhook has no secret to sign with."))
    return {
        "Content-Type": "application/json",
        "User-Agent": "thammuu",
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(signatures),
    }


def _signature(secret: str, content: bytes) -> str:
    prefix = next((one for one in (_SYMMETRIC, _ASYMMETRIC) if secret.startswith(one)), "")
    try:
        key = b64decode(secret.removeprefix(prefix) + "==")
    except (NoBase64Error, ValueError):
        key = b""
    if not prefix or not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY or (prefix == _ASYMMETRIC and len(key) < _SEED):
        raise BadInputError(_("The secret of the webhook must be whsec_ or whsk_ and 24 to 64 bytes in BASE64."))
    if prefix == _SYMMETRIC:
        return f"v1,{b64encode(hmac.digest(key, content, 'sha256')).decode()}"
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return f"v1a,{b64encode(Ed25519PrivateKey.from_private_bytes(key[:_SEED]).sign(content)).decode()}"
