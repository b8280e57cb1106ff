"""Several threads' work in one commit: each is all there or not at all, and returns after the commit."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from threading import Event as Flag
from threading import get_ident

import pytest
from sqlalchemy import Connection, event

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


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def in_turn(database: SqliteDatabase, work: Callable[[Connection], object]) -> None:
    with database.transaction() as connection:
        work(connection)


def handed_over(database: SqliteDatabase, work: Callable[[Connection], object]) -> None:
    database.carry_out(work)


WAYS = {"in turn": [in_turn], "handed over": [handed_over], "both": [in_turn, handed_over]}
Ways = list[Callable[[SqliteDatabase, Callable[[Connection], object]], None]]


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def ways(request: pytest.FixtureRequest) -> Ways:
    return list(request.param)


def together(database: SqliteDatabase, ways: Ways, failing: int | None = None) -> list[BaseException | None]:
    """Append from many threads that all wait while the first has the turn; return what each ended with."""
    begun, go = Flag(), Flag()

    def append(connection: Connection, number: int) -> None:
        log.append(connection, [an_event(number)])
        if number == 0:
            begun.set()
            assert go.wait(10)
        if number == failing:
            raise RuntimeError

    def work(number: int) -> None:
        ways[number % len(ways)](database, lambda connection: append(connection, number))

    with ThreadPoolExecutor(THREADS) as threads:
        first = threads.submit(work, 0)
        assert begun.wait(10)
        rest = [threads.submit(work, number) for number in range(1, THREADS)]
        group = database._group  # noqa: SLF001  when all of them wait
        until(lambda: group._waiting + len(group._handed) == THREADS - 1)  # noqa: SLF001  the same
        go.set()
        return [one.exception(30) for one in (first, *rest)]


def recorded(database: SqliteDatabase) -> set[str]:
    with database.snapshot() as connection:
        assert log.verify(connection) == []
        return {one.event.id for one in log.read(connection)}


def counted(database: SqliteDatabase) -> list[object]:
    commits: list[object] = []
    event.listen(database._writer, "commit", commits.append)  # noqa: SLF001  the engine
    return commits


def test_those_who_wait_share_a_commit_and_all_is_there_when_they_return(database: SqliteDatabase, ways: Ways) -> None:
    commits = counted(database)
    assert together(database, ways) == [None] * THREADS
    assert recorded(database) == {f"id-{number}" for number in range(THREADS)}
    # what is handed over is committed before a thread that waits for its turn gets it
    assert len(commits) <= len(ways)


@pytest.mark.parametrize("failing", [0, 7])
def test_a_failed_piece_of_work_is_undone_alone(database: SqliteDatabase, ways: Ways, failing: int) -> None:
    ended = together(database, ways, failing)
    assert [number for number, error in enumerate(ended) if error] == [failing]
    assert recorded(database) == {f"id-{number}" for number in range(THREADS)} - {f"id-{failing}"}


def test_a_refused_commit_is_told_to_everybody_and_nothing_is_there(database: SqliteDatabase, ways: Ways) -> None:
    def refuse(_connection: object) -> None:
        raise OSError(28, "No space left on device")

    event.listen(database._writer, "commit", refuse)  # noqa: SLF001  the engine
    assert {type(error) for error in together(database, ways)} == {OSError}
    event.remove(database._writer, "commit", refuse)  # noqa: SLF001  the same
    assert recorded(database) == set()
    assert together(database, ways) == [None] * THREADS


def test_what_is_handed_over_gives_its_result_or_its_own_error(database: SqliteDatabase) -> None:
    assert database.carry_out(lambda connection: log.append(connection, [an_event(1)])) == 1

    def refuse(connection: Connection) -> None:
        log.append(connection, [an_event(2)])
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.carry_out(refuse)
    assert recorded(database) == {"id-1"}


def test_what_another_thread_does_has_the_language_and_trace_of_its_own(database: SqliteDatabase) -> None:
    language = ContextVar("language", default="none")
    done: dict[str, tuple[str, int]] = {}
    begun, go = Flag(), Flag()

    def holding() -> None:
        language.set("en")
        with database.transaction():
            begun.set()
            assert go.wait(10)

    def handing(name: str) -> None:
        language.set(name)
        database.carry_out(lambda _connection: done.update({name: (language.get(), get_ident())}))

    with ThreadPoolExecutor(3) as threads:
        holder = threads.submit(holding)
        assert begun.wait(10)
        handed = [threads.submit(handing, name) for name in ("vi", "fr")]
        until(lambda: len(database._group._handed) == len(handed))  # noqa: SLF001  both wait
        go.set()
        assert [one.exception(30) for one in (holder, *handed)] == [None] * 3
    assert {name: seen for name, (seen, _thread) in done.items()} == {"vi": "vi", "fr": "fr"}
    assert len({thread for _seen, thread in done.values()}) == 1


def test_a_database_that_cannot_begin_tells_everybody_who_waits(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy() -> None:
        raise TimeoutError("database is locked")

    with monkeypatch.context() as patched:
        patched.setattr(database._group, "_begun", busy)  # noqa: SLF001  as SQLite would
        with pytest.raises(TimeoutError, match="locked"):
            handed_over(database, lambda connection: log.append(connection, [an_event(1)]))
    handed_over(database, lambda connection: log.append(connection, [an_event(2)]))
    assert recorded(database) == {"id-2"}


def test_if_the_thread_that_does_the_work_is_interrupted_the_others_work_is_done(database: SqliteDatabase) -> None:
    def interrupted(connection: Connection) -> None:
        log.append(connection, [an_event(100)])
        raise KeyboardInterrupt

    ended = []
    begun, go = Flag(), Flag()

    def first() -> None:
        def wait(_connection: Connection) -> None:
            begun.set()
            assert go.wait(10)

        try:
            database.carry_out(wait)
        except BaseException as error:  # noqa: BLE001  what it ended with
            ended.append(type(error))

    def second(work: Callable[[Connection], object]) -> None:
        try:
            database.carry_out(work)
        except BaseException as error:  # noqa: BLE001  what it ended with
            ended.append(type(error))

    with ThreadPoolExecutor(4) as threads:
        running = [threads.submit(first)]
        assert begun.wait(10)
        for number, work in enumerate([interrupted, *[lambda c, n=n: log.append(c, [an_event(n)]) for n in (1, 2)]]):
            running.append(threads.submit(second, work))
            until(lambda n=number: len(database._group._handed) > n)  # type: ignore[misc]  # noqa: SLF001  in this order
        go.set()
        for one in running:
            one.result(30)
    # the thread that did the work, and the one whose work it was
    assert sorted(one.__name__ for one in ended) == ["InterruptedError", "KeyboardInterrupt"]
    assert recorded(database) == {"id-1", "id-2"}
