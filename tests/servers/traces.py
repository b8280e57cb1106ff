"""A place that spans are sent to: OTLP over HTTP, read as the protocol's own messages."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Span:
    """One span as it was sent."""

    name: str
    kind: int
    process: str
    trace: str
    id: str
    parent: str


@dataclass
class Sink:
    """What has come so far.

    Args:
        address: Where spans are sent to.
        bodies: All that was sent, as it came.
    """

    address: str
    bodies: list[bytes] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)

    def until(self, enough: Callable[[list[Span]], bool], within_s: float = 60.0) -> list[Span]:
        """Wait for spans."""
        deadline = time.monotonic() + within_s
        while not enough(self.spans):
            assert time.monotonic() < deadline, sorted({(one.process, one.name) for one in self.spans})
            time.sleep(0.1)
        return list(self.spans)

    def take(self, body: bytes) -> None:
        """Read what a process sent."""
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            assert names["service.name"] == "thammuu"
            for scope in resource.scope_spans:
                self.spans += [
                    Span(
                        one.name,
                        one.kind,
                        names["thammuu.process"],
                        one.trace_id.hex(),
                        one.span_id.hex(),
                        one.parent_span_id.hex(),
                    )
                    for one in scope.spans
                ]


@contextmanager
def sink() -> Iterator[Sink]:
    """A sink for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            taken.take(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    taken = Sink(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield taken
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
