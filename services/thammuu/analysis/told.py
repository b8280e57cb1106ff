"""What an analysis tells of each unit, kept as text until its transaction: of thousands of units it takes megabytes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from thammuu.events import MAX_DATA_BYTES, FindingsRaised
from thammuu.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.ledger.blobs import Blobs

LARGEST_BYTES = MAX_DATA_BYTES * 9 // 10
"""Of a unit's findings in an event; beyond it they are a blob."""


class Told:
    """What is told of the units of a publication; of a unit that nothing was found on, the all-clear.

    Args:
        units: All of them, in order of the publication.
    """

    def __init__(self, units: Sequence[str]) -> None:
        self.units = list(units)
        self._spool = Spool()
        self._places: dict[str, int] = {}
        self._silenced: dict[str, list[dict[str, Any]]] = {}
        self._blobs: dict[str, str] = {}

    def add(self, unit_id: str, findings: list[dict[str, Any]], silenced: list[dict[str, Any]], blobs: Blobs) -> None:
        """Keep what is told of a unit; findings too large for an event are stored as a blob.

        Raises:
            OSError: If the disk refuses.
        """
        found = json.dumps(findings, ensure_ascii=False)
        blob = _blob_of(found, findings, blobs)
        self._places[unit_id] = self._spool.add(found.encode())
        if silenced:
            self._silenced[unit_id] = silenced
        if blob:
            self._blobs[unit_id] = blob

    @property
    def silenced(self) -> dict[str, list[dict[str, Any]]]:
        """Unit → firings of rules that a person silenced, for units that have some."""
        return {unit: self._silenced[unit] for unit in self.units if unit in self._silenced}

    def findings(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Yield every unit with its findings."""
        for unit_id in self.units:
            place = self._places.get(unit_id)
            yield unit_id, [] if place is None else json.loads(self._spool[place])

    def events(self, publication_id: str, pack: str) -> Iterator[FindingsRaised]:
        """Yield what is raised for every unit.

        Args:
            publication_id: The publication.
            pack: Hash of the rule pack that analysed it.
        """
        for unit_id, found in self.findings():
            blob = self._blobs.get(unit_id)
            yield FindingsRaised(
                publication_id=publication_id,
                unit_id=unit_id,
                pack=pack,
                findings=() if blob else tuple(found),
                silenced=tuple(self._silenced.get(unit_id, ())),
                findings_blob=blob,
            )


def _blob_of(text: str, findings: list[dict[str, Any]], blobs: Blobs) -> str | None:
    from thammuu.canonical import canonical_json

    # plain JSON is quick and never shorter: only where it is too long the canonical form is worth its time
    if len(text.encode()) <= LARGEST_BYTES:
        return None
    body = canonical_json(findings)
    return blobs.put(body) if len(body) > LARGEST_BYTES else None
