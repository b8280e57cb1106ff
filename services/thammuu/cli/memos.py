"""``thammuu memos list|show|export``."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_rows
from thammuu.cli.running import reading
from thammuu.i18n import _

_COLUMNS = ("memo_id", "unit_code", "unit_name", "round", "version", "status", "findings", "tasks", "pdf")
RoundOption = Annotated[
    str | None, typer.Option("--round", metavar="ROUND", help=_("Only this round; show takes the newest."))
]
memos_app = typer.Typer(no_args_is_help=True, help=_("List, read and export memos."))


class MemoFormat(StrEnum):
    """How one memo is printed."""

    text = "text"
    txt = "txt"
    html = "html"
    json = "json"
    pdf = "pdf"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    memos_app.command("list", help=_("List the memos, one per unit and round."))(list_memos)
    memos_app.command("show", help=_("Print one unit's memo."))(show)
    memos_app.command("export", help=_("Write memos into a folder, one file a memo and format."))(export)
    app.add_typer(memos_app, name="memos")


def list_memos(
    ctx: typer.Context, round_name: RoundOption = None, fmt: FormatOption = ListingFormat.table, data: DataOption = None
) -> None:
    from thammuu.memos.shelf import listing

    with reading(settings(ctx, data)) as program:
        rows = listing(program.context, round_name)
    print_rows(rows, _COLUMNS if fmt != "table" else _COLUMNS[:-1], fmt)


def show(
    ctx: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help=_("Name, code or memo id."))],
    round_name: RoundOption = None,
    fmt: Annotated[MemoFormat, typer.Option("--format", help=_("text, html, json or pdf."))] = MemoFormat.text,
    data: DataOption = None,
) -> None:
    from thammuu.memos.shelf import find, printed

    with reading(settings(ctx, data)) as program:
        row = find(program.context, unit, round_name)
        content = printed(program.context, row, fmt.value)
    if row["status"] != "draft":
        console(stderr=True).print(_("This memo was superseded: nothing that stands supports it."), style="bold")
    if fmt is MemoFormat.pdf and sys.stdout.isatty():
        raise typer.BadParameter(_("A PDF is not for a terminal: redirect it to a file, or use memos export."))
    sys.stdout.buffer.write(content if fmt is MemoFormat.pdf or content.endswith(b"\n") else content + b"\n")


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Made if it is not there."))],
    formats: Annotated[str, typer.Option("--format", help=_("Any of pdf,html,txt,json."))] = "pdf",
    round_name: RoundOption = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="UNIT", help=_("Only this unit."))] = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.shelf import export_memos

    with reading(settings(ctx, data)) as program:
        written = export_memos(program.context, folder, formats.split(","), round_name, unit)
    console().print(_("{n} files in {folder}.").format(n=len(written), folder=folder), markup=False)
