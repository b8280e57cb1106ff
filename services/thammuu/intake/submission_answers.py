"""The answer to a submission: written once, in one transaction with what it tells of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from thammuu.bus.inbox import claim
from thammuu.bus.topics import SUBMISSIONS
from thammuu.canonical import canonical_json
from thammuu.errors import BadInputError, ThammuuError
from thammuu.events import MAX_DATA_BYTES, Event, NewEvent, SubmissionAnswered, envelope
from thammuu.ledger import log
from thammuu.ledger.database import TryAgainError
from thammuu.ledger.schema import inbox, submission_parts, submissions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.intake.acceptance import Acceptance
    from thammuu.intake.submission import Submission
    from thammuu.intake.submission_message import SubmittedMessage

_ROOM = MAX_DATA_BYTES - 6_000
"""Bytes of an answer that may be problems."""
_LONGEST_MESSAGE = 1_000


class AnsweredError(ThammuuError):
    """Somebody else has answered the submission meanwhile."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which submission is answered, and by which event."""

    answer: str
    source: str
    submission_id: str
    index: str
    period: str | None

    @classmethod
    def by(cls, message: SubmittedMessage) -> Asked:
        """Return what a message asks for."""
        data = message.data
        return cls(message.answer_id(), message.source, data.submission_id, data.index, data.period)


State = Literal["new", "answered", "id used"]


def state_of(context: Context, asked: Asked) -> State:
    """Tell whether a submission was answered, or its id by now stands for other content."""
    mine = (submissions.c.source == asked.source, submissions.c.submission_id == asked.submission_id)
    with context.database.snapshot() as connection:
        if _claimed(connection, asked):
            return "answered"
        return "new" if connection.execute(select(submissions.c.answer).where(*mine)).first() is None else "id used"


def accepted(
    context: Context, asked: Asked, connection: Connection, decision: Acceptance, submission: Submission
) -> list[Event]:
    """Return the answer to an accepted submission; it stands with the publication, or neither does.

    Raises:
        AnsweredError: If it was answered meanwhile.
        TryAgainError: If its id was taken by other content meanwhile.
    """
    if not claim(connection, SUBMISSIONS, asked.answer):
        raise AnsweredError(asked.answer)
    if not _taken(connection, asked):
        raise TryAgainError(asked.submission_id)
    forget_parts(connection, asked.answer)
    problems = [problem.as_dict() for problem in submission.warnings]
    told = {
        "publication_id": decision.publication_id,
        "revision": decision.revision,
        "changed": decision.changed,
        "problems": fitting(problems),
        "problems_count": len(problems),
    }
    return [_event(context, asked, "accepted", told)]


def refuse(context: Context, asked: Asked, error: BadInputError, *, takes_id: bool = True) -> None:
    """Answer with everything that is wrong; a submission that was answered meanwhile keeps its answer.

    Args:
        context: The program's parts.
        asked: The submission.
        error: What is wrong.
        takes_id: Whether the submission's id stands for this content from now on.
    """
    told = _refusal(context, error)
    with context.database.transaction() as connection:
        log.append(connection, refused_in(connection, context, asked, told, takes_id=takes_id))


def refused_in(
    connection: Connection, context: Context, asked: Asked, told: dict[str, Any], *, takes_id: bool = True
) -> list[Event]:
    """Return the answer that refuses a submission, within the caller's transaction; none where there is one."""
    if not claim(connection, SUBMISSIONS, asked.answer):
        return []
    if takes_id:
        _taken(connection, asked)
    forget_parts(connection, asked.answer)
    return [_event(context, asked, "refused", told)]


def forget_parts(connection: Connection, answer: str) -> None:
    """Drop the parts of an answered submission."""
    connection.execute(delete(submission_parts).where(submission_parts.c.answer == answer))


def fitting(problems: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return the first problems, as many as an event may hold."""
    kept, room = [], _ROOM
    for problem in problems:
        room -= len(canonical_json(problem)) + 1
        if room < 0:
            break
        kept.append(problem)
    return tuple(kept)


def _refusal(context: Context, error: BadInputError) -> dict[str, Any]:
    problems = [problem.as_dict() for problem in error.problems]
    shown = fitting(problems)
    blob = context.blobs.put(canonical_json(problems)) if len(shown) < len(problems) else None
    count = len(problems)
    return {
        "message": str(error)[:_LONGEST_MESSAGE],
        "problems": shown,
        "problems_count": count,
        "problems_blob": blob,
    }


def _event(context: Context, asked: Asked, status: Literal["accepted", "refused"], told: dict[str, Any]) -> Event:
    data = SubmissionAnswered(
        source=asked.source,
        submission_id=asked.submission_id,
        status=status,
        index=asked.index,
        period=asked.period,
        **told,
    )
    return envelope(NewEvent(subject=asked.index, data=data), asked.answer, context.clock())


def _claimed(connection: Connection, asked: Asked) -> bool:
    mine = (inbox.c.consumer == SUBMISSIONS, inbox.c.event_id == asked.answer)
    return connection.execute(select(inbox.c.event_id).where(*mine)).first() is not None


def _taken(connection: Connection, asked: Asked) -> bool:
    try:
        with connection.begin_nested():
            connection.execute(
                insert(submissions).values(source=asked.source, submission_id=asked.submission_id, answer=asked.answer)
            )
    except IntegrityError:
        return False
    return True
