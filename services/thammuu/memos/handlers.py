"""The memo stage: findings.raised → memo.drafted → memo.rendered; memo.issued → memo.rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select, update

from thammuu.errors import EnvironmentFaultError
from thammuu.events import (
    Event,
    FindingsRaised,
    FindingsRetracted,
    MemoDrafted,
    MemoIssued,
    MemoRendered,
    MemoSuperseded,
    NewEvent,
)
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.intake import register
from thammuu.ledger.schema import issued_memos, memos
from thammuu.memos import round as rounds
from thammuu.memos.answering import memo_id_of, successors
from thammuu.memos.drafting import Draft, draft_of
from thammuu.memos.register import last_issued
from thammuu.memos.wordings import keep as keep_wordings
from thammuu.memos.wordings import kept_with

if TYPE_CHECKING:
    from sqlalchemy import Connection, Row

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
    return [] if work.prepared is None else keep_draft(work.prepared, work.connection)


def recompose(event: Event, context: Context) -> Draft | None:
    """Write the draft of a unit again without what was retracted; None where nothing supports a memo."""
    data = event.data
    assert isinstance(data, FindingsRetracted)
    with context.database.snapshot() as connection:
        round_name = register.get(connection, data.publication_id).round
        return draft_of(context, connection, data.unit_id, round_name, data.at, data.pack)


def redraft(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Keep a changed draft; supersede the memos that nothing supports any more."""
    data, new = event.data, work.prepared
    assert isinstance(data, FindingsRetracted)
    round_name = register.get(work.connection, data.publication_id).round
    units = work.context.packs.get(data.pack).units
    told = [memo_id_of(one.id, round_name) for one in successors(units, units.get(data.unit_id))]
    known = [one for one in told if _known(work.connection, one)]
    if not known:
        return []
    kept = keep_draft(new, work.connection) if new is not None else []
    unsupported = [one for one in known if new is None or one != new.memo_id]
    return kept + [out for one in unsupported for out in _supersede(one, work.connection, "publication-withdrawn")]


def render_pdf(event: Event, context: Context) -> str:
    """Print the model and store the PDF; return the name of its blob."""
    data = event.data
    assert isinstance(data, MemoDrafted | MemoIssued)
    pdf = context.renderer.stored_pdf(context.blobs.get(data.model))
    reach("rendering.printed")
    return context.blobs.put(pdf)


def keep_pdf(event: Event, work: UnitOfWork) -> list[NewEvent]:
    """Record the PDF; a draft that was re-written meanwhile keeps its newer state."""
    data, pdf = event.data, work.prepared
    assert isinstance(data, MemoDrafted | MemoIssued)
    assert isinstance(pdf, str)
    for table in (memos, issued_memos):
        current = (table.c.memo_id == data.memo_id) & (table.c.model == data.model)
        work.connection.execute(update(table).where(current).values(pdf=pdf))
    reach("rendering.pdf-noted")
    rendered = MemoRendered(memo_id=data.memo_id, version=data.version, model=data.model, pdf=pdf)
    return [NewEvent(subject=event.subject, data=rendered)]


def keep_draft(new: Draft, connection: Connection, *, instead_of: tuple[int, str] | None = None) -> list[NewEvent]:
    """Keep a draft that differs from the one before and from what was issued; return what follows.

    Args:
        new: The draft.
        connection: The caller's transaction.
        instead_of: Version and model of the draft that it is to take the place of; of none in particular if None.

    Raises:
        EnvironmentFaultError: If the memo was issued, or its wording changed, after the draft was composed; the next
            try sees it.
    """
    known = connection.execute(select(memos).where(memos.c.memo_id == new.memo_id).with_for_update()).one_or_none()
    taken_over = [out for one in new.replaced for out in _supersede(one, connection, "units-merged")]
    issued = last_issued(connection, new.memo_id)
    if issued is not None and new.corrects != issued.version:
        raise EnvironmentFaultError(_("{memo} was issued meanwhile.").format(memo=new.memo_id))
    if instead_of is not None and (
        known is None or (known.status, known.version, known.model) != ("draft", *instead_of)
    ):
        raise EnvironmentFaultError(_("{memo} was drafted meanwhile.").format(memo=new.memo_id))
    if known is not None and known.version != new.worded_from and kept_with(connection, new.memo_id, known.version):
        raise EnvironmentFaultError(_("The wording of {memo} was changed meanwhile.").format(memo=new.memo_id))
    if known is not None and issued is not None and issued.own == new.own:
        # nothing of the unit's own has changed since: it is not sent again
        return taken_over + _as_issued(known, issued, connection)
    if known is not None and known.status == "draft" and known.model == new.model_blob:
        return taken_over
    version = 1 if known is None else (known.versions or known.version) + 1
    values: dict[str, Any] = {"version": version, "versions": version, "status": "draft"}
    values |= {"model": new.model_blob, "pdf": None}
    values |= {
        name: getattr(new, name) for name in ("dated", "findings", "tasks", "at", "pack", "own", "issuer", "form")
    }
    if known is None:
        values |= {"memo_id": new.memo_id, "unit_id": new.unit_id, "unit_code": new.unit_code, "round": new.round}
        connection.execute(insert(memos).values(**values))
    else:
        connection.execute(update(memos).where(memos.c.memo_id == new.memo_id).values(**values))
    keep_wordings(connection, new.memo_id, version, new.wordings, new.lost)
    reach("memos.draft-kept")
    drafted = MemoDrafted(
        memo_id=new.memo_id,
        unit_id=new.unit_id,
        round=new.round,
        version=version,
        model=new.model_blob,
        publications=new.publications,
        findings=new.findings,
        tasks=new.tasks,
        at=new.at,
        pack=new.pack,
        corrects=new.corrects,
        edited_by=new.edited_by,
        edits_dropped=len(new.lost) or None,
    )
    return [*taken_over, NewEvent(subject=new.unit_id, data=drafted)]


def _as_issued(known: Row[Any], issued: Row[Any], connection: Connection) -> list[NewEvent]:
    """Let a memo stand as it was issued; a draft that would have replaced it is of no use."""
    if known.status == "issued":
        return []
    names = ("version", "dated", "model", "pdf", "at", "pack", "own", "issuer", "form", "findings", "tasks")
    values = {name: issued._mapping[name] for name in names}  # noqa: SLF001  SQLAlchemy's public name
    connection.execute(update(memos).where(memos.c.memo_id == known.memo_id).values(status="issued", **values))
    if known.status != "draft":
        return []
    data = MemoSuperseded(memo_id=known.memo_id, version=known.version, reason="as-issued")
    return [NewEvent(subject=known.unit_id, data=data)]


def _known(connection: Connection, memo_id: str) -> bool:
    return connection.execute(select(memos.c.memo_id).where(memos.c.memo_id == memo_id)).scalar() is not None


def _supersede(
    memo_id: str, connection: Connection, reason: Literal["publication-withdrawn", "units-merged"]
) -> list[NewEvent]:
    known = connection.execute(select(memos).where(memos.c.memo_id == memo_id).with_for_update()).one_or_none()
    if known is None or known.status == "superseded" or (known.status == "issued" and reason == "units-merged"):
        return []
    connection.execute(update(memos).where(memos.c.memo_id == memo_id).values(status="superseded"))
    reach("memos.superseded")
    data = MemoSuperseded(memo_id=memo_id, version=known.version, reason=reason)
    return [NewEvent(subject=known.unit_id, data=data)]
