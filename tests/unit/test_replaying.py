"""An event that was set aside is handed back: handled once mended, refused in words until then."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog

from thammuu.bus.aside import set_aside_now
from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.embedded import EmbeddedBus
from thammuu.bus.inbox import handle_once, name_of_bytes, set_aside
from thammuu.bus.replaying import replay
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


def test_bytes_that_were_handed_back_are_not_handled_again_when_they_are_sent_again(context: Context) -> None:
    BROKEN[0] = False
    set_aside(context, "noting", activated("b").body(), "unknown type")
    (one,) = set_aside_now(context)
    assert len(replay(context, ROUTES, one.rejected)) == 1
    before = kinds(context)
    assert handle_once(context, ROUTES[0], activated("b")) is False
    assert kinds(context) == before


def test_bytes_that_came_again_and_were_handled_then_are_only_noted_when_handed_back(context: Context) -> None:
    BROKEN[0] = False
    set_aside(context, "noting", activated("b").body(), "unknown type")
    (one,) = set_aside_now(context)
    assert handle_once(context, ROUTES[0], activated("b")) is True
    assert set_aside_now(context) == []
    before = kinds(context)
    assert replay(context, ROUTES, one.rejected) == []
    assert kinds(context) == [*before, EventReplayed.event_type]


def test_bytes_of_an_event_that_the_embedded_bus_has_handled_are_not_handled_again(context: Context) -> None:
    BROKEN[0] = False
    with context.database.transaction() as connection:
        log.append(connection, [activated("b")])
    EmbeddedBus(context, ROUTES).run()
    set_aside(context, "noting", activated("b").body(), "unknown type")
    assert set_aside_now(context) == []
    assert replay(context, ROUTES, name_of_bytes(activated("b").body())) == []
    assert kinds(context).count(MemoSuperseded.event_type) == 1


def test_bytes_that_a_consumer_refuses_when_handed_back_stay_its_own_to_handle(context: Context) -> None:
    set_aside(context, "noting", activated("b").body(), "unknown type")
    (one,) = set_aside_now(context)
    with pytest.raises(PermanentRefusalError, match="ZeroDivisionError"):
        replay(context, ROUTES, one.rejected)
    BROKEN[0] = False
    assert len(replay(context, ROUTES, one.rejected)) == 1
