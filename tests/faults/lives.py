"""What people do with a data folder, command after command, each given again until its effect is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commands import opened
from sqlalchemy import func, select

from thammuu.events import EventRejected, EventReplayed
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.schema import issued_memos, publications

Arguments = Callable[[Path], list[str]]
Done = Callable[[Path], bool]


@dataclass(frozen=True)
class Step:
    """One command.

    Args:
        arguments: Of the command line, for a data folder.
        done: Whether it need not be given again; by default it is given until it ends by itself.
        more: What else the warm process is asked.
    """

    arguments: Arguments
    done: Done = lambda _data: False
    more: dict[str, Any] | None = None


@dataclass(frozen=True)
class Life:
    """Commands that are killed, after others that are not.

    Args:
        before: Commands of the folder that a life begins with, each run to its end.
        steps: The commands that are killed.
        prepare: Done once to the folder before its life.
    """

    before: tuple[Step, ...]
    steps: tuple[Step, ...]
    prepare: Callable[[Path], object] = lambda _data: None


def publish(scores: Path, **more: Any) -> Step:  # noqa: ANN401
    rest = ("--index", "papi", "--period", "2022", "--published-on", "2023-04-12", "--partial")
    return Step(lambda data: ["--data", str(data), "publish", str(scores), *rest], more=more)


def finish() -> Step:
    return Step(lambda data: ["--data", str(data), "doctor", "--finish", "--sweep"])


def _issue() -> Step:
    rest = ("memos", "issue", "Cao Bằng", "--dated", "2023-05-04")
    return Step(lambda data: ["--data", str(data), *rest], _has_issued)


def _withdraw() -> Step:
    rest = ("publish", "--withdraw", "papi-2022-r1", "--reason", "for a test")
    return Step(lambda data: ["--data", str(data), *rest], _has_withdrawn)


def _replay() -> Step:
    return Step(lambda data: ["--data", str(data), "events", "replay", _first_event(data)], _has_replayed)


def _export() -> Step:
    return Step(lambda data: ["--data", str(data), "memos", "export", str(data / "memos"), "--format", "pdf,json"])


def _backup() -> Step:
    return Step(
        lambda data: ["--data", str(data), "backup", str(data / "backup")], lambda data: (data / "backup").exists()
    )


def _restore() -> Step:
    return Step(
        lambda data: ["--data", str(data / "restored"), "restore", str(data / "backup")],
        lambda data: (data / "restored").exists(),
    )


def _leave_orphans(data: Path) -> None:
    blobs = FolderBlobs(data / "blobs")
    for content in (b"one that nothing names", b"another"):
        blobs.put(content)


def _has_issued(data: Path) -> bool:
    with opened(data) as database, database.snapshot() as connection:
        return bool(connection.execute(select(func.count()).select_from(issued_memos)).scalar_one())


def _has_withdrawn(data: Path) -> bool:
    with opened(data) as database, database.snapshot() as connection:
        return bool(connection.execute(select(func.max(publications.c.withdrawn_sequence))).scalar_one())


def _first_event(data: Path) -> str:
    with opened(data) as database, database.snapshot() as connection:
        return next(
            one.event.data.rejected for one in log.read(connection) if isinstance(one.event.data, EventRejected)
        )


def _has_replayed(data: Path) -> bool:
    with opened(data) as database, database.snapshot() as connection:
        return any(log.read(connection, types=[EventReplayed.event_type]))


def lives(scores: Path) -> dict[str, Life]:
    """Return every life by its name."""
    published = (publish(scores),)
    return {
        "publishing": Life((), (publish(scores), finish())),
        "issuing": Life(published, (_issue(), _withdraw(), publish(scores), finish())),
        "replaying": Life((publish(scores, refuse=True),), (_replay(), finish())),
        "files": Life(published, (_export(), _backup(), _restore(), finish()), _leave_orphans),
    }
