"""``thammuu sender``: sends messages until stopped, beside workers and relay."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.cli.options import DataOption, settings
from thammuu.cli.output import console
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.bus.health import Health

_PortOption = Annotated[
    int | None,
    typer.Option(
        "--port", metavar="PORT", help=_("Answer /livez, /readyz and /metrics on this port of every address.")
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("sender", help=_("Send messages until stopped; run as many as you like."))(sender)


def sender(ctx: typer.Context, port: _PortOption = None, data: DataOption = None) -> None:
    from thammuu import logs, tracing
    from thammuu.cli.staying import stay
    from thammuu.delivery.vault import vault_of

    logs.configure()
    tracing.configure("sender")
    chosen = settings(ctx, data)
    vault_of(chosen)
    asyncio.run(stay(chosen, "sender", port, _send))


async def _send(program: Program, health: Health, stop: asyncio.Event) -> None:
    from thammuu.delivery.beside import holder
    from thammuu.delivery.channels import channels_of
    from thammuu.delivery.dispatch import Sender
    from thammuu.delivery.figures import DeliveryFigures
    from thammuu.delivery.issuing import Issuing

    context = program.context
    channels, name = channels_of(context), holder()
    health.registry.register(DeliveryFigures(context))
    console(stderr=True).print(
        _("Sending by {channels} as {holder}.").format(channels=", ".join(channels), holder=name), markup=False
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(Issuing(program, health.status, name).run(stop))
        await Sender(context, channels, name, status=health.status).run(stop)
