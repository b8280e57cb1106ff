"""``thammuu sender``: sends messages until stopped, beside workers and relay."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.cli.options import DataOption, settings
from thammuu.cli.output import console
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.settings import Settings

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
    from thammuu import bootstrap, logs, tracing
    from thammuu.delivery.vault import vault_of

    logs.configure()
    tracing.configure("sender")
    chosen = settings(ctx, data)
    vault_of(chosen)
    with bootstrap.sharing(chosen) as program:
        asyncio.run(_main(program, chosen, port))


async def _main(program: Program, chosen: Settings, port: int | None) -> None:
    from thammuu.bus.health import answering
    from thammuu.bus.status import Status
    from thammuu.delivery.beside import holder
    from thammuu.delivery.channels import channels_of
    from thammuu.delivery.dispatch import Sender
    from thammuu.delivery.figures import DeliveryFigures

    stop, status = asyncio.Event(), Status(chosen.stalled_after_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    context = program.context
    channels, name = channels_of(context), holder()
    console(stderr=True).print(
        _("Sending by {channels} as {holder}.").format(channels=", ".join(channels), holder=name), markup=False
    )
    async with answering(status, port, DeliveryFigures(context)):
        await Sender(context, channels, name, status=status).run(stop)
