"""The sender's work on the database: in one thread, and again and again while the database is away."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import structlog

from thammuu.bus.handling import is_transient
from thammuu.delivery import claims, incidents
from thammuu.delivery.contacts import next_contacts
from thammuu.delivery.recording import overdue, record
from thammuu.failpoints import reach
from thammuu.ledger import log

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from thammuu.bus.context import Context
    from thammuu.delivery.claims import Claim
    from thammuu.delivery.recording import Told

_LOG = structlog.get_logger(__name__)
_LONGEST_PAUSE_S = 30.0


class Desk:
    """Claims, gives back and records for one sender.

    Args:
        context: The program's parts.
        channels: Those that are set up.
        holder: The sender's own name, of which there is one.
        hold_s: How long a claim lasts without being renewed, in seconds.
        stalled: Told of each fault that is waited out.
    """

    def __init__(
        self,
        context: Context,
        channels: Collection[str],
        holder: str,
        hold_s: float,
        stalled: Callable[[Exception], None],
    ) -> None:
        self._context = context
        self._channels = channels
        self._holder = holder
        self._hold_s = hold_s
        self._stalled = stalled
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sender")

    async def claimed(self, channel: str, most: int) -> list[Claim]:
        """Take due deliveries of a channel, at most so many."""

        def work() -> list[Claim]:
            # asked first: a writing transaction a second for each channel would be in others' way
            with self._context.database.snapshot() as connection:
                if not claims.any_due(self._context, connection, channel):
                    return []
            until = self._now() + self._hold_s
            with self._context.database.transaction() as connection:
                return claims.claim(self._context, connection, channel, self._holder, until, most)

        taken: list[Claim] = await self._patiently(work)
        if taken:
            reach("sender.claimed")
        return taken

    async def given_back(self, unsent: Sequence[Claim]) -> None:
        """Return what was claimed and not handed to a channel."""

        def work() -> None:
            with self._context.database.transaction() as connection:
                claims.give_back(self._context, connection, unsent)

        if unsent:
            await self._patiently(work)

    async def recorded(self, answers: Sequence[Told]) -> None:
        """Record what channels answered, and write to the next in turn of whom will not be reached."""
        places = {one.claim.delivery_id: one.traceparent for one in answers}

        def work() -> None:
            with self._context.database.transaction() as connection:
                lost, events = record(self._context, connection, answers)
                events += next_contacts(self._context, connection, lost, places)
                log.append(connection, events)

        await self._patiently(work)
        reach("sender.recorded")

    async def kept(self) -> None:
        """Hold on to what this sender has claimed."""

        def work() -> None:
            with self._context.database.transaction() as connection:
                claims.renew(connection, self._holder, self._now() + self._hold_s)

        await self._patiently(work)

    async def looked_after(self, again_s: float, *, all_claims: bool) -> None:
        """Make ``unknown`` of lost claims, and tell what is overdue, the operators too.

        Args:
            again_s: After how many seconds lost ones are tried again.
            all_claims: Whether no other sender can be at it.
        """

        def work() -> None:
            context = self._context
            with context.database.transaction() as connection:
                lost = claims.expire(context, connection, again=self._now() + again_s, all_claims=all_claims)
                rows, events = overdue(context, connection)
                events += incidents.raised(context, connection, rows, self._channels)
                log.append(connection, lost + events)
            for row in rows:
                _LOG.error("delivery overdue", delivery=row.delivery_id, state=row.state, channel=row.channel)

        await self._patiently(work)

    def close(self) -> None:
        """End the thread after what it is at."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _now(self) -> float:
        return self._context.clock().timestamp()

    async def _patiently(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever the work returns
        """Do work again and again while the database cannot be reached: an answer must not be lost."""
        pause = 0.2
        while True:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, work)
            except Exception as error:
                if not is_transient(error):
                    raise
                self._stalled(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)
