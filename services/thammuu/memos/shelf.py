"""The memos there are: list them, find one, print one in any edition, export many."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError
from sqlalchemy import select

from thammuu.appearing import sweep, write_whole
from thammuu.clock import today
from thammuu.errors import BadInputError, ThammuuError
from thammuu.i18n import _
from thammuu.ledger.schema import memos
from thammuu.memos.answering import answer_of, successors
from thammuu.memos.drafting import Edition, model_of
from thammuu.memos.model import MemoModel
from thammuu.memos.printing.reprinting import reprinted
from thammuu.memos.register import cited_in, earlier_of, last_issued
from thammuu.memos.stamps import tell_state
from thammuu.memos.wordings import kept_with, reworded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from thammuu.bus.context import Context
    from thammuu.rulepack.units import Unit

_LOG = structlog.get_logger(__name__)
FORMATS = ("pdf", "docx", "html", "txt", "chat", "json")
_BEFORE_MERGERS = date(2025, 6, 30)
STANDS_AS_DRAFT = frozenset({"draft", "approved", "returned"})
"""What a listing calls a memo that is no document yet."""
KEPT = Edition()
"""The edition that is drafted, issued and kept; others are made when they are asked for."""


def listing(context: Context, round_name: str | None = None) -> list[dict[str, Any]]:
    """Return the memos as rows, newest round first, then by unit code."""
    query = select(memos).order_by(memos.c.round.desc(), memos.c.unit_code)
    if round_name is not None:
        query = query.where(memos.c.round == round_name)
    with context.database.snapshot() as connection:
        rows = [dict(row._mapping) for row in connection.execute(query)]  # noqa: SLF001  SQLAlchemy's public name
        for row in rows:
            issued = last_issued(connection, row["memo_id"]) if row["status"] == "issued" else None
            row["number"] = issued._mapping["number"] if issued is not None else None  # noqa: SLF001  the same
        tell_state(connection, rows)
    units = context.packs.active.units
    for row in rows:
        row["unit_name"] = units.get(row["unit_id"]).name_on(row["dated"])
    return rows


def find(context: Context, unit: str, round_name: str | None = None) -> dict[str, Any]:
    """Return one memo's row by unit name, unit code or memo id; the newest round if none is named.

    A unit that has merged away is found in its successor's memo.

    Raises:
        BadInputError: If there is no such memo; the nearest names are given.
    """
    from rapidfuzz import process

    rows = listing(context, round_name)
    wanted = unit.casefold()
    named = [row for row in rows if wanted == row["memo_id"].casefold()]
    called = [row for row in rows if wanted in (row["unit_id"], row["unit_code"], row["unit_name"].casefold())]
    meant = {one.id for one in _resolved(context, unit)}
    resolved = [row for row in rows if row["unit_id"] in meant]
    # what was superseded is found last: a former unit's name leads to its successor's memo
    standing = [row for row in (*called, *resolved) if row["status"] != "superseded"]
    for row in (*named, *standing, *called, *resolved):
        return row
    near = [name for name, _score, _key in process.extract(unit, sorted({row["unit_name"] for row in rows}), limit=3)]
    raise BadInputError(
        _("There is no memo for {unit}. Nearest: {near}.").format(unit=repr(unit), near=", ".join(near) or _("none"))
    )


def _resolved(context: Context, unit: str) -> list[Unit]:
    """Return the units a name may mean, today or before the mergers, each followed by those it merged into."""
    units = context.packs.active.units
    found: list[Unit] = []
    for day in (today(context.clock), _BEFORE_MERGERS):
        try:
            found += successors(units, units.resolve(unit, on=day))
        except ThammuuError:
            continue
    return found


def model_in(context: Context, row: dict[str, Any], edition: Edition = KEPT) -> MemoModel:
    """Return a memo's model: the kept one, or another edition made from the same publications, rules and day.

    Args:
        context: The program's parts.
        row: A row of :func:`listing`.
        edition: Language, form and issuing body.

    Raises:
        BadInputError: If the issuing body or the form cannot be had.
    """
    if edition == KEPT:
        return kept_model(context, row["memo_id"], row["model"])
    if row["at"] is None or row["pack"] is None:
        raise of_an_earlier_version(row["memo_id"])
    with context.database.snapshot() as connection:
        answer = answer_of(
            context, connection, row["unit_id"], row["round"], row["at"], row["pack"], row["dated"]
        )  # fmt: skip
        if answer is None:
            raise BadInputError(_("{memo} answers no publication any more.").format(memo=row["memo_id"]))
        kept = kept_model(context, row["memo_id"], row["model"])
        since = earlier_of(context, connection, answer, cited_in(kept))
        changed = kept_with(connection, row["memo_id"], row["version"])
    as_kept = edition.form in {None, row["form"]} and edition.issuer in {None, row["issuer"]}
    if as_kept:
        edition = replace(edition, form=row["form"], issuer=row["issuer"], number=row["number"])
    # a number belongs to the document that was issued: in another form or name it is a draft again
    asked = replace(edition, draft=not as_kept or row["status"] != "issued")
    return reworded(model_of(context, answer, asked, since), changed)[0]


def kept_model(context: Context, memo_id: str, blob: str) -> MemoModel:
    """Return a stored model.

    Raises:
        BadInputError: If an earlier version of the program stored it in another form.
    """
    try:
        return MemoModel.model_validate_json(context.blobs.get(blob))
    except ValidationError as error:
        raise of_an_earlier_version(memo_id) from error


def of_an_earlier_version(memo_id: str) -> BadInputError:
    """Return the error of a memo that an earlier version of the program drafted."""
    return BadInputError(
        _("{memo} was drafted by an earlier version: withdraw its publications and publish them again.").format(
            memo=memo_id
        )
    )


def _logged(told: str) -> None:
    _LOG.warning(told)


def printed(
    context: Context, row: dict[str, Any], fmt: str, edition: Edition = KEPT, *, tell: Callable[[str], None] = _logged
) -> bytes:
    """Return a memo in one format: of PDFs the signed copy, else the stored one; anything else from the model.

    Args:
        context: The program's parts.
        row: A row of :func:`listing`.
        fmt: One of :data:`FORMATS`, or ``text``.
        edition: Language, form and issuing body.
        tell: Told, as a sentence, where it is printed with other templates than it was drafted with.
    """
    kept = edition == KEPT
    if fmt == "json" and kept:
        return context.blobs.get(row["model"]) + b"\n"
    if fmt == "pdf" and kept and (stored := row["signed"] or row["pdf"]):
        return context.blobs.get(stored)
    if not kept and row["edits"]:
        tell(
            _("{memo}: persons changed its wording; other editions have it only where they say the same.").format(
                memo=row["memo_id"]
            )
        )
    return printed_model(context, model_in(context, row, edition), fmt, tell=tell)


def printed_model(context: Context, model: MemoModel, fmt: str, *, tell: Callable[[str], None] = _logged) -> bytes:
    """Return a model in one format.

    Args:
        context: The program's parts.
        model: The memo.
        fmt: One of :data:`FORMATS`, or ``text``.
        tell: As for :func:`printed`.
    """
    renderer = context.renderer
    if fmt != "json" and model.provenance.templates_hash != renderer.templates_hash:
        told = _("{memo} is printed with other templates than it was drafted with; its last line says so.")
        tell(told.format(memo=model.provenance.memo_id))
        model = reprinted(model, renderer.templates_hash)
    return renderer.printed(model, fmt)


def export_memos(  # noqa: PLR0913, PLR0917  what an export may choose
    context: Context,
    folder: Path,
    formats: Sequence[str],
    round_name: str | None = None,
    unit: str | None = None,
    edition: Edition = KEPT,
    *,
    tell: Callable[[str], None] = _logged,
) -> list[Path]:
    """Write memos into a folder as ``<memo id>.<format>``; each file appears whole or not at all.

    Raises:
        BadInputError: If a format or the unit is unknown, or there is nothing to export.
    """
    check_formats(formats)
    rows = [find(context, unit, round_name)] if unit else listing(context, round_name)
    rows = [row for row in rows if row["status"] != "superseded"]
    if not rows:
        raise BadInputError(_("There are no memos to export."))
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    wanted = [(row, fmt) for row in rows for fmt in dict.fromkeys(one.strip() for one in formats)]

    def exported(row: dict[str, Any], fmt: str) -> Path:
        path = folder / file_name(row["memo_id"], fmt, edition)
        return write_whole(path, printed(context, row, fmt, edition, tell=tell))

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as threads:
        return list(threads.map(lambda one: exported(*one), wanted))


def check_formats(formats: Sequence[str]) -> None:
    """Refuse formats that do not exist.

    Raises:
        BadInputError: With all of them and the known ones.
    """
    unknown = sorted({one.strip() for one in formats} - set(FORMATS))
    if unknown:
        raise BadInputError(
            _("Unknown formats: {unknown}. Known: {known}.").format(
                unknown=", ".join(unknown), known=", ".join(FORMATS)
            )
        )


def file_name(stem: str, fmt: str, edition: Edition = KEPT) -> str:
    """Return the name of an exported file; other editions than the kept one say which."""
    marks = [mark for mark in (edition.form, edition.issuer) if mark]
    marks += [edition.language] if edition.language != "vi" else []
    return ".".join([stem, *marks, "chat.txt" if fmt == "chat" else fmt])
