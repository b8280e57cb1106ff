"""The relay's side of the ledger: the lease that makes one of them active, and the place it has read up to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from thammuu.bus.lease import Lease
from thammuu.ledger.schema import events, progress

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.bus.context import Context

NAME = "relay"
BATCH = 500
LEASE_S = 10.0
_TRACED = b'"traceparent":"'


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One event as it goes out: its bytes are those of the ledger."""

    position: int
    id: str
    type: str
    subject: str
    body: bytes

    @property
    def traceparent(self) -> str | None:
        """Its place in a trace, where it has one."""
        if _TRACED not in self.body:
            return None
        place: str | None = json.loads(self.body).get("traceparent")
        return place


@dataclass(frozen=True)
class Outbox:
    """What one relay may send.

    Args:
        context: The program's parts.
        holder: The relay's own name.
        lease_s: How long a lease lasts without being renewed, in seconds.
    """

    context: Context
    holder: str
    lease_s: float = LEASE_S

    def lead(self) -> bool:
        """Take or renew the lease; False while another relay holds it."""
        return self._lease.taken()

    def give_up(self) -> None:
        """End the lease, so that another relay need not wait for its end."""
        self._lease.given_up()

    def waiting(self, limit: int = BATCH) -> list[Outgoing]:
        """Return the next events to send, in ledger order."""
        with self.context.database.snapshot() as connection:
            columns = (events.c.position, events.c.id, events.c.type, events.c.subject, events.c.body)
            after = events.c.position > _position(connection)
            query = select(*columns).where(after).order_by(events.c.position).limit(limit)
            return [Outgoing(*row) for row in connection.execute(query)]

    def sent(self, first: int, last: int) -> bool:
        """Record that the events from one position to another are with the broker.

        Returns:
            False if the lease was lost, or somebody moved the place to send from, meanwhile.
        """
        with self.context.database.transaction() as connection:
            if not self._lease.still_held(connection):
                return False
            row = select(progress.c.position).where(progress.c.consumer == NAME).with_for_update()
            if (connection.execute(row).scalar() or 0) != first - 1:
                return False
            _move(connection, last)
        return True

    def behind(self) -> int:
        """Return how many events wait to be sent."""
        with self.context.database.snapshot() as connection:
            last = connection.execute(select(func.max(events.c.position))).scalar() or 0
            return int(last) - _position(connection)

    @property
    def _lease(self) -> Lease:
        return Lease(self.context.database, NAME, self.holder, self.lease_s)


def rewind(connection: Connection, position: int) -> None:
    """Make the relay send again what stands after a position; consumers know what they have handled."""
    _move(connection, position)


def _move(connection: Connection, position: int) -> None:
    moved = update(progress).where(progress.c.consumer == NAME).values(position=position)
    if not connection.execute(moved).rowcount:
        connection.execute(insert(progress).values(consumer=NAME, position=position))


def _position(connection: Connection) -> int:
    return connection.execute(select(progress.c.position).where(progress.c.consumer == NAME)).scalar() or 0
