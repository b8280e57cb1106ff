"""``Idempotency-Key``: a sender that lost the answer asks again, and what it sent is not published a second time.

The same scores are recognised without a key as long as they are the latest revision. With one they are recognised
after a later revision too (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from thammuu.bus.inbox import claim
from thammuu.canonical import derived_id, sha256_hex
from thammuu.errors import BadInputError, Problem
from thammuu.events import ScoresPublished
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import inbox

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.events import Event
    from thammuu.intake.acceptance import Acceptance, Sealed
    from thammuu.portal.asked import Asked

_HALF = 32
"""Hex digits of an id: a row holds what was sent and which event it led to."""


class RepeatedError(Exception):
    """The same request was accepted before.

    Args:
        publication_id: What it led to.
    """

    def __init__(self, publication_id: str) -> None:
        super().__init__(publication_id)
        self.publication_id = publication_id


class Repeats:
    """What a key stands for, kept with the events that were handled before.

    Args:
        context: The program's parts.
        key: As the sender gave it.
        asked: What was said beside the file.
        file: The file.
    """

    def __init__(self, context: Context, key: str, asked: Asked, file: Path) -> None:
        self._context = context
        self._name = f"key:{derived_id('idempotency', key)}"
        self._sent = derived_id("sent", asked.model_dump_json(exclude={"filename"}), sha256_hex(file.read_bytes()))

    def check(self) -> None:
        """Look whether the key is new.

        Raises:
            RepeatedError: If the same was accepted before.
            BadInputError: If the key was used for something else.
        """
        with self._context.database.snapshot() as connection:
            self._check(connection)

    def keep(self, connection: Connection, decision: Acceptance, submission: Sealed) -> list[Event]:
        """Remember which publication the key leads to, in the transaction that accepts it.

        Raises:
            RepeatedError: If the same was accepted meanwhile.
            BadInputError: If the key was used meanwhile for something else.
        """
        self._check(connection)
        event_id = derived_id("publish", decision.publication_id, sha256_hex(submission.body))
        claim(connection, self._name, self._sent + event_id)
        return []

    def _check(self, connection: Connection) -> None:
        row = connection.execute(select(inbox.c.event_id).where(inbox.c.consumer == self._name)).scalar()
        if row is None:
            return
        if row[:_HALF] != self._sent:
            expected = _("a key of its own for each file")
            raise BadInputError(_("The request was refused; nothing was written."), [Problem("used-key", expected)])
        event = log.find(connection, row[_HALF:])
        if event and isinstance(event.data, ScoresPublished):
            raise RepeatedError(event.data.publication_id)
