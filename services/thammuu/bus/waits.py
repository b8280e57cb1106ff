"""Waiting for what passes: longer each time, never past the order to stop."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, TypeVar

from aiokafka.errors import KafkaError, KafkaTimeoutError

from thammuu.bus.handling import is_transient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from thammuu.bus.status import Status

Given = TypeVar("Given")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
SILENT_S = 5.0
"""A broker that has not answered for so long is away."""


async def until_it_works(
    attempt: Callable[[], Awaitable[Given]], name: str, status: Status, stop: asyncio.Event
) -> Given | None:
    """Return what an attempt gives, made again and again while a fault lasts that passes; None once told to stop.

    Args:
        attempt: What is tried.
        name: Who waits, for the status.
        status: Told of each fault.
        stop: The order to stop.
    """
    seconds = FIRST_PAUSE_S
    while not stop.is_set():
        try:
            return await attempt()
        except Exception as error:
            if not passes(error):
                raise
            status.stalled(name, error)
            seconds = await pause(seconds, stop)
    return None


def passes(error: BaseException) -> bool:
    """Tell whether a fault of the database, the store of files or the broker passes by itself."""
    return isinstance(error, KafkaError) or is_transient(error)


async def pause(seconds: float, stop: asyncio.Event) -> float:
    """Wait about so long; return how long the next pause is."""
    await wait(stop, seconds * random.uniform(0.5, 1.5))  # noqa: S311  spreads tries, keeps no secret
    return min(seconds * 2, LONGEST_PAUSE_S)


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Wait so many seconds, or until told to stop."""
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def patiently(work: asyncio.Task[None], stop: asyncio.Event) -> None:
    """Wait for something; once told to stop, no longer than a broker may be silent.

    Raises:
        KafkaTimeoutError: If it was silent for longer.
    """
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not (await asyncio.wait([work], timeout=SILENT_S))[0]:
        raise KafkaTimeoutError("the broker does not answer")
    work.result()
