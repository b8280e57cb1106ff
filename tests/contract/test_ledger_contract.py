"""What the ledger promises, whichever database holds it: SQLite and a real PostgreSQL, by the same tests."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, insert, select, text
from sqlalchemy.exc import DBAPIError

from thammuu import bootstrap
from thammuu.bus.embedded import EmbeddedBus
from thammuu.bus.routes import Route
from thammuu.errors import EnvironmentFaultError, PermanentRefusalError
from thammuu.events import MAX_DATA_BYTES, Event, MemoSuperseded, NewEvent, RulesActivated, envelope
from thammuu.intake import publishing
from thammuu.ledger import log, progress
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.ledger.prepared import undone_alone
from thammuu.ledger.schema import findings, metadata
from thammuu.ledger.sqlite import SqliteDatabase
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from servers.postgres import Postgres
    from thammuu.bus.context import UnitOfWork
    from thammuu.ledger.database import Database
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
EXAMPLES = Path(__file__).parents[2] / "examples"
APPENDERS, EACH = 8, 200
ROOT_OF_FIVE = "48361d1ff96b7b8e60f34d491a457147d8255a3524a31beb13565b0a0943fc07"


def an_event(number: int | str, pack: str = "a") -> Event:
    return envelope(NewEvent(subject=f"pack-{number}", data=RulesActivated(pack=pack)), f"id-{number}", NOON)


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """Open the same database once more, as another process would."""
    handles: list[Database] = []
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
        first = PostgresDatabase(url)
        first.upgrade()
        handles.append(first)

    def another() -> Database:
        is_sqlite = request.param == "sqlite"
        handle = SqliteDatabase(tmp_path / "ledger.sqlite3", writable=True) if is_sqlite else PostgresDatabase(url)
        handles.append(handle)
        return handle

    yield another
    for handle in handles:
        handle.close()


@pytest.fixture
def database(opened: Callable[[], Database]) -> Database:
    return opened()


def appended(database: Database, *events: Event) -> int:
    with database.transaction() as connection:
        return log.append(connection, events)


def recorded(database: Database, **limits: int) -> list[tuple[int, str]]:
    with database.snapshot() as connection:
        return [(one.position, one.event.id) for one in log.read(connection, **limits)]


def undone(connection: Connection, statement: str) -> None:
    with undone_alone(connection, "part"):
        connection.execute(text(statement))
        raise ValueError(statement)


def test_what_raises_within_a_transaction_is_undone_alone_and_the_rest_stays(database: Database) -> None:
    with database.transaction() as connection:
        progress.claim(connection, "before", 0)
        with undone_alone(connection, "part"), undone_alone(connection, "part"):
            progress.claim(connection, "kept", 0)
        for statement in ("INSERT INTO progress VALUES ('undone', 1)", "INSERT INTO progress VALUES ('kept', 1)"):
            with pytest.raises((DBAPIError, ValueError)):
                undone(connection, statement)
        connection.execute(text("UPDATE progress SET position = 7 WHERE consumer = 'before'"))
    with database.snapshot() as connection:
        names = ("before", "kept", "undone")
        assert [progress.position(connection, name) for name in names] == [7, 0, 0]
        assert connection.execute(text("SELECT count(*) FROM progress")).scalar_one() == 2


def test_of_a_connection_that_is_lost_the_fault_itself_is_told(postgres: Postgres) -> None:
    database = PostgresDatabase(postgres.new_database())
    try:
        with pytest.raises(EnvironmentFaultError, match="cannot be used now"), database.transaction() as connection:
            undone(connection, "SELECT pg_terminate_backend(pg_backend_pid())")
    finally:
        database.close()


def test_events_come_back_in_order_with_positions_from_one(database: Database) -> None:
    assert appended(database, an_event(1), an_event(2)) == 2
    assert appended(database, an_event(3)) == 3
    assert recorded(database) == [(1, "id-1"), (2, "id-2"), (3, "id-3")]
    assert recorded(database, after=1, limit=1) == [(2, "id-2")]
    with database.snapshot() as connection:
        assert log.verify(connection) == []
        assert log.count(connection, after=1, types=["rules.activated"]) == 2


def test_both_databases_give_the_same_events_the_same_root(database: Database) -> None:
    appended(database, *(an_event(number) for number in range(5)))
    with database.snapshot() as connection:
        assert log.checkpoint(connection) == (5, ROOT_OF_FIVE)


def test_many_pages_of_events_are_read_and_verified(database: Database) -> None:
    appended(database, *(an_event(number) for number in range(2_500)))
    assert [position for position, _id in recorded(database)] == list(range(1, 2_501))
    with database.snapshot() as connection:
        assert log.verify(connection) == []


def test_the_same_output_again_is_recorded_once(database: Database) -> None:
    appended(database, an_event(1))
    assert appended(database, an_event(1), an_event(2), an_event(2)) == 2
    assert appended(database) == 2


@pytest.mark.parametrize("others", [(an_event(2), an_event(1, pack="b")), (an_event(3), an_event(3, pack="b"))])
def test_the_same_id_with_other_data_is_an_alarm_and_writes_nothing(
    database: Database, others: tuple[Event, Event]
) -> None:
    appended(database, an_event(1))
    with pytest.raises(EnvironmentFaultError, match="other data"):
        appended(database, *others)
    assert recorded(database) == [(1, "id-1")]


@pytest.mark.parametrize("statement", ["UPDATE events SET subject = 'x'", "DELETE FROM events", "TRUNCATE events"])
def test_the_database_refuses_to_change_or_delete_an_event(database: Database, statement: str) -> None:
    appended(database, an_event(1))
    if statement.startswith("TRUNCATE") and isinstance(database, SqliteDatabase):
        statement = "DELETE FROM events WHERE 1"
    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as connection:
        connection.execute(text(statement))
    assert recorded(database) == [(1, "id-1")]


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    def append_and_fail() -> None:
        with database.transaction() as connection:
            log.append(connection, [an_event(1)])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        append_and_fail()
    assert recorded(database) == []
    assert appended(database, an_event(2)) == 1


def test_work_handed_over_is_all_there_or_not_at_all_and_gives_its_result(database: Database) -> None:
    assert database.carry_out(lambda connection: log.append(connection, [an_event(1)])) == 1

    def failing(connection: Connection) -> None:
        log.append(connection, [an_event(2)])
        raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        database.carry_out(failing, "register")
    assert recorded(database) == [(1, "id-1")]


def test_what_is_too_large_is_refused_and_what_just_fits_is_kept(database: Database) -> None:
    fits = an_event(1, pack="x" * (MAX_DATA_BYTES - len(b'{"pack":""}')))
    appended(database, fits)
    with database.snapshot() as connection:
        assert [one.event for one in log.read(connection)] == [fits]
    with pytest.raises(PermanentRefusalError, match="too large"):
        appended(database, an_event(2, pack="x" * (MAX_DATA_BYTES + 2_000)))
    with pytest.raises(PermanentRefusalError, match="subject"):
        appended(database, an_event("n" * 30).model_copy(update={"subject": "s" * 201}))
    assert len(recorded(database)) == 1


def test_a_snapshot_is_one_moment_and_cannot_write(opened: Callable[[], Database]) -> None:
    reader, writer = opened(), opened()
    appended(writer, an_event(1))
    with reader.snapshot() as connection:
        assert log.size(connection) == 1
        appended(writer, an_event(2))
        assert log.size(connection) == 1
    with reader.snapshot() as connection:
        assert log.size(connection) == 2
    with (
        pytest.raises((DBAPIError, EnvironmentFaultError), match=r"read-?only"),
        reader.snapshot() as connection,
    ):
        connection.execute(text("INSERT INTO progress VALUES ('x', 1)"))


def test_eight_appenders_leave_no_gap_and_a_follower_misses_nothing(opened: Callable[[], Database]) -> None:
    handles = [opened() for _ in range(APPENDERS)]
    done, followed = Flag(), []

    def append_all(number: int) -> None:
        for place in range(EACH):
            # every second event is appended by the neighbour too, as an output of the same cause would be
            shared = f"{(number + place % 2) % APPENDERS}-{place}"
            appended(handles[number], an_event(f"{number}-{place}"), an_event(shared))

    def follow() -> None:
        reader, last = handles[0], False
        while not last:
            last = done.is_set()
            followed.extend(recorded(reader, after=followed[-1][0] if followed else 0))

    with ThreadPoolExecutor(APPENDERS + 1) as threads:
        following = threads.submit(follow)
        for appending in [threads.submit(append_all, number) for number in range(APPENDERS)]:
            appending.result()
        done.set()
        following.result()
    assert [position for position, _id in followed] == list(range(1, APPENDERS * EACH + 1))
    assert {event_id for _position, event_id in followed} == {
        f"id-{number}-{place}" for number in range(APPENDERS) for place in range(EACH)
    }
    with handles[0].snapshot() as connection:
        assert log.verify(connection) == []


def test_a_consumers_row_is_claimed_by_one_at_a_time(opened: Callable[[], Database]) -> None:
    handles, held = [opened(), opened()], Flag()

    def take(number: int) -> bool:
        with handles[number].transaction() as connection:
            if not progress.claim(connection, "memos", 0):
                return False
            held.set()
            progress.advance(connection, "memos", 7)
            return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(take, range(2))) == [False, True]
    with handles[0].snapshot() as connection:
        assert (progress.position(connection, "memos"), progress.position(connection, "other")) == (7, 0)


def test_two_buses_at_once_handle_every_event_once(opened: Callable[[], Database]) -> None:
    handles = [opened(), opened()]
    appended(handles[0], *(an_event(f"{number:03d}", pack=f"{number:03d}") for number in range(60)))

    def note(event: Event, work: UnitOfWork) -> list[NewEvent]:
        assert isinstance(event.data, RulesActivated)
        row = {"publication_id": "p", "unit_id": "u", "severity": "minor", "body": ""}
        work.connection.execute(insert(findings).values(finding_id=event.data.pack, **row))
        data = MemoSuperseded(memo_id=event.data.pack, version=1, reason="publication-withdrawn")
        return [NewEvent(subject=event.data.pack, data=data)]

    class Parts:
        def __init__(self, database: Database) -> None:
            self.database = database

        @staticmethod
        def clock() -> datetime:
            return NOON

    buses = [EmbeddedBus(Parts(one), [Route("noting", RulesActivated, note)]) for one in handles]  # type: ignore[arg-type]
    with ThreadPoolExecutor(2) as threads:
        assert sum(threads.map(lambda bus: bus.run(), buses)) == 60
    with handles[0].snapshot() as connection:
        assert len(connection.execute(select(findings.c.finding_id)).all()) == 60
        assert log.count(connection, after=0, types=["memo.superseded"]) == 60
        assert log.count(connection, after=0, types=["event.rejected"]) == 0


def test_the_migrated_tables_are_those_of_the_schema(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.snapshot() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_a_whole_database_is_well(database: Database) -> None:
    assert database.integrity() == "ok"


def published(tmp_path: Path, name: str, url: str | None = None) -> list[tuple[str, str, str, str]]:
    """Publish PAPI 2021 and 2022 and return the set of events; a model's hash is in its event."""
    chosen = Settings.model_validate({"data": tmp_path / name, "database_url": url})
    with bootstrap.changing(chosen, lambda: NOON) as program:
        for year in (2021, 2022):
            file = EXAMPLES / "papi" / f"papi-{year}.csv"
            day = date(year + 1, 4, 12)
            request = publishing.Request(file=file, index="papi", period=str(year), published_on=day)
            publishing.publish(program.context, request)
            program.run()
        with program.context.database.snapshot() as connection:
            assert log.verify(connection) == []
            return sorted(
                (one.event.id, one.event.type, one.event.subject, one.event.data.model_dump_json())
                for one in log.read(connection)
            )


def test_papi_2021_and_2022_give_the_same_events_and_memos_on_both(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    database = PostgresDatabase(url)
    database.upgrade()
    database.close()
    expected = published(tmp_path, "sqlite")
    assert published(tmp_path, "postgres", url) == expected
    assert {kind: sum(event[1] == kind for event in expected) for kind in ("findings.raised", "memo.rendered")} == {
        "findings.raised": 126,
        "memo.rendered": 126,
    }
