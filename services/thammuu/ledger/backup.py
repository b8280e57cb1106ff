"""A backup: one moment of the ledger, the read models and the files they name, in a folder that either database reads.

manifest.json      what is in it, with the ledger's root and the SHA-256 of each table
tables/<name>.jsonl  rows as JSON arrays
blobs/ab/cdef…     stored files, named by their SHA-256
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from thammuu.appearing import appearing
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.failpoints import reach
from thammuu.i18n import _
from thammuu.ledger import log
from thammuu.ledger.blobs import FolderBlobs
from thammuu.ledger.copying import TABLES, Contents, Copied, fill, lines, refuse_broken, refuse_filled, refuse_other
from thammuu.ledger.database import SCHEMA_REVISION
from thammuu.ledger.named_blobs import copy_blobs, mentioned, needed

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from thammuu.ledger.blobs import Blobs
    from thammuu.ledger.database import Database

FORMAT = 1


class Part(BaseModel):
    """One table's file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...]
    rows: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    schema_revision: str
    made_at: str
    events: int
    root: str
    tables: dict[str, Part]
    blobs: tuple[str, ...]

    def summary(self) -> Copied:
        """Return the figures that people are told."""
        return Copied(self.events, self.root, sum(part.rows for part in self.tables.values()), len(self.blobs))


def back_up(database: Database, blobs: Blobs, folder: Path, at: datetime) -> Copied:
    """Write a backup while others write; the folder appears when all of it is on the disk.

    Raises:
        BadInputError: If the folder is there already and not empty.
        EnvironmentFaultError: If the ledger is not whole or a stored file is missing.
    """
    with appearing(folder) as partial:
        (partial / "tables").mkdir()
        with database.snapshot() as connection:
            refuse_broken(connection)
            tables = {table.name: _write(connection, table, partial) for table in TABLES}
            head = log.checkpoint(connection)
            names = needed(connection), mentioned(connection)
        reach("backup.tables-written")
        # stored files never change, and those that an event names are never removed: the snapshot need not stay open
        stored = copy_blobs(blobs, FolderBlobs(_made(partial / "blobs")), *names)
        reach("backup.files-copied")
        manifest = Manifest(
            schema_revision=SCHEMA_REVISION,
            made_at=at.isoformat(timespec="seconds"),
            events=head[0],
            root=head[1],
            tables=tables,
            blobs=tuple(sorted(stored)),
        )
        (partial / "manifest.json").write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    return manifest.summary()


def read_manifest(folder: Path) -> Manifest:
    """Return a backup's manifest, every file of the backup checked against it.

    Raises:
        BadInputError: If it is no backup, or was made by a newer version.
        EnvironmentFaultError: If a file is missing, or was changed or damaged.
    """
    try:
        manifest = Manifest.model_validate_json((folder / "manifest.json").read_bytes())
    except (OSError, ValidationError) as error:
        raise BadInputError(
            _("{folder} is no backup: its manifest.json cannot be read.").format(folder=folder)
        ) from error
    known = {table.name: set(table.c.keys()) for table in TABLES}
    newer = manifest.format > FORMAT or manifest.schema_revision > SCHEMA_REVISION
    if newer or any(set(part.columns) - known.get(name, set()) for name, part in manifest.tables.items()):
        raise BadInputError(_("{folder} was made by a newer thammuu.").format(folder=folder))
    for name, part in manifest.tables.items():
        if _digest(_table_file(folder, name)) != part.sha256:
            raise EnvironmentFaultError(
                _("{file} was changed or damaged.").format(file=_table_file(folder, name))
            )  # fmt: skip
    return manifest


def restore(folder: Path, manifest: Manifest, database: Database, blobs: Blobs, place: str) -> Copied:
    """Fill an empty database and its blobs from a backup, in one transaction, and compare.

    Raises:
        BadInputError: If the database is not empty.
        EnvironmentFaultError: If what was written is not what the backup holds; nothing is kept then.
    """
    with database.transaction() as connection:
        refuse_filled(connection, place)
    copy_blobs(FolderBlobs(folder / "blobs"), blobs, set(manifest.blobs), set())
    reach("restore.files-copied")
    expected = {name: Contents(part.columns, part.rows, part.sha256) for name, part in manifest.tables.items()}
    with database.transaction() as connection:
        refuse_filled(connection, place)
        for table in TABLES:
            if part := manifest.tables.get(table.name):
                with _table_file(folder, table.name).open("rb") as file:
                    fill(connection, table, part.columns, file)
        reach("restore.filled")
        refuse_other(connection, expected, (manifest.events, manifest.root))
    return manifest.summary()


def _write(connection: Connection, table: Table, folder: Path) -> Part:
    rows, digest = 0, hashlib.sha256()
    with _table_file(folder, table.name).open("wb") as file:
        for line in lines(connection, table):
            rows += 1
            digest.update(line)
            file.write(line)
    return Part(columns=tuple(table.c.keys()), rows=rows, sha256=digest.hexdigest())


def _table_file(folder: Path, name: str) -> Path:
    return folder / "tables" / f"{name}.jsonl"


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
