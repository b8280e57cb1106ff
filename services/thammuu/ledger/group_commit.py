"""One commit for the work of several threads: a commit waits for the disk, and many can wait together.

Work that is handed over as a function is done by whichever thread has the turn, one after the other (flat combining:
Hendler et al., SPAA 2010): a thread that had to wake up for each piece would take longer to do so than the piece takes.
"""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from thammuu.ledger.prepared import at_once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import RootTransaction

T = TypeVar("T")
MOST = 64
"""Units of work in one commit; the first of them waits for the last."""
_LOOK_S = 0.1
_COMMITS_FOR_OTHERS = 16
"""After so many a thread goes on with its own affairs; whoever waits takes over."""


@dataclass
class _Open:
    """A transaction that several threads share.

    Args:
        connection: Begun.
        transaction: Of that connection.
        parts: How many units of work are in it.
        ended: Set when it was committed or rolled back.
        fault: Why it was not committed.
        handed: What was handed over and is in it.
    """

    connection: Connection
    transaction: RootTransaction
    parts: int = 0
    ended: Event = field(default_factory=Event)
    fault: BaseException | None = None
    handed: list[_Handed[Any]] = field(default_factory=list)


class _Handed(Generic[T]):
    """A unit of work for whichever thread has the turn; language and trace are those of the thread it comes from.

    Args:
        work: What is to be done on a connection.
    """

    def __init__(self, work: Callable[[Connection], T]) -> None:
        self._work, self._meaning = work, copy_context()
        self._ended = Lock()
        self._ended.acquire()
        self._result: list[T] = []
        self.fault: BaseException | None = None

    def do(self, connection: Connection) -> None:
        self._result.append(self._meaning.run(self._work, connection))

    def end(self, fault: BaseException | None) -> None:
        """Let its thread go on; its own fault is told before the one of the commit."""
        self.fault = self.fault or fault
        self._ended.release()

    def has_ended(self, within_s: float) -> bool:
        return self._ended.acquire(timeout=within_s)

    def result(self) -> T:
        if self.fault is not None:
            raise self.fault
        return self._result[0]


class GroupCommit:
    """Runs units of work one after another on one connection, and commits when nobody waits for a turn.

    Args:
        engine: Of the one writing connection.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = Lock()
        self._counting = Lock()
        self._waiting = 0
        self._open: _Open | None = None
        self._handed: deque[_Handed[Any]] = deque()

    def hand_over(self, work: Callable[[Connection], T]) -> T:
        """Have a unit of work done by the thread whose turn it is; return its result once that is committed.

        Raises:
            BaseException: What the unit of work raised, or what kept the shared transaction from being committed.
        """
        one = _Handed(work)
        self._handed.append(one)
        self._do_handed()
        # whoever had the turn has done it; if that thread was interrupted, somebody else does
        while not one.has_ended(_LOOK_S):
            self._do_handed()
        return one.result()

    @contextmanager
    def part(self) -> Iterator[Connection]:
        """Give the connection to one unit of work; it is committed, or undone alone, when this returns.

        Raises:
            BaseException: What the unit of work raised, or what kept the shared transaction from being committed.
        """
        with self._my_turn():
            shared = self._open = self._open or self._begun()
            try:
                with self._own_part(shared):
                    yield shared.connection
                shared.parts += 1
            finally:
                if not self._waiting or shared.parts >= MOST or not shared.transaction.is_active:
                    self._end(shared)
        # whoever waited for the next turn commits; one that was interrupted meanwhile does not
        while not shared.ended.wait(_LOOK_S):
            with self._turn:
                if self._open is shared and not self._waiting:
                    self._end(shared)
        if shared.fault is not None:
            raise shared.fault

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        with self._counting:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._counting:
                self._waiting -= 1
        try:
            yield
        finally:
            self._turn.release()
            self._do_handed()

    def _do_handed(self) -> None:
        for _commit in range(_COMMITS_FOR_OTHERS):
            # whoever hands over when the turn is just being given back finds it free, or is found here
            if not self._handed or not self._turn.acquire(blocking=False):
                return
            try:
                self._do_some()
            finally:
                self._turn.release()

    def _do_some(self) -> None:
        try:
            shared = self._open = self._open or self._begun()
        except Exception as error:  # noqa: BLE001  every thread that takes part raises it
            while self._handed:
                self._handed.popleft().end(error)
            return
        try:
            while self._handed and shared.parts < MOST and shared.transaction.is_active:
                self._do_one(shared, self._handed.popleft())
        finally:
            self._end(shared)

    def _do_one(self, shared: _Open, one: _Handed[Any]) -> None:
        shared.handed.append(one)
        try:
            with self._own_part(shared):
                one.do(shared.connection)
            shared.parts += 1
        except Exception as error:  # noqa: BLE001  its own thread raises it
            one.fault = error
        except BaseException:
            one.fault = InterruptedError("the thread that did the work was interrupted")
            raise

    def _begun(self) -> _Open:
        connection = self._engine.connect()
        try:
            return _Open(connection, connection.begin())
        except BaseException:
            connection.close()
            raise

    @contextmanager
    def _own_part(self, shared: _Open) -> Iterator[None]:
        """Undo a failed unit of work alone; SQLite itself ends the whole transaction when the disk is full."""
        if not shared.parts:
            try:
                yield
            except BaseException:
                shared.transaction.rollback()
                raise
            return
        # SQLAlchemy's own savepoints take five times as long
        at_once(shared.connection, "SAVEPOINT part")
        try:
            yield
        except BaseException:
            try:
                at_once(shared.connection, "ROLLBACK TO part")
                at_once(shared.connection, "RELEASE part")
            except Exception as lost:  # noqa: BLE001  the savepoint went with the transaction, and all other work
                self._is_lost(shared, lost)
            raise
        try:
            at_once(shared.connection, "RELEASE part")
        except Exception as lost:
            self._is_lost(shared, lost)
            raise

    @staticmethod
    def _is_lost(shared: _Open, fault: Exception) -> None:
        shared.fault = fault
        shared.transaction.rollback()

    def _end(self, shared: _Open) -> None:
        self._open = None
        try:
            if shared.transaction.is_active:
                shared.transaction.commit()
        except BaseException as error:  # noqa: BLE001  every thread that takes part raises it
            shared.fault = error
            shared.transaction.rollback()
        finally:
            shared.connection.close()
            shared.ended.set()
            for one in shared.handed:
                one.end(shared.fault)
