"""What was asked over HTTP: counted, timed, and as spans of a trace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

from thammuu import tracing

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
VERSION = "/api/v1"
UNMATCHED = "unmatched"
"""The route of what leads nowhere: addresses themselves would make one time series each."""


class HttpFigures:
    """The figures of a server's requests and publications."""

    def __init__(self) -> None:
        # one more time series beside each counter, which nothing here reads
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        self.requests = Counter(
            "thammuu_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self.durations = Histogram(
            "thammuu_http_request_duration_seconds", "From request to answer.", ["method", "route"],
            registry=self.registry,
        )  # fmt: skip
        self.publications = Counter(
            "thammuu_publications", "Score files: accepted, unchanged, refused; and withdrawn.", ["outcome"],
            registry=self.registry,
        )  # fmt: skip


class Measured:
    """Counts, times and traces every request.

    Args:
        app: The application.
        figures: Where it is counted.
    """

    def __init__(self, app: ASGIApp, figures: HttpFigures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        begun, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                tracing.told(http__response__status_code=status, http__route=_route(scope))
            await send(message)

        try:
            with tracing.span(f"{method} {_place(scope)}", _parent(scope), "server", http__request__method=method):
                await self._app(scope, receive, noting)
        finally:
            route = _route(scope)
            self._figures.requests.labels(method, route, str(status)).inc()
            self._figures.durations.labels(method, route).observe(time.perf_counter() - begun)


def _route(scope: Scope) -> str:
    """Return the template of the address, such as ``/api/v1/memos/{memo_id}``."""
    route: Any = scope.get("route")
    path = getattr(route, "path", None)
    if path is None:
        return UNMATCHED
    within = scope["path"].startswith(f"{VERSION}/") and not path.startswith(VERSION)
    return f"{VERSION}{path}" if within else str(path)


def _place(scope: Scope) -> str:
    """Return the first words of the address: which route it is turns out later."""
    return "/".join(scope["path"].split("/")[:4])


def _parent(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == tracing.HEADER.encode():
            return str(value.decode("latin-1"))
    return None
