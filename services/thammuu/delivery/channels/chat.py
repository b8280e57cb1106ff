"""The channel ``chat``: short messages to rooms of Telegram, Slack, Teams, Mattermost, Matrix and Zalo, by apprise."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from thammuu.delivery.channels import chat_schemes as schemes
from thammuu.delivery.channels.chat_text import as_markdown, neutral
from thammuu.delivery.channels.http_answers import answer_of, bounded
from thammuu.delivery.channels.in_threads import InThreads
from thammuu.delivery.ports import Answer
from thammuu.delivery.reasons import freed
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.clock import Clock
    from thammuu.delivery.outbound import Exchange, Limits
    from thammuu.delivery.ports import ContactPoint, Message
    from thammuu.settings import Settings

_PIECE: Final = 6
"""So many characters of a token tell nobody anything."""
_LONGEST_WORDS: Final = 5_000
_OK: Final = range(200, 300)


class ChatChannel(InThreads):
    """Sends chat messages; one address is one room or person, so that a message has one result."""

    name = "chat"

    def __init__(self, settings: Settings, clock: Clock, limits: Limits | None = None) -> None:
        super().__init__(settings, clock, limits)
        # it writes addresses with their tokens
        logging.getLogger("apprise").addFilter(_nothing)

    def check(self, address: str) -> str | None:
        """Return what is wrong with an address, in words, or None."""
        fault, _plugin = self._opened(address)
        return fault

    def _sent(self, message: Message) -> Answer:
        fault, plugin = self._opened(message.to.address)
        if fault is not None:
            return Answer("refused", fault)
        scheme = schemes.scheme_of(message.to.address)
        host = "".join(schemes.urls_of(plugin, scheme))
        rests = self._resting.answer(host)
        if rests is not None:
            return rests
        answer, answered = self._tried(message, plugin, scheme)
        self._resting.told(host, answered=answered)
        return answer

    def _tried(self, message: Message, plugin: Any, scheme: str) -> tuple[Answer, bool]:  # noqa: ANN401
        """Send, and return the answer and whether there was one at all."""
        links = [one.link for one in message.memos]
        text = neutral(message.chat, links)
        body, form = (as_markdown(text, links), None) if schemes.SCHEMES[scheme].markdown else (text, "text")
        with self._outbound.exchange() as exchange:
            try:
                taken = bool(plugin.notify(body=body, title="", body_format=form))
            except Exception as error:  # noqa: BLE001  its text may hold the address, and what was sent is known
                taken, why = False, type(error).__name__
            else:
                why = ""
        answered = exchange.answered or bool(exchange.refused) or not exchange.method
        return (Answer("accepted") if taken else self._failed(exchange, message, why)), answered

    def _failed(self, exchange: Exchange, message: Message, error: str) -> Answer:
        if not exchange.method:
            return Answer("refused", _("the chat library cannot use the address") + (f" ({error})" if error else ""))
        reply = exchange.replies[-1] if exchange.answered else None
        words = hidden(schemes.said(reply)[:_LONGEST_WORDS], message.to) if reply else error
        if reply and reply.status in _OK and not exchange.refused:
            if not reply.whole:
                return Answer("unknown", _("the answer was lost"))
            # Slack and Zalo write errors so
            return Answer("later" if schemes.passes(words) else "refused", freed(f"{reply.status} {words}"))
        answer = answer_of(exchange, self._clock(), words=words)
        if reply and answer.outcome in {"later", "unknown"} and answer.wait_s is None:
            return replace(answer, wait_s=bounded(schemes.asked_wait_s(reply) or 0.0))
        return answer

    def _opened(self, address: str) -> tuple[str | None, Any]:
        """Return what is wrong with an address, and what sends to it."""
        fault = schemes.fault_of_form(address)
        if fault is not None:
            return fault, None
        scheme = schemes.scheme_of(address)
        plugin = schemes.opened(address)
        if plugin is None:
            return _("the address is not one of {scheme}://").format(scheme=scheme), None
        if schemes.SCHEMES[scheme].targets(plugin) != 1:
            return _("the address must name exactly one room or person, and of Matrix a token and a room's id"), None
        faults = filter(None, map(self._outbound.allowed.fault_of, schemes.urls_of(plugin, scheme)))
        return next(faults, None), plugin


def hidden(text: str, to: ContactPoint) -> str:
    """Return a service's words without any piece of an address or a name, cut off or not.

    Args:
        text: From anywhere.
        to: Whose address and name must not be repeated.
    """
    secrets = (to.address, unquote(to.address), to.name)
    pieces = {one[start : start + _PIECE] for one in secrets for start in range(len(one) - _PIECE + 1)}
    kept = list(text)
    for start in range(len(text) - _PIECE + 1):
        if text[start : start + _PIECE] in pieces:
            kept[start : start + _PIECE] = "…" * _PIECE
    return re.sub("…+", "…", "".join(kept))


def _nothing(_record: logging.LogRecord) -> bool:
    return False
