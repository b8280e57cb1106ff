"""Drafts that a policy makes documents by itself, once nothing has changed them for a while."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import structlog
from sqlalchemy import select

from thammuu import tracing
from thammuu.errors import BadInputError
from thammuu.events import MemoDrafted
from thammuu.ledger.schema import events
from thammuu.memos.clearance import policy_name
from thammuu.memos.drafting import Edition
from thammuu.memos.policy import policy_of
from thammuu.memos.round_issuing import RoundIssued, issue_into
from thammuu.memos.shelf import listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from thammuu.bus.context import Context

_UNITS_AT_ONCE: Final = 500
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Drafted:
    at: datetime
    traceparent: str | None


def due(context: Context, most: int | None = None) -> int:
    """Issue the drafts whose quiet time is over, in the order of unit codes; return how many became documents.

    A draft that was returned stays one. What cannot be issued is logged and tried again at the next look.

    Args:
        context: The program's parts; ``settings.issuer`` says whose policy is asked.
        most: At most this many, so that a process can be stopped in between.
    """
    issuer = context.settings.issuer
    try:
        policy = policy_of(context, issuer)
    except BadInputError as error:
        # a slip in this file must not stop commands that have nothing to do with it
        _LOG.error("policy not read", reason=str(error), problems=[one.as_dict() for one in error.problems])
        return 0
    if policy.approval != "automatic" or policy.issue_after is None:
        return 0
    rows = [row for row in listing(context) if row["status"] in {"draft", "approved"} and row["issuer"] == issuer]
    before = context.clock() - timedelta(seconds=policy.issue_after)
    drafted = _drafted(context, {row["unit_id"] for row in rows})
    quiet = [row for row in rows if (told := drafted.get((row["memo_id"], row["version"]))) and told.at <= before]
    done = RoundIssued()
    for row in sorted(quiet, key=lambda row: (row["round"], row["unit_code"], row["memo_id"]))[:most]:
        # nobody asked for it: it belongs to what the draft came from, whichever command or process looks
        place = drafted[row["memo_id"], row["version"]].traceparent
        with tracing.span("issue by policy", place, within=False, thammuu__memo=row["memo_id"]):
            issue_into(done, context, row, None, Edition(), policy_name(issuer))
    for left in done.refused:
        _LOG.warning("memo not issued by policy", memo=left.memo_id, reason=left.why)
    return len(done.issued)


def _drafted(context: Context, units: Iterable[str]) -> dict[tuple[str, int], _Drafted]:
    """Return when and where in which trace each version of the units' memos was drafted."""
    found: dict[tuple[str, int], _Drafted] = {}
    names = sorted(units)
    with context.database.snapshot() as connection:
        for start in range(0, len(names), _UNITS_AT_ONCE):
            some = events.c.subject.in_(names[start : start + _UNITS_AT_ONCE])
            query = select(events.c.body).where(events.c.type == MemoDrafted.event_type, some)
            for (body,) in connection.execute(query.order_by(events.c.position)):
                told: dict[str, Any] = json.loads(body)
                named = (told["data"]["memo_id"], told["data"]["version"])
                found[named] = _Drafted(datetime.fromisoformat(told["time"]), told.get("traceparent"))
    return found
