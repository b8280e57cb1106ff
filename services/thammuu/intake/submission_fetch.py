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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from thammuu.errors import BadInputError, EnvironmentFaultError, Problem
from thammuu.i18n import _
from thammuu.intake import submission_places as places
from thammuu.intake.limits import LIMITS
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
    """How long one host may be asked; a host that is away must not keep other producers waiting.

    Args:
        file_bytes: Of the file.
        answer_s: For each step of the connection, in seconds.
        whole_s: For one try, in seconds.
        tries: How often it is tried.
        pause_s: Between tries, in seconds.
    """

    file_bytes: int = LIMITS.file_bytes
    answer_s: float = 5.0
    whole_s: float = 60.0
    tries: int = 3
    pause_s: float = 1.0


FETCH_LIMITS = FetchLimits()


class _AwayError(Exception):
    """The host does not answer, or not now."""


def fetch(uri: str, allowed: Sequence[places.Place], path: Path, limits: FetchLimits = FETCH_LIMITS) -> None:
    """Write a file that another system keeps to a path.

    Args:
        uri: Its address.
        allowed: Where it may lie.
        path: The file to write.
        limits: Of size and time.

    Raises:
        BadInputError: If it may not be fetched, is too large, or its host refuses or does not answer.
        EnvironmentFaultError: If the store of an ``s3://`` address cannot be reached now.
    """
    address, internal = places.allowed(uri, allowed)
    if address.scheme == "s3":
        _from_s3(uri, address, path, limits)
        return
    for left in reversed(range(limits.tries)):
        try:
            _from_web(uri, address, path, limits, internal=internal)
        except ssl.SSLCertVerificationError:
            places.refuse("uri-refused", _("a host with a valid certificate"), uri)
        except (_AwayError, OSError, http.client.HTTPException) as error:
            if not left:
                _gone(uri, error)
            time.sleep(limits.pause_s)
        else:
            return


def _gone(uri: str, error: Exception) -> NoReturn:
    expected = _("a host that answers ({reason}); submit again under a new id").format(
        reason=printable(str(error) or type(error).__name__)[:200]
    )
    sentence = _("The submission was refused; nothing was stored.")
    value = printable(uri.partition("?")[0][:200])
    raise BadInputError(sentence, [Problem("uri-unreachable", expected, value=value)]) from error


def _from_web(uri: str, address: places.Address, path: Path, limits: FetchLimits, *, internal: bool) -> None:
    sock = _connected(uri, address, limits, internal=internal)
    with _at_most(limits.whole_s, sock) as over:
        connection = _connection(address, sock, limits)
        try:
            target = address.path + (f"?{address.query}" if address.query else "")
            connection.request("GET", target, headers={"Accept-Encoding": "identity", "User-Agent": "thammuu"})
            answer = connection.getresponse()
            if answer.status in _AGAIN:
                raise _AwayError(str(answer.status))
            if answer.status != _OK:
                expected = _("status 200, not {status}; redirects are not followed").format(status=answer.status)
                places.refuse("uri-refused", expected, uri)
            _write(uri, iter(lambda: answer.read1(_PIECE), b""), path, limits)
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


def _connection(address: places.Address, sock: socket.socket, limits: FetchLimits) -> http.client.HTTPConnection:
    if address.scheme == "http":
        plain = http.client.HTTPConnection(address.host, address.port, timeout=limits.answer_s)
        plain.sock = sock
        return plain
    context = ssl.create_default_context()
    secure = http.client.HTTPSConnection(address.host, address.port, timeout=limits.answer_s, context=context)
    try:
        secure.sock = context.wrap_socket(sock, server_hostname=address.host)
    except BaseException:
        sock.close()
        raise
    return secure


def _connected(uri: str, address: places.Address, limits: FetchLimits, *, internal: bool) -> socket.socket:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    usable = [one for one in found if internal or _is_public(str(one[4][0]))]
    if not usable:
        places.refuse("uri-internal", _("a public address; the operator must allow internal ones by internal+"), uri)
    for position, (family, kind, protocol, _name, target) in enumerate(usable):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(limits.answer_s)
        try:
            sock.connect(target)
        except OSError:
            sock.close()
            if position == len(usable) - 1:
                raise
        else:
            return sock
    raise _AwayError(address.host)


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(str(address.ipv4_mapped))
        if address.sixtofour or address.teredo or address in _NAT64:
            return False
    return address.is_global and not address.is_multicast


def _from_s3(uri: str, address: places.Address, path: Path, limits: FetchLimits) -> None:
    from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

    from thammuu.ledger.s3_blobs import store_of
    from thammuu.ledger.s3_bucket import bucket_at

    store = store_of(bucket_at(f"s3://{address.host}", os.environ), limits.whole_s)
    try:
        found = store.get(address.path.lstrip("/"))
        pieces = (bytes(piece) for piece in found.stream(min_chunk_size=_PIECE))
        _write(uri, pieces, path, limits)
    except (FileNotFoundError, PermissionDeniedError, UnauthenticatedError):
        places.refuse("uri-refused", _("an object that is there and may be read"), uri)
    except BaseError as error:
        message = _("The file store {bucket} cannot be reached.").format(bucket=f"s3://{address.host}")
        raise EnvironmentFaultError(message) from error


def _write(uri: str, pieces: Iterable[bytes], path: Path, limits: FetchLimits) -> None:
    size, deadline = 0, time.monotonic() + limits.whole_s
    with path.open("wb") as target:
        for piece in pieces:
            size += len(piece)
            if size > limits.file_bytes:
                places.refuse(
                    "too-large", _("a file of at most {size} MB").format(size=limits.file_bytes // 1_000_000), uri
                )
            if time.monotonic() > deadline:
                raise _AwayError(_("too slow"))
            try:
                target.write(piece)
                target.flush()
            except OSError as error:
                # our disk, not their host
                raise EnvironmentFaultError(_("The disk refuses: {reason}.").format(reason=error.strerror)) from error
