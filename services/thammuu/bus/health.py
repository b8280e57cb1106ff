"""A process's health over HTTP: alive, ready, and its figures for Prometheus."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from prometheus_client import Metric

    from thammuu.bus.status import Status


class Figures:
    """Collects the figures of a process's consumers when Prometheus asks.

    Args:
        status: What the consumers told of themselves.
    """

    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """Yield the figures, one family each."""
        handled = CounterMetricFamily("thammuu_events_handled", "Events handled.", labels=["consumer"])
        tries = CounterMetricFamily("thammuu_retries", "Tries that ended in a fault that passes.", labels=["consumer"])
        ready = GaugeMetricFamily("thammuu_consumer_ready", "Whether the consumer works.", labels=["consumer"])
        for name, one in self._status.consumers().items():
            handled.add_metric([name], one.handled)
            tries.add_metric([name], one.tries)
            ready.add_metric([name], int(not one.waits_for))
        yield from (handled, tries, ready)


def health_routes(status: Status) -> APIRouter:
    """Return ``/livez``, ``/readyz`` and ``/metrics``."""
    router, registry = APIRouter(), CollectorRegistry(auto_describe=False)
    registry.register(Figures(status))

    @router.get("/livez", include_in_schema=False)
    def alive() -> Response:
        return Response("ok\n", media_type="text/plain")

    @router.get("/readyz", include_in_schema=False)
    def ready() -> Response:
        waiting = {name: one.waits_for for name, one in status.consumers().items() if one.waits_for}
        told = "".join(f"{name} waits: {fault}\n" for name, fault in waiting.items())
        return Response(told or "ok\n", status_code=503 if waiting else 200, media_type="text/plain")

    @router.get("/metrics", include_in_schema=False)
    def figures() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


@asynccontextmanager
async def answering(status: Status, port: int | None) -> AsyncIterator[None]:
    """Answer on a port while the block runs; on none if no port is given."""
    if port is None:
        yield
        return
    import uvicorn
    from fastapi import FastAPI

    class Beside(uvicorn.Server):
        """A server beside other work: the command itself listens for signals."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield

    app = FastAPI(title="thammuu", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_routes(status))
    # probes come from other machines
    server = Beside(uvicorn.Config(app, host="0.0.0.0", port=port, log_level="warning", access_log=False))  # noqa: S104
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
