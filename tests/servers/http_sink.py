"""An HTTP server in process that keeps what it is sent and answers as told: any status, late, in drops, or never."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

    from servers.mail_sink import Certificate


@dataclass(frozen=True)
class Reply:
    """What is answered.

    Args:
        status: 0 ends the connection without an answer.
        headers: Beside Content-Length.
        body: The text.
        times: The body is repeated so often.
        drop_s: Wait so long before each copy of the body, in seconds.
        silent: Say nothing until the other side gives up.
        early: End the connection before the request's body is read.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    times: int = 1
    drop_s: float = 0.0
    silent: bool = False
    early: bool = False


@dataclass(frozen=True)
class Request:
    """What came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class HttpSink:
    """The running server."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    connections: int = 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    sink: HttpSink
    answer: Callable[[Request], Reply]
    over: threading.Event
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[Any, Any]:
        sock, address = super().get_request()
        self.sink.connections += 1
        return (self.tls.wrap_socket(sock, server_side=True) if self.tls else sock), address

    def handle_error(self, *said: object) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def handle_any(self) -> None:
        if self.server.answer(Request(self.command, self.path, dict(self.headers), b"")).early:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, dict(self.headers), body)
        self.server.sink.requests.append(request)
        reply = self.server.answer(request)
        self.close_connection = True
        if reply.silent:
            self.server.over.wait(30)
        if not reply.status or reply.silent:
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in reply.headers:
            self.send_header("Content-Length", str(len(reply.body) * reply.times))
        self.end_headers()
        with suppress(OSError):
            for _copy in range(reply.times):
                self.server.over.wait(reply.drop_s)
                self.wfile.write(reply.body)
                self.wfile.flush()

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815  the names are the library's

    def log_message(self, *said: object) -> None:
        """Say nothing."""


@contextmanager
def http_sink(
    answer: Callable[[Request], Reply] = lambda _request: Reply(),
    secured: Certificate | None = None,
    at: tuple[str, int] = ("127.0.0.1", 0),
) -> Iterator[HttpSink]:
    """Run a server on loopback.

    Args:
        answer: What it answers.
        secured: Its certificate, for HTTPS.
        at: Where it listens.
    """
    server = _Server(at, _Handler)
    server.sink, server.answer, server.over = HttpSink(server.server_port), answer, threading.Event()
    if secured:
        server.tls = secured.context()
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield server.sink
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
