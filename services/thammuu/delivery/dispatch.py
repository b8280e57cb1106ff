"""The sender: takes due deliveries, hands them to their channels and records what became of them.

Each channel has a lane of its own, so that one that is slow or dead holds up no other. Work on the database is done in
one thread and shared: a transaction claims several tries, another records several answers.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from thammuu.delivery.backoff import Backoff
from thammuu.delivery.composing import compose
from thammuu.delivery.desk import Desk
from thammuu.delivery.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Mapping

    from thammuu.bus.context import Context
    from thammuu.bus.status import Status
    from thammuu.delivery.ports import Channel, Message
    from thammuu.delivery.recording import Told

NAME = "sender"
_LOG = structlog.get_logger(__name__)
_FLUSH = 50
"""Answers of one transaction."""


@dataclass(frozen=True)
class Pace:
    """How the sender goes about its work.

    Args:
        hold_s: How long a claim lasts without being renewed, in seconds.
        idle_s: How often it looks for due deliveries when none was due, in seconds.
        backoff: When tries are repeated.
        probe_s: How soon a server that is away is tried again, in seconds.
        grace_s: How long what is under way may take after a stop; what is not answered by then is ``unknown``.
    """

    hold_s: float = 120.0
    idle_s: float = 1.0
    backoff: Backoff = field(default_factory=Backoff)
    probe_s: float = 5.0
    grace_s: float = 25.0


@dataclass
class Tally:
    """What a run did: answers by outcome."""

    accepted: int = 0
    later: int = 0
    refused: int = 0
    unknown: int = 0
    cancelled: int = 0


class Sender:
    """Sends what is due.

    Args:
        context: The program's parts.
        channels: By name.
        holder: The sender's own name, of which there is one.
        pace: How it goes about it.
        alone: Whether no other sender can be at it: whatever is claimed at the start was lost.
        status: Told of progress and faults.
    """

    def __init__(  # noqa: PLR0913  what a sender needs
        self,
        context: Context,
        channels: Mapping[str, Channel],
        holder: str,
        pace: Pace | None = None,
        *,
        alone: bool = False,
        status: Status | None = None,
    ) -> None:
        self._context = context
        self._channels = channels
        self._pace = pace or Pace()
        self._alone = alone
        self._status = status
        self._desk = Desk(context, channels, holder, self._pace.hold_s, self._stalled)
        self._composers = ThreadPoolExecutor(2, thread_name_prefix="compose")
        self._answers: asyncio.Queue[Told] = asyncio.Queue()
        self.tally = Tally()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop; what was claimed and not sent by then is given back."""
        await self._work(stop, until_idle=False)

    async def run_until_idle(self, stop: asyncio.Event) -> Tally:
        """Send what is due now, and return what became of it; what must be tried again stays for later."""
        await self._work(stop, until_idle=True)
        return self.tally

    async def _work(self, stop: asyncio.Event, *, until_idle: bool) -> None:
        try:
            # a task that fails ends all others: nothing is sent that nobody would record
            async with asyncio.TaskGroup() as group:
                beside = [group.create_task(self._record()), group.create_task(self._keep())]
                sending = group.create_task(self._send(stop, until_idle=until_idle))
                await self._ended(sending, stop)
                for task in beside:
                    task.cancel()
        finally:
            self._composers.shutdown(cancel_futures=True)
            self._desk.close()
            for channel in self._channels.values():
                await channel.close()

    async def _ended(self, sending: asyncio.Task[None], stop: asyncio.Event) -> None:
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({sending, stopped}, return_when="FIRST_COMPLETED")
            await asyncio.wait({sending}, timeout=self._pace.grace_s)
        finally:
            stopped.cancel()
        if not sending.done():
            _LOG.warning("the sender leaves messages whose answer did not come")
            sending.cancel()

    async def _send(self, stop: asyncio.Event, *, until_idle: bool) -> None:
        await self._desk.looked_after(self._pace.backoff.after(1), all_claims=self._alone)
        if self._status is not None:
            self._status.idle(NAME)
        async with asyncio.TaskGroup() as lanes:
            for channel in self._channels.values():
                lane = Lane(self._context, channel, self._desk, self._pace, self._composed, self._told)
                lanes.create_task(lane.run(stop, until_idle=until_idle))
        await self._answers.join()

    def _told(self, one: Told) -> None:
        setattr(self.tally, one.answer.outcome, getattr(self.tally, one.answer.outcome) + 1)
        self._answers.put_nowait(one)

    async def _composed(self, delivery_id: str) -> Message:
        def work() -> Message:
            with self._context.database.snapshot() as connection:
                return compose(self._context, connection, delivery_id)

        return await asyncio.get_running_loop().run_in_executor(self._composers, work)

    async def _record(self) -> None:
        """Record answers as they come, those that wait together in one transaction."""
        while True:
            answers = [await self._answers.get()]
            while len(answers) < _FLUSH and not self._answers.empty():
                answers.append(self._answers.get_nowait())
            await self._desk.recorded(answers)
            if self._status is not None:
                self._status.progressed(NAME, len(answers))
            for _one in answers:
                self._answers.task_done()

    async def _keep(self) -> None:
        """Hold on to claims, find lost ones, and tell what is overdue."""
        while True:
            await asyncio.sleep(self._pace.hold_s / 4)
            await self._desk.kept()
            await self._desk.looked_after(self._pace.backoff.after(1), all_claims=False)
            if self._status is not None:
                self._status.idle(NAME)

    def _stalled(self, error: Exception) -> None:
        _LOG.warning("the sender waits for the database", reason=type(error).__name__)
        if self._status is not None:
            self._status.stalled(NAME, error)
