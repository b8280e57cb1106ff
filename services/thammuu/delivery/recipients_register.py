"""Changes to the register of recipients: take over a list, change or erase one."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from thammuu.clock import today
from thammuu.delivery.vault import vault_of
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.ledger.schema import contact_points, recipients

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.delivery.recipients_entry import Entry
    from thammuu.delivery.vault import Vault


TURN = "recipients"
"""Whoever adds or changes recipients waits for others who do: two must not get the same address at once."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import did, in recipients."""

    new: int
    changed: int
    unchanged: int
    ended: int


def take_over(context: Context, entries: Sequence[Entry], *, end_others: bool = False) -> Taken:
    """Take over a list: who has one of the addresses in the same role of the same unit is that recipient.

    Args:
        context: The program's parts.
        entries: The list.
        end_others: Whether recipients of the list's units who are not on it end yesterday.

    Raises:
        BadInputError: If no key is set.
    """
    vault = vault_of(context.settings)
    counts = {"new": 0, "changed": 0, "unchanged": 0}
    with context.database.transaction(TURN) as connection:
        on_list = set()
        for entry in entries:
            name, how = keep(connection, vault, entry)
            on_list.add(name)
            counts[how] += 1
        ended = _end(context, connection, entries, on_list) if end_others else 0
    return Taken(**counts, ended=ended)


def keep(connection: Connection, vault: Vault, entry: Entry) -> tuple[str, str]:
    """Keep a recipient: a new one, or whoever has one of its addresses in the same role of the same unit.

    Args:
        connection: A transaction with :data:`TURN`.
        vault: Seals.
        entry: What is known of it.

    Returns:
        Its id, and ``new``, ``changed`` or ``unchanged``.
    """
    known = next(iter(same_as(connection, vault, entry)), None)
    if known is not None:
        return known, "changed" if put(connection, vault, known, entry) else "unchanged"
    name = f"r-{secrets.token_hex(8)}"
    row = {"recipient_id": name, "sealed_name": vault.seal(entry.name.encode()), "erased": False}
    connection.execute(insert(recipients).values(**row, **entry.values))
    _write_points(connection, vault, name, entry)
    return name, "new"


def put(connection: Connection, vault: Vault, recipient_id: str, entry: Entry) -> bool:
    """Let a recipient be what an entry says; return whether that changes anything.

    Args:
        connection: A transaction with :data:`TURN`.
        vault: Seals.
        recipient_id: One that is not erased.
        entry: All that is known of it. A channel whose messages came back stays so while its address does.
    """
    if _as_known(connection, vault, recipient_id, entry):
        return False
    values = entry.values | {"sealed_name": vault.seal(entry.name.encode())}
    connection.execute(update(recipients).where(recipients.c.recipient_id == recipient_id).values(**values))
    states = {one.address_mark: one.state for one in connection.execute(_points_of(recipient_id))}
    connection.execute(delete(contact_points).where(contact_points.c.recipient_id == recipient_id))
    _write_points(connection, vault, recipient_id, entry, states)
    return True


def same_as(connection: Connection, vault: Vault, entry: Entry) -> list[str]:
    """Return who has one of an entry's addresses in the same role of the same unit, by id."""
    c = recipients.c
    query = select(c.recipient_id).join(contact_points, contact_points.c.recipient_id == c.recipient_id)
    mine = (c.unit_id == entry.values["unit_id"], c.role == entry.values["role"], ~c.erased)
    marks = sorted(vault.mark(channel, address) for channel, address in entry.addresses.items())
    query = query.where(*mine, contact_points.c.address_mark.in_(marks)).order_by(c.recipient_id).distinct()
    return list(connection.execute(query).scalars())


def _as_known(connection: Connection, vault: Vault, name: str, entry: Entry) -> bool:
    row = connection.execute(select(recipients).where(recipients.c.recipient_id == name)).one()._mapping  # noqa: SLF001  SQLAlchemy's public name
    if any(row[column] != value for column, value in entry.values.items()):
        return False
    if row["sealed_name"] is None or vault.open(row["sealed_name"]).decode() != entry.name:
        return False
    points = {one.channel: one for one in connection.execute(_points_of(name))}
    if points.keys() != entry.addresses.keys():
        return False
    return all(json.loads(vault.open(one.sealed)) == _told(entry, channel) for channel, one in points.items())


def _write_points(
    connection: Connection, vault: Vault, name: str, entry: Entry, states: Mapping[str, str] | None = None
) -> None:
    rows = []
    for channel, address in entry.addresses.items():
        mark = vault.mark(channel, address)
        sealed = vault.seal(json.dumps(_told(entry, channel)).encode())
        state = (states or {}).get(mark, "usable")
        rows.append({"recipient_id": name, "channel": channel, "sealed": sealed, "address_mark": mark, "state": state})
    connection.execute(insert(contact_points), rows)


def _told(entry: Entry, channel: str) -> dict[str, str]:
    secret = {"secret": entry.secret} if channel == "webhook" and entry.secret else {}
    return {"address": entry.addresses[channel]} | secret


def _points_of(name: str) -> Any:  # noqa: ANN401  a query
    return select(contact_points).where(contact_points.c.recipient_id == name)


def _end(context: Context, connection: Connection, entries: Sequence[Entry], on_list: set[str]) -> int:
    units = sorted({entry.values["unit_id"] for entry in entries})
    yesterday = today(context.clock) - timedelta(days=1)
    c = recipients.c
    open_ended = (c.valid_to.is_(None)) | (c.valid_to > yesterday)
    others = c.unit_id.in_(units) & ~c.recipient_id.in_(sorted(on_list)) & ~c.erased & open_ended
    return connection.execute(update(recipients).where(others).values(valid_to=yesterday)).rowcount


def usable_again(connection: Connection, recipient_id: str, channel: str) -> None:
    """Let a channel be used again after messages came back.

    Raises:
        BadInputError: If the recipient has no such channel.
    """
    mine = (contact_points.c.recipient_id == recipient_id) & (contact_points.c.channel == channel)
    if not connection.execute(update(contact_points).where(mine).values(state="usable")).rowcount:
        raise BadInputError(_("{name} has no channel {channel}.").format(name=recipient_id, channel=channel))


def erase(connection: Connection, recipient_id: str) -> None:
    """Erase a recipient's name, addresses and secrets for good; what was sent stays recorded under its id.

    Raises:
        BadInputError: If there is none of that id.
    """
    mine = recipients.c.recipient_id == recipient_id
    gone = {"sealed_name": None, "erased": True, "agency": None}
    if not connection.execute(update(recipients).where(mine).values(**gone)).rowcount:
        raise BadInputError(_("There is no recipient {name}.").format(name=recipient_id))
    theirs = contact_points.c.recipient_id == recipient_id
    connection.execute(update(contact_points).where(theirs).values(sealed=None, address_mark=None))


def reseal(context: Context) -> int:
    """Seal everything with the newest key; return how many names and addresses there are.

    Raises:
        EnvironmentFaultError: If none of the keys opens one; nothing is changed then.
    """
    vault = vault_of(context.settings)
    done = 0
    with context.database.transaction() as connection:
        for row in connection.execute(select(recipients).where(recipients.c.sealed_name.is_not(None))).all():
            mine = recipients.c.recipient_id == row.recipient_id
            again = vault.resealed(row.sealed_name)
            connection.execute(update(recipients).where(mine).values(sealed_name=again))
            done += 1
        for row in connection.execute(select(contact_points).where(contact_points.c.sealed.is_not(None))).all():
            point = (contact_points.c.recipient_id == row.recipient_id) & (contact_points.c.channel == row.channel)
            connection.execute(update(contact_points).where(point).values(sealed=vault.resealed(row.sealed)))
            done += 1
    return done
