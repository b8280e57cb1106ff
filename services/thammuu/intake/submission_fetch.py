"""Fetch a submitted file: bounded in size and time, without redirects, and from public addresses unless allowed.

The address is checked on the connection that is then used: a name that leads somewhere else at the second look-up
gains nothing.
"""

from __future__ import annotations

import http.client
import ipaddress
import os
import socket
import ssl
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from thammuu.errors import BadInputError, EnvironmentFaultError, Problem
from thammuu.i18n import _
from thammuu.intake import submission_places as places
from thammuu.intake.limits import LIMITS
from thammuu.intake.submission_patience import IN_ALL_S, Patience
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_PIECE = 262_144
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_OK = 200
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How long a host may be asked; one that is away or slow must not keep other producers waiting.

    Args:
        file_bytes: Of the file.
        answer_s: For each step of the connection, in seconds.
        in_all_s: For all tries and whatever belongs to them, in seconds.
        tries: How often it is tried.
        pause_s: Between tries, in seconds.
    """

    file_bytes: int = LIMITS.file_bytes
    answer_s: float = 5.0
    in_all_s: float = IN_ALL_S
    tries: int = 3
    pause_s: float = 1.0


FETCH_LIMITS = FetchLimits()


class _AwayError(Exception):
    """The host does not answer, or not now."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One file of one host, and until when it has to be there."""

    uri: str
    address: places.Address
    internal: bool
    limits: FetchLimits
    deadline: float

    @property
    def left_s(self) -> float:
        return max(self.deadline - time.monotonic(), 0.0)


def fetch(
    uri: str,
    allowed: Sequence[places.Place],
    path: Path,
    limits: FetchLimits = FETCH_LIMITS,
    patience: Patience | None = None,
) -> None:
    """Write a file that another system keeps to a path.

    Args:
        uri: Its address.
        allowed: Where it may lie.
        path: The file to write.
        limits: Of size and time.
        patience: What hosts have cost before.

    Raises:
        BadInputError: If it may not be fetched, is too large, or its host refuses, does not answer or takes too long.
        EnvironmentFaultError: If the store of an ``s3://`` address cannot be reached now.
    """
    address, internal = places.allowed(uri, allowed)
    hosts, host = patience or Patience(limits.in_all_s), f"{address.host}:{address.port}"
    given_s, begun = min(limits.in_all_s, hosts.left(host)), time.monotonic()
    asked = _Asked(uri, address, internal, limits, begun + given_s)
    if given_s < min(limits.answer_s, limits.in_all_s):
        _gone(asked, _("it has kept others waiting, and is asked again after a minute"))
    try:
        if address.scheme == "s3":
            _from_s3(asked, path)
        else:
            _tried(asked, path)
    except BadInputError:
        hosts.wasted(host, time.monotonic() - begun)
        raise
    hosts.rewarded(host)


def _tried(asked: _Asked, path: Path) -> None:
    for further in reversed(range(asked.limits.tries)):
        try:
            _from_web(asked, path)
        except ssl.SSLCertVerificationError:
            places.refuse("uri-refused", _("a host with a valid certificate"), asked.uri)
        except (_AwayError, OSError, http.client.HTTPException) as error:
            if not further or asked.left_s <= asked.limits.pause_s:
                _gone(asked, str(error) or type(error).__name__, error)
            time.sleep(asked.limits.pause_s)
        else:
            return


def _gone(asked: _Asked, reason: str, error: Exception | None = None) -> NoReturn:
    if error is not None and not asked.left_s:
        reason = _("not all of it within {seconds:.0f} s").format(seconds=asked.limits.in_all_s)
    expected = _("a host that answers ({reason}); submit again under a new id").format(reason=printable(reason)[:200])
    sentence = _("The submission was refused; nothing was stored.")
    value = printable(asked.uri.partition("?")[0][:200])
    raise BadInputError(sentence, [Problem("uri-unreachable", expected, value=value)]) from error


def _from_web(asked: _Asked, path: Path) -> None:
    sock = _connected(asked)
    with _at_most(asked.left_s, sock) as over:
        connection = _connection(asked, sock)
        try:
            target = asked.address.path + (f"?{asked.address.query}" if asked.address.query else "")
            connection.request("GET", target, headers={"Accept-Encoding": "identity", "User-Agent": "thammuu"})
            answer = connection.getresponse()
            if answer.status in _AGAIN:
                raise _AwayError(str(answer.status))
            if answer.status != _OK:
                expected = _("status 200, not {status}; redirects are not followed").format(status=answer.status)
                places.refuse("uri-refused", expected, asked.uri)
            _write(asked, iter(lambda: answer.read1(_PIECE), b""), path)
            if over.is_set():
                # to the reader, a cut looks like an end
                raise _AwayError(_("too slow"))
            if answer.length:
                raise _AwayError(_("the connection ended early"))
        finally:
            connection.close()


@contextmanager
def _at_most(seconds: float, sock: socket.socket) -> Iterator[threading.Event]:
    """Cut a connection that lasts too long, whatever it waits for."""
    over = threading.Event()
    with socket.socket(fileno=os.dup(sock.fileno())) as same:
        timer = threading.Timer(seconds, _cut, [same, over])
        timer.start()
        try:
            yield over
        finally:
            timer.cancel()
            timer.join()


def _cut(sock: socket.socket, over: threading.Event) -> None:
    over.set()
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _connection(asked: _Asked, sock: socket.socket) -> http.client.HTTPConnection:
    host, port, answer_s = asked.address.host, asked.address.port, asked.limits.answer_s
    if asked.address.scheme == "http":
        plain = http.client.HTTPConnection(host, port, timeout=answer_s)
        plain.sock = sock
        return plain
    context = ssl.create_default_context()
    secure = http.client.HTTPSConnection(host, port, timeout=answer_s, context=context)
    try:
        secure.sock = context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise
    return secure


def _connected(asked: _Asked) -> socket.socket:
    usable = [one for one in _resolved(asked) if asked.internal or _is_public(str(one[4][0]))]
    if not usable:
        expected = _("a public address; the operator must allow internal ones by internal+")
        places.refuse("uri-internal", expected, asked.uri)
    fault: Exception = _AwayError(_("too slow"))
    for family, kind, protocol, _name, target in usable:
        if not (left_s := asked.left_s):
            break
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(min(asked.limits.answer_s, left_s))
        try:
            sock.connect(target)
        except OSError as error:
            sock.close()
            fault = error
        else:
            return sock
    raise fault


def _resolved(asked: _Asked) -> list[Any]:
    """Return the addresses of a name; the system's own look-up has no limit of time and cannot be ended."""
    answer: Future[list[Any]] = Future()

    def look_up() -> None:
        try:
            answer.set_result(socket.getaddrinfo(asked.address.host, asked.address.port, type=socket.SOCK_STREAM))
        except Exception as error:  # noqa: BLE001  raised again where the answer is waited for
            answer.set_exception(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return answer.result(asked.left_s)


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if address.sixtofour or address.teredo or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast


def _from_s3(asked: _Asked, path: Path) -> None:
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    from thammuu.ledger.s3_blobs import store_of
    from thammuu.ledger.s3_bucket import bucket_at

    bucket = f"s3://{asked.address.host}"
    store = store_of(bucket_at(bucket, os.environ), asked.limits.in_all_s)
    try:
        found = store.get(asked.address.path.lstrip("/"))
        _write(asked, (bytes(piece) for piece in found.stream(min_chunk_size=_PIECE)), path)
    except _AwayError as error:
        _gone(asked, str(error), error)
    except (FileNotFoundError, PermissionDeniedError, UnauthenticatedError):
        places.refuse("uri-refused", _("an object that is there and may be read"), asked.uri)
    except BaseError as error:
        raise EnvironmentFaultError(_("The file store {bucket} cannot be reached.").format(bucket=bucket)) from error


def _write(asked: _Asked, pieces: Iterable[bytes], path: Path) -> None:
    size, most = 0, asked.limits.file_bytes
    with path.open("wb") as target:
        for piece in pieces:
            size += len(piece)
            if size > most:
                expected = _("a file of at most {size} MB").format(size=most // 1_000_000)
                places.refuse("too-large", expected, asked.uri)
            if not asked.left_s:
                raise _AwayError(_("too slow"))
            try:
                target.write(piece)
                target.flush()
            except OSError as error:
                # our disk, not their host
                raise EnvironmentFaultError(_("The disk refuses: {reason}.").format(reason=error.strerror)) from error
