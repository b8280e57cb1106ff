"""Which repeats of a message are still to come: they stop once it was answered or cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, FromClause, exists, select

from thammuu.delivery.states import WAITING
from thammuu.ledger.schema import deliveries, delivery_memos

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

_OF_ONE_DECISION = ("memo_id", "version", "recipient_id", "channel", "kind")


def repeats_of(connection: Connection, names: Sequence[str]) -> list[Row[Any]]:
    """Return the waiting messages that repeat others and tell nothing else, locked.

    A repeat that further memos have joined goes out for their sake.

    Args:
        connection: The transaction.
        names: Ids of the messages that are repeated.
    """
    said, other = delivery_memos.alias(), delivery_memos.alias()
    repeats = select(said.c.delivery_id).where(_repeats(said, names))
    more = exists().where(other.c.delivery_id == deliveries.c.delivery_id, ~_repeats(other, names))
    query = select(deliveries).where(
        deliveries.c.delivery_id.in_(repeats), deliveries.c.state.in_(sorted(WAITING)), ~more
    )
    return list(connection.execute(query.order_by(deliveries.c.delivery_id).with_for_update()))


def _repeats(said: FromClause, names: Sequence[str]) -> ColumnElement[bool]:
    """Return the condition that a row says again what one of the messages said to the same recipient."""
    before = delivery_memos.alias()
    same = (before.c[name] == said.c[name] for name in _OF_ONE_DECISION)
    return exists().where(*same, before.c.repetition < said.c.repetition, before.c.delivery_id.in_(list(names)))
