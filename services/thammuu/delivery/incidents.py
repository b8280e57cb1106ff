"""An overdue message is an incident: operators are told of it by another channel, and their messages raise none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from thammuu.canonical import derived_id
from thammuu.clock import today
from thammuu.delivery.late import units_of_late
from thammuu.delivery.planning import first_in_turn, mark_of, usable
from thammuu.delivery.recipients import recipients_of
from thammuu.delivery.telling import told
from thammuu.delivery.timing import hours_of, next_allowed
from thammuu.delivery.vocabulary import ADDRESSED_AS
from thammuu.events import DeliveryQueued
from thammuu.ledger.schema import deliveries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.recipients import Recipient
    from thammuu.events import Event

KIND: Final = "incident"
SPACING_S: Final = 3_600
"""To one address by one channel there is at most one such message in each of these; it tells of all that is overdue."""
_TO_TRY_THINGS_OUT: Final = "file"
_LOG = structlog.get_logger(__name__)


def raised(
    context: Context, connection: Connection, late: Sequence[Row[Any]], channels: Collection[str]
) -> list[Event]:
    """Queue messages to the operators of units whose messages are overdue, by every other channel they can be told by.

    One with memos to several units is told to the operators of each. What they are told is worked out when it is sent;
    until then it tells of whatever becomes overdue meanwhile.

    Args:
        context: The program's parts.
        connection: The transaction.
        late: Rows of ``deliveries`` that have become overdue.
        channels: Those that are set up.

    Returns:
        The events, for the caller to append last.
    """
    wanted: dict[tuple[str, str], Recipient] = {}
    about = units_of_late(connection) if late else {}
    for unit_id, channel in sorted({(unit, row.channel) for row in late for unit in about.get(row.delivery_id, ())}):
        others = {one for one in channels if one != _TO_TRY_THINGS_OUT and one != ADDRESSED_AS.get(channel, channel)}
        operators = first_in_turn(recipients_of(connection, unit_id, today(context.clock)), "operator", others)
        if not operators:
            _LOG.error("no operator can be told of overdue messages", unit=unit_id, channel=channel)
        for operator in operators:
            for name in sorted(others & usable(operator)):
                key = (name, mark_of(operator, name))
                # of two at the same address it is the one who follows more units, "*" before all
                wanted[key] = min(wanted.get(key, operator), operator, key=lambda one: (one.unit_id, one.recipient_id))
    made = (queued(context, connection, one, channel) for (channel, _mark), one in sorted(wanted.items(), key=_place))
    return [event for event in made if event is not None]


def queued(
    context: Context, connection: Connection, operator: Recipient, channel: str, instead_of: str | None = None
) -> Event | None:
    """Queue a message to an operator, and return its event; None where one waits that will tell of everything.

    Args:
        context: The program's parts.
        connection: The transaction.
        operator: To whom.
        channel: By which channel.
        instead_of: The delivery that did not arrive.
    """
    spell = int(context.clock().timestamp() // SPACING_S)
    while True:
        name = derived_id(KIND, operator.recipient_id, channel, spell)
        if _is_there(connection, name):
            if _waits(connection, name):
                return None
            spell += 1
            continue
        data = _decided(context, operator, channel, name, spell, instead_of)
        try:
            with connection.begin_nested():
                connection.execute(insert(deliveries).values(**_row(data, operator.unit_id)))
        except IntegrityError:
            # another sender was faster: look at its message
            continue
        return told(context, name, operator.unit_id, "queued", spell, data)


def _decided(  # noqa: PLR0913, PLR0917  what is decided on
    context: Context, operator: Recipient, channel: str, name: str, spell: int, instead_of: str | None
) -> DeliveryQueued:
    hours = hours_of(operator.quiet_from, operator.quiet_to, None)
    at = max(context.clock(), datetime.fromtimestamp(spell * SPACING_S, UTC))
    # a day off puts no incident off; whoever wants it at night has no quiet hours
    due = next_allowed(at, hours, lambda _day: True)
    return DeliveryQueued(
        delivery_id=name,
        recipient=operator.recipient_id,
        channel=channel,
        kind=KIND,
        memos=(),
        severity="critical",
        due=due,
        deadline=due + timedelta(hours=context.settings.delivery_deadline_h),
        instead_of=instead_of,
    )


def _place(item: tuple[tuple[str, str], Recipient]) -> tuple[str, str]:
    (channel, _mark), operator = item
    return (operator.recipient_id, channel)


def _is_there(connection: Connection, name: str) -> bool:
    return connection.execute(select(deliveries.c.state).where(deliveries.c.delivery_id == name)).first() is not None


def _waits(connection: Connection, name: str) -> bool:
    """Tell whether a message is still to be written, and keep senders from it until the transaction has ended."""
    c = deliveries.c
    mine = (c.delivery_id == name) & (c.state == "queued") & (c.attempts == 0)
    return connection.execute(select(c.state).where(mine).with_for_update(skip_locked=True)).first() is not None


def _row(data: DeliveryQueued, unit_id: str) -> dict[str, Any]:
    return {
        "delivery_id": data.delivery_id, "recipient_id": data.recipient, "channel": data.channel, "subject": unit_id,
        "kind": data.kind, "severity": data.severity, "state": "queued", "due": data.due.timestamp(),
        "deadline": data.deadline.timestamp(), "attempts": 0, "unknowns": 0, "reason": "messages are overdue",
        "reference": "", "repetition": 0, "instead_of": data.instead_of, "overdue": False,
    }  # fmt: skip
