"""What a policy issues by itself is issued beside the sender, where Kafka's workers handle what leads to it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from thammuu.bus.handling import is_transient
from thammuu.bus.lease import Lease
from thammuu.bus.waits import FIRST_PAUSE_S, pause, wait

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.bus.status import Status

NAME = "issuing"
LOOK_EVERY_S = 30.0
_AGAIN_S = 0.1
_AT_ONCE = 20
"""Documents between two looks at the order to stop; printing them must end within a sender's time to stop."""
_LEASE_S = 120.0
_LOG = structlog.get_logger(__name__)


class Issuing:
    """Issues what is due, for as long as a sender runs; of several senders one does.

    The lease saves work and keeps the order of numbers. Should two be at it, since one was held up for longer than its
    lease lasts, the database still gives each number and each document once.

    Args:
        program: The program.
        status: Told of progress and faults.
        holder: The sender's own name.
        look_every_s: How often it looks for what has become due, in seconds.
    """

    def __init__(self, program: Program, status: Status, holder: str, look_every_s: float = LOOK_EVERY_S) -> None:
        self._program = program
        self._status = status
        self._lease = Lease(program.context.database, NAME, holder, max(_LEASE_S, 2 * look_every_s))
        self._look_every_s = look_every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Issue until told to stop; faults are waited out."""
        seconds = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                issued = await asyncio.to_thread(self._issue)
            except Exception as error:  # noqa: BLE001  messages go out all the same; probes tell of this
                if not is_transient(error):
                    _LOG.exception("issuing stopped")
                self._status.stalled(NAME, error)
                seconds = await pause(seconds, stop)
            else:
                seconds = FIRST_PAUSE_S
                self._status.progressed(NAME, issued)
                await wait(stop, _AGAIN_S if issued else self._look_every_s)
        await asyncio.to_thread(self._give_up)

    def _issue(self) -> int:
        """Issue some; none while another sender is at it."""
        return self._program.issue_due(_AT_ONCE) if self._lease.taken() else 0

    def _give_up(self) -> None:
        try:
            self._lease.given_up()
        except Exception as error:
            if not is_transient(error):
                raise
