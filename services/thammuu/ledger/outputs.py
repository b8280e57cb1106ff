"""Events on their way into the ledger: their bodies are made at once, and many of them wait in a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from thammuu.errors import PermanentRefusalError
from thammuu.events import MAX_DATA_BYTES, Event
from thammuu.i18n import _
from thammuu.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_BODY_BYTES = MAX_DATA_BYTES + 2_000
"""The data's limit and room for the envelope."""
_LONGEST = {"id": 64, "type": 64, "subject": 200}
"""In characters; SQLite would take more, and another database would not take it over."""


class Head(NamedTuple):
    """What the ledger's table has of an event beside its body."""

    id: str
    type: str
    subject: str


class Outputs:
    """Events in the order in which they will be appended.

    Args:
        new: The first of them.

    Raises:
        PermanentRefusalError: If one is larger than the ledger takes.
    """

    def __init__(self, new: Iterable[Event] = ()) -> None:
        self.heads: list[Head] = []
        self._bodies = Spool()
        for event in new:
            self.add(event)

    def __len__(self) -> int:
        return len(self.heads)

    def __iter__(self) -> Iterator[Event]:
        return (Event.model_validate_json(body) for _head, body in self.rows())

    def add(self, event: Event) -> None:
        """Add an event.

        Raises:
            PermanentRefusalError: If it is larger than the ledger takes.
        """
        self._bodies.add(_body(event))
        self.heads.append(Head(event.id, event.type, event.subject))

    def take(self, others: Outputs) -> None:
        """Add the events of others, which are of no use afterwards."""
        if not self.heads:
            self.heads, self._bodies = others.heads, others._bodies
            return
        for head, body in others.rows():
            self._bodies.add(body)
            self.heads.append(head)

    def number_of(self, event_type: str) -> int:
        """Return how many of them are of a type."""
        return sum(head.type == event_type for head in self.heads)

    def rows(self) -> Iterator[tuple[Head, bytes]]:
        """Yield the events as the ledger keeps them."""
        return ((head, self._bodies[number]) for number, head in enumerate(self.heads))


def _body(event: Event) -> bytes:
    body = event.body()
    if len(body) > MAX_BODY_BYTES:
        raise PermanentRefusalError(_("The event {id} is too large: {n} bytes.").format(id=event.id, n=len(body)))
    for name, limit in _LONGEST.items():
        if len(getattr(event, name)) > limit:
            raise PermanentRefusalError(
                _("The event {id} has a {name} of more than {n} characters.").format(id=event.id, name=name, n=limit)
            )
    return body
