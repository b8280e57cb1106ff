"""Ledger and bus in any order of appends, crashes, repeats and moves: one order, one effect an event, nothing lost."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert, select

from thammuu import failpoints
from thammuu.bus.context import Context, UnitOfWork
from thammuu.bus.embedded import EmbeddedBus
from thammuu.bus.inbox import handle_once
from thammuu.bus.routes import Route
from thammuu.errors import PermanentRefusalError
from thammuu.events import Event, EventRejected, MemoSuperseded, NewEvent, RulesActivated, envelope
from thammuu.failpoints import POINTS
from thammuu.ledger import log
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.ledger.schema import findings
from thammuu.ledger.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from servers.postgres import Postgres
    from thammuu.ledger.database import Database
    from thammuu.ledger.log import Recorded
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
POISON = "poison"
CRASHES = [name for name in POINTS if name.startswith(("follow.", "inbox.", "ledger.", "database."))]
SUBJECTS = ("ha-noi", "ha-giang", "cao-bang")


class CrashError(BaseException):
    """The process ends here."""


@contextmanager
def crashing(point: str, times: int) -> Iterator[None]:
    """End whatever runs when it gets to a place for so many times."""
    left = times

    def told(name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0:
            raise CrashError(point)

    failpoints.tell(told)
    try:
        yield
    except CrashError:
        return
    finally:
        failpoints.tell(None)


class Effects:
    """Handlers whose every call leaves a row of its own, so that a second call for an event would show."""

    def __init__(self) -> None:
        self._calls = 0

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("first", RulesActivated, self._first, prepare=lambda event, _context: event.id),
            Route("second", MemoSuperseded, self._second),
            Route("third", RulesActivated, self._second),
        )

    def _note(self, consumer: str, event: Event, work: UnitOfWork) -> None:
        self._calls += 1
        row = {"publication_id": event.id, "unit_id": consumer, "severity": "minor", "body": "{}"}
        work.connection.execute(insert(findings).values(finding_id=f"call-{self._calls}", **row))

    def _first(self, event: Event, work: UnitOfWork) -> list[NewEvent]:
        assert isinstance(event.data, RulesActivated)
        assert work.prepared == event.id
        self._note("first", event, work)
        if event.data.pack == POISON:
            raise PermanentRefusalError("never")
        data = MemoSuperseded(memo_id=event.id, version=1, reason="publication-withdrawn")
        return [NewEvent(subject=event.subject, data=data)]

    def _second(self, event: Event, work: UnitOfWork) -> list[NewEvent]:
        self._note("second" if isinstance(event.data, MemoSuperseded) else "third", event, work)
        return []


class LedgerAndBus(RuleBasedStateMachine):
    """One ledger, followed by the embedded bus until it is moved to workers with an inbox."""

    open_database: Callable[[Path], Database]
    new_folder: Callable[[Path], object]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="thammuu-machine-"))
        type(self).new_folder(self.folder)
        self.effects = Effects()
        self.appended: list[Event] = []
        self.open()
        self.moved = False

    def open(self) -> None:
        parts: dict[str, Any] = dict.fromkeys(("blobs", "packs", "renderer", "settings"))
        self.context = Context(database=type(self).open_database(self.folder), clock=lambda: NOON, **parts)
        self.bus = EmbeddedBus(self.context, self.effects.routes())

    def teardown(self) -> None:
        try:
            self.drain()
            self.check_all_is_handled()
        finally:
            self.context.database.close()
            shutil.rmtree(self.folder)

    @initialize(moved=st.booleans())
    def begin(self, moved: bool) -> None:  # noqa: FBT001  hypothesis draws it
        self.moved = moved

    @rule(subjects=st.lists(st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(("a", "a", POISON))), max_size=12))
    def append(self, subjects: list[tuple[str, str]]) -> None:
        start = len(self.appended)
        new = [
            envelope(NewEvent(subject=subject, data=RulesActivated(pack=pack)), f"id-{start + place:04}", NOON)
            for place, (subject, pack) in enumerate(subjects)
        ]
        self.write(new)
        self.appended += new

    @precondition(lambda self: self.appended)
    @rule(data=st.data())
    def append_what_is_there(self, data: st.DataObject) -> None:
        self.write(data.draw(st.lists(st.sampled_from(self.appended), max_size=4)))

    @rule(point=st.sampled_from([name for name in CRASHES if name.startswith(("ledger.", "database."))]))
    def append_and_crash(self, point: str) -> None:
        lost = envelope(NewEvent(subject="x", data=RulesActivated(pack="a")), f"id-{len(self.appended):04}", NOON)
        with crashing(point, 1):
            self.write([lost])
        self.reopen()
        if lost.id in [one.event.id for one in self.recorded()]:
            assert point == "database.committed"
            self.appended.append(lost)

    @precondition(lambda self: not self.moved)
    @rule()
    def follow(self) -> None:
        self.bus.run()

    @precondition(lambda self: not self.moved)
    @rule(point=st.sampled_from(CRASHES), times=st.integers(1, 6))
    def follow_and_crash(self, point: str, times: int) -> None:
        with crashing(point, times):
            self.bus.run()
        self.reopen()

    @precondition(lambda self: not self.moved)
    @rule()
    def move_to_workers(self) -> None:
        self.moved = True

    @precondition(lambda self: self.moved)
    @rule(data=st.data())
    def deliver_in_any_order_and_repeatedly(self, data: st.DataObject) -> None:
        for recorded in self.drawn(data):
            self.deliver(recorded)

    @precondition(lambda self: self.moved)
    @rule(data=st.data(), point=st.sampled_from(CRASHES), times=st.integers(1, 4))
    def deliver_and_crash(self, data: st.DataObject, point: str, times: int) -> None:
        drawn = self.drawn(data)
        with crashing(point, times):
            for recorded in drawn:
                self.deliver(recorded)
        self.reopen()

    @invariant()
    def the_ledger_is_whole_and_keeps_what_was_appended_in_its_order(self) -> None:
        recorded = self.recorded()
        assert [one.position for one in recorded] == list(range(1, len(recorded) + 1))
        assert [one.event for one in recorded if one.event.id.startswith("id-")] == self.appended
        with self.context.database.snapshot() as connection:
            assert log.verify(connection) == []

    @invariant()
    def each_event_has_one_effect_at_most_and_its_output_with_it(self) -> None:
        done = self.done()
        assert [key for key, calls in done.items() if calls > 1] == []
        outputs = [one.event for one in self.recorded() if isinstance(one.event.data, MemoSuperseded)]
        assert sorted(str(one.causationid) for one in outputs) == sorted(
            event for consumer, event in done if consumer == "first"
        )

    def write(self, events: list[Event]) -> None:
        with self.context.database.transaction() as connection:
            log.append(connection, events)

    def reopen(self) -> None:
        self.context.database.close()
        self.open()

    def recorded(self) -> list[Recorded]:
        with self.context.database.snapshot() as connection:
            return list(log.read(connection))

    def drawn(self, data: st.DataObject) -> list[Recorded]:
        there = self.recorded()
        return data.draw(st.lists(st.sampled_from(there), max_size=10)) if there else []

    def deliver(self, recorded: Recorded) -> None:
        for route in self.effects.routes():
            if route.event.event_type == recorded.event.type:
                handle_once(self.context, route, recorded.event, recorded.position)

    def done(self) -> Counter[tuple[str, str]]:
        with self.context.database.snapshot() as connection:
            rows = connection.execute(select(findings.c.unit_id, findings.c.publication_id))
            return Counter((row.unit_id, row.publication_id) for row in rows)

    def drain(self) -> None:
        if not self.moved:
            self.bus.run()
            return
        before = -1
        while before != len(found := self.recorded()):
            before = len(found)
            for recorded in found:
                self.deliver(recorded)

    def check_all_is_handled(self) -> None:
        recorded = [one.event for one in self.recorded()]
        refused = [one.data.rejected for one in recorded if isinstance(one.data, EventRejected)]
        packs = {one.id: one.data.pack for one in recorded if isinstance(one.data, RulesActivated)}
        assert sorted(refused) == sorted(name for name, pack in packs.items() if pack == POISON)
        expected = {("first", name) for name, pack in packs.items() if pack != POISON}
        expected |= {("second", one.id) for one in recorded if isinstance(one.data, MemoSuperseded)}
        assert set(self.done()) == expected | {("third", name) for name in packs}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


def test_sqlite_keeps_the_promises_whatever_happens(tmp_path: Path) -> None:
    SqliteDatabase(tmp_path / "empty.sqlite3", writable=True).close()

    class OnSqlite(LedgerAndBus):
        new_folder = staticmethod(lambda folder: shutil.copy(tmp_path / "empty.sqlite3", folder / "ledger.sqlite3"))
        open_database = staticmethod(lambda folder: SqliteDatabase(folder / "ledger.sqlite3", writable=True))

    run_state_machine_as_test(OnSqlite, settings=settings(max_examples=40, stateful_step_count=20))


def test_postgresql_keeps_them_too(postgres: Postgres) -> None:
    def prepare(folder: Path) -> None:
        url = postgres.new_database()
        (folder / "url").write_text(url)
        database = PostgresDatabase(url)
        database.upgrade()
        database.close()

    class OnPostgres(LedgerAndBus):
        new_folder = staticmethod(prepare)
        open_database = staticmethod(lambda folder: PostgresDatabase((folder / "url").read_text()))

    run_state_machine_as_test(OnPostgres, settings=settings(max_examples=6, stateful_step_count=15))
