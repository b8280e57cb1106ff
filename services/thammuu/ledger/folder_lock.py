"""One writing command at a time on a data folder."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from thammuu.errors import EnvironmentFaultError, ServedError
from thammuu.failpoints import reach
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT_S = 30.0
_LOOK_EVERY_S = 1.0


@contextmanager
def writing(folder: Path, wait_s: float = WAIT_S, server: str | None = None) -> Iterator[None]:
    """Hold the folder's lock; the system drops it when the process ends, however it ends.

    Args:
        folder: The data folder.
        wait_s: How long to wait for another writing command, in seconds.
        server: Where this process answers over HTTP, if it is a server.

    Raises:
        EnvironmentFaultError: If another process still holds it; the message names the process.
        ServedError: If that is a server, which is not waited for.
    """
    holder = folder / "writer.json"
    lock = FileLock(folder / "writer.lock")
    _take(lock, folder, holder, wait_s)
    try:
        command = " ".join(["thammuu", *sys.argv[1:]])
        since = datetime.now(UTC).isoformat(timespec="seconds")
        known = {"pid": os.getpid(), "command": command, "since": since} | ({"server": server} if server else {})
        holder.write_text(json.dumps(known), encoding="utf-8")
        reach("lock.held")
        yield
        holder.unlink(missing_ok=True)
    finally:
        lock.release()


def _take(lock: FileLock, folder: Path, holder: Path, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    while True:
        try:
            lock.acquire(timeout=min(_LOOK_EVERY_S, max(until - time.monotonic(), 0.0)))
        except Timeout as error:
            if address := _server(holder):
                told = _("The data folder {folder} is held by the server at {address}: {holder}. Stop it first.")
                message = told.format(folder=folder, address=address, holder=_described(holder))
                raise ServedError(message, address) from error
            if time.monotonic() >= until:
                told = _("The data folder {folder} is in use by {holder}; waited {seconds:.0f} s.")
                message = told.format(folder=folder, holder=_described(holder), seconds=wait_s)
                raise EnvironmentFaultError(message) from error
        else:
            return


def _server(holder: Path) -> str | None:
    try:
        address = json.loads(holder.read_text(encoding="utf-8")).get("server")
    except (OSError, ValueError, AttributeError):
        return None
    return str(address) if address else None


def _described(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return _("process {pid} ({command}, since {since})").format(**found)
    except (OSError, ValueError, KeyError):
        return _("another process")
