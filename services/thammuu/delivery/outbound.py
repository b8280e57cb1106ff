"""The one way out for chat messages and webhooks: only to allowed hosts, no further, within bounds.

Whatever sends must do it through ``requests`` inside :meth:`Outbound.exchange`. Two walls stand there. The first is an
adapter of ``requests``, its documented extension (https://requests.readthedocs.io/en/latest/user/advanced/): it checks
each request's host, follows no redirect, uses no proxy, bounds time and size, and keeps what was answered. The second
is an audit hook (PEP 578) that sees each connection at the moment it is made, whichever library makes it: the address
that a name has just then, so that a name which changes its address between two look-ups gains nothing.
"""

from __future__ import annotations

import io
import logging
import os
import socket
import sys
import threading
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from thammuu.delivery.hosts import Allowed, allowed_of, host_of, is_inside, is_public
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from requests import PreparedRequest, Response

    from thammuu.settings import Settings

_TALKATIVE: Final = tuple(
    f"urllib3.{one}" for one in ("connectionpool", "connection", "util.retry", "poolmanager", "response")
)
"""Loggers that write down whole addresses, tokens included."""
_REDIRECTS: Final = range(300, 400)
_PIECE: Final = 16_384


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how much a request may take.

    Args:
        connect_s: To make a connection, in seconds.
        read_s: Between two pieces of an answer, in seconds.
        whole_s: Of one request, in seconds, once connected.
        answer_bytes: The largest answer that is read.
    """

    connect_s: float = 10.0
    read_s: float = 20.0
    whole_s: float = 40.0
    answer_bytes: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What one request was answered.

    Args:
        method: Of the request.
        status: Of the answer.
        headers: Of the answer.
        body: Its beginning.
        whole: Whether that is all of it.
    """

    method: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    whole: bool = True


class RefusedAddressError(OSError):
    """A connection to an address where messages do not go; libraries treat it as any failed connection."""


@dataclass
class Exchange:
    """What happened on the way out: requests in turn, until it was told to end.

    Attributes:
        replies: What was answered.
        refused: A connection or request was refused by the guard.
        handed: The last request went out whole, so that the other side may act on it.
        answered: The last request was answered.
        method: Of the last request, empty where there was none.
        trouble: The kind of error that ended the last request.
        cut: A request lasted too long.
    """

    allowed: Allowed
    limits: Limits
    replies: list[Reply] = field(default_factory=list)
    refused: str = ""
    handed: bool = False
    answered: bool = False
    method: str = ""
    trouble: str = ""
    cut: bool = False
    _host: str | None = None
    _pieces: int = 0
    _bodiless: bool = False
    _sockets: list[socket.socket] = field(default_factory=list)

    def begin(self, request: PreparedRequest) -> None:
        """Open the way for one request.

        Raises:
            RefusedAddressError: If it may not go where it wants to.
        """
        url = request.url or ""
        self._host, self._pieces, self._bodiless = None, 0, not request.body
        self.handed, self.answered, self.cut, self.method = False, False, False, request.method or ""
        fault = self.allowed.fault_of(url)
        if fault is not None:
            self.refused = fault
            raise RefusedAddressError(fault)
        self._host = host_of(urlsplit(url).hostname or "")

    def connecting(self, sock: socket.socket, target: Any) -> None:  # noqa: ANN401  whatever is connected to
        """Let a connection pass, or not; called at the moment it is made.

        Raises:
            RefusedAddressError: If it may not.
        """
        inet = sock.family in {socket.AF_INET, socket.AF_INET6}
        if self._host is None or not inet:
            self.refused = self.refused or _("a connection outside of a request")
            raise RefusedAddressError(self.refused)
        if not self._may_reach(str(target[0])):
            self.refused = _("the host has an address of the own network")
            raise RefusedAddressError(self.refused)
        if self.cut:
            # a name may have as many addresses as its owner likes, each of them silent
            raise TimeoutError
        with suppress(OSError):
            # another handle on the same connection: TLS takes the first one away
            self._sockets.append(socket.socket(fileno=os.dup(sock.fileno())))

    def _may_reach(self, address: str) -> bool:
        private = self._host is not None and self.allowed.private.hold(self._host)
        return is_public(address) or (private and is_inside(address))

    def handing(self) -> None:
        """Take note of a piece of a request that is about to be written: its head, then its body."""
        self._pieces += 1
        self.handed = self._bodiless or self._pieces > 1

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """Cut the connections of one request that lasts too long, whatever it waits for."""
        timer = threading.Timer(self.limits.connect_s + self.limits.whole_s, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()
            self._host = None

    def _end(self) -> None:
        self.cut = True
        for sock in list(self._sockets):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class Outbound:
    """Guards what goes out to hosts that others name.

    Args:
        allowed: Where messages may go.
        limits: Of each request.
    """

    def __init__(self, allowed: Allowed, limits: Limits | None = None) -> None:
        self.allowed = allowed
        self._limits = limits or Limits()
        _stand_guard()

    @contextmanager
    def exchange(self) -> Iterator[Exchange]:
        """Guard everything that this thread sends; what it starts in other threads is its own business."""
        exchange = Exchange(self.allowed, self._limits)
        token = _EXCHANGE.set(exchange)
        try:
            yield exchange
        finally:
            _EXCHANGE.reset(token)


def outbound_of(settings: Settings, limits: Limits | None = None) -> Outbound:
    """Return the guard of the configured hosts.

    Raises:
        BadInputError: If the settings of hosts cannot be read.
    """
    return Outbound(allowed_of(settings), limits)


_EXCHANGE: ContextVar[Exchange | None] = ContextVar("exchange", default=None)
_ONCE = threading.Lock()
_standing = False


def _stand_guard() -> None:
    """Put up both walls; a hook cannot be taken down again, and outside of an exchange neither does anything."""
    global _standing  # noqa: PLW0603  a hook is the process's
    with _ONCE:
        if _standing:
            return
        _standing = True
    import requests.sessions

    # sessions look this name up when they are made, and libraries make their own
    setattr(requests.sessions, "HTTPAdapter", _adapter())  # noqa: B010  the name is requests' own
    setattr(requests.sessions, "get_netrc_auth", _passwords_of_the_account(requests.sessions))  # noqa: B010  the same
    sys.addaudithook(_watch)
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_is_outside)


def _passwords_of_the_account(sessions: Any) -> Callable[..., Any]:  # noqa: ANN401  a module
    """Return what looks passwords up in the account's .netrc, and finds none for what others name.

    They would take the place of a chat service's token, too.
    """
    known = sessions.get_netrc_auth

    def looked_up(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  handed on
        return None if _EXCHANGE.get() is not None else known(*args, **kwargs)

    return looked_up


def _is_outside(_record: logging.LogRecord) -> bool:
    return _EXCHANGE.get() is None


def _watch(event: str, args: tuple[Any, ...]) -> None:
    """See what is connected to and sent: https://docs.python.org/3/library/audit_events.html."""
    if event not in {"socket.connect", "http.client.send"}:
        return
    exchange = _EXCHANGE.get()
    if exchange is None:
        return
    if event == "socket.connect":
        exchange.connecting(args[0], args[1])
    else:
        exchange.handing()


def _adapter() -> type[Any]:
    from requests.adapters import HTTPAdapter
    from requests.exceptions import ConnectionError as LostConnectionError
    from requests.exceptions import InvalidURL, RequestException
    from urllib3.exceptions import HTTPError

    class GuardedAdapter(HTTPAdapter):
        """Sends a request of an exchange under guard, any other as ever."""

        def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401  handed on
            exchange = _EXCHANGE.get()
            if exchange is None:
                return super().send(request, *args, **kwargs)
            try:
                exchange.begin(request)
            except RefusedAddressError as error:
                raise InvalidURL(str(error), request=request) from None
            request.headers["Accept-Encoding"] = "identity"
            request.headers["Connection"] = "close"
            with exchange.bounded():
                limits = exchange.limits
                # certificates are always checked; a path is the operator's own authority (REQUESTS_CA_BUNDLE)
                trusted = kwargs.get("verify")
                authority = trusted if isinstance(trusted, str) else True
                wait_s = (limits.connect_s, limits.read_s)
                try:
                    response = super().send(request, stream=True, timeout=wait_s, verify=authority, proxies={})
                except (RequestException, HTTPError, OSError) as error:
                    exchange.trouble = type(error).__name__
                    raise
                exchange.answered = True
                try:
                    body = _beginning(response, limits.answer_bytes)
                except (HTTPError, OSError) as error:
                    raise LostConnectionError(error, request=request) from None
                finally:
                    told = (exchange.method, response.status_code, response.headers)
                    exchange.replies.append(Reply(*told, b"", whole=False))
                exchange.replies[-1] = Reply(*told, body, whole=len(body) < limits.answer_bytes and not exchange.cut)
                response.close()
            response.raw = io.BytesIO(body)
            if response.status_code in _REDIRECTS:
                response.headers.pop("Location", None)
            return response

    return GuardedAdapter


def _beginning(response: Response, most: int) -> bytes:
    """Return at most so many bytes of an answer, as they came."""
    body = bytearray()
    while len(body) < most:
        piece = response.raw.read(min(_PIECE, most - len(body)), decode_content=False)
        if not piece:
            break
        body += piece
    return bytes(body)
