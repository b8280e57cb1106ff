"""The sender: takes due deliveries, hands them to their channels and records what became of them.

Each channel has a lane of its own, so that one that is slow or dead holds up no other. Work on the database is done in
one thread and shared: a transaction claims several tries, another records several answers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from thammuu.bus.handling import is_transient
from thammuu.delivery import claims
from thammuu.delivery.backoff import Backoff, Server
from thammuu.delivery.composing import compose
from thammuu.delivery.contacts import next_contacts
from thammuu.delivery.ports import Answer
from thammuu.errors import ThammuuError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from thammuu.bus.context import Context
    from thammuu.delivery.claims import Claim, Told
    from thammuu.delivery.ports import Channel, Message

_LOG = structlog.get_logger(__name__)
_FLUSH = 50
"""Answers of one transaction."""
_AHEAD = 4
"""So many times what a channel carries at once is claimed in one transaction."""


@dataclass(frozen=True)
class Pace:
    """How the sender goes about its work.

    Args:
        hold_s: How long a claim lasts without being renewed, in seconds.
        idle_s: How often it looks for due deliveries when none was due, in seconds.
        backoff: When tries are repeated.
        probe_s: How often a server that is away is tried, in seconds.
    """

    hold_s: float = 120.0
    idle_s: float = 1.0
    backoff: Backoff = field(default_factory=Backoff)
    probe_s: float = 5.0


@dataclass
class Tally:
    """What a run did: answers by outcome."""

    accepted: int = 0
    later: int = 0
    refused: int = 0
    unknown: int = 0


class Sender:
    """Sends what is due.

    Args:
        context: The program's parts.
        channels: By name.
        holder: The sender's own name, of which there is one.
        pace: How it goes about it.
        alone: Whether no other sender can be at it: whatever is claimed at the start was lost.
    """

    def __init__(
        self,
        context: Context,
        channels: Mapping[str, Channel],
        holder: str,
        pace: Pace | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self._context = context
        self._channels = channels
        self._holder = holder
        self._pace = pace or Pace()
        self._alone = alone
        self._database = ThreadPoolExecutor(1, thread_name_prefix="sender")
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
        recorder = asyncio.create_task(self._record())
        keeper = asyncio.create_task(self._keep())
        try:
            await self._in_database(lambda: self._expire(all_claims=self._alone))
            async with asyncio.TaskGroup() as lanes:
                for name, channel in self._channels.items():
                    lanes.create_task(self._lane(name, channel, stop, until_idle=until_idle))
            await self._answers.join()
        finally:
            for task in (recorder, keeper):
                task.cancel()
            await asyncio.gather(recorder, keeper, return_exceptions=True)
            for channel in self._channels.values():
                await channel.close()
            self._database.shutdown()
            self._composers.shutdown()

    async def _lane(self, name: str, channel: Channel, stop: asyncio.Event, *, until_idle: bool) -> None:
        """Keep one channel busy: as many messages at once as it carries, claimed a little ahead."""
        server = Server(self._pace.probe_s)
        ahead: deque[Claim] = deque()
        busy: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            width = 1 if server.away else channel.at_once
            if len(ahead) < width:
                ahead.extend(await self._claimed(name, width * _AHEAD - len(ahead)))
            while ahead and len(busy) < width:
                busy.add(asyncio.create_task(self._try(channel, ahead.popleft(), server)))
            if not busy:
                if until_idle:
                    break
                await _wait(stop, self._pace.idle_s)
                continue
            done, busy = await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)
            _raise_faults(done)
            if server.away:
                await self._given_back(ahead)
                if until_idle:
                    break
                await _wait(stop, server.probe_s)
        await self._given_back(ahead)
        if busy:
            _raise_faults((await asyncio.wait(busy))[0])

    async def _given_back(self, ahead: deque[Claim]) -> None:
        unsent = list(ahead)
        ahead.clear()

        def given_back() -> None:
            with self._context.database.transaction() as connection:
                claims.give_back(self._context, connection, unsent)

        if unsent:
            await self._patiently(given_back)

    async def _claimed(self, name: str, most: int) -> list[Claim]:
        until = self._context.clock().timestamp() + self._pace.hold_s

        def claimed() -> list[Claim]:
            with self._context.database.transaction() as connection:
                return claims.claim(self._context, connection, name, self._holder, until, most)

        taken: list[Claim] = await self._patiently(claimed)
        return taken

    async def _try(self, channel: Channel, one: Claim, server: Server) -> None:
        answer = await self._answer(channel, one)
        if channel.one_server:
            server.told(reached=not answer.server_away)
        setattr(self.tally, answer.outcome, getattr(self.tally, answer.outcome) + 1)
        wait = self._pace.backoff.after(one.attempt, answer.wait_s)
        await self._answers.put(claims.Told(one, answer, self._context.clock().timestamp() + wait))

    async def _answer(self, channel: Channel, one: Claim) -> Answer:
        try:
            message = await asyncio.get_running_loop().run_in_executor(self._composers, self._composed, one.delivery_id)
        except Exception as error:  # noqa: BLE001  whatever it is, the others go on
            if is_transient(error):
                return Answer("later", type(error).__name__)
            if isinstance(error, ThammuuError):
                return Answer("refused", str(error))
            # a fault of the program: the message stays, the operator is told by its deadline
            _LOG.exception("message not composed", delivery=one.delivery_id)
            return Answer("later", f"not composed: {type(error).__name__}")
        try:
            return await channel.send(message)
        except Exception as error:  # noqa: BLE001  a channel never raises; if it does, nobody knows what was sent
            _LOG.error("channel failed", delivery=one.delivery_id, channel=channel.name, error=type(error).__name__)
            return Answer("unknown", type(error).__name__)

    def _composed(self, delivery_id: str) -> Message:
        with self._context.database.snapshot() as connection:
            return compose(self._context, connection, delivery_id)

    async def _record(self) -> None:
        """Record answers as they come, those that wait together in one transaction."""
        while True:
            told = [await self._answers.get()]
            while len(told) < _FLUSH and not self._answers.empty():
                told.append(self._answers.get_nowait())
            await self._patiently(partial(self._recorded, told))
            for _one in told:
                self._answers.task_done()

    def _recorded(self, told: list[Told]) -> None:
        with self._context.database.transaction() as connection:
            lost = claims.record(self._context, connection, told)
            next_contacts(self._context, connection, lost)

    async def _keep(self) -> None:
        """Hold on to claims, find lost ones, and tell what is overdue."""
        while True:
            await asyncio.sleep(self._pace.hold_s / 4)
            await self._patiently(self._kept)

    def _kept(self) -> None:
        now = self._context.clock().timestamp()
        with self._context.database.transaction() as connection:
            claims.renew(connection, self._holder, now + self._pace.hold_s)
        self._expire(all_claims=False)

    def _expire(self, *, all_claims: bool) -> None:
        again = self._context.clock().timestamp() + self._pace.backoff.after(1)
        with self._context.database.transaction() as connection:
            claims.expire(self._context, connection, again=again, all_claims=all_claims)
        with self._context.database.transaction() as connection:
            for row in claims.overdue(self._context, connection):
                _LOG.error("delivery overdue", delivery=row.delivery_id, state=row.state, channel=row.channel)

    async def _in_database(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the work returns
        return await asyncio.get_running_loop().run_in_executor(self._database, work)

    async def _patiently(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the work returns
        """Do work on the database, again and again while it cannot be reached: an answer must not be lost."""
        pause = 0.2
        while True:
            try:
                return await self._in_database(work)
            except Exception as error:
                if not is_transient(error):
                    raise
                _LOG.warning("the sender waits for the database", reason=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 30.0)


def _raise_faults(done: set[asyncio.Task[None]]) -> None:
    for task in done:
        task.result()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
