"""The embedded bus beside a server: what a publication leads to is worked out after it was accepted."""

from __future__ import annotations

import random
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

import structlog

from thammuu.bus.handling import is_transient

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.bus.status import Status

LOOK_EVERY_S = 1.0
"""Where others write to the same database too, nobody tells of what they wrote."""
LOOK_FOR_DUE_EVERY_S = 30.0
_ISSUED_AT_ONCE = 50
LONGEST_PAUSE_S = 30.0
NAME = "embedded"
_LOG = structlog.get_logger(__name__)


class StoppedError(Exception):
    """The server is about to end: no further batch is begun."""


class Follower:
    """Runs the bus in a thread of its own whenever something was accepted.

    Args:
        program: The program; its bus is run.
        status: Told of progress and faults.
    """

    def __init__(self, program: Program, status: Status) -> None:
        self._program = program
        self._status = status
        self._wake, self._stop = Event(), Event()
        self._look_again = 0.0
        self._thread = Thread(target=self._run, name="follower")

    def start(self) -> None:
        """Begin, with what a stopped process left pending."""
        self._thread.start()

    def wake(self) -> None:
        """Look now: something was accepted."""
        self._wake.set()

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        pause = LOOK_EVERY_S
        while not self._stop.is_set():
            self._wake.clear()
            try:
                self._program.run(self._moved)
                self._issue_due()
                self._status.behind(NAME, self._program.pending())
                self._status.idle(NAME)
            except StoppedError:
                return
            except Exception as error:  # noqa: BLE001  a bus that died would be missed by nobody
                if not is_transient(error):
                    _LOG.exception("the bus stopped")
                self._status.stalled(NAME, error)
                self._stop.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311  spreads tries, keeps no secret
                pause = min(pause * 2, LONGEST_PAUSE_S)
            else:
                pause = LOOK_EVERY_S
                self._wake.wait(LOOK_EVERY_S)

    def _issue_due(self) -> None:
        """Issue what a policy issues by itself, some at a time, so that the server can end in between."""
        if time.monotonic() < self._look_again:
            return
        issued = self._program.issue_due(_ISSUED_AT_ONCE)
        self._look_again = time.monotonic() + (LOOK_EVERY_S if issued else LOOK_FOR_DUE_EVERY_S)

    def _moved(self, consumer: str, events: int) -> None:
        self._status.progressed(consumer, events)
        self._status.progressed(NAME, 0)
        if self._stop.is_set():
            raise StoppedError
