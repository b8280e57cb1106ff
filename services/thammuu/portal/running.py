"""Run a server until it is told to stop: requests and the batch at hand are finished first."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from thammuu.bus.health import Beside
from thammuu.errors import EnvironmentFaultError
from thammuu.i18n import _
from thammuu.portal.app import app_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.portal.serving import Serving

REQUESTS_END_WITHIN_S = 20
"""Longer than taking in a large file lasts; who is still connected then is cut off, what was taken in is kept."""
_WAITING = 2_048
_AT_ONCE = 500


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        EnvironmentFaultError: If the address is taken or none of this machine's.
    """
    try:
        family, _kind, _protocol, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=_WAITING)
    except OSError as error:
        message = _("The address {host}:{port} cannot be had: {reason}.")
        raise EnvironmentFaultError(message.format(host=host, port=port, reason=error.strerror or error)) from error
    listener.setblocking(False)  # noqa: FBT003  the socket's own signature
    return listener


async def serve(serving: Serving, listener: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    config = uvicorn.Config(
        app_of(serving),
        log_level="warning",
        access_log=False,
        # who a client is, its connection tells; headers can be made up
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=REQUESTS_END_WITHIN_S,
    )
    server = Beside(config)
    with _beside(serving):
        answering = asyncio.create_task(server.serve(sockets=[listener]))
        told = asyncio.create_task(stop.wait())
        await asyncio.wait({answering, told}, return_when=asyncio.FIRST_COMPLETED)
        serving.stopping.begin()
        server.should_exit = True
        told.cancel()
        await answering


@contextmanager
def _beside(serving: Serving) -> Iterator[None]:
    """Run what works beside the requests."""
    for probe in serving.probes:
        probe.start()
    if serving.follower is not None:
        serving.follower.start()
    if serving.sender is not None:
        serving.sender.start()
    try:
        yield
    finally:
        if serving.sender is not None:
            serving.sender.stop()
        if serving.follower is not None:
            serving.follower.stop()
        for probe in serving.probes:
            probe.stop()
