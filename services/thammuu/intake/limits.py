"""How much a score file may hold; above it is refused before it costs time or memory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one file. A million scores fit as CSV; no sheet inflates past memory."""

    file_bytes: int = 200_000_000
    line_bytes: int = 1_000_000
    columns: int = 1_000
    rows: int = 1_500_000
    empty_rows: int = 100_000
    cells: int = 15_000_000
    sheet_cells: int = 2_000_000
    sheet_bytes: int = 120_000_000
    archive_bytes: int = 500_000_000
    strings_bytes: int = 20_000_000
    part_bytes: int = 4_000_000
    directory_bytes: int = 1_000_000
    sheets: int = 100
    text_bytes: int = 1_000_000
    probed_cells: int = 200_000
    unknown_names: int = 500
    repeated_figures: int = 1_000
    cell_characters: int = 131_072
    sources: int = 20
    source_characters: int = 500


LIMITS = Limits()
