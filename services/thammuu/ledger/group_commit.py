"""One commit for the work of several threads: a commit waits for the disk, and many can wait together."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING

from thammuu.ledger.prepared import at_once

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import RootTransaction

MOST = 64
"""Units of work in one commit; the first of them waits for the last."""
_LOOK_S = 0.1


@dataclass
class _Open:
    """A transaction that several threads share.

    Args:
        connection: Begun.
        transaction: Of that connection.
        parts: How many units of work are in it.
        ended: Set when it was committed or rolled back.
        fault: Why it was not committed.
    """

    connection: Connection
    transaction: RootTransaction
    parts: int = 0
    ended: Event = field(default_factory=Event)
    fault: BaseException | None = None


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
        except BaseException as error:
            try:
                at_once(shared.connection, "ROLLBACK TO part")
                at_once(shared.connection, "RELEASE part")
            except Exception:  # noqa: BLE001  the savepoint went with the transaction
                shared.fault = error
                shared.transaction.rollback()
            raise
        at_once(shared.connection, "RELEASE part")

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
