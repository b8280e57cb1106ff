"""``thammuu memos approve|return|edit|signed``: what people do with drafts and documents."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.memo_issuing import tell_left
from thammuu.cli.memo_options import AsOption, settings_as
from thammuu.cli.options import DataOption
from thammuu.cli.output import console
from thammuu.cli.running import changing, run_pipeline
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.memos.approving import Left

_Unit = Annotated[str, typer.Argument(metavar="UNIT", help=_("Name, code, memo id, or MEMO@VERSION."))]
_Round = Annotated[str | None, typer.Option("--round", metavar="ROUND", help=_("The round; the newest if not given."))]


def register(memos_app: typer.Typer) -> None:
    """Add the commands."""
    told = _("Approve drafts by name, all or none; or those of a round that can be.")
    memos_app.command("approve", help=told)(approve)
    memos_app.command("return", help=_("Send a draft back to be reworked, with a comment."))(send_back)
    memos_app.command("edit", help=_("Change what a line of a draft says; it becomes a new version."))(edit)
    memos_app.command("signed", help=_("Hand back the digitally signed PDF of an issued memo; it is what is sent."))(
        signed
    )


def approve(
    ctx: typer.Context,
    units: Annotated[
        list[str] | None, typer.Argument(metavar="UNIT…", help=_("Names, codes, memo ids, or MEMO@VERSION."))
    ] = None,
    round_name: _Round = None,
    every: Annotated[bool, typer.Option("--all", help=_("Of a round all drafts or none."))] = False,
    person: AsOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.approving import approve as approve_all
    from thammuu.memos.approving import approve_round
    from thammuu.memos.shelf import STANDS_AS_DRAFT, listing

    if not units and round_name is None:
        raise typer.BadParameter(_("Name units, or a round with --round."))
    if units and every:
        raise typer.BadParameter(_("--all is for a round; what is named is approved as a whole anyway."))
    left: list[Left] = []
    with changing(settings_as(ctx, data, person)) as program:
        if units:
            rows = [named_draft(program.context, one, round_name) for one in units]
            approve_all(program.context, list({row["memo_id"]: row for row in rows}.values()))
            done = [row["memo_id"] for row in rows]
        else:
            rows = listing(program.context, round_name)
            if every:
                drafts = [row for row in rows if row["status"] in STANDS_AS_DRAFT - {"approved"}]
                approve_all(program.context, drafts)
                done = [row["memo_id"] for row in drafts]
            else:
                done, left = approve_round(program.context, rows)
        run_pipeline(program)
    for memo_id in dict.fromkeys(done):
        console().print(_("{memo} is approved.").format(memo=memo_id), markup=False)
    tell_left(left)
    told = _("{n} approved, {left} not.").format(n=len(dict.fromkeys(done)), left=len(left))
    console().print(told, markup=False)
    if left:
        raise typer.Exit(1)


def send_back(
    ctx: typer.Context,
    unit: _Unit,
    comment: Annotated[str, typer.Option("--comment", metavar="TEXT", help=_("What is wrong with it."))],
    round_name: _Round = None,
    person: AsOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.approving import send_back as give_back

    with changing(settings_as(ctx, data, person)) as program:
        row = named_draft(program.context, unit, round_name)
        give_back(program.context, row, comment)
        run_pipeline(program)
    console().print(_("{memo} is returned.").format(memo=row["memo_id"]), markup=False)


def edit(
    ctx: typer.Context,
    unit: _Unit,
    line: Annotated[
        int | None, typer.Argument(metavar="LINE", help=_("A line's number, as `memos why` counts them."))
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text", metavar="TEXT", help=_("Of the sentence, or of the row's task."))
    ] = None,
    deadline: Annotated[
        datetime | None, typer.Option("--deadline", formats=["%Y-%m-%d"], help=_("Of the row's task."))
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help=_("Why; a deadline needs one."))] = "",
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help=_("Several changes at once, in YAML."))
    ] = None,
    round_name: _Round = None,
    person: AsOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.editing import Change, changes_in
    from thammuu.memos.editing import edit as change_wording

    if (line is None) == (file is None):
        raise typer.BadParameter(_("Name a line with --text or --deadline, or a --file of changes."))
    if line is None:
        assert file is not None
        changes = changes_in(file)
    else:
        day = deadline.date() if deadline else None
        changes = [Change(line=line, text=text, deadline=day, reason=reason)]
    with changing(settings_as(ctx, data, person)) as program:
        row = named_draft(program.context, unit, round_name)
        version = change_wording(program.context, row, changes)
        run_pipeline(program)
    told = (
        _("{memo} has version {version} now; it is not approved.")
        if version != row["version"]
        else _("{memo}, version {version}, says so already.")
    )
    console().print(told.format(memo=row["memo_id"], version=version), markup=False)


def signed(
    ctx: typer.Context,
    unit: _Unit,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("The signed PDF."))],
    anyway: Annotated[
        str | None,
        typer.Option(
            "--anyway", metavar="REASON", help=_("Take it although it is not visibly the issued one; recorded.")
        ),
    ] = None,
    round_name: _Round = None,
    person: AsOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.shelf import find
    from thammuu.memos.signing import hand_back, signed_file

    content = signed_file(file)
    with changing(settings_as(ctx, data, person)) as program:
        name, _at, version = unit.partition("@")
        row = find(program.context, name, round_name)
        done = hand_back(program.context, row, content, version=version or None, anyway=anyway)
        run_pipeline(program)
    told = _("{memo}, version {version}, has its signed copy.")
    console().print(told.format(memo=row["memo_id"], version=done), markup=False)


def named_draft(context: Context, unit: str, round_name: str | None) -> dict[str, Any]:
    """Return a memo's row; ``MEMO@VERSION`` makes sure that it is the version somebody looked at.

    Raises:
        BadInputError: If there is no such memo, or it has another version by now.
    """
    from thammuu.errors import BadInputError
    from thammuu.memos.shelf import find

    name, at, version = unit.partition("@")
    row = find(context, name, round_name)
    if at and version != str(row["version"]):
        told = _("{memo} has version {version} by now, not {named}; look at it again.")
        raise BadInputError(told.format(memo=row["memo_id"], version=row["version"], named=version))
    return row
