"""The ledger: one order, no gaps, no changes unseen."""

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from thammuu.errors import EnvironmentFaultError
from thammuu.events import Event, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.database import SCHEMA_REVISION, Database
from thammuu.ledger.merkle import Frontier, leaf_hash, node_hash
from thammuu.ledger.sqlite import SqliteDatabase

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)


def an_event(number: int, pack: str = "a") -> Event:
    return envelope(NewEvent(subject=f"pack-{number}", data=RulesActivated(pack=pack)), f"id-{number}", NOON)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = SqliteDatabase(tmp_path / "ledger.sqlite3", writable=True)
    yield opened
    opened.close()


def appended(database: Database, *events: Event) -> None:
    with database.transaction() as connection:
        log.append(connection, events)


def test_events_come_back_in_order_with_positions_from_one(database: Database) -> None:
    appended(database, an_event(1), an_event(2))
    appended(database, an_event(3))
    with database.snapshot() as connection:
        found = list(log.read(connection))
    assert [recorded.position for recorded in found] == [1, 2, 3]
    assert [recorded.event for recorded in found] == [an_event(1), an_event(2), an_event(3)]


def test_the_same_output_again_is_recorded_once(database: Database) -> None:
    appended(database, an_event(1))
    appended(database, an_event(1), an_event(2))
    with database.snapshot() as connection:
        assert log.size(connection) == 2


def test_thousands_of_events_are_appended_in_their_order_and_hashed_as_one_by_one(database: Database) -> None:
    many = [an_event(number, pack="p" * 2_000) for number in range(1_234)]
    appended(database, *many, many[0])
    frontier = Frontier()
    for event in many:
        frontier.append(event.body())
    with database.snapshot() as connection:
        assert [recorded.event for recorded in log.read(connection)] == many
        assert log.checkpoint(connection) == (1_234, frontier.root().hex())


def test_the_same_id_with_other_data_is_an_alarm_and_writes_nothing(database: Database) -> None:
    appended(database, an_event(1))
    with pytest.raises(EnvironmentFaultError, match="other data"):
        appended(database, an_event(2), an_event(1, pack="b"))
    with database.snapshot() as connection:
        assert log.size(connection) == 1


@pytest.mark.parametrize("statement", ["UPDATE events SET subject = 'x'", "DELETE FROM events"])
def test_the_database_refuses_to_change_or_delete_an_event(database: Database, statement: str) -> None:
    appended(database, an_event(1))
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as connection:
        connection.execute(text(statement))


def test_an_untouched_ledger_verifies(database: Database) -> None:
    appended(database, *(an_event(number) for number in range(1, 20)))
    with database.snapshot() as connection:
        assert log.verify(connection) == []


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE events SET body = replace(body, 'pack-2', 'pack-9') WHERE position = 2", "says other things"),
        ("UPDATE events SET body = replace(body, '\"a\"', '\"b\"') WHERE position = 2", "does not match"),
        ("DELETE FROM events WHERE position = 2", "Position 2 is missing"),
        ("DELETE FROM events WHERE position = 3", "does not match"),
    ],
)
def test_tampering_behind_the_triggers_is_found(tmp_path: Path, tampering: str, told: str) -> None:
    path = tmp_path / "ledger.sqlite3"
    first = SqliteDatabase(path, writable=True)
    appended(first, an_event(1), an_event(2), an_event(3))
    first.close()
    with sqlite3.connect(path) as raw:
        raw.executescript("DROP TRIGGER events_never_UPDATEd; DROP TRIGGER events_never_DELETEd;")
        raw.execute(
            tampering.replace("replace(body", "CAST(replace(CAST(body AS TEXT)").replace(
                "') WHERE", "') AS BLOB) WHERE"
            )
        )
    raw.close()
    second = SqliteDatabase(path, writable=True)
    with second.snapshot() as connection:
        assert any(told in fault for fault in log.verify(connection))
    second.close()


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match="readonly"), database.snapshot() as connection:
        connection.execute(text("INSERT INTO progress VALUES ('x', 1)"))


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def append_and_fail() -> None:
        with database.transaction() as connection:
            log.append(connection, [an_event(1)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        append_and_fail()
    with database.snapshot() as connection:
        assert log.size(connection) == 0


def test_the_schema_revision_is_the_newest_migration() -> None:
    from alembic.script import ScriptDirectory

    from thammuu.ledger.migrate import migration_config

    assert ScriptDirectory.from_config(migration_config()).get_current_head() == SCHEMA_REVISION


def test_the_migrated_tables_are_those_of_the_schema(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from thammuu.ledger.schema import metadata

    with database.snapshot() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def root_by_definition(entries: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word by word."""
    if not entries:
        return hashlib.sha256().digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return node_hash(root_by_definition(entries[:split]), root_by_definition(entries[split:]))


@given(st.lists(st.binary(max_size=8), max_size=40))
def test_the_grown_root_is_that_of_rfc_6962(entries: list[bytes]) -> None:
    frontier = Frontier()
    for entry in entries:
        frontier = Frontier(frontier.size, frontier.pack())
        frontier.append(entry)
    assert frontier.root() == root_by_definition(entries)
