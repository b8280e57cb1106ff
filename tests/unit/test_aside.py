"""What is set aside: whose it is, and when nobody has to look at it any more."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from thammuu.bus.aside import set_aside_because_of, set_aside_now
from thammuu.bus.context import Context
from thammuu.bus.handling import Refused, rejected
from thammuu.bus.inbox import handle_once, name_of_bytes, set_aside
from thammuu.bus.routes import Route
from thammuu.events import Event, EventData, MemoSuperseded, NewEvent, ScoresPublished, ScoresWithdrawn, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ROUTE = Route("memos", MemoSuperseded, lambda *_asked: [])


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    database = SqliteDatabase(tmp_path / "ledger.sqlite3", writable=True)
    (tmp_path / "blobs").mkdir()
    parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None}
    with structlog.testing.capture_logs():
        yield Context(database=database, blobs=FolderBlobs(tmp_path / "blobs"), clock=lambda: NOON, **parts)
    database.close()


def event(name: str, data: EventData, cause: str | None = None) -> Event:
    return envelope(NewEvent(subject="x", data=data), name, NOON, cause)


def published(name: str) -> Event:
    hashes = dict.fromkeys(("framework", "framework_hash", "pack", "content"), "0")
    counts = dict.fromkeys(("revision", "units", "scores", "missing"), 1)
    said = {"index": "papi", "period": "2022", "round": "2023", "published_on": date(2023, 4, 12)}
    data = ScoresPublished.model_validate(
        {"publication_id": name, "complete": True, "history": False} | hashes | counts | said
    )
    return event(f"publish {name}", data)


def withdrawn(name: str) -> Event:
    data = ScoresWithdrawn(publication_id=name, index="papi", period="2022", pack="0", reason="simulated")
    return event(f"withdraw {name}", data)


def after(cause: Event) -> Event:
    return event(f"after {cause.id}", MemoSuperseded(memo_id="m", version=1, reason="corrected"), cause.id)


def record(context: Context, *new: Event) -> int:
    with context.database.transaction() as connection:
        return log.append(connection, new)


def names(context: Context, publication: str, position: int = 0) -> list[str]:
    return [one.rejected for one in set_aside_because_of(context, publication, position)]


def test_only_what_follows_from_a_publication_counts_as_its_own(context: Context) -> None:
    mine, other = after(after(published("mine"))), after(published("other"))
    record(context, published("mine"), published("other"), after(published("mine")), mine, other)
    record(context, *(rejected("rendering", one, Refused("simulated"), context) for one in (mine, other)))
    set_aside(context, "memos", mine.body(), "unknown type")
    set_aside(context, "memos", b"{no event", "no event")
    assert len(set_aside_now(context)) == 4
    assert names(context, "mine") == [mine.id, name_of_bytes(mine.body())]
    assert names(context, "other") == [other.id]
    assert names(context, "none") == []


def test_what_was_set_aside_before_a_publication_was_taken_back_is_not_due_to_that(context: Context) -> None:
    first = after(published("mine"))
    record(context, published("mine"), first)
    size = record(context, rejected("rendering", first, Refused("simulated"), context))
    second = after(withdrawn("mine"))
    record(context, withdrawn("mine"), second)
    record(context, rejected("rendering", second, Refused("simulated"), context))
    assert names(context, "mine", size) == [second.id]


def test_bytes_that_their_consumer_has_handled_since_are_not_listed(context: Context) -> None:
    one = after(published("mine"))
    record(context, published("mine"), one)
    for consumer in ("memos", "rendering"):
        set_aside(context, consumer, one.body(), "unknown type")
    assert handle_once(context, ROUTE, one) is True
    assert [aside.consumer for aside in set_aside_now(context)] == ["rendering"]
    assert names(context, "mine") == [name_of_bytes(one.body())]


def test_bytes_that_are_lost_are_listed(context: Context) -> None:
    one = after(published("mine"))
    set_aside(context, "memos", one.body(), "unknown type")
    handle_once(context, ROUTE, one)
    assert set_aside_now(context) == []
    context.blobs.remove(name_of_bytes(one.body()).removeprefix("bytes:"))
    assert len(set_aside_now(context)) == 1
