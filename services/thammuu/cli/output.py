"""Listings as tables for people, JSON or CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

_WHOLE = frozenset({"publication_id", "memo_id", "published_on", "time", "code", "unit_code", "type"})
"""Columns that people copy, never broken over two lines."""


def console(*, stderr: bool = False) -> Console:
    """Return a console for standard output or standard error."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def print_json(value: Any) -> None:  # noqa: ANN401  any JSON value
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False, default=str) + "\n")


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], fmt: str, title: str = "") -> None:
    """Print a listing.

    Args:
        rows: One mapping a line.
        columns: The columns of the table, in order; JSON prints every key.
        fmt: ``table``, ``json`` or ``csv``.
        title: Heading of the table.
    """
    if fmt == "json":
        print_json([dict(row) for row in rows])
    elif fmt == "csv":
        _print_csv(rows, columns)
    else:
        _print_table(rows, columns, title)


def _print_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column)) for column in columns])


def _cell(value: Any) -> str:  # noqa: ANN401  any listing value
    if value is None:
        return ""
    if isinstance(value, dict | list | tuple):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], title: str) -> None:
    from rich import box
    from rich.markup import escape
    from rich.table import Table

    from thammuu.cli.headings import heading

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD)
    for column in columns:
        numeric = any(isinstance(row.get(column), int | float) for row in rows)
        justify: Literal["left", "right"] = "right" if numeric else "left"
        table.add_column(heading(column), justify=justify, overflow="fold", no_wrap=column in _WHOLE)
    for row in rows:
        table.add_row(*(escape(_short(row.get(column))) for column in columns))
    console().print(table)


def _short(value: Any) -> str:  # noqa: ANN401  any listing value
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, float) else _cell(value)
