"""A lease in the database: of several processes one is at a piece of work, and another takes over when it is gone."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from thammuu.ledger.schema import leases

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.ledger.database import Database


@dataclass(frozen=True)
class Lease:
    """What one process holds while it is at a piece of work.

    Args:
        database: Where it is kept.
        name: The work.
        holder: The process's own name.
        lasts_s: How long it lasts without being renewed, in seconds.
    """

    database: Database
    name: str
    holder: str
    lasts_s: float

    def taken(self) -> bool:
        """Take or renew it; False while another process holds it."""
        with self.database.transaction() as connection:
            now = _now(connection)
            values = {"holder": self.holder, "until": now + self.lasts_s}
            free = (leases.c.name == self.name) & ((leases.c.holder == self.holder) | (leases.c.until < now))
            if connection.execute(update(leases).where(free).values(**values)).rowcount:
                return True
            try:
                with connection.begin_nested():
                    connection.execute(insert(leases).values(name=self.name, **values))
            except IntegrityError:
                return False
            return True

    def given_up(self) -> None:
        """End it, so that another process need not wait for its end."""
        with self.database.transaction() as connection:
            mine = (leases.c.name == self.name) & (leases.c.holder == self.holder)
            connection.execute(update(leases).where(mine).values(until=0.0))

    def still_held(self, connection: Connection) -> bool:
        """Tell whether it is held, and keep others from taking it until the end of the caller's transaction."""
        mine = (leases.c.name == self.name) & (leases.c.holder == self.holder) & (leases.c.until >= _now(connection))
        return connection.execute(select(leases.c.name).where(mine).with_for_update()).first() is not None


def is_held(connection: Connection, name: str) -> bool:
    """Tell whether any process holds a lease."""
    held = (leases.c.name == name) & (leases.c.until >= _now(connection))
    return connection.execute(select(leases.c.name).where(held)).first() is not None


def _now(connection: Connection) -> float:
    """Return the time by the database's clock: processes on several machines have several clocks."""
    if connection.dialect.name == "postgresql":
        return float(connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
    return time.time()
