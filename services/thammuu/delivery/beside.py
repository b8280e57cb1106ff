"""The sender beside a server: in a thread with an event loop of its own, so that neither waits for the other."""

from __future__ import annotations

import asyncio
import os
import socket
import uuid
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

import structlog

from thammuu.bus.handling import is_transient
from thammuu.delivery.channels import channels_of
from thammuu.delivery.dispatch import NAME, Sender
from thammuu.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from thammuu.bus.context import Context
    from thammuu.bus.status import Status

_LOG = structlog.get_logger(__name__)
_PAUSE_S = 30.0


def holder() -> str:
    """Return a name that no other sender has, nor this machine's next one."""
    return f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"


class SenderBeside:
    """Sends what is due for as long as a server runs.

    Args:
        context: The program's parts.
        status: Told of progress and faults.
        alone: Whether no other sender can be at the database.
    """

    def __init__(self, context: Context, status: Status, *, alone: bool) -> None:
        self._context = context
        self._status = status
        self._alone = alone
        self._stop = Event()
        self._tell: Callable[[], object] = lambda: None
        self._thread = Thread(target=self._run, name="sender")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the messages under way; what is only claimed is given back."""
        self._stop.set()
        # a loop that has ended by itself needs no telling
        with suppress(RuntimeError):
            self._tell()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                asyncio.run(self._work())
            except BadInputError as error:
                # settings of a channel do not change while a server runs
                _LOG.error("nothing is sent", reason=str(error))
                self._status.stalled(NAME, error)
                return
            except Exception as error:  # noqa: BLE001  a sender that died would be missed by nobody
                fault = _first(error)
                if not is_transient(fault):
                    _LOG.error("the sender stopped", error=type(fault).__name__)
                self._status.stalled(NAME, fault)
                self._stop.wait(_PAUSE_S)

    async def _work(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        self._tell = lambda: loop.call_soon_threadsafe(stop.set)
        if self._stop.is_set():
            return
        await Sender(self._context, channels_of(self._context), holder(), alone=self._alone, status=self._status).run(
            stop
        )


def _first(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
