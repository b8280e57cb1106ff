"""Whether the database and the store of files answer, found out beside the work so that nobody waits for it."""

from __future__ import annotations

import os
import time
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy import text

from thammuu.i18n import _
from thammuu.ledger.blobs import FolderBlobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from thammuu.bus.context import Context

EVERY_S = 2.0
OLD_AFTER_S = 10.0
"""Who has not answered for so long is away, whatever it said last."""


class Probe:
    """Asks one part again and again in a thread of its own.

    Args:
        name: What the part is called.
        ask: Raises if it does not answer.
    """

    def __init__(self, name: str, ask: Callable[[], None]) -> None:
        self.name = name
        self._ask = ask
        self._stop = Event()
        self._fault = ""
        self._asked_at = time.monotonic()
        self._thread = Thread(target=self._run, name=f"probe-{name}", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more; one that hangs does not hold the process up."""
        self._stop.set()
        self._thread.join(1.0)

    def fault(self) -> str:
        """Return why the part cannot be used; empty if it can. Waits for nothing."""
        silent = time.monotonic() - self._asked_at
        if silent > OLD_AFTER_S:
            return _("no answer for {seconds:.0f} s").format(seconds=silent)
        return self._fault

    def _run(self) -> None:
        while True:
            try:
                self._ask()
            except Exception as error:  # noqa: BLE001  whatever it is, the part cannot be used
                self._fault = f"{type(error).__name__}: {error}"[:300]
            else:
                self._fault = ""
            self._asked_at = time.monotonic()
            if self._stop.wait(EVERY_S):
                return


def probes_of(context: Context, *, files: bool = True) -> list[Probe]:
    """Return the probes of what a process cannot work without.

    Args:
        context: The program's parts.
        files: Whether the store of files is among them.
    """

    def database() -> None:
        with context.database.snapshot() as connection:
            connection.execute(text("SELECT 1"))

    seen = False

    def store() -> None:
        nonlocal seen
        if isinstance(context.blobs, FolderBlobs):
            blobs = context.settings.data / "blobs"
            seen = seen or blobs.exists()
            # the first file makes it; one that was there and is gone is a disk that went away
            folder = blobs if seen else next(one for one in blobs.parents if one.exists())
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(_("{folder} cannot be written").format(folder=folder))
        else:
            next(iter(context.blobs.names()), None)

    return [Probe("database", database), *([Probe("files", store)] if files else [])]
