"""``thammuu db``, ``copy``, ``backup`` and ``restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_json
from thammuu.cli.running import reading
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.ledger.copying import Copied
    from thammuu.ledger.database import Database
    from thammuu.settings import Settings

db_app = typer.Typer(no_args_is_help=True, help=_("The tables of the database."))
_BackupArgument = Annotated[Path, typer.Argument(metavar="DIR", help=_("The backup's folder."))]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    db_app.command("status", help=_("Say which database is in use and whether its tables are those of this version."))(
        status
    )
    db_app.command("upgrade", help=_("Make the tables, or bring those of an earlier version up to date."))(upgrade)
    app.add_typer(db_app, name="db")
    app.command("copy", help=_("Copy the ledger of a data folder into an empty PostgreSQL database, and compare."))(
        copy
    )
    app.command("backup", help=_("Write a backup while others work; either database can be restored from it."))(backup)
    app.command("restore", help=_("Fill an empty database from a backup, and compare."))(restore)


def status(ctx: typer.Context, fmt: FormatOption = ListingFormat.table, data: DataOption = None) -> None:
    from thammuu.ledger.database import SCHEMA_REVISION

    place, found = _found(settings(ctx, data))
    told = {"database": place, "schema": found, "needed": SCHEMA_REVISION, "current": found == SCHEMA_REVISION}
    if fmt == "json":
        print_json(told)
    else:
        line = _("{place}: schema {found}, this version needs {needed}.")
        console().print(line.format(place=place, found=found or _("none"), needed=SCHEMA_REVISION), soft_wrap=True)
    if found != SCHEMA_REVISION:
        raise typer.Exit(1)


def upgrade(ctx: typer.Context, fmt: FormatOption = ListingFormat.table, data: DataOption = None) -> None:
    from thammuu import bootstrap
    from thammuu.ledger.database import SCHEMA_REVISION

    chosen = settings(ctx, data)
    place, before = _found(chosen)
    if chosen.database_url is None:
        with bootstrap.reading(chosen):
            pass
    else:
        database = bootstrap.open_postgres(chosen)
        try:
            before, _after = database.upgrade()
        finally:
            database.close()
    if fmt == "json":
        print_json({"database": place, "from": before, "to": SCHEMA_REVISION})
        return
    line = _("{place}: schema {before} → {after}.")
    console().print(line.format(place=place, before=before or _("none"), after=SCHEMA_REVISION), soft_wrap=True)


def copy(
    ctx: typer.Context,
    source: Annotated[Path, typer.Option("--from", metavar="DIR", help=_("The data folder."))],
    target: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="URL",
            envvar="THAMMUU_DATABASE_URL",
            show_envvar=True,
            help=_("The database: postgresql://user@host/name."),
        ),
    ],
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from pydantic import SecretStr

    from thammuu import bootstrap
    from thammuu.errors import BadInputError
    from thammuu.ledger import copying
    from thammuu.ledger.blobs import FolderBlobs
    from thammuu.ledger.folder_lock import WAIT_S, writing
    from thammuu.ledger.sqlite import SqliteDatabase

    chosen = settings(ctx, data).model_copy(update={"database_url": SecretStr(target)})
    if not (source / bootstrap.DATABASE).exists():
        raise BadInputError(_("{folder} holds no ledger.").format(folder=source))
    with writing(source, WAIT_S), bootstrap.filling(chosen) as (database, blobs, place):
        embedded = SqliteDatabase(source / bootstrap.DATABASE, writable=True)
        try:
            done = copying.copy(embedded, FolderBlobs(source / "blobs"), database, blobs, place)
        finally:
            embedded.close()
    _tell(done, _compared(), place, fmt)


def backup(
    ctx: typer.Context, folder: _BackupArgument, fmt: FormatOption = ListingFormat.table, data: DataOption = None
) -> None:
    from thammuu.ledger.backup import back_up

    with reading(settings(ctx, data)) as program:
        context = program.context
        done = back_up(context.database, context.blobs, folder, context.clock())
    line = _("{place}: {events} events, root {root}; {rows} rows and {files} stored files.")
    _tell(done, line, str(folder), fmt)


def restore(
    ctx: typer.Context, folder: _BackupArgument, fmt: FormatOption = ListingFormat.table, data: DataOption = None
) -> None:
    from thammuu import bootstrap
    from thammuu.ledger import backup as backups

    manifest = backups.read_manifest(folder)
    with bootstrap.filling(settings(ctx, data)) as (database, blobs, place):
        done = backups.restore(folder, manifest, database, blobs, place)
    _tell(done, _compared(), place, fmt)


def _found(chosen: Settings) -> tuple[str, str | None]:
    """Return what to call the configured database, and its schema."""
    from thammuu import bootstrap
    from thammuu.ledger.database import schema_revision
    from thammuu.ledger.sqlite import SqliteDatabase

    database: Database
    if chosen.database_url is not None:
        database = postgres = bootstrap.open_postgres(chosen)
        place = postgres.place
    else:
        path = (chosen.data / bootstrap.DATABASE).absolute()
        if not path.exists():
            return str(path), None
        database, place = SqliteDatabase(path, writable=False), str(path)
    try:
        with database.snapshot() as connection:
            return place, schema_revision(connection)
    finally:
        database.close()


def _tell(done: Copied, line: str, place: str, fmt: str) -> None:
    if fmt == "json":
        print_json({"to": place, "events": done.events, "root": done.root, "rows": done.rows, "files": done.blobs})
        return
    told = line.format(place=place, events=done.events, root=done.root, rows=done.rows, files=done.blobs)
    console().print(told, markup=False, soft_wrap=True)


def _compared() -> str:
    return _("{place}: {events} events, root {root}; {rows} rows and {files} stored files, compared and equal.")
