"""Named places where a test may end this very process, as ``kill -9`` or a power cut would.

Off, as always outside tests, each place costs a call that looks at one name. ``THAMMUU_FAIL_AT=ledger.appended:3``
kills the process when it gets there for the third time, ``ledger.appended:3:SIGSTOP`` stops it there instead;
``THAMMUU_FAIL_LOG`` names a file that gets every place reached, a line each.
"""

from __future__ import annotations

import os
import signal
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

POINTS = {
    "lock.held": "a writing command has the folder to itself",
    "database.before-commit": "a transaction is about to be committed",
    "database.committed": "a transaction was committed, nobody knows yet",
    "ledger.before-append": "the changes are made, the ledger's head is not locked yet",
    "ledger.head-locked": "the ledger's head is locked, no event is written",
    "ledger.appended": "the events are written, not committed",
    "blob.before-write": "a stored file has a temporary name and no content",
    "blob.written": "it has its content, not yet on the disk",
    "blob.synced": "its content is on the disk, its name is not",
    "blob.renamed": "it has its name, the folder is not yet on the disk",
    "blob.stored": "it is on the disk, nothing names it yet",
    "follow.read": "the embedded bus has read a batch",
    "follow.prepared": "the batch is prepared, no transaction is open",
    "follow.claimed": "the batch is claimed",
    "follow.handled": "an event of the batch was handled",
    "follow.advanced": "the consumer's position has moved, its output is not appended",
    "follow.recorded": "the batch is committed",
    "inbox.prepared": "an event from Kafka is prepared, no transaction is open",
    "inbox.claimed": "it is claimed",
    "inbox.handled": "it was handled, its output is not appended",
    "inbox.recorded": "it is committed",
    "inbox.bytes-stored": "bytes that are no event are stored, nothing names them",
    "relay.leading": "the relay has its lease",
    "relay.read": "it has read what to send",
    "relay.before-send": "it is about to send an event",
    "relay.after-send": "an event is with the producer",
    "relay.answered": "the broker has all events, the relay's position has not moved",
    "relay.recorded": "the relay's position has moved",
    "worker.received": "a worker has a message",
    "worker.handled": "it was handled, not acknowledged",
    "worker.acknowledged": "it was acknowledged",
    "accept.pack-stored": "the rule pack of a submission is stored",
    "accept.content-stored": "its scores are stored, nothing names them",
    "accept.row-written": "it is in the register, its event is not in the ledger",
    "accept.accepted": "it is accepted, the publisher has not been told",
    "withdraw.row-written": "a publication is marked as withdrawn, its event is not in the ledger",
    "analysis.facts-stored": "a publication's facts are stored, nothing names them",
    "analysis.findings-written": "its findings are in their table, the analysis is not",
    "memos.draft-kept": "a draft is in its table, its event is not in the ledger",
    "memos.superseded": "a memo is marked as superseded, its event is not in the ledger",
    "rendering.printed": "a PDF is printed, not stored",
    "rendering.pdf-noted": "the tables name a stored PDF, the ledger does not",
    "issue.printed": "a memo is printed with its number, which is not taken",
    "issue.number-taken": "the number is taken, the event is not in the ledger",
    "sender.claimed": "messages are claimed, none is composed",
    "sender.composed": "a message is about to be handed to its channel",
    "sender.answered": "the channel has answered, the answer is not recorded",
    "sender.recorded": "it is recorded",
    "replay.handled": "an event that was set aside was handled, its output is not appended",
    "appearing.file-written": "an exported file is on the disk under another name",
    "appearing.file-renamed": "it has its name",
    "backup.tables-written": "a backup has its tables",
    "backup.files-copied": "it has its stored files, no manifest",
    "appearing.written": "a folder that appears at once is written",
    "appearing.synced": "it is on the disk, without its name",
    "appearing.renamed": "it has its name, not yet on the disk",
    "restore.files-copied": "a restored database has its stored files and no rows",
    "restore.filled": "it has its rows, not committed",
    "sweep.removed": "one stored file that nothing names was deleted",
}
"""Every place, and what has and has not happened there."""

_told: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Say that the program got to a place of :data:`POINTS`."""
    if _told is not None:
        _told(name)


def tell(told: Callable[[str], None] | None) -> None:
    """Have every place that is reached told to a function, in whichever thread; None turns it off."""
    global _told  # noqa: PLW0603  one process dies once
    _told = told


def deadly(asked: str) -> Callable[[str], None]:
    """Return what ends the process at a place.

    Args:
        asked: ``NAME``, ``NAME:TIMES`` or ``NAME:TIMES:SIGNAL``; the first time and SIGKILL by default.

    Raises:
        ValueError: If there is no such place, number or signal.
    """
    name, _colon, rest = asked.partition(":")
    times, _colon, word = rest.partition(":")
    if name not in POINTS:
        raise ValueError(f"THAMMUU_FAIL_AT: no place is called {name!r}")
    left, number, turn = int(times or 1), signal.Signals[word or "SIGKILL"], Lock()

    def told(reached: str) -> None:
        nonlocal left
        if reached == name:
            with turn:
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), number)

    return told


def _noting(path: str) -> Callable[[str], None]:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def told(reached: str) -> None:
        os.write(handle, f"{reached}\n".encode())

    return told


def armed(environment: Mapping[str, str]) -> Callable[[str], None] | None:
    """Return what the environment asks to be told, or None.

    Raises:
        ValueError: If it names no place, number or signal.
    """
    asked = [deadly(environment["THAMMUU_FAIL_AT"])] if environment.get("THAMMUU_FAIL_AT") else []
    noted = [_noting(environment["THAMMUU_FAIL_LOG"])] if environment.get("THAMMUU_FAIL_LOG") else []
    # noted first: the place where the process ends belongs to the list
    all_of_them = noted + asked

    def told(name: str) -> None:
        for one in all_of_them:
            one(name)

    return told if all_of_them else None


tell(armed(os.environ))
