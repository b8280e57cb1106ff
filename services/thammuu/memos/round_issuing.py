"""Issue what is approved of a round, in the order of unit codes, so that numbers follow the list of units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError, PermanentRefusalError
from thammuu.i18n import _
from thammuu.memos.approving import Left
from thammuu.memos.drafting import Edition
from thammuu.memos.issuing import Handed, IssuedMemo, issue
from thammuu.memos.people import acting
from thammuu.memos.policy import policy_of
from thammuu.memos.shelf import STANDS_AS_DRAFT, listing

if TYPE_CHECKING:
    from datetime import date
    from typing import Any

    from thammuu.bus.context import Context


@dataclass(frozen=True, slots=True)
class RoundIssued:
    """What became of a round.

    Args:
        issued: The documents, in the order of their numbers.
        unapproved: Drafts that nobody approved, or that were returned.
        refused: Approved drafts that could not be issued; they got no number.
    """

    issued: list[IssuedMemo] = field(default_factory=list)
    unapproved: list[Left] = field(default_factory=list)
    refused: list[Left] = field(default_factory=list)


def issue_round(
    context: Context, round_name: str, *, dated: date | None = None, edition: Edition | None = None
) -> RoundIssued:
    """Issue the approved memos of a round; each is a document by itself, whatever becomes of the others.

    Args:
        context: The program's parts.
        round_name: The round.
        dated: The day on the documents; today by default.
        edition: In which form and whose name.

    Raises:
        BadInputError: If the round has no memos, or the person may not issue.
    """
    wanted = edition or Edition()
    rows = sorted(listing(context, round_name), key=lambda row: (row["unit_code"], row["memo_id"]))
    if not rows:
        raise BadInputError(_("There are no memos of the round {round}.").format(round=repr(round_name)))
    issuer = wanted.issuer or context.settings.issuer
    with context.database.snapshot() as connection:
        acting(context, connection, "issue", issuer)
    needs_person = policy_of(context, issuer).approval != "automatic"
    done = RoundIssued()
    for row in rows:
        if row["status"] not in STANDS_AS_DRAFT:
            continue
        if row["status"] == "returned" or (row["status"] == "draft" and needs_person):
            done.unapproved.append(_left(row, _why(row)))
            continue
        issue_into(done, context, row, dated, wanted)
    return done


def issue_into(  # noqa: PLR0913, PLR0917  how a memo is issued
    done: RoundIssued,
    context: Context,
    row: dict[str, Any],
    dated: date | None,
    edition: Edition,
    by: str | None = None,
) -> None:
    """Issue one memo and add what became of it.

    Args:
        done: What became of the others.
        context: The program's parts.
        row: A row of the shelf's listing.
        dated: The day on the document; today by default.
        edition: In which form and whose name.
        by: Who issues, where that is no person but a policy.
    """
    try:
        one = issue(context, row, dated=dated, edition=edition, by=by)
    except (BadInputError, PermanentRefusalError) as error:
        done.refused.append(_left(row, str(error)))
        return
    if isinstance(one, Handed):
        told = _("By that day {name} answers for it: the draft {memo} was written. Look at it first.")
        done.refused.append(_left(row, told.format(name=one.name, memo=one.memo_id)))
        return
    done.issued.append(one)


def _why(row: dict[str, Any]) -> str:
    if row["status"] == "returned":
        return _("returned by {name}: {comment}").format(name=row["decided_by"], comment=row["comment"])
    return _("nobody approved version {version}.").format(version=row["version"])


def _left(row: dict[str, Any], why: str) -> Left:
    return Left(row["memo_id"], row["unit_name"], why)
