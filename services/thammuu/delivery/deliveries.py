"""What people and incoming mail do with deliveries: look, send again, cancel, tell what became of one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select, update

from thammuu.delivery import recipients
from thammuu.delivery.contacts import next_contacts
from thammuu.delivery.reasons import freed
from thammuu.delivery.repeats import repeats_of
from thammuu.delivery.states import WAITING, may_become
from thammuu.delivery.telling import ANSWERED, moment, told
from thammuu.delivery.vocabulary import ADDRESSED_AS
from thammuu.errors import BadInputError, Place, Problem
from thammuu.events import DeliveryCancelled, DeliveryFailed, DeliveryRequeued, DeliverySucceeded
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import deliveries, delivery_memos

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.events import Event

_ARRIVED = frozenset({"accepted", "delivered"})


def news(
    context: Context,
    delivery_id: str | None,
    state: Literal["bounced", "delivered"],
    reason: str = "",
    *,
    answered: bool = False,
) -> bool:
    """Record what is told of a delivery from outside; what comes late or contradicts what is known is dropped.

    Repeats of what was answered are not sent, also where it was known to have arrived.

    Args:
        context: The program's parts.
        delivery_id: Whoever tells may name one that is none.
        state: What it became.
        reason: In words.
        answered: Whether a person answered it.

    Returns:
        Whether the delivery's state was recorded.
    """
    with context.database.transaction() as connection:
        row = _locked(connection, [delivery_id or ""]).get(delivery_id or "")
        if row is None:
            return False
        recorded = may_become(row.state, state)
        events = _became(context, connection, row, state, freed(reason)) if recorded else []
        if answered and row.attempts:
            repeats = repeats_of(connection, [row.delivery_id])
            events += _cancelled(context, connection, repeats, freed(reason), ANSWERED)
        log.append(connection, events)
    return recorded


def retry(
    context: Context, connection: Connection, names: Sequence[str], by: str, *, anyway: bool = False
) -> list[str]:
    """Have deliveries sent again, now; a second copy of what has arrived only if that is wanted.

    Args:
        context: The program's parts.
        connection: The transaction.
        names: Their ids.
        by: Who says so.
        anyway: Also those that have arrived.

    Returns:
        The ids of those that wait now.

    Raises:
        BadInputError: With every delivery that is unknown, under way, or has arrived.
    """
    rows = _checked(connection, names, lambda row: _fault_of_retry(row, anyway=anyway))
    now = context.clock()
    limit = timedelta(hours=context.settings.delivery_deadline_h)
    events = []
    for row in rows:
        values = {"state": "queued", "due": now.timestamp(), "deadline": (now + limit).timestamp(), "overdue": False}
        mine = deliveries.c.delivery_id == row.delivery_id
        connection.execute(update(deliveries).where(mine).values(reason="", **values))
        data = DeliveryRequeued(delivery_id=row.delivery_id, by=by, due=now)
        events.append(told(context, row.delivery_id, row.subject, "requeued", now.isoformat(), data))
    log.append(connection, events)
    return [row.delivery_id for row in rows]


def cancel(context: Context, connection: Connection, names: Sequence[str], by: str, reason: str) -> list[str]:
    """Cancel deliveries that wait, and their repeats.

    Args:
        context: The program's parts.
        connection: The transaction.
        names: Their ids.
        by: Who says so.
        reason: Why.

    Returns:
        The ids of the cancelled ones, repeats last.

    Raises:
        BadInputError: With every delivery that is unknown or does not wait.
    """
    rows = _checked(connection, names, _fault_of_cancel)
    rows += [row for row in repeats_of(connection, names) if row.delivery_id not in names]
    log.append(connection, _cancelled(context, connection, rows, freed(reason), by))
    return [row.delivery_id for row in rows]


def _cancelled(context: Context, connection: Connection, rows: Sequence[Row[Any]], reason: str, by: str) -> list[Event]:
    events = []
    for row in rows:
        mine = deliveries.c.delivery_id == row.delivery_id
        connection.execute(update(deliveries).where(mine).values(state="cancelled", reason=reason))
        data = DeliveryCancelled(delivery_id=row.delivery_id, reason=reason, by=by)
        events.append(told(context, row.delivery_id, row.subject, "cancelled", context.clock().isoformat(), data))
    return events


def _became(
    context: Context, connection: Connection, row: Row[Any], state: Literal["bounced", "delivered"], reason: str
) -> list[Event]:
    # the claim goes with it: what a sender that is at it hears comes too late to count
    values = {"state": state, "reason": reason, "holder": None, "held_until": None}
    connection.execute(update(deliveries).where(deliveries.c.delivery_id == row.delivery_id).values(**values))
    events = [_news_event(context, row, state, reason)]
    if state == "bounced":
        for name in _readers(connection, row):
            recipients.bounced(connection, name, ADDRESSED_AS.get(row.channel, row.channel))
        events += next_contacts(context, connection, [row])
    return events


def _fault_of_retry(row: Row[Any], *, anyway: bool) -> str | None:
    if row.state == "attempting":
        return _("it is being sent at this moment")
    if row.state in _ARRIVED and not anyway:
        return _("it has arrived; --anyway sends a second copy")
    return None


def _fault_of_cancel(row: Row[Any]) -> str | None:
    return (
        None if row.state in WAITING else _("only what waits can be cancelled; it is {state}").format(state=row.state)
    )


def _checked(
    connection: Connection, names: Sequence[str], fault_of: Callable[[Row[Any]], str | None]
) -> list[Row[Any]]:
    rows = _locked(connection, names)
    wrong = {name: _("no delivery has this id") for name in names if name not in rows}
    wrong |= {name: fault for name, row in rows.items() if (fault := fault_of(row)) is not None}
    if wrong:
        problems = [
            Problem("delivery-not-possible", fault, Place(), value=name) for name, fault in sorted(wrong.items())
        ]
        raise BadInputError(_("Nothing was changed: {n} deliveries cannot be.").format(n=len(wrong)), problems)
    return [rows[name] for name in dict.fromkeys(names)]


def _locked(connection: Connection, names: Sequence[str]) -> dict[str, Row[Any]]:
    named = deliveries.c.delivery_id.in_(list(names))
    query = select(deliveries).where(named).order_by(deliveries.c.delivery_id).with_for_update()
    return {row.delivery_id: row for row in connection.execute(query)}


def _readers(connection: Connection, row: Row[Any]) -> list[str]:
    """Return who was to read a message: its recipient, and those who share the address."""
    query = select(delivery_memos.c.recipient_id).where(delivery_memos.c.delivery_id == row.delivery_id)
    return sorted({row.recipient_id, *connection.execute(query).scalars()})


def _news_event(context: Context, row: Row[Any], state: Literal["bounced", "delivered"], reason: str) -> Event:
    whose = {"delivery_id": row.delivery_id, "attempt": row.attempts}
    data = (
        DeliveryFailed(**whose, state="bounced", reason=reason)
        if state == "bounced"
        else DeliverySucceeded(**whose, state="delivered", reference=row.reference)
    )
    # a message that a person had sent again can be told of once more
    return told(context, row.delivery_id, row.subject, f"news-{state}", row.attempts, data)


def as_row(row: Row[Any]) -> dict[str, Any]:
    """Return a row of ``deliveries`` for people and programs, with moments instead of seconds."""
    plain = dict(row._mapping)  # noqa: SLF001  SQLAlchemy's public name
    times = {name: None if plain[name] is None else moment(plain[name]) for name in ("due", "deadline", "held_until")}
    return plain | times
