"""``thammuu worker`` and ``thammuu relay``: the distributed program's processes."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.cli.options import DataOption, settings
from thammuu.cli.output import console
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from thammuu.bootstrap import Program
    from thammuu.bus.health import Health
    from thammuu.bus.kafka.connection import Connection
    from thammuu.bus.status import Status

    Run = Callable[[Program, Connection, Status, asyncio.Event], Awaitable[None]]
_PortOption = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="PORT", help=_("Answer /livez, /readyz and /metrics on this port of every address.")
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("worker", help=_("Handle events from Kafka until stopped; run as many as you like."))(worker)
    app.command("relay", help=_("Send the ledger's events to Kafka until stopped; of several, one is active."))(relay)


def worker(
    ctx: typer.Context,
    stages: Annotated[
        str | None, typer.Option("--stages", metavar="A,B", help=_("Only these; all if not given."))
    ] = None,
    port: _PortOption = None,
    data: DataOption = None,
) -> None:
    from thammuu import pipeline

    known = pipeline.stages()
    chosen = [one.strip() for one in stages.split(",")] if stages else known
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        raise typer.BadParameter(
            _("Unknown stages: {unknown}. Known: {known}.").format(unknown=", ".join(unknown), known=", ".join(known))
        )

    async def run(program: Program, kafka: Connection, status: Status, stop: asyncio.Event) -> None:
        from thammuu.bus.kafka.worker import Worker

        console(stderr=True).print(_("Working on {stages}.").format(stages=", ".join(chosen)), markup=False)
        await Worker(program.context, pipeline.ROUTES, chosen, kafka, status).run(stop)

    _run(ctx, data, port, run, "worker")


def relay(ctx: typer.Context, port: _PortOption = None, data: DataOption = None) -> None:
    async def run(program: Program, kafka: Connection, status: Status, stop: asyncio.Event) -> None:
        from thammuu.bus.kafka.relay import Relay
        from thammuu.bus.lag import watch_behind
        from thammuu.bus.outbox import Outbox

        holder = f"{socket.gethostname()}:{os.getpid()}"
        console(stderr=True).print(_("Relaying as {holder}.").format(holder=holder), markup=False)
        outbox = Outbox(program.context, holder)
        watching = asyncio.create_task(watch_behind("relay", outbox.behind, status))
        try:
            await Relay(outbox, kafka, status).run(stop)
        finally:
            watching.cancel()

    _run(ctx, data, port, run, "relay")


def _run(ctx: typer.Context, data: object, port: int | None, run: Run, process: str) -> None:
    from thammuu import logs, tracing
    from thammuu.bus.kafka.connection import connection_of, make_topics
    from thammuu.bus.waits import until_it_works
    from thammuu.cli.staying import stay

    logs.configure()
    tracing.configure(process)
    chosen = settings(ctx, data)  # type: ignore[arg-type]  # the option's own type
    kafka = connection_of(chosen)

    async def work(program: Program, health: Health, stop: asyncio.Event) -> None:
        async def topics_there() -> None:
            await make_topics(kafka, chosen.kafka_partitions, chosen.kafka_replicas)

        await until_it_works(topics_there, process, health.status, stop)
        if not stop.is_set():
            await run(program, kafka, health.status, stop)

    asyncio.run(stay(chosen, process, port, work, files=process != "relay"))
