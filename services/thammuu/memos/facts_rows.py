"""The facts of each unit of a publication: of thousands of units they wait in a file, some units to a piece."""

from __future__ import annotations

import io
from threading import Lock
from typing import TYPE_CHECKING, Any

from thammuu.spool import Spool

if TYPE_CHECKING:
    import polars as pl


class FactsRows:
    """Rows of facts by unit; the piece that was asked for last is held, since memos follow one another in its order."""

    def __init__(self) -> None:
        self._pieces = Spool()
        self._places: dict[str, tuple[int, int, int]] = {}
        self._held: tuple[int, pl.DataFrame] | None = None
        self._lock = Lock()

    def add(self, frame: pl.DataFrame) -> None:
        """Add the facts of some units, all rows of each.

        Raises:
            OSError: If the disk refuses.
        """
        import polars as pl

        frame = frame.sort("unit_id", maintain_order=True)
        runs = frame.with_row_index("at").group_by("unit_id", maintain_order=True).agg(pl.col("at").first(), pl.len())
        buffer = io.BytesIO()
        frame.write_ipc(buffer, compression="lz4")
        piece = self._pieces.add(buffer.getvalue())
        self._places |= {unit: (piece, at, length) for unit, at, length in runs.rows()}

    @property
    def units(self) -> frozenset[str]:
        """The units that have facts."""
        return frozenset(self._places)

    def of(self, unit_id: str) -> list[dict[str, Any]]:
        """Return a unit's facts, one mapping a node; none for a unit that the publication lacks."""
        if unit_id not in self._places:
            return []
        piece, at, length = self._places[unit_id]
        with self._lock:
            return self._piece(piece).slice(at, length).to_dicts()

    def _piece(self, number: int) -> pl.DataFrame:
        import polars as pl

        if self._held is None or self._held[0] != number:
            self._held = (number, pl.read_ipc(self._pieces[number]))
        return self._held[1]
