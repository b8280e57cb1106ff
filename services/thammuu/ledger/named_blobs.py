"""Which stored files the ledger and the read models name."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sqlalchemy import select

from thammuu.ledger.blobs import missing
from thammuu.ledger.schema import analyses, events, issued_memos, memos, publications, signed_copies

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.ledger.blobs import Blobs

_HASH = re.compile(rb"[0-9a-f]{64}")
_PAGE = 1_000
_AT_ONCE = 8
_COLUMNS = (
    publications.c.content,
    publications.c.pack,
    analyses.c.facts,
    memos.c.model,
    memos.c.pdf,
    memos.c.pack,
    issued_memos.c.model,
    issued_memos.c.pdf,
    signed_copies.c.pdf,
)


def needed(connection: Connection) -> set[str]:
    """Return the files that the read models cannot do without."""
    return {name for column in _COLUMNS for (name,) in connection.execute(select(column).distinct()) if name}


def mentioned(connection: Connection) -> set[str]:
    """Return every hash that an event mentions; not all of them are files."""
    query = select(events.c.body)
    bodies = connection.execute(query, execution_options={"yield_per": _PAGE}).scalars()
    return {found.decode() for body in bodies for found in _HASH.findall(body)}


def copy_blobs(source: Blobs, target: Blobs, need: set[str], mention: set[str]) -> set[str]:
    """Copy the files that are needed, and those mentioned that are there; return their names.

    Raises:
        EnvironmentFaultError: If one that is needed is in neither place, or is damaged.
    """
    found = set(source.names()) & (need | mention)
    if lost := need - found - set(target.names()):
        raise missing(min(lost))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="blobs") as threads:
        for _name in threads.map(lambda name: target.put(source.get(name)), sorted(found)):
            pass
    return found
