"""The digitally signed copy of an issued memo: handed back by the office, and the document from then on.

Whether the signature is good is for the office's own tool to say. What is looked at here is that there is one, that it
covers the whole file, and that the file is the one that was issued.
"""

from __future__ import annotations

import re
import zlib
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import insert, select, update

from thammuu.canonical import derived_id
from thammuu.errors import BadInputError, Place, Problem
from thammuu.events import MemoSigned, NewEvent, envelope
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.schema import issued_memos, memos, signed_copies
from thammuu.memos.clean import clean_text
from thammuu.memos.people import acting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context

MAX_SIGNED_MB: Final = 50
MAX_REASON: Final = 500
_MB: Final = 1_000_000
_RANGE: Final = re.compile(rb"/ByteRange\s*\[\s*(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s+(\d{1,12})\s*\]")
_STREAM: Final = re.compile(rb"stream\r?\n")
_MAX_STREAMS: Final = 10_000
_MAX_SIGNATURES: Final = 100
_MAX_GAP: Final = 4_000_000
"""Bytes between the two parts that a signature covers: its own digits, with certificates and time stamps."""
_SEQUENCE: Final = "30"
"""What the bytes of a signature begin with (PKCS #7, DER)."""


def signed_file(path: Path) -> bytes:
    """Read a file of acceptable size.

    Raises:
        BadInputError: If it is no regular file, empty or too large.
    """
    from thammuu.intake.files import open_regular

    with open_regular(path) as stream:
        content = stream.read(MAX_SIGNED_MB * _MB + 1)
    if len(content) > MAX_SIGNED_MB * _MB:
        problem = Problem("signed-size", _("at most {n} MB").format(n=MAX_SIGNED_MB), Place(file=str(path)))
        raise BadInputError(_("The file is too large."), [problem])
    return content


def hand_back(
    context: Context, row: dict[str, Any], content: bytes, *, version: str | None = None, anyway: str | None = None
) -> int:
    """Keep the signed copy of an issued memo.

    Args:
        context: The program's parts.
        row: A row of the shelf's listing.
        content: The signed PDF.
        version: Which issued version; the newest if None.
        anyway: Why a file is taken that is not visibly the issued one, or another one than before.

    Returns:
        The version.

    Raises:
        BadInputError: If the memo is not issued or stands no longer, or the file is not its signed copy; all that
            is wrong with the file is told.
    """
    reason = None if anyway is None else clean_text(anyway, limit=MAX_REASON + 1)
    if reason is not None and not 0 < len(reason) <= MAX_REASON:
        raise BadInputError(_("Say why it is taken anyway, in 1 to {n} letters.").format(n=MAX_REASON))
    if not content.startswith(b"%PDF-"):
        raise BadInputError(_("The file is no PDF."))
    with context.database.snapshot() as connection:
        issued = _issued(connection, row, version)
        acting(context, connection, "issue", issued.issuer)
    ours = context.blobs.get(issued.pdf) if issued.pdf else b""
    problems = list(_problems(content, ours, context.blobs.get(issued.model)))
    if problems and reason is None:
        told = _("The file is not visibly the signed copy of {memo}; --anyway REASON takes it all the same.")
        raise BadInputError(told.format(memo=row["memo_id"]), problems)
    pdf = context.blobs.put(content)
    with context.database.transaction() as connection:
        # whoever withdraws, corrects or signs the same memo waits for this, or this for them
        connection.execute(select(memos.c.memo_id).where(memos.c.memo_id == row["memo_id"]).with_for_update())
        # the version that was compared: a correction may have been issued meanwhile
        _record(context, connection, _issued(connection, row, str(issued.version)), pdf, reason)
    return int(issued.version)


def _issued(connection: Connection, row: dict[str, Any], version: str | None) -> Row[Any]:
    status = select(memos.c.status).where(memos.c.memo_id == row["memo_id"])
    if connection.execute(status).scalar() == "superseded":
        raise BadInputError(_("{memo} stands no longer; it is not signed any more.").format(memo=row["memo_id"]))
    query = select(issued_memos).where(issued_memos.c.memo_id == row["memo_id"])
    rows = connection.execute(query.order_by(issued_memos.c.version.desc())).all()
    found = next((one for one in rows if version in {None, str(one.version)}), None)
    if found is None:
        told = _("{memo} is not issued: only a document with its number is signed.")
        raise BadInputError(told.format(memo=row["memo_id"]))
    return found


def _problems(content: bytes, ours: bytes, model: bytes) -> Iterator[Problem]:
    signature = _last_signature(content)
    if signature is None:
        yield Problem("signed-signature", _("a digital signature (/ByteRange with the signature's bytes)"))
    elif content[signature:].strip():
        yield Problem("signed-after", _("nothing after what the signature covers"), value=f"byte {signature}")
    if not (ours and content.startswith(ours)) and not _attached(content, model):
        yield Problem("signed-other", _("the issued PDF with a signature added, or its attached model unchanged"))


def _last_signature(content: bytes) -> int | None:
    """Return where the part ends that the last whole signature covers; None where there is no signature."""
    found = list(islice(_RANGE.finditer(content), _MAX_SIGNATURES + 1))
    if len(found) > _MAX_SIGNATURES:
        return None
    ranges = [(int(one[1]), int(one[2]), int(one[3]), int(one[4])) for one in found]
    return max((one[2] + one[3] for one in ranges if _is_whole(content, *one)), default=None)


def _is_whole(content: bytes, start: int, length: int, second: int, rest: int) -> bool:
    """Return whether a range covers a file from its start but for the bytes of one signature."""
    if not (start == 0 < length < second <= length + _MAX_GAP and second + rest <= len(content)):
        return False
    gap = content[length:second].strip()
    return gap.startswith(b"<") and gap.endswith(b">") and _is_signature(gap[1:-1])


def _is_signature(digits: bytes) -> bool:
    try:
        return bytes.fromhex(digits.decode("ascii")).hex().startswith(_SEQUENCE)
    except ValueError:
        return False


def _attached(content: bytes, model: bytes) -> bool:
    """Return whether one of a PDF's streams, packed or not, is the model; none is unpacked beyond its length."""
    whole = memoryview(content)
    # what does not pack well is a little longer packed; more than that is not handed over, for what is left is copied
    most = 2 * len(model) + 1_000
    for found in islice(_STREAM.finditer(content), _MAX_STREAMS):
        start = found.end()
        if content.startswith(model, start):
            return True
        try:
            unpacked = zlib.decompressobj().decompress(whole[start : start + most], len(model) + 1)
        except zlib.error:
            continue
        if unpacked == model:
            return True
    return False


def _record(context: Context, connection: Connection, issued: Row[Any], pdf: str, reason: str | None) -> None:
    person = acting(context, connection, "issue", issued.issuer)
    mine = (signed_copies.c.memo_id == issued.memo_id) & (signed_copies.c.version == issued.version)
    before = connection.execute(select(signed_copies.c.pdf).where(mine)).scalar()
    if before == pdf:
        return
    if before is not None and reason is None:
        told = _("{memo} has another signed copy already; --anyway REASON puts this one in its place.")
        raise BadInputError(told.format(memo=issued.memo_id))
    if before is None:
        named = {"memo_id": issued.memo_id, "version": issued.version}
        connection.execute(insert(signed_copies).values(**named, pdf=pdf, person=person))
    else:
        connection.execute(update(signed_copies).where(mine).values(pdf=pdf, person=person))
    data = MemoSigned(
        memo_id=issued.memo_id,
        unit_id=issued.unit_id,
        round=issued.round,
        version=issued.version,
        pdf=pdf,
        by=person,
        reason=reason,
    )
    event_id = derived_id("signed", issued.memo_id, issued.version, before or "", pdf)
    log.append(connection, [envelope(NewEvent(subject=issued.unit_id, data=data), event_id, context.clock())])
