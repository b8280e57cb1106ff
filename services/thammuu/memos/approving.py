"""Approve drafts or send them back; a verdict names one version and its model, and ends with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import insert, select, update

from thammuu.canonical import derived_id
from thammuu.errors import BadInputError, Problem
from thammuu.events import Event, MemoApproved, MemoReturned, NewEvent, envelope
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import approvals, memos
from thammuu.memos.clean import clean_text
from thammuu.memos.people import acting
from thammuu.memos.shelf import STANDS_AS_DRAFT, of_an_earlier_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection

    from thammuu.bus.context import Context

MAX_COMMENT = 2_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person decided on a version of a draft."""

    state: Literal["approved", "returned"]
    person: str
    comment: str


@dataclass(frozen=True, slots=True)
class Left:
    """A memo for which something could not be done, and why."""

    memo_id: str
    unit_name: str
    why: str


def verdict_on(connection: Connection, row: Mapping[str, Any]) -> Verdict | None:
    """Return what was decided on the version that a row names; None where nothing was.

    Args:
        connection: Any connection.
        row: With ``memo_id``, ``version`` and ``model`` of the draft.
    """
    mine = (approvals.c.memo_id == row["memo_id"]) & (approvals.c.version == row["version"])
    found = connection.execute(select(approvals).where(mine, approvals.c.model == row["model"])).one_or_none()
    return None if found is None else Verdict(found.state, found.person, found.comment)


def approve(context: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Approve drafts, all of them or none.

    Args:
        context: The program's parts.
        rows: Rows of the shelf's listing.

    Raises:
        BadInputError: With each draft that cannot be approved, and why.
    """
    with context.database.transaction() as connection:
        able, left = _sorted_out(context, connection, rows)
        if left:
            told = _("{n} of {all} drafts cannot be approved; none was.").format(n=len(left), all=len(rows))
            raise BadInputError(told, [Problem("memo-approval", one.why, value=one.memo_id) for one in left])
        _approve(context, connection, able)


def approve_round(context: Context, rows: Sequence[dict[str, Any]]) -> tuple[list[str], list[Left]]:
    """Approve those drafts of a round that can be; return their ids, and the others with the reasons.

    Args:
        context: The program's parts.
        rows: Rows of the shelf's listing; what is no draft, or approved already, is passed over.
    """
    drafts = [row for row in rows if row["status"] in {"draft", "returned"}]
    with context.database.transaction() as connection:
        able, left = _sorted_out(context, connection, drafts, named=False)
        _approve(context, connection, able)
    return [row["memo_id"] for row, _person in able], left


def send_back(context: Context, row: dict[str, Any], comment: str) -> None:
    """Return a draft to be reworked.

    Args:
        context: The program's parts.
        row: A row of the shelf's listing.
        comment: What is wrong with it.

    Raises:
        BadInputError: If it is no draft, the comment says nothing, or the person lacks the right.
    """
    said = clean_text(comment, limit=MAX_COMMENT + 1)
    if not said or len(said) > MAX_COMMENT:
        raise BadInputError(_("Say what is wrong with the draft, in 1 to {n} letters.").format(n=MAX_COMMENT))
    with context.database.transaction() as connection:
        if row["status"] not in STANDS_AS_DRAFT:
            raise BadInputError(_no_draft(row))
        person = acting(context, connection, "approve", row["issuer"])
        log.append(connection, [decide(context, connection, row, Verdict("returned", person, said))])


def decide(context: Context, connection: Connection, row: Mapping[str, Any], verdict: Verdict) -> Event:
    """Record a verdict on the draft as it was read; return its event, which the caller appends.

    Raises:
        BadInputError: If the draft is another one by now.
    """
    query = select(memos.c.status, memos.c.version, memos.c.model).where(memos.c.memo_id == row["memo_id"])
    if tuple(connection.execute(query.with_for_update()).one()) != ("draft", row["version"], row["model"]):
        raise BadInputError(_("{memo} was drafted anew meanwhile; look at it again.").format(memo=row["memo_id"]))
    _refuse_unseen(connection, row)
    mine = (approvals.c.memo_id == row["memo_id"]) & (approvals.c.version == row["version"])
    turn = (connection.execute(select(approvals.c.turn).where(mine)).scalar() or 0) + 1
    values = {"model": row["model"], "person": verdict.person, "state": verdict.state, "comment": verdict.comment}
    if turn == 1:
        named = {"memo_id": row["memo_id"], "version": row["version"]}
        connection.execute(insert(approvals).values(**named, **values, turn=turn))
    else:
        connection.execute(update(approvals).where(mine).values(**values, turn=turn))
    reach("approval.noted")
    event_id = derived_id("verdict", row["memo_id"], row["version"], turn)
    return envelope(NewEvent(subject=row["unit_id"], data=_data(row, verdict)), event_id, context.clock())


def _refuse_unseen(connection: Connection, row: Mapping[str, Any]) -> None:
    """Refuse to replace a verdict that whoever decides now has not seen."""
    known = verdict_on(connection, row)
    if known is not None and (known.state, known.person, known.comment) != (
        row["status"],
        row["decided_by"],
        row["comment"],
    ):
        told = _("{name} decided on {memo} meanwhile ({state}); look at it again.")
        raise BadInputError(told.format(name=known.person, memo=row["memo_id"], state=known.state))


def _data(row: Mapping[str, Any], verdict: Verdict) -> MemoApproved | MemoReturned:
    named = {name: row[name] for name in ("memo_id", "unit_id", "round", "version")}
    if verdict.state == "approved":
        return MemoApproved(**named, model=row["model"], by=verdict.person)
    return MemoReturned(**named, by=verdict.person, comment=verdict.comment)


def _approve(context: Context, connection: Connection, able: Sequence[tuple[dict[str, Any], str]]) -> None:
    names = [row["memo_id"] for row, _person in able]
    # in one order, whatever was named first: two who approve the same drafts would wait for each other
    held = select(memos.c.memo_id).where(memos.c.memo_id.in_(names)).order_by(memos.c.memo_id)
    connection.execute(held.with_for_update()).all()
    log.append(
        connection,
        [decide(context, connection, row, Verdict("approved", person, "")) for row, person in able],
    )


def _sorted_out(
    context: Context, connection: Connection, rows: Iterable[dict[str, Any]], *, named: bool = True
) -> tuple[list[tuple[dict[str, Any], str]], list[Left]]:
    """Return the drafts that can be approved, each with who approves it, and the others with the reasons."""
    able, left = [], []
    for row in rows:
        try:
            able.append((row, _approver(context, connection, row, named=named)))
        except BadInputError as error:
            left.append(Left(row["memo_id"], row["unit_name"], str(error)))
    return able, left


def _approver(context: Context, connection: Connection, row: dict[str, Any], *, named: bool) -> str:
    if row["status"] not in STANDS_AS_DRAFT:
        raise BadInputError(_no_draft(row))
    if row["status"] == "approved":
        told = _("{memo}, version {version}, is approved by {name} already.")
        raise BadInputError(told.format(memo=row["memo_id"], version=row["version"], name=row["decided_by"]))
    if row["status"] == "returned" and not named:
        told = _("{name} returned it: {comment} Approve it by its name if it is right after all.")
        raise BadInputError(told.format(name=row["decided_by"], comment=row["comment"]))
    if row["at"] is None or row["pack"] is None:
        raise of_an_earlier_version(row["memo_id"])
    return acting(context, connection, "approve", row["issuer"])


def _no_draft(row: Mapping[str, Any]) -> str:
    return _("{memo} is no draft: its status is {status}.").format(memo=row["memo_id"], status=row["status"])
