"""Who gave whom which right, and who ended it, as the ledger tells."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.canonical import derived_id
from thammuu.events import NewEvent, RightsEnded, RightsGiven, envelope
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import people

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.bus.context import Context

_HELD = {"rights", "issuers", "valid_from", "valid_to"}


def record(context: Context, connection: Connection, person_id: str, by: str, *, ended: bool = False) -> None:
    """Append what the register says of a person by now, unless that is what the ledger says already.

    Args:
        context: The program's parts.
        connection: The transaction that changed the register.
        person_id: Whose rights.
        by: Who changed them.
        ended: Whether they were ended.
    """
    held = _register(connection)[person_id]
    before = _told(connection)[person_id]
    if before and _held(before[-1]) == held:
        return
    data = (RightsEnded if ended else RightsGiven)(person_id=person_id, by=by, **held)
    event_id = derived_id("rights", person_id, len(before) + 1)
    log.append(connection, [envelope(NewEvent(subject=person_id, data=data), event_id, context.clock())])


def faults(connection: Connection) -> list[str]:
    """Return for whom the register says other rights than the ledger.

    Args:
        connection: Any connection.
    """
    kept = _register(connection)
    told = {name: _held(events[-1]) for name, events in _told(connection).items()}
    differing = [name for name in sorted(kept.keys() | told.keys()) if kept.get(name) != told.get(name)]
    return [_("{name}: the register and the ledger do not say the same rights.").format(name=one) for one in differing]


def _register(connection: Connection) -> dict[str, dict[str, Any]]:
    return {
        row.person_id: {
            "rights": tuple(row.rights.split(",")),
            "issuers": tuple(row.issuers.split(",")) if row.issuers else (),
            "valid_from": row.valid_from,
            "valid_to": row.valid_to,
        }
        for row in connection.execute(select(people))
    }


def _told(connection: Connection) -> defaultdict[str, list[RightsGiven]]:
    found: defaultdict[str, list[RightsGiven]] = defaultdict(list)
    for recorded in log.read(connection, types=[RightsGiven.event_type, RightsEnded.event_type]):
        data = recorded.event.data
        assert isinstance(data, RightsGiven)
        found[data.person_id].append(data)
    return found


def _held(data: RightsGiven) -> dict[str, Any]:
    return data.model_dump(include=_HELD)
