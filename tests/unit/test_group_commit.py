"""Several threads' work in one commit: each is all there or not at all, and returns after the commit."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag

import pytest
from sqlalchemy import event

from thammuu.events import Event, NewEvent, RulesActivated, envelope
from thammuu.ledger import log
from thammuu.ledger.sqlite import SqliteDatabase

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
THREADS = 20


def an_event(number: int) -> Event:
    return envelope(NewEvent(subject="pack", data=RulesActivated(pack=str(number))), f"id-{number}", NOON)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    opened = SqliteDatabase(tmp_path / "ledger.sqlite3", writable=True)
    yield opened
    opened.close()


def together(database: SqliteDatabase, failing: int | None = None) -> list[BaseException | None]:
    """Append from many threads that all wait while the first holds the connection; return what each ended with."""
    held = Flag()

    def work(number: int) -> None:
        with database.transaction() as connection:
            log.append(connection, [an_event(number)])
            held.wait(10) if number == 0 else held.set()
            if number == failing:
                raise RuntimeError

    with ThreadPoolExecutor(THREADS) as threads:
        first = threads.submit(work, 0)
        rest = [threads.submit(work, number) for number in range(1, THREADS)]
        while database._group._waiting < THREADS - 1:  # noqa: SLF001  when all of them wait
            pass
        held.set()
        return [one.exception(30) for one in (first, *rest)]


def recorded(database: SqliteDatabase) -> set[str]:
    with database.snapshot() as connection:
        assert log.verify(connection) == []
        return {one.event.id for one in log.read(connection)}


def counted(database: SqliteDatabase) -> list[object]:
    commits: list[object] = []
    event.listen(database._writer, "commit", commits.append)  # noqa: SLF001  the engine
    return commits


def test_those_who_wait_share_a_commit_and_all_is_there_when_they_return(database: SqliteDatabase) -> None:
    commits = counted(database)
    assert together(database) == [None] * THREADS
    assert recorded(database) == {f"id-{number}" for number in range(THREADS)}
    assert len(commits) == 1


@pytest.mark.parametrize("failing", [0, 7])
def test_a_failed_piece_of_work_is_undone_alone(database: SqliteDatabase, failing: int) -> None:
    ended = together(database, failing)
    assert [number for number, error in enumerate(ended) if error] == [failing]
    assert recorded(database) == {f"id-{number}" for number in range(THREADS)} - {f"id-{failing}"}


def test_a_refused_commit_is_told_to_everybody_and_nothing_is_there(database: SqliteDatabase) -> None:
    def refuse(_connection: object) -> None:
        raise OSError(28, "No space left on device")

    event.listen(database._writer, "commit", refuse)  # noqa: SLF001  the engine
    assert {type(error) for error in together(database)} == {OSError}
    event.remove(database._writer, "commit", refuse)  # noqa: SLF001  the same
    assert recorded(database) == set()
    assert together(database) == [None] * THREADS
