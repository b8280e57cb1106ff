"""One writing command at a time on a data folder."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from thammuu.errors import EnvironmentFaultError
from thammuu.failpoints import reach
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT_S = 30.0


@contextmanager
def writing(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the folder's lock; the system drops it when the process ends, however it ends.

    Args:
        folder: The data folder.
        wait_s: How long to wait for another writing command, in seconds.

    Raises:
        EnvironmentFaultError: If another process still holds it; the message names the process.
    """
    holder = folder / "writer.json"
    lock = FileLock(folder / "writer.lock")
    try:
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise EnvironmentFaultError(
            _("The data folder {folder} is in use by {holder}; waited {seconds:.0f} s.").format(
                folder=folder, holder=_described(holder), seconds=wait_s
            )
        ) from error
    try:
        command = " ".join(["thammuu", *sys.argv[1:]])
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "command": command, "since": since}), encoding="utf-8")
        reach("lock.held")
        yield
        holder.unlink(missing_ok=True)
    finally:
        lock.release()


def _described(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text(encoding="utf-8"))
        return _("process {pid} ({command}, since {since})").format(**found)
    except (OSError, ValueError, KeyError):
        return _("another process")
