"""A route: which consumer does what on which event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from thammuu.bus.context import Context, UnitOfWork
from thammuu.events import Event, EventData, NewEvent

Handler = Callable[[Event, UnitOfWork], Iterable[NewEvent]]
Preparation = Callable[[Event, Context], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A consumer's handler for one event type.

    A handler that has thousands of outputs yields them one by one; in either form they are appended last.
    ``prepare`` does the slow and pure part (facts, documents) before the transaction;
    it may only read, and store blobs. The handler finds its result in ``UnitOfWork.prepared``. Work that leaves the
    interpreter's lock, such as typesetting, is prepared ``side_by_side`` on all cores. Where events come by the
    thousand and each takes less than a commit, many of them share one: ``quick``.
    """

    consumer: str
    event: type[EventData]
    handler: Handler
    prepare: Preparation | None = None
    side_by_side: bool = False
    quick: bool = False


def types_by_consumer(routes: Iterable[Route]) -> dict[str, list[str]]:
    """Return which types of events each consumer handles."""
    found: dict[str, list[str]] = {}
    for route in routes:
        found.setdefault(route.consumer, []).append(route.event.event_type)
    return found
