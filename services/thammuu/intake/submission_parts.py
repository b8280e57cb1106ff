"""Submissions in parts: kept until the last one is there, for a day at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _
from thammuu.intake.limits import LIMITS
from thammuu.intake.submission_answers import Asked, refused_in
from thammuu.ledger import log
from thammuu.ledger.schema import submission_parts as kept

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.intake.submission_message import Part

_TURN = "submission parts"


@dataclass(frozen=True, slots=True)
class PartLimits:
    """How much is kept for submissions that are not complete.

    Args:
        whole_bytes: Of one submission.
        incomplete: Submissions of one source.
        all_bytes: Of all submissions.
        lifetime_s: How long after its last part a submission waits for the next one, in seconds.
    """

    whole_bytes: int = LIMITS.file_bytes
    incomplete: int = 20
    all_bytes: int = 2_000_000_000
    lifetime_s: float = 86_400.0


PART_LIMITS = PartLimits()


def keep(context: Context, asked: Asked, part: Part, limits: PartLimits = PART_LIMITS) -> bool:
    """Keep a part; return whether all are there. One that is there already changes nothing.

    Raises:
        BadInputError: If it differs from the same part that came before, or too much would be kept.
    """
    content = part.content()
    # in turn: of two workers with the last two parts, the second one sees both
    with context.database.transaction(_TURN) as connection:
        mine = (kept.c.answer == asked.answer, kept.c.number == part.number)
        before = connection.execute(select(kept.c.content).where(*mine)).scalar()
        if before is None:
            _check_room(connection, asked, len(content), limits)
            values = {"source": asked.source, "submission_id": asked.submission_id, "index_id": asked.index}
            values |= {"period": asked.period or "", "answer": asked.answer}
            row = {"number": part.number, "size": len(content), "content": content}
            connection.execute(insert(kept).values(**values, **row, received_at=context.clock().timestamp()))
        elif before != content:
            _refuse("part-differs", _("the same bytes each time that part {n} comes").format(n=part.number))
        there = select(func.count()).select_from(kept).where(kept.c.answer == asked.answer)
        return connection.execute(there).scalar_one() == part.of


def assemble(context: Context, asked: Asked, path: Path) -> None:
    """Write the parts to a file, in their order and one at a time."""
    with context.database.snapshot() as connection, path.open("wb") as target:
        mine = kept.c.answer == asked.answer
        for number in connection.execute(select(kept.c.number).where(mine).order_by(kept.c.number)).scalars().all():
            one = select(kept.c.content).where(mine, kept.c.number == number)
            target.write(connection.execute(one).scalar_one())


def expire(context: Context, limits: PartLimits = PART_LIMITS) -> int:
    """Refuse submissions whose missing parts have not come; return how many."""
    oldest = context.clock().timestamp() - limits.lifetime_s
    columns = (kept.c.answer, kept.c.source, kept.c.submission_id, kept.c.index_id, kept.c.period)
    query = select(*columns, func.count()).group_by(*columns).having(func.max(kept.c.received_at) < oldest)
    with context.database.snapshot() as connection:
        if connection.execute(query).first() is None:
            return 0
    with context.database.transaction(_TURN) as connection:
        events = []
        for answer, source, submission_id, index, period, there in connection.execute(query).all():
            text = _("all parts within {hours} hours; {n} came")
            expected = text.format(hours=round(limits.lifetime_s / 3600), n=there)
            problem = Problem("parts-missing", expected, value=str(there)).as_dict()
            told = {"message": _sentence(), "problems": (problem,), "problems_count": 1}
            asked = Asked(answer, source, submission_id, index, period)
            events += refused_in(connection, context, asked, told)
        log.append(connection, events)
    return len(events)


def _check_room(connection: Connection, asked: Asked, size: int, limits: PartLimits) -> None:
    mine = kept.c.answer == asked.answer
    total = select(func.coalesce(func.sum(kept.c.size), 0))
    if connection.execute(total.where(mine)).scalar_one() + size > limits.whole_bytes:
        _refuse("too-large", _("a file of at most {size} MB").format(size=limits.whole_bytes // 1_000_000))
    others = select(func.count(kept.c.answer.distinct())).where(kept.c.source == asked.source, ~mine)
    if connection.execute(others).scalar_one() >= limits.incomplete:
        text = _("at most {n} incomplete submissions of one source; complete the others first")
        _refuse("too-many-incomplete", text.format(n=limits.incomplete))
    if connection.execute(total).scalar_one() + size > limits.all_bytes:
        _refuse("no-room-for-parts", _("room for more parts; submit again later, under a new id"))


def _sentence() -> str:
    return _("The submission was refused; nothing was stored.")


def _refuse(code: str, expected: str) -> None:
    raise BadInputError(_sentence(), [Problem(code, expected)])
