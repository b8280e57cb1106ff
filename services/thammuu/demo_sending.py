"""The demonstration's last step: Hà Nam's memo is issued and sent to two made-up recipients at a local mail sink."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, insert, select, update

from thammuu.canonical import derived_id
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.composing import compose
from thammuu.delivery.sink import sinking
from thammuu.delivery.vault import vault_of
from thammuu.demo import MEETING
from thammuu.errors import EnvironmentFaultError
from thammuu.events import DeliveryAttempted, DeliveryQueued, DeliverySucceeded, Enclosed, NewEvent, envelope
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import contact_points, deliveries, delivery_memos, recipients
from thammuu.memos.issuing import issue
from thammuu.memos.shelf import STANDS_AS_DRAFT, find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from thammuu.bootstrap import Program
    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Answer, Message
    from thammuu.events import EventData

UNIT: Final = "Hà Nam"
ROUND: Final = "2022"
FROM: Final = "bao-cao@thammuu.example"
ANSWERS: Final = "cchc@thammuu.example"
_CHANNEL: Final = "email"


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A recipient of the demonstration: nobody's address."""

    language: str
    name: str
    address: str


RECIPIENTS: Final = (
    MadeUp("vi", "Văn phòng Ủy ban nhân dân tỉnh Hà Nam", "van-phong@ha-nam.example"),
    MadeUp("en", "Office of the People's Committee of Ha Nam Province", "office@ha-nam.example"),
)


def send(program: Program, folder: Path) -> list[Path]:
    """Issue the memo if it is a draft, and send it; what was sent before is not sent again.

    Args:
        program: With the memo drafted, and a key for contact data.
        folder: Where the sink keeps the mails.

    Returns:
        The mails that the sink took now.

    Raises:
        EnvironmentFaultError: If it takes one not.
    """
    context = program.context
    row = find(context, UNIT, ROUND)
    if row["status"] in STANDS_AS_DRAFT:
        issue(context, row, dated=MEETING)
        program.run()
        row = find(context, UNIT, ROUND)
    with context.database.transaction() as connection:
        queued = [name for one in RECIPIENTS if (name := _queued(context, connection, one, row))]
    messages = []
    for name in queued:
        with context.database.snapshot() as connection:
            messages.append(compose(context, connection, name))
    kept: list[Path] = []
    folder.mkdir(parents=True, exist_ok=True)
    answers = asyncio.run(_sent(context, messages, folder, kept))
    with context.database.transaction() as connection:
        for message, answer in zip(messages, answers, strict=True):
            _record(context, connection, message, answer, row["unit_id"])
    return kept


def _queued(context: Context, connection: Connection, one: MadeUp, row: dict[str, Any]) -> str | None:
    """Keep a recipient and a delivery to it; None where it has the memo already."""
    recipient_id = f"demo-{one.language}"
    delivery_id = f"demo-{one.language}-{row['memo_id']}-v{row['version']}"
    _keep(context, connection, one, recipient_id, row["unit_id"])
    if connection.execute(select(deliveries.c.state).where(deliveries.c.delivery_id == delivery_id)).scalar():
        return None
    now = context.clock()
    fields = {"recipient_id": recipient_id, "channel": _CHANNEL, "kind": "memo", "repetition": 0}
    connection.execute(
        insert(deliveries).values(
            delivery_id=delivery_id,
            subject=row["unit_id"],
            severity="major",
            state="attempting",
            due=now.timestamp(),
            deadline=now.timestamp(),
            attempts=1,
            unknowns=0,
            reason="",
            reference="",
            overdue=False,
            **fields,
        )
    )
    memo = {"memo_id": row["memo_id"], "version": row["version"]}
    connection.execute(insert(delivery_memos).values(delivery_id=delivery_id, **memo, **fields))
    queued = DeliveryQueued(
        delivery_id=delivery_id,
        recipient=recipient_id,
        channel=_CHANNEL,
        kind="memo",
        memos=(Enclosed(**memo),),
        severity="major",
        due=now,
        deadline=now,
    )
    _tell(
        context, connection, row["unit_id"], delivery_id, queued, DeliveryAttempted(delivery_id=delivery_id, attempt=1)
    )
    return delivery_id


def _keep(context: Context, connection: Connection, one: MadeUp, recipient_id: str, unit_id: str) -> None:
    vault = vault_of(context.settings)
    for table in (recipients, contact_points):
        connection.execute(delete(table).where(table.c.recipient_id == recipient_id))
    connection.execute(
        insert(recipients).values(
            recipient_id=recipient_id,
            unit_id=unit_id,
            role="secretariat",
            turn=1,
            language=one.language,
            formats="pdf,docx",
            sealed_name=vault.seal(one.name.encode()),
            erased=False,
        )
    )
    connection.execute(
        insert(contact_points).values(
            recipient_id=recipient_id,
            channel=_CHANNEL,
            sealed=vault.seal(json.dumps({"address": one.address}).encode()),
            address_mark=vault.mark(_CHANNEL, one.address),
            state="usable",
        )
    )


async def _sent(context: Context, messages: Sequence[Message], folder: Path, kept: list[Path]) -> list[Answer]:
    async with sinking(folder, kept) as port:
        server = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        channel = EmailChannel(context.settings.model_copy(update=server), context.clock)
        try:
            return [await channel.send(one) for one in messages]
        finally:
            await channel.close()


def _record(context: Context, connection: Connection, message: Message, answer: Answer, unit_id: str) -> None:
    if answer.outcome != "accepted":
        raise EnvironmentFaultError(_("The mail was not taken: {reason}").format(reason=answer.reason))
    mine = deliveries.c.delivery_id == message.delivery_id
    connection.execute(update(deliveries).where(mine).values(state="accepted", reference=answer.reference))
    data = DeliverySucceeded(
        delivery_id=message.delivery_id, attempt=message.attempt, state="accepted", reference=answer.reference
    )
    _tell(context, connection, unit_id, f"{message.delivery_id}/accepted", data)


def _tell(context: Context, connection: Connection, unit_id: str, cause: str, *told: EventData) -> None:
    log.append(
        connection,
        [
            envelope(NewEvent(subject=unit_id, data=one), derived_id(cause, place), context.clock())
            for place, one in enumerate(told)
        ],
    )
