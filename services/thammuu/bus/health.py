"""A process's health over HTTP: alive, ready, and its figures for Prometheus."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import uvicorn
from fastapi import APIRouter, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from thammuu.bus.metrics import ConsumerFigures

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from thammuu.bus.probes import Probe
    from thammuu.bus.status import Status


class Beside(uvicorn.Server):
    """A server beside other work: the command itself listens for signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command."""
        yield


def health_routes(faults: Callable[[], dict[str, str]], registry: CollectorRegistry) -> APIRouter:
    """Return ``/livez``, ``/readyz`` and ``/metrics``.

    Args:
        faults: Says, by part, why the process is not ready; it does not wait for anything.
        registry: The figures.
    """
    router = APIRouter()

    @router.get("/livez", include_in_schema=False)
    async def alive() -> Response:
        return Response("ok\n", media_type="text/plain")

    @router.get("/readyz", include_in_schema=False)
    async def ready() -> Response:
        found = faults()
        told = "".join(f"{name}: {fault}\n" for name, fault in found.items())
        return Response(told or "ok\n", status_code=503 if found else 200, media_type="text/plain")

    # in a thread: some figures ask the database, which may be away
    @router.get("/metrics", include_in_schema=False)
    def figures() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


def consumer_registry(status: Status) -> CollectorRegistry:
    """Return a registry with the figures of a process's consumers."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(ConsumerFigures(status))
    return registry


class Health:
    """What a process says of itself: how its consumers stand, and whether what it cannot work without answers.

    Args:
        status: What the consumers tell of themselves.
    """

    def __init__(self, status: Status) -> None:
        self.status = status
        self.registry = consumer_registry(status)
        self._probes: list[Probe] = []

    def faults(self) -> dict[str, str]:
        """Return, by part, why the process is not ready; empty if it is."""
        found = {one.name: one.fault() for one in self._probes}
        return {name: fault for name, fault in found.items() if fault} | self.status.faults()

    @contextmanager
    def asking(self, probes: list[Probe]) -> Iterator[None]:
        """Ask what the process cannot work without, again and again, while the block runs."""
        self._probes = probes
        for one in self._probes:
            one.start()
        try:
            yield
        finally:
            for one in self._probes:
                one.stop()


@asynccontextmanager
async def answering(health: Health, port: int | None) -> AsyncIterator[None]:
    """Answer on a port while the block runs; on none if no port is given."""
    if port is None:
        yield
        return
    app = FastAPI(title="thammuu", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_routes(health.faults, health.registry))
    # probes come from other machines
    config = uvicorn.Config(
        app, host="0.0.0.0", port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=2  # noqa: S104
    )  # fmt: skip
    server = Beside(config)
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
