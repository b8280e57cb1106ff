"""A process that works beside others until it is told to stop, and waits for what is away from its first moment on."""

from __future__ import annotations

import asyncio
import signal
from contextlib import ExitStack
from typing import TYPE_CHECKING

from thammuu import bootstrap
from thammuu.bus.health import Health, answering
from thammuu.bus.probes import probes_of
from thammuu.bus.status import Status
from thammuu.bus.waits import until_it_works

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from thammuu.bootstrap import Program
    from thammuu.settings import Settings

    Work = Callable[[Program, Health, asyncio.Event], Awaitable[None]]


async def stay(chosen: Settings, name: str, port: int | None, work: Work, *, files: bool = True) -> None:
    """Open the data, work until SIGTERM or SIGINT, and answer for its health meanwhile.

    Args:
        chosen: Where the data lives.
        name: The process, for its health; ``work`` says by this name that it has begun.
        port: Where it answers /livez, /readyz and /metrics; nowhere if None.
        work: What it does until told to stop.
        files: Whether it cannot work without the store of files.

    Raises:
        BadInputError: If the settings do not do.
    """
    stop, status = asyncio.Event(), Status(chosen.stalled_after_s)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    status.begins(name)
    health = Health(status)
    with ExitStack() as stack:
        async with answering(health, port):

            async def opened() -> Program:
                return await asyncio.to_thread(lambda: stack.enter_context(bootstrap.sharing(chosen)))

            program = await until_it_works(opened, name, status, stop)
            if program is not None:
                with health.asking(probes_of(program.context, files=files)):
                    await work(program, health, stop)
