"""One channel's lane: as many messages under way as it carries, claimed a little ahead."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from traceback import format_tb
from typing import TYPE_CHECKING

import structlog

from thammuu import tracing
from thammuu.delivery.backoff import Server
from thammuu.delivery.ports import Answer, NothingStandsError
from thammuu.delivery.reasons import freed
from thammuu.delivery.recording import Told
from thammuu.errors import PermanentRefusalError, ThammuuError
from thammuu.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from thammuu.bus.context import Context
    from thammuu.delivery.claims import Claim
    from thammuu.delivery.desk import Desk
    from thammuu.delivery.dispatch import Pace
    from thammuu.delivery.ports import Channel, Message

_LOG = structlog.get_logger(__name__)
_AHEAD = 4
"""So many times what a channel carries at once is claimed in one transaction."""


class Lane:
    """Sends what is due on one channel.

    Args:
        context: The program's parts.
        channel: The channel.
        desk: Claims and gives back.
        pace: When tries are repeated.
        compose: Makes a message of a delivery.
        answered: Takes what the channel answered.
    """

    def __init__(  # noqa: PLR0913, PLR0917  what a lane needs
        self,
        context: Context,
        channel: Channel,
        desk: Desk,
        pace: Pace,
        compose: Callable[[str], Awaitable[Message]],
        answered: Callable[[Told], None],
    ) -> None:
        self._context = context
        self._channel = channel
        self._desk = desk
        self._pace = pace
        self._compose = compose
        self._answered = answered
        self._server = Server(pace.probe_s)
        self._ahead: deque[Claim] = deque()
        self._busy: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event, *, until_idle: bool) -> None:
        """Send until told to stop, or until nothing is due or the server is away.

        Args:
            stop: Ends it: what is under way is finished, what is only claimed is given back.
            until_idle: Whether it also ends by itself.
        """
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._fill(stop)
                if until_idle and not self._busy:
                    break
                await asyncio.wait({stopped, *self._busy}, timeout=self._pace.idle_s, return_when="FIRST_COMPLETED")
                self._clear()
            await self._leave()
        finally:
            for task in (stopped, *self._busy):
                task.cancel()
            await asyncio.gather(stopped, *self._busy, return_exceptions=True)

    async def _fill(self, stop: asyncio.Event) -> None:
        """Begin as many tries as there is room for."""
        width = self._width()
        if self._server.away and self._ahead:
            await self._give_back()
        if len(self._busy) + len(self._ahead) < width:
            most = 1 if self._server.away else width * _AHEAD
            self._ahead.extend(await self._desk.claimed(self._channel.name, most))
        while self._ahead and len(self._busy) < self._width() and not stop.is_set():
            self._busy.add(asyncio.create_task(self._try(self._ahead.popleft())))

    def _width(self) -> int:
        return self._server.width(self._channel.at_once, time.monotonic())

    def _clear(self) -> None:
        done = {task for task in self._busy if task.done()}
        self._busy -= done
        for task in done:
            task.result()

    async def _leave(self) -> None:
        await self._give_back()
        if self._busy:
            await asyncio.wait(self._busy)
            self._clear()

    async def _give_back(self) -> None:
        unsent = list(self._ahead)
        self._ahead.clear()
        await self._desk.given_back(unsent)

    async def _try(self, one: Claim) -> None:
        named = {"thammuu__delivery": one.delivery_id, "thammuu__attempt": one.attempt}
        # what is decided here belongs to the publication, whichever command or process sends it
        with tracing.span(f"send {self._channel.name}", one.traceparent, "client", within=False, **named):
            answer, place = await self._answer(one), tracing.current()
            tracing.told(thammuu__outcome=answer.outcome)
        reach("sender.answered")
        if self._channel.one_server:
            self._server.told(reached=not answer.server_away, now=time.monotonic())
        # a server that is away is left in peace by the lane; its messages need no growing waits of their own
        tries = 1 if answer.server_away else one.attempt
        wait = self._pace.backoff.after(tries, answer.wait_s)
        self._answered(Told(one, answer, self._context.clock().timestamp() + wait, place))

    async def _answer(self, one: Claim) -> Answer:
        try:
            message = await self._compose(one.delivery_id)
        except NothingStandsError as error:
            return Answer("cancelled", freed(str(error)))
        except PermanentRefusalError as error:
            return Answer("refused", freed(str(error)))
        except ThammuuError as error:
            # a key that is missing, a store that is away: no fault of the message
            return Answer("later", freed(str(error)))
        except Exception as error:  # noqa: BLE001  whatever it is, the others go on
            # a fault of the program: the message stays, the operator is told by its deadline
            # the error's words may hold a name
            where = "".join(format_tb(error.__traceback__))
            _LOG.error("message not composed", delivery=one.delivery_id, error=type(error).__name__, where=where)
            return Answer("later", f"not composed: {type(error).__name__}")
        reach("sender.composed")
        try:
            return await self._channel.send(message)
        except Exception as error:  # noqa: BLE001  a channel never raises; if it does, nobody knows what was sent
            _LOG.error(
                "channel failed", delivery=one.delivery_id, channel=self._channel.name, error=type(error).__name__
            )
            return Answer("unknown", type(error).__name__)
