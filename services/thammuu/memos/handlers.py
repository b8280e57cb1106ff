"""The memo stage: findings.raised → memo.drafted → memo.rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from thammuu.events import (
    Event,
    FindingsRaised,
    FindingsRetracted,
    MemoDrafted,
    MemoRendered,
    MemoSuperseded,
    NewEvent,
)
from thammuu.intake import register
from thammuu.ledger.schema import memos
from thammuu.memos import round as rounds
from thammuu.memos.drafting import Draft, draft_of, memo_id_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.bus.context import Context, UnitOfWork


def compose(event: Event, context: Context) -> Draft | None:
    """Write the draft that a unit's findings ask for; None where the publication drafts no memos."""
    data = event.data
    assert isinstance(data, FindingsRaised)
    with context.database.snapshot() as connection:
        row = register.get(connection, data.publication_id)
        rows = register.as_of(context, connection, row.sequence)
        if not rounds.drafts_memos(rows, row):
            return None
        return draft_of(context, connection, data.unit_id, row.round, row.sequence, data.pack)


def draft(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Keep the draft if it differs from the one before."""
    del event
    return [] if work.prepared is None else _keep(work.prepared, work.connection)


def recompose(event: Event, context: Context) -> Draft | None:
    """Write the draft of a unit again without what was retracted; None where nothing supports a memo."""
    data = event.data
    assert isinstance(data, FindingsRetracted)
    with context.database.snapshot() as connection:
        round_name = register.get(connection, data.publication_id).round
        return draft_of(context, connection, data.unit_id, round_name, data.at, data.pack)


def redraft(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Keep a changed draft; supersede a memo that nothing supports any more."""
    data = event.data
    assert isinstance(data, FindingsRetracted)
    memo_id = memo_id_of(data.unit_id, register.get(work.connection, data.publication_id).round)
    known = work.connection.execute(select(memos.c.memo_id).where(memos.c.memo_id == memo_id)).scalar()
    if known is None:
        return []
    return _supersede(memo_id, work.connection) if work.prepared is None else _keep(work.prepared, work.connection)


def render_pdf(event: Event, context: Context) -> str:
    """Print the drafted model and store the PDF; return the name of its blob."""
    data = event.data
    assert isinstance(data, MemoDrafted)
    return context.blobs.put(context.renderer.stored_pdf(context.blobs.get(data.model)))


def keep_pdf(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Record the PDF; a draft that was re-written meanwhile keeps its newer state."""
    data, pdf = event.data, work.prepared
    assert isinstance(data, MemoDrafted)
    assert isinstance(pdf, str)
    current = (memos.c.memo_id == data.memo_id) & (memos.c.version == data.version)
    work.connection.execute(update(memos).where(current).values(pdf=pdf))
    rendered = MemoRendered(memo_id=data.memo_id, version=data.version, model=data.model, pdf=pdf)
    return [NewEvent(subject=event.subject, data=rendered)]


def _keep(new: Draft, connection: Connection) -> list[NewEvent]:
    known = connection.execute(select(memos).where(memos.c.memo_id == new.memo_id)).one_or_none()
    if known is not None and known.status == "draft" and known.model == new.model_blob:
        return []
    version = 1 if known is None else known.version + 1
    values: dict[str, Any] = {"version": version, "status": "draft", "model": new.model_blob, "pdf": None}
    values["dated"] = new.dated
    values |= {"findings": new.findings, "tasks": new.tasks}
    if known is None:
        values |= {"memo_id": new.memo_id, "unit_id": new.unit_id, "unit_code": new.unit_code, "round": new.round}
        connection.execute(insert(memos).values(**values))
    else:
        connection.execute(update(memos).where(memos.c.memo_id == new.memo_id).values(**values))
    drafted = MemoDrafted(
        memo_id=new.memo_id,
        unit_id=new.unit_id,
        round=new.round,
        version=version,
        model=new.model_blob,
        publications=new.publications,
        findings=new.findings,
        tasks=new.tasks,
    )
    return [NewEvent(subject=new.unit_id, data=drafted)]


def _supersede(memo_id: str, connection: Connection) -> list[NewEvent]:
    known = connection.execute(select(memos).where(memos.c.memo_id == memo_id)).one()
    if known.status != "draft":
        return []
    connection.execute(update(memos).where(memos.c.memo_id == memo_id).values(status="superseded"))
    data = MemoSuperseded(memo_id=memo_id, version=known.version, reason="publication-withdrawn")
    return [NewEvent(subject=known.unit_id, data=data)]
