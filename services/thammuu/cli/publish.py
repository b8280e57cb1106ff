"""``thammuu publish``: scores in, memos out."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, ListingFormat, settings
from thammuu.cli.output import console, print_json
from thammuu.cli.running import changing, ledger_size, reading, refuse_rejected, run_pipeline
from thammuu.errors import ServedError
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.errors import Problem
    from thammuu.intake.publishing import Outcome, Request

_DAY = ["%Y-%m-%d"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    help_text = _("Publish a score file: the whole file is accepted, or nothing is and every error is listed.")
    app.command("publish", help=help_text)(publish)


def publish(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help=_("CSV or XLSX, long or wide."))] = None,
    index: Annotated[str | None, typer.Option("--index", metavar="INDEX", help=_("Index, such as papi."))] = None,
    period: Annotated[str | None, typer.Option("--period", metavar="PERIOD", help=_("Period, such as 2022."))] = None,
    published_on: Annotated[
        datetime | None, typer.Option(formats=_DAY, metavar="DATE", help=_("Date of publication; today if not given."))
    ] = None,
    round_name: Annotated[
        str | None, typer.Option("--round", metavar="ROUND", help=_("Round; the year of publication if not given."))
    ] = None,
    units_as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=_DAY, metavar="DATE", help=_("Units as they were on this date; the period's end if not given.")
        ),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option("--sheet", help=_("Sheet of the workbook, if several look like scores."))
    ] = None,
    history: Annotated[bool, typer.Option("--history", help=_("Load for trends only, without memos."))] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help=_("The file holds some units only: no ranks or peers are computed."))
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Say what would happen; write nothing."))] = False,
    withdraw: Annotated[
        str | None, typer.Option("--withdraw", metavar="PUBLICATION", help=_("Take this publication back."))
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help=_("Why it is withdrawn; kept in the ledger."))] = None,
    fmt: Annotated[
        ListingFormat, typer.Option("--format", help=_("json prints one object for programs."))
    ] = ListingFormat.table,
    data: DataOption = None,
) -> None:
    chosen = settings(ctx, data)
    if withdraw is not None:
        if file is not None or not reason or dry_run:
            raise typer.BadParameter(_("--withdraw takes a publication and --reason, no file and no --dry-run."))
        try:
            with changing(chosen) as program:
                _withdraw(program, withdraw, reason, fmt)
        except ServedError as held:
            from thammuu.cli.through_server import server_at

            _say_withdrawn(server_at(held, chosen).withdraw(withdraw, reason), fmt)
        return
    if file is None or index is None or period is None:
        raise typer.BadParameter(_("publish needs FILE, --index and --period."))
    from thammuu.intake.publishing import Request

    request = Request(
        file=file,
        index=index,
        period=period,
        published_on=published_on.date() if published_on else None,
        round=round_name,
        units_as_of=units_as_of.date() if units_as_of else None,
        sheet=sheet,
        history=history,
        partial=partial or None,
    )
    if dry_run:
        with reading(chosen) as program:
            _dry_run(program, request, fmt)
        return
    try:
        with changing(chosen) as program:
            _publish(program, request, fmt)
    except ServedError as held:
        from thammuu.cli.through_server import problems_in, server_at

        summary = server_at(held, chosen).publish(request)
        _print(summary, fmt, problems_in(summary["warnings"]))


def _publish(program: Program, request: Request, fmt: str) -> None:
    from thammuu.bus.aside import set_aside_because_of
    from thammuu.intake import publishing

    before = ledger_size(program)
    outcome = publishing.publish(program.context, request)
    if fmt != "json":
        _say_accepted(outcome)
    run_pipeline(program)
    rejected = len(set_aside_because_of(program.context, outcome.publication_id, before))
    _print(publishing.report(program.context, outcome) | {"rejected": rejected}, fmt, outcome.warnings)
    refuse_rejected(rejected)


def _dry_run(program: Program, request: Request, fmt: str) -> None:
    from thammuu.intake import publishing

    foreseen = publishing.foresee(program.context, request)
    if fmt != "json":
        console().print(_("Dry run: nothing was written."), style="bold")
    _print(foreseen.summary | {"dry_run": True}, fmt, foreseen.warnings)


def _withdraw(program: Program, publication_id: str, reason: str, fmt: str) -> None:
    from thammuu.bus.aside import set_aside_because_of
    from thammuu.intake import acceptance, publishing

    before = ledger_size(program)
    row = acceptance.withdraw(program.context, publication_id, reason)
    run_pipeline(program)
    refuse_rejected(len(set_aside_because_of(program.context, publication_id, before)))
    standing = publishing.standing_revision(program.context, row)
    done = {"publication_id": publication_id, "withdrawn": True, "reason": reason, "standing": standing}
    _say_withdrawn(done, fmt)


def _say_withdrawn(done: dict[str, Any], fmt: str) -> None:
    if fmt == "json":
        print_json(done)
        return
    standing = done["standing"]
    console().print(_("Withdrawn: {id}.").format(id=done["publication_id"]), style="bold", markup=False)
    told = _("{id} is the latest again.").format(id=standing) if standing else _("Nothing of this period stands now.")
    console().print(told, markup=False)


def _say_accepted(outcome: Outcome) -> None:
    word = _("published") if outcome.changed else _("unchanged: the latest revision has the same content")
    console().print(f"{outcome.publication_id}: {word}", style="bold", markup=False)


def _print(summary: dict[str, Any], fmt: str, warnings: list[Problem]) -> None:
    if fmt == "json":
        print_json(summary)
        return
    from thammuu.cli.failures import print_problems

    out = console()
    line = _("{units} units, {scores} scores, {missing} missing; {findings} findings; {memos} memos (round {round}).")
    out.print(line.format(**summary), markup=False)
    for note in summary["notes"]:
        out.print(note, markup=False)
    print_problems(warnings, console(stderr=True))
