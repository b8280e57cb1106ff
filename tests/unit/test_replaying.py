"""An event that was set aside is handed back: handled once mended, refused in words until then."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.embedded import EmbeddedBus
from thammuu.bus.inbox import set_aside
from thammuu.bus.replaying import replay, set_aside_now
from thammuu.bus.routes import Route
from thammuu.errors import BadInputError, PermanentRefusalError
from thammuu.events import Event, EventReplayed, MemoSuperseded, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.sqlite import SqliteDatabase

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BROKEN = [True]


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    database = SqliteDatabase(tmp_path / "ledger.sqlite3", writable=True)
    (tmp_path / "blobs").mkdir()
    parts: dict[str, Any] = {"packs": None, "renderer": None, "settings": None}
    BROKEN[0] = True
    with structlog.testing.capture_logs():
        yield Context(database=database, blobs=FolderBlobs(tmp_path / "blobs"), clock=lambda: NOON, **parts)
    database.close()


def handle(event: Event, work: UnitOfWork) -> list[NewEvent]:
    del work
    if BROKEN[0]:
        raise ZeroDivisionError
    return [
        NewEvent(subject=event.subject, data=MemoSuperseded(memo_id="m", version=1, reason="publication-withdrawn"))
    ]


ROUTES = (Route("noting", RulesActivated, handle),)


def activated(name: str) -> Event:
    return envelope(NewEvent(subject=name, data=RulesActivated(pack=name)), f"id-{name}", NOON)


def kinds(context: Context) -> list[str]:
    with context.database.snapshot() as connection:
        return [found.event.type for found in log.read(connection)]


def test_a_mended_handler_gets_its_event_back_once(context: Context) -> None:
    with context.database.transaction() as connection:
        log.append(connection, [activated("a")])
    EmbeddedBus(context, ROUTES).run()
    assert [(one.consumer, one.rejected) for one in set_aside_now(context)] == [("noting", "id-a")]
    before = kinds(context)
    with pytest.raises(PermanentRefusalError, match="ZeroDivisionError"):
        replay(context, ROUTES, "id-a")
    assert kinds(context) == before
    BROKEN[0] = False
    (followed,) = replay(context, ROUTES, "id-a")
    assert followed.causationid == "id-a"
    assert kinds(context) == [*before, MemoSuperseded.event_type, EventReplayed.event_type]
    assert set_aside_now(context) == []
    with pytest.raises(BadInputError, match="No consumer"):
        replay(context, ROUTES, "id-a")
    with context.database.snapshot() as connection:
        assert log.verify(connection) == []


def test_bytes_that_are_an_event_after_all_are_handled(context: Context) -> None:
    BROKEN[0] = False
    set_aside(context, "noting", activated("b").body(), "unknown type")
    set_aside(context, "noting", b"nonsense", "no event")
    good, bad = set_aside_now(context)
    replay(context, ROUTES, good.rejected)
    with pytest.raises(PermanentRefusalError, match="still no event"):
        replay(context, ROUTES, bad.rejected)
    assert [one.rejected for one in set_aside_now(context)] == [bad.rejected]
