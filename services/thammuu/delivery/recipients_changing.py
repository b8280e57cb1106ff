"""One recipient is added, changed or erased, as a person or another program asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.delivery.recipients_addresses import address_checks
from thammuu.delivery.recipients_entry import COLUMNS, Checker, Entry
from thammuu.delivery.recipients_register import TURN, erase, keep, put, same_as
from thammuu.delivery.vault import vault_of
from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.intake.problems import shown
from thammuu.ledger.schema import contact_points, recipients

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.delivery.vault import Vault

_VALUES = (
    *("unit_id", "role", "agency", "turn", "language", "formats"),
    *("quiet_from", "quiet_to", "digest_at", "valid_from", "valid_to"),
)


class NoRecipientError(BadInputError):
    """There is none of that id, or it was erased."""


def add(context: Context, said: Mapping[str, str], on: date) -> tuple[str, str]:
    """Add a recipient; whoever has one of the addresses in the same role of the same unit is changed instead.

    Args:
        context: The program's parts.
        said: Column of a list → text.
        on: The day of whose units is spoken.

    Returns:
        Its id, and ``new``, ``changed`` or ``unchanged``.

    Raises:
        BadInputError: With everything that is wrong; or if no key is set.
    """
    vault = vault_of(context.settings)
    entry = _checked(context, said, on)
    with context.database.transaction(TURN) as connection:
        return keep(connection, vault, entry)


def change(context: Context, recipient_id: str, said: Mapping[str, str], on: date) -> bool:
    """Change what is said of a recipient and leave the rest; return whether that changed anything.

    Args:
        context: The program's parts.
        recipient_id: Its id.
        said: Column of a list → text; an empty one takes a value away.
        on: The day of whose units is spoken.

    Raises:
        NoRecipientError: If there is none of that id.
        BadInputError: With everything that is wrong; or if no key is set.
    """
    vault = vault_of(context.settings)
    with context.database.transaction(TURN) as connection:
        entry = _checked(context, said, on, _known(connection, vault, recipient_id))
        if others := [one for one in same_as(connection, vault, entry) if one != recipient_id]:
            expected = _("addresses that {other} does not have in the same role of the same unit")
            raise _refused([Problem("recipient-email", expected.format(other=", ".join(others)))])
        return put(connection, vault, recipient_id, entry)


def remove(context: Context, recipient_id: str) -> None:
    """Erase a recipient's name, addresses and secrets for good.

    Raises:
        NoRecipientError: If there is none of that id.
    """
    with context.database.transaction(TURN) as connection:
        row = connection.execute(select(recipients).where(recipients.c.recipient_id == recipient_id)).one_or_none()
        if row is None or row.erased:
            raise nobody(recipient_id)
        erase(connection, recipient_id)


def _checked(context: Context, said: Mapping[str, str], on: date, known: Entry | None = None) -> Entry:
    problems: list[Problem] = []

    def wrong(column: str, expected: str, value: str | None = None) -> None:
        code = f"recipient-{column.replace('_', '-')}"
        problems.append(Problem(code, expected, Place(column=column), shown(value)))

    for column in said.keys() - set(COLUMNS):
        wrong(column, _("one of {choices}").format(choices=", ".join(COLUMNS)))
    entry = Checker(context.packs.active, on, address_checks(context)).entry(said, wrong, known=known)
    if problems:
        raise _refused(problems)
    return entry


def _refused(problems: list[Problem]) -> BadInputError:
    told = _("The recipient was not accepted: {count} errors, nothing was stored.")
    return BadInputError(told.format(count=len(problems)), problems)


def _known(connection: Connection, vault: Vault, recipient_id: str) -> Entry:
    row = connection.execute(select(recipients).where(recipients.c.recipient_id == recipient_id)).one_or_none()
    if row is None or row.erased:
        raise nobody(recipient_id)
    values: dict[str, Any] = {name: row._mapping[name] for name in _VALUES}  # noqa: SLF001  SQLAlchemy's public name
    name = "" if row.sealed_name is None else vault.open(row.sealed_name).decode()
    points = connection.execute(select(contact_points).where(contact_points.c.recipient_id == recipient_id))
    opened = {one.channel: json.loads(vault.open(one.sealed)) for one in points if one.sealed is not None}
    secret = opened.get("webhook", {}).get("secret", "")
    return Entry(0, values, name, {channel: told["address"] for channel, told in opened.items()}, secret)


def nobody(recipient_id: str) -> NoRecipientError:
    """Return the error of an id that no recipient has."""
    return NoRecipientError(_("There is no recipient {name}.").format(name=recipient_id))
