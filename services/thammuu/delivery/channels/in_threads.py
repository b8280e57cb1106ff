"""What channels over HTTP share: one guarded way out, threads of their own, hosts that rest."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TYPE_CHECKING

from thammuu.delivery.channels.resting import Resting
from thammuu.delivery.outbound import outbound_of

if TYPE_CHECKING:
    from thammuu.clock import Clock
    from thammuu.delivery.outbound import Limits
    from thammuu.delivery.ports import Answer, Message
    from thammuu.settings import Settings


class InThreads:
    """Sends each message in a thread; a subclass says how, in ``_sent``.

    Args:
        settings: Which hosts messages may go to.
        clock: The time, of signatures and for servers that ask to wait until some moment.
        limits: Of each request.

    Raises:
        BadInputError: If the settings of hosts cannot be read.
    """

    name: str
    at_once = 8
    one_server = False

    def __init__(self, settings: Settings, clock: Clock, limits: Limits | None = None) -> None:
        self._outbound = outbound_of(settings, limits)
        self._clock = clock
        self._resting = Resting(clock)
        # threads of its own: a server that does not answer holds up no other channel
        self._threads = ThreadPoolExecutor(self.at_once, thread_name_prefix=self.name)

    async def send(self, message: Message) -> Answer:
        """Send one message.

        Args:
            message: The delivery.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, self._sent, message)

    async def close(self) -> None:
        """End the threads; what they are at ends within its limits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _sent(self, message: Message) -> Answer:
        raise NotImplementedError
