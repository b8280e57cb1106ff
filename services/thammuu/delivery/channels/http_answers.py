"""What an HTTP answer, or none, means for a delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from thammuu.delivery.ports import Answer
from thammuu.delivery.reasons import freed
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thammuu.delivery.outbound import Exchange, Reply

LONGEST_WAIT_S: Final = 86_400.0
"""A server may ask for patience, not for eternity."""
_AGAIN: Final = frozenset({408, 425, 429})
_GATEWAY_TIMEOUT: Final = 504
_ASKS: Final = frozenset({"GET", "HEAD"})
"""Methods of requests that change nothing, so that a lost answer loses nothing."""


def answer_of(exchange: Exchange, now: datetime, secrets: Iterable[str] = (), words: str = "") -> Answer:
    """Return what became of a message whose last request was not taken.

    Args:
        exchange: What went out.
        now: The time.
        secrets: Not to be repeated.
        words: Why, as the other side says.
    """
    if exchange.refused:
        return Answer("refused", freed(exchange.refused, secrets))
    if not exchange.answered:
        if exchange.handed and exchange.method not in _ASKS:
            return Answer("unknown", _("the answer was lost"))
        return Answer("later", _("the server cannot be reached"))
    reply = exchange.replies[-1]
    return meaning(reply.status, freed(f"{reply.status} {words}", secrets), wait_s(reply, now))


def meaning(status: int, told: str, asked_s: float | None = None) -> Answer:
    """Return what a status means: https://www.rfc-editor.org/rfc/rfc9110#section-15.

    Args:
        status: Of three digits.
        told: The reason to record.
        asked_s: How long the server asks to wait, in seconds.
    """
    if 200 <= status < 300:  # noqa: PLR2004  successful
        return Answer("accepted")
    if status == _GATEWAY_TIMEOUT:
        # somebody behind the gateway had the message and did not answer in time
        return Answer("unknown", told, wait_s=asked_s)
    if status in _AGAIN or status >= 500 or status < 200:  # noqa: PLR2004  server errors; no final answer
        return Answer("later", told, wait_s=asked_s)
    return Answer("refused", told)


def wait_s(reply: Reply, now: datetime) -> float | None:
    """Return what a server's Retry-After asks for, in seconds, at most a day (RFC 9110, 10.2.3)."""
    asked = reply.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return bounded(float(asked[:12]))
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, TypeError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return bounded((until - now).total_seconds())


def bounded(seconds: float) -> float | None:
    """Return a wait between nothing and a day, in seconds; None where there is none."""
    return min(seconds, LONGEST_WAIT_S) if seconds > 0 else None
