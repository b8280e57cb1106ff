"""What only a PostgreSQL database has to promise: limits on who holds whom up, and clear words when it is away."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import String, select, text, update

from servers.postgres import PASSWORD, running
from thammuu import bootstrap
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.events import Event, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.database import SCHEMA_REVISION, TryAgainError
from thammuu.ledger.postgres import Limits, PostgresDatabase
from thammuu.ledger.schema import ledger_head, metadata, progress
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.postgres import Postgres
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOLD = """
import sys
from thammuu.ledger.postgres import PostgresDatabase
with PostgresDatabase(sys.argv[1]).alone(1):
    print("held", flush=True)
    sys.stdin.read()
"""


def an_event(number: int) -> Event:
    return envelope(NewEvent(subject=f"pack-{number}", data=RulesActivated(pack="a")), f"id-{number}", NOON)


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_database()


@pytest.fixture
def database(url: str) -> Iterator[PostgresDatabase]:
    opened = PostgresDatabase(url)
    opened.upgrade()
    yield opened
    opened.close()


def settings(tmp_path: Path, url: str) -> Settings:
    return Settings.model_validate({"data": tmp_path / "data", "database_url": url})


def test_every_connection_has_limits_and_a_name(url: str) -> None:
    database = PostgresDatabase(url, Limits(idle_s=5, lock_s=2.5, statement_s=7))
    shown = ("idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout", "transaction_isolation")
    found = {}
    for kind in ("transaction", "snapshot"):
        with getattr(database, kind)() as connection:
            found[kind] = [connection.execute(text(f"SHOW {name}")).scalar_one() for name in shown]
            name = connection.execute(text("SHOW application_name")).scalar_one()
    database.close()
    assert found == {
        "transaction": ["5s", "2500ms", "7s", "read committed"],
        "snapshot": ["10min", "2500ms", "7s", "repeatable read"],
    }
    assert name.startswith("thammuu ")


def test_a_worker_that_hangs_with_the_head_delays_others_no_longer_than_the_limit(
    url: str, database: PostgresDatabase
) -> None:
    hanging = PostgresDatabase(url, Limits(idle_s=1.0))
    waited: list[float] = []

    def hang() -> None:
        with hanging.transaction() as stopped:
            log.append(stopped, [an_event(1)])
            started = time.monotonic()
            with database.transaction() as connection:
                log.append(connection, [an_event(2)])
            waited.append(time.monotonic() - started)

    with pytest.raises(EnvironmentFaultError, match="cannot be used now"):
        hang()
    hanging.close()
    assert 0.5 < waited[0] < 5.0
    with database.snapshot() as connection:
        assert [one.event.id for one in log.read(connection)] == ["id-2"]


def test_a_lock_that_is_not_given_in_time_is_a_fault_that_passes(url: str, database: PostgresDatabase) -> None:
    hasty = PostgresDatabase(url, Limits(lock_s=0.2))
    with database.transaction() as connection:
        connection.execute(select(ledger_head).with_for_update())
        with pytest.raises(EnvironmentFaultError, match="lock timeout"), hasty.transaction() as second:
            log.append(second, [an_event(1)])
    with hasty.transaction() as second:
        assert log.append(second, [an_event(1)]) == 1
    hasty.close()


def test_two_transactions_in_each_others_way_end_with_one_that_may_try_again(database: PostgresDatabase) -> None:
    from threading import Barrier

    with database.transaction() as connection:
        connection.execute(text("INSERT INTO progress VALUES ('a', 0), ('b', 0)"))
    both = Barrier(2)

    def cross(first: str, second: str) -> bool:
        try:
            with database.transaction() as connection:
                connection.execute(update(progress).where(progress.c.consumer == first).values(position=1))
                both.wait()
                connection.execute(update(progress).where(progress.c.consumer == second).values(position=1))
        except TryAgainError:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(cross, "ab", "ba")) == [False, True]


def test_what_only_one_may_decide_is_decided_one_after_the_other(database: PostgresDatabase) -> None:
    with database.transaction() as connection:
        connection.execute(text("INSERT INTO progress VALUES ('number', 0)"))

    def decide(_number: int) -> None:
        with database.transaction("numbers") as connection:
            last = connection.execute(select(progress.c.position)).scalar_one()
            time.sleep(0.01)
            connection.execute(update(progress).values(position=last + 1))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(decide, range(12)))
    with database.snapshot() as connection:
        assert connection.execute(select(progress.c.position)).scalar_one() == 12


def test_a_second_writing_command_waits_and_then_says_who_is_at_it(url: str) -> None:
    database = PostgresDatabase(url)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(EnvironmentFaultError, match=f"thammuu {holder.pid}@"), database.alone(0.3):
            pass
        holder.kill()
        holder.communicate()
    with database.alone(5), pytest.raises(EnvironmentFaultError, match="in use"), database.alone(0):
        pass
    with database.alone(0):
        pass
    database.close()


def test_a_database_without_tables_asks_for_the_upgrade_and_two_upgrades_at_once_make_them_once(
    url: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, url)
    for opening in (bootstrap.reading, bootstrap.changing):
        with pytest.raises(EnvironmentFaultError, match="db upgrade"), opening(chosen):
            pass
    handles = [PostgresDatabase(url) for _ in range(3)]
    with ThreadPoolExecutor(3) as threads:
        came_from = list(threads.map(lambda one: one.upgrade()[0], handles))
    assert sorted(came_from, key=str) == [SCHEMA_REVISION, SCHEMA_REVISION, None]
    with bootstrap.reading(chosen) as program:
        assert program.pending() == 0
    with handles[0].transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(EnvironmentFaultError, match="newer"), bootstrap.reading(chosen):
        pass
    for one in handles:
        one.close()


def test_texts_that_are_sorted_are_sorted_as_in_sqlite(database: PostgresDatabase) -> None:
    query = text(
        "SELECT a.attrelid::regclass || '.' || a.attname FROM pg_attribute a JOIN pg_collation c "
        "ON c.oid = a.attcollation WHERE c.collname <> 'C' AND a.attnum > 0 "
        "AND a.attrelid IN (SELECT oid FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)"
    )
    with database.snapshot() as connection:
        other = set(connection.execute(query).scalars())
    # bodies are never compared; alembic's own table has one row
    compared = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns
                if type(column.type) is String}  # fmt: skip
    assert not other & compared - {"inbox.consumer", "inbox.event_id", "leases.name", "leases.holder"}


@pytest.mark.parametrize("wrong", ["mysql://u@h/x", "postgresql://h", "no address", "postgresql://u:%zz@h:port/x"])
def test_an_address_that_is_none_is_refused_without_repeating_it(wrong: str) -> None:
    with pytest.raises(BadInputError, match="THAMMUU_DATABASE_URL") as caught:
        PostgresDatabase(wrong)
    assert wrong not in "".join(traceback.format_exception(caught.value))


def test_a_database_that_is_away_is_a_clear_fault_without_the_password(postgres: Postgres, tmp_path: Path) -> None:
    name = "nowhere"
    for url in (postgres.url(name), postgres.url(name, port=1), postgres.url("postgres").replace("secret", "Secret")):
        with (
            pytest.raises(EnvironmentFaultError, match="cannot be used now") as caught,
            bootstrap.reading(settings(tmp_path, url)),
        ):
            pass
        told = "".join(traceback.format_exception(caught.value)) + repr(settings(tmp_path, url))
        assert PASSWORD not in told
        assert PASSWORD.replace("secret", "Secret") not in told
        assert quote(PASSWORD, safe="")[-9:] not in told


def test_a_crashed_server_loses_nothing_that_was_recorded_and_is_used_again_when_it_is_back() -> None:
    with running() as server:
        database = PostgresDatabase(server.new_database())
        database.upgrade()
        with database.transaction() as connection:
            log.append(connection, [an_event(1)])

        def append_over_a_crash() -> None:
            with database.transaction() as connection:
                log.append(connection, [an_event(2)])
                server.kill()

        with pytest.raises(EnvironmentFaultError, match="cannot be used now"):
            append_over_a_crash()
        with pytest.raises(EnvironmentFaultError, match="cannot be used now"), database.snapshot() as connection:
            log.size(connection)
        server.start()
        with database.transaction() as connection:
            assert log.append(connection, [an_event(2)]) == 2
        with database.snapshot() as connection:
            assert log.verify(connection) == []
        database.close()


def test_a_switched_off_trigger_is_found(database: PostgresDatabase) -> None:
    with database.transaction() as connection:
        connection.execute(text("ALTER TABLE events DISABLE TRIGGER events_never_change"))
    assert "trigger" in database.integrity()
