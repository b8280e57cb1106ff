"""A ledger with issued memos and recipients, and the consumer ``delivery`` on it; all of it made up."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, cast

from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import insert, select, update

from thammuu.bus.context import Context, PackStore, UnitOfWork
from thammuu.delivery import handlers
from thammuu.delivery.vault import vault_of
from thammuu.events import Event, EventData, MemoIssued, MemoSigned, MemoSuperseded, NewEvent, envelope
from thammuu.ledger.blobs import open_blobs
from thammuu.ledger.schema import contact_points, deliveries, delivery_memos, issued_memos, memos, recipients
from thammuu.ledger.sqlite import SqliteDatabase
from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from thammuu.ledger.database import Database
    from thammuu.memos.printing.render import Renderer

MONDAY = datetime(2026, 3, 2, 3, tzinfo=UTC)
"""Ten o'clock in Viet Nam on a working day."""
KEY = Fernet.generate_key().decode()


@dataclass
class Desk:
    """The consumer ``delivery`` and the tables that it reads and writes."""

    context: Context
    now: datetime = MONDAY
    told: list[NewEvent] = field(default_factory=list)
    _events: int = 0

    def recipient(
        self,
        name: str,
        unit_id: str = "ha-nam",
        role: str = "secretariat",
        *,
        address: str | None = None,
        channels: Sequence[str] = ("email",),
        **more: Any,  # noqa: ANN401  columns of every type
    ) -> None:
        """Register one; without an address it has one of its own."""
        vault = vault_of(self.context.settings)
        values: dict[str, Any] = {"recipient_id": name, "unit_id": unit_id, "role": role, "turn": 1, "language": "vi"}
        values |= {"formats": "pdf", "sealed_name": vault.seal(name.encode()), "erased": False} | more
        at = address or f"{name}@example.vn"
        with self.context.database.transaction() as connection:
            connection.execute(insert(recipients).values(**values))
            for channel in channels:
                sealed = vault.seal(json.dumps({"address": at}).encode())
                point = {"sealed": sealed, "address_mark": vault.mark(channel, at), "state": "usable"}
                connection.execute(insert(contact_points).values(recipient_id=name, channel=channel, **point))

    def issued(self, memo_id: str, version: int = 1, unit_id: str = "ha-nam", severity: str = "major") -> Event:
        """Record a document, without telling the consumer; return its event."""
        model = json.dumps({"provenance": {"publications": []}, "findings": [{"severity": severity}]}).encode()
        blob = self.context.blobs.put(model)
        same = {"memo_id": memo_id, "unit_id": unit_id, "round": "2026", "dated": date(2026, 3, 2), "model": blob}
        same |= {"pdf": blob, "findings": 1, "tasks": 1, "at": 1, "pack": "p", "own": "o", "issuer": "bo-noi-vu"}
        same |= {"form": "cong-van", "version": version}
        with self.context.database.transaction() as connection:
            number = len(connection.execute(select(issued_memos.c.number)).all()) + 1
            register = {"register": "r", "year": 2026, "number": number}
            connection.execute(insert(issued_memos).values(**same, **register))
            known = connection.execute(
                update(memos).where(memos.c.memo_id == memo_id).values(version=version, status="issued")
            )
            if not known.rowcount:
                connection.execute(insert(memos).values(**same, unit_code="35", status="issued"))
        data = MemoIssued(
            memo_id=memo_id,
            unit_id=unit_id,
            round="2026",
            version=version,
            issuer="bo-noi-vu",
            form="cong-van",
            number=number,
            dated=date(2026, 3, 2),
            model=blob,
        )
        return self._event(unit_id, data)

    def signed(self, issued: Event) -> Event:
        """Return the event of a document's signed copy."""
        data = cast("MemoIssued", issued.data)
        same = {name: getattr(data, name) for name in ("memo_id", "unit_id", "round", "version")}
        return self._event(issued.subject, MemoSigned(**same, pdf="f", by="somebody"))

    def superseded(self, memo_id: str, version: int, reason: str, unit_id: str = "ha-nam") -> Event:
        """Record that a memo lost its ground; return its event."""
        if reason == "publication-withdrawn":
            with self.context.database.transaction() as connection:
                connection.execute(update(memos).where(memos.c.memo_id == memo_id).values(status="superseded"))
        data = MemoSuperseded.model_validate({"memo_id": memo_id, "version": version, "reason": reason})
        return self._event(unit_id, data)

    def handle(self, *events: Event) -> list[EventData]:
        """Let the consumer handle events in this order; return what follows."""
        out: list[NewEvent] = []
        for event in events:
            superseded = isinstance(event.data, MemoSuperseded)
            ready = None if superseded else handlers.plan_issued(event, self.context)
            with self.context.database.transaction() as connection:
                work = UnitOfWork(connection, self.context, ready)
                out += (handlers.follow_superseded if superseded else handlers.queue_issued)(event, work)
        self.told += out
        return [one.data for one in out]

    def rows(self) -> list[Mapping[str, Any]]:
        """Return the deliveries."""
        with self.context.database.snapshot() as connection:
            query = select(deliveries).order_by(
                deliveries.c.recipient_id, deliveries.c.channel, deliveries.c.repetition
            )
            return [dict(row) for row in connection.execute(query).mappings()]

    def carried(self, kind: str = "memo") -> set[tuple[str, int, str, str, int]]:
        """Return memo, version, recipient, channel and repetition of what was decided."""
        c = delivery_memos.c
        with self.context.database.snapshot() as connection:
            query = select(c.memo_id, c.version, c.recipient_id, c.channel, c.repetition).where(c.kind == kind)
            return {tuple(row) for row in connection.execute(query)}

    def becomes(self, state: str, **which: str) -> None:
        """Set the state of deliveries, as the sender would."""
        with self.context.database.transaction() as connection:
            query = update(deliveries).where(*(deliveries.c[name] == value for name, value in which.items()))
            connection.execute(query.values(state=state, attempts=1))

    def _event(self, subject: str, data: EventData) -> Event:
        self._events += 1
        return envelope(NewEvent(subject=subject, data=data), f"event-{self._events}", self.now)


@contextmanager
def desk(folder: Path, rules: Path | None = None, database: Database | None = None) -> Iterator[Desk]:
    """Open a ledger in an empty folder, or in an empty database."""
    (folder / "blobs").mkdir(parents=True)
    chosen = Settings(data=folder, secret_key=SecretStr(KEY))
    database = database or SqliteDatabase(folder / "ledger.sqlite3", writable=True)
    blobs = open_blobs(None, folder / "blobs")
    packs = PackStore(RulePack(rules or rules_folder()), blobs)
    found: list[Desk] = []
    context = Context(database, blobs, packs, cast("Renderer", None), lambda: found[0].now, chosen)
    found.append(Desk(context))
    try:
        yield found[0]
    finally:
        context.close()
