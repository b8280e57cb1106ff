"""The memo stage: findings.raised → memo.drafted → memo.rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from thammuu.events import Event, FindingsRaised, MemoDrafted, MemoRendered, MemoSuperseded, NewEvent, ScoresWithdrawn
from thammuu.intake import register
from thammuu.ledger.schema import memos
from thammuu.memos import round as rounds
from thammuu.memos.drafting import Draft, draft_of
from thammuu.memos.model import MemoModel

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.bus.context import Context, UnitOfWork


def compose(event: Event, context: Context) -> Draft | None:
    """Write the draft that a unit's findings ask for; None where the publication drafts no memos."""
    data = event.data
    assert isinstance(data, FindingsRaised)
    with context.database.snapshot() as connection:
        row = register.get(connection, data.publication_id)
        if not rounds.drafts_memos(connection, row, row.sequence):
            return None
        return draft_of(context, connection, data.unit_id, row.round, row.sequence, data.pack)


def draft(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Keep the draft if it differs from the one before."""
    del event
    return [] if work.prepared is None else _keep(work.prepared, work.connection)


@dataclass(frozen=True, slots=True)
class Recomposed:
    """Drafts after a withdrawal: of units that still have publications in the round, and of those that have none."""

    drafts: list[Draft]
    groundless: list[str]


def recompose(event: Event, context: Context) -> Recomposed:
    """Write the drafts of a withdrawn publication's units again, from what stands."""
    data = event.data
    assert isinstance(data, ScoresWithdrawn)
    with context.database.snapshot() as connection:
        row = register.get(connection, data.publication_id)
        assert row.withdrawn_sequence is not None
        query = select(memos.c.memo_id, memos.c.unit_id).where(memos.c.round == row.round).order_by(memos.c.unit_code)
        known = connection.execute(query).all()
        drafts, groundless = [], []
        for memo_id, unit_id in known:
            again = draft_of(context, connection, unit_id, row.round, row.withdrawn_sequence, context.packs.active.hash)
            if again is None:
                groundless.append(memo_id)
            else:
                drafts.append(again)
    return Recomposed(drafts, groundless)


def redraft(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Keep changed drafts; supersede memos that nothing supports any more."""
    del event
    recomposed = work.prepared
    assert isinstance(recomposed, Recomposed)
    kept = [new for again in recomposed.drafts for new in _keep(again, work.connection)]
    return kept + [new for memo_id in recomposed.groundless for new in _supersede(memo_id, work.connection)]


def render_pdf(event: Event, context: Context) -> str:
    """Print the drafted model and store the PDF; return the name of its blob."""
    data = event.data
    assert isinstance(data, MemoDrafted)
    model = MemoModel.model_validate_json(context.blobs.get(data.model))
    return context.blobs.put(context.renderer.pdf(model))


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
