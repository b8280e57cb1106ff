"""Drafted memos: list them, find one, print one, export many."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.clock import today
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.ledger.schema import memos
from thammuu.memos.model import MemoModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from thammuu.bus.context import Context

FORMATS = ("pdf", "html", "txt", "json")


def listing(context: Context, round_name: str | None = None) -> list[dict[str, Any]]:
    """Return the memos as rows, newest round first, then by unit code."""
    query = select(memos).order_by(memos.c.round.desc(), memos.c.unit_code)
    if round_name is not None:
        query = query.where(memos.c.round == round_name)
    with context.database.snapshot() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001  SQLAlchemy's public name
    units = context.packs.active.units
    for row in rows:
        row["unit_name"] = units.get(row["unit_id"]).name_on(row["dated"])
    return rows


def find(context: Context, unit: str, round_name: str | None = None) -> dict[str, Any]:
    """Return one memo's row by unit name, unit code or memo id; the newest round if none is named.

    Raises:
        BadInputError: If there is no such memo; the nearest names are given.
    """
    from rapidfuzz import process

    rows = listing(context, round_name)
    wanted = unit.casefold()
    for row in rows:
        if wanted in (row["memo_id"].casefold(), row["unit_id"], row["unit_code"], row["unit_name"].casefold()):
            return row
    ids = _resolved_ids(context, unit)
    for row in rows:
        if row["unit_id"] in ids:
            return row
    near = [name for name, _score, _key in process.extract(unit, sorted({row["unit_name"] for row in rows}), limit=3)]
    raise BadInputError(
        _("There is no memo for {unit}. Nearest: {near}.").format(unit=repr(unit), near=", ".join(near) or _("none"))
    )


def _resolved_ids(context: Context, unit: str) -> set[str]:
    from datetime import date

    from thammuu.errors import ThammuuError

    found = set()
    for day in (today(context.clock), date(2025, 6, 30)):  # today, and before the mergers of 1 July 2025
        try:
            found.add(context.packs.active.units.resolve(unit, on=day).id)
        except ThammuuError:
            continue
    return found


def model_of(context: Context, row: dict[str, Any]) -> MemoModel:
    """Return the stored model of a memo."""
    return MemoModel.model_validate_json(context.blobs.get(row["model"]))


def printed(context: Context, row: dict[str, Any], fmt: str) -> bytes:
    """Return a memo in one format: the stored PDF if there is one, anything else from the model.

    Args:
        context: The program's parts.
        row: A row of :func:`listing`.
        fmt: ``pdf``, ``html``, ``txt`` (or ``text``) or ``json``.
    """
    if fmt == "json":
        return context.blobs.get(row["model"]) + b"\n"
    if fmt == "pdf" and row["pdf"]:
        return context.blobs.get(row["pdf"])
    model, renderer = model_of(context, row), context.renderer
    if fmt == "pdf":
        return renderer.pdf(model)
    return (renderer.html(model) if fmt == "html" else renderer.text(model)).encode()


def export_memos(
    context: Context, folder: Path, formats: Sequence[str], round_name: str | None = None, unit: str | None = None
) -> list[Path]:
    """Write memos into a folder as ``<memo id>.<format>``; each file appears whole or not at all.

    Raises:
        BadInputError: If a format or the unit is unknown, or there is nothing to export.
    """
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise BadInputError(
            _("Unknown formats: {unknown}. Known: {known}.").format(
                unknown=", ".join(unknown), known=", ".join(FORMATS)
            )
        )
    rows = [find(context, unit, round_name)] if unit else listing(context, round_name)
    rows = [row for row in rows if row["status"] == "draft"]
    if not rows:
        raise BadInputError(_("There are no memos to export."))
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(row, fmt) for row in rows for fmt in dict.fromkeys(formats)]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        return list(threads.map(lambda pair: _write(context, folder, *pair), wanted))


def _write(context: Context, folder: Path, row: dict[str, Any], fmt: str) -> Path:
    path = folder / f"{row['memo_id']}.{fmt}"
    unfinished = path.with_name(f".{path.name}.writing")
    unfinished.write_bytes(printed(context, row, fmt))
    unfinished.replace(path)
    return path
