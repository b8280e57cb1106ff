"""``thammuu memos list|show|export|schema``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from thammuu.cli import approval, memo_issuing, memo_work
from thammuu.cli.memo_options import (
    FormOption,
    IssuerOption,
    LanguageOption,
    MemoFormat,
    MemoLanguage,
    RoundOption,
)
from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_rows
from thammuu.cli.running import reading
from thammuu.i18n import _

_COLUMNS = (
    "memo_id",
    "unit_code",
    "unit_name",
    "round",
    "version",
    "status",
    "number",
    "findings",
    "tasks",
    "pdf",
    "decided_by",
    "comment",
    "edits",
    "edits_dropped",
    "signed",
)
_SHOWN = ("memo_id", "unit_name", "status", "number", "findings", "tasks")
memos_app = typer.Typer(no_args_is_help=True, help=_("List, read, issue and export memos."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    memos_app.command("list", help=_("List the memos, one per unit and round."))(list_memos)
    memos_app.command("show", help=_("Print one unit's memo."))(show)
    memos_app.command("export", help=_("Write memos into a folder, one file a memo and format."))(export)
    memos_app.command("schema", help=_("Print the JSON Schema of memos."))(schema)
    memo_work.register(memos_app)
    approval.register(memos_app)
    memo_issuing.register(memos_app)
    app.add_typer(memos_app, name="memos")


def list_memos(
    ctx: typer.Context, round_name: RoundOption = None, fmt: FormatOption = ListingFormat.table, data: DataOption = None
) -> None:
    from thammuu.memos.shelf import listing

    with reading(settings(ctx, data)) as program:
        rows = listing(program.context, round_name)
    print_rows(rows, _COLUMNS if fmt != "table" else _SHOWN, fmt)
    if fmt == "table":
        for row in rows:
            _say(_notes_on(row))


def show(
    ctx: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help=_("Name, code, memo id, or MEMO@VERSION."))],
    round_name: RoundOption = None,
    fmt: Annotated[
        MemoFormat, typer.Option("--format", help=_("text, chat, html, json, pdf or docx."))
    ] = MemoFormat.text,
    language: LanguageOption = MemoLanguage.vi,
    form: FormOption = None,
    issuer: IssuerOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.drafting import Edition
    from thammuu.memos.shelf import find, printed, printed_model
    from thammuu.memos.versions import model_at

    binary = fmt in (MemoFormat.pdf, MemoFormat.docx)
    if binary and sys.stdout.isatty():
        raise typer.BadParameter(
            _("{format} is not for a terminal: redirect it to a file, or use memos export.").format(
                format=fmt.value.upper()
            )
        )
    notes: list[str] = []
    with reading(settings(ctx, data)) as program:
        row = find(program.context, unit.partition("@")[0], round_name)
        edition = Edition(language.value, form.value if form else None, issuer)
        if "@" in unit:
            model = model_at(program.context, unit)
            content = printed_model(program.context, model, fmt.value, tell=notes.append)
        else:
            content = printed(program.context, row, fmt.value, edition, tell=notes.append)
    _say([*notes, *_notes_on(row)])
    if row["status"] == "superseded":
        console(stderr=True).print(_("This memo was superseded: nothing that stands supports it."), style="bold")
    sys.stdout.buffer.write(content if binary or content.endswith(b"\n") else content + b"\n")


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("Made if it is not there."))],
    formats: Annotated[str, typer.Option("--format", help=_("Any of pdf,docx,html,txt,chat,json."))] = "pdf",
    round_name: RoundOption = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="UNIT", help=_("Only this unit."))] = None,
    language: LanguageOption = MemoLanguage.vi,
    form: FormOption = None,
    issuer: IssuerOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.drafting import Edition
    from thammuu.memos.shelf import export_memos

    notes: list[str] = []
    with reading(settings(ctx, data)) as program:
        edition = Edition(language.value, form.value if form else None, issuer)
        written = export_memos(
            program.context, folder, formats.split(","), round_name, unit, edition, tell=notes.append
        )
    _say(notes)
    console().print(_("{n} files in {folder}.").format(n=len(written), folder=folder), markup=False)


def _notes_on(row: dict[str, Any]) -> list[str]:
    """Return what a person decided on a draft and what became of changed wording."""
    named = {"memo": row["memo_id"], "name": row["decided_by"], "comment": row["comment"]}
    notes = []
    if row["status"] == "returned":
        notes.append(_("{memo} was returned by {name}: {comment}").format(**named))
    if row["status"] in {"draft", "returned", "approved"} and row["edits_dropped"]:
        told = _("{memo}: {n} changed wordings were dropped, since the draft does not say any more what they replaced.")
        notes.append(told.format(memo=row["memo_id"], n=row["edits_dropped"]))
    return notes


def _say(notes: list[str]) -> None:
    for note in sorted(set(notes)):
        console(stderr=True).print(note, markup=False)


def schema() -> None:
    from thammuu.cli.output import print_json
    from thammuu.memos.printing.schema import memo_schema

    print_json(memo_schema())
