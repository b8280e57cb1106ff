"""What consumers have set aside and nobody has seen to since: what an operator still has to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thammuu.bus.inbox import is_handled, name_of_bytes
from thammuu.bus.topics import SUBMISSIONS
from thammuu.errors import EnvironmentFaultError
from thammuu.events import Event, EventRejected, EventReplayed, ScoresPublished, ScoresWithdrawn
from thammuu.ledger import log

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.bus.context import Context


@dataclass(frozen=True, slots=True)
class Aside:
    """One event that one consumer has set aside and that was not handed back."""

    consumer: str
    rejected: str
    reason: str
    raw: str | None
    position: int


def not_handed_back(connection: Connection) -> list[Aside]:
    """Return what was set aside and not handed back, the oldest first."""
    kinds = [EventRejected.event_type, EventReplayed.event_type]
    found: dict[tuple[str, str], Aside] = {}
    for recorded in log.read(connection, types=kinds):
        data = recorded.event.data
        if isinstance(data, EventReplayed):
            found.pop((data.consumer, data.replayed), None)
        elif isinstance(data, EventRejected):
            one = Aside(data.consumer, data.rejected, data.reason, data.raw, recorded.position)
            found[data.consumer, data.rejected] = one
    return list(found.values())


def set_aside_now(context: Context) -> list[Aside]:
    """Return what is set aside, the oldest first.

    What was handed back is left out, and so are bytes that came again and that their consumer could read and handle
    then.
    """
    with context.database.snapshot() as connection:
        return [one for one in not_handed_back(connection) if not _came_again(context, connection, one)]


def set_aside_because_of(context: Context, publication_id: str, after: int) -> list[Aside]:
    """Return what is set aside of all that followed from publishing, or withdrawing, one publication.

    Args:
        context: The program's parts.
        publication_id: The publication.
        after: The ledger's size before it; what stands there followed from something else.
    """
    with context.database.snapshot() as connection:
        names = _following(connection, publication_id, after)
        mine = [one for one in not_handed_back(connection) if one.position > after and one.rejected in names]
        return [one for one in mine if not _came_again(context, connection, one)]


def _following(connection: Connection, publication_id: str, after: int) -> set[str]:
    """Return what the events are called that follow from a publication, as events and as bytes."""
    ids: set[str] = set()
    as_bytes: set[str] = set()
    for recorded in log.read(connection, after=after):
        event = recorded.event
        # causes stand before what follows from them
        if event.causationid in ids or _is_about(event, publication_id):
            ids.add(event.id)
            as_bytes.add(name_of_bytes(event.body()))
    return ids | as_bytes


def _is_about(event: Event, publication_id: str) -> bool:
    data = event.data
    return isinstance(data, ScoresPublished | ScoresWithdrawn) and data.publication_id == publication_id


def _came_again(context: Context, connection: Connection, one: Aside) -> bool:
    """Tell whether bytes were sent again, by ``events replay --from`` or their producer, and handled then."""
    if one.raw is None:
        return False
    try:
        name = _event_in(one.consumer, context.blobs.get(one.raw))
    except EnvironmentFaultError:
        return False  # the bytes are gone or damaged: somebody has to look
    return name is not None and is_handled(connection, one.consumer, name, log.position_of(connection, name))


def _event_in(consumer: str, body: bytes) -> str | None:
    """Return by which id a consumer would know what bytes hold; None where they hold nothing."""
    from thammuu.intake.submission_message import SubmittedMessage

    try:
        if consumer == SUBMISSIONS:
            return SubmittedMessage.model_validate_json(body).answer_id()
        return Event.model_validate_json(body).id
    except ValueError:
        return None
