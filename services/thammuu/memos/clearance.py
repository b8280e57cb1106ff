"""Whether a draft may become a document now, and in whose name that is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.ledger.schema import memos
from thammuu.memos.approving import Verdict, verdict_on
from thammuu.memos.people import acting
from thammuu.memos.policy import policy_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.memos.drafting import Edition


@dataclass(frozen=True, slots=True)
class Clearance:
    """Who issues, and what is recorded as approval in the same step; None where it was approved before."""

    person: str
    approval: Verdict | None


def issuer_of(context: Context, edition: Edition) -> str:
    """Return in whose name an edition is written."""
    return edition.issuer or context.settings.issuer


def policy_name(issuer: str) -> str:
    """Return the name under which a policy approves and issues by itself."""
    return f"policy:{issuer}"


def clearance(  # noqa: PLR0913  who issues what, and how sure that must be
    context: Context,
    connection: Connection,
    row: Mapping[str, Any],
    edition: Edition,
    by: str | None = None,
    *,
    holding: bool = False,
) -> Clearance:
    """Return in whose name a draft is issued.

    Args:
        context: The program's parts.
        connection: Any connection.
        row: With ``memo_id``, ``version``, ``model``, ``issuer`` and ``form`` of the draft.
        edition: In which form and whose name it is issued; what was approved is the edition that was drafted.
        by: Who issues, where that is no person.
        holding: In a transaction that issues: whoever returns or approves the draft waits for its end.

    Raises:
        BadInputError: If it is not approved and the person may not approve it, or may not issue it.
    """
    issuer = issuer_of(context, edition)
    policy = policy_of(context, issuer)
    person = by or acting(context, connection, "issue", issuer)
    if holding:
        connection.execute(select(memos.c.memo_id).where(memos.c.memo_id == row["memo_id"]).with_for_update())
    verdict = verdict_on(connection, row)
    if verdict is not None and verdict.state == "returned":
        told = _("{memo} was returned by {name}: {comment} Approve it, or change it, first.")
        raise BadInputError(told.format(memo=row["memo_id"], name=verdict.person, comment=verdict.comment))
    as_drafted = issuer == row["issuer"] and edition.form in {None, row["form"]}
    if verdict is not None and as_drafted:
        if policy.approval == "second-person" and verdict.person == person:
            told = _("{memo} was approved by {name}: for {issuer} somebody else issues it.")
            raise BadInputError(told.format(memo=row["memo_id"], name=person, issuer=issuer))
        return Clearance(person, None)
    if policy.approval == "automatic":
        return Clearance(person, Verdict("approved", policy_name(issuer), ""))
    if policy.approval == "second-person":
        raise BadInputError(_not_approved(row, issuer, as_drafted=as_drafted))
    try:
        return Clearance(person, Verdict("approved", acting(context, connection, "approve", issuer), ""))
    except BadInputError as error:
        raise BadInputError(_not_approved(row, issuer, as_drafted=as_drafted)) from error


def _not_approved(row: Mapping[str, Any], issuer: str, *, as_drafted: bool) -> str:
    if not as_drafted:
        told = _("{memo} was drafted as {form} of {drafted}; in another form or name nobody approved it.")
        return told.format(memo=row["memo_id"], form=row["form"], drafted=row["issuer"])
    told = _("{memo}, version {version}, is not approved for {issuer}: `thammuu memos approve`.")
    return told.format(memo=row["memo_id"], version=row["version"], issuer=issuer)
