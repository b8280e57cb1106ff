"""``thammuu memos issue``: one memo, or a round; ``thammuu memos numbers``: the book of their numbers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.cli.memo_options import AsOption, FormOption, IssuerOption, settings_as
from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_rows
from thammuu.cli.running import changing, reading, run_pipeline
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bootstrap import Program
    from thammuu.memos.approving import Left
    from thammuu.memos.issuing import Handed, IssuedMemo

_NUMBERS = ("register", "year", "first", "last", "state", "memo_id", "version", "dated", "reason", "by")
_NUMBERS_SHOWN = ("register", "year", "first", "last", "state", "memo_id", "dated", "reason")


def register(memos_app: typer.Typer) -> None:
    """Add the command."""
    told = _("Give an approved draft its number and date, or a round's; a later change becomes a correction.")
    memos_app.command("issue", help=told)(issue)
    told = _("List the numbers of each register and year: a document's, voided, or missing.")
    memos_app.command("numbers", help=told)(numbers)


def issue(
    ctx: typer.Context,
    unit: Annotated[
        str | None, typer.Argument(metavar="UNIT", help=_("Name, code or memo id; without it, a whole round."))
    ] = None,
    round_name: Annotated[
        str | None,
        typer.Option(
            "--round", metavar="ROUND", help=_("The newest if not given; without UNIT all that is approved in it.")
        ),
    ] = None,
    number: Annotated[
        int | None,
        typer.Option("--number", min=1, max=99_999, help=_("In the issuer's register of the year; the next one.")),
    ] = None,
    void_skipped: Annotated[
        str | None,
        typer.Option(
            "--void-skipped", metavar="REASON", help=_("Free numbers before --number are recorded as voided, and why.")
        ),
    ] = None,
    dated: Annotated[
        datetime | None, typer.Option("--dated", formats=["%Y-%m-%d"], help=_("The day on the document; today."))
    ] = None,
    form: FormOption = None,
    issuer: IssuerOption = None,
    person: AsOption = None,
    data: DataOption = None,
) -> None:
    from thammuu.memos.drafting import Edition
    from thammuu.memos.issuing import issue as give_number
    from thammuu.memos.shelf import find

    if unit is None and round_name is None:
        raise typer.BadParameter(_("Name a unit, or a round with --round."))
    if unit is None and number is not None:
        raise typer.BadParameter(_("--number is for one memo; a round's get the next free ones."))
    if number is None and void_skipped is not None:
        raise typer.BadParameter(_("--void-skipped is for a --number that leaves others out."))
    edition = Edition(form=form.value if form else None, issuer=issuer)
    day = dated.date() if dated else None
    with changing(settings_as(ctx, data, person)) as program:
        if unit is None:
            assert round_name is not None
            left = _round(program, round_name, day, edition)
        else:
            row = find(program.context, unit, round_name)
            done = give_number(
                program.context, row, number=number, void_skipped=void_skipped, dated=day, edition=edition
            )
            run_pipeline(program)
            left = _say(done)
    if left:
        raise typer.Exit(1)


def numbers(
    ctx: typer.Context,
    year: Annotated[int | None, typer.Option("--year", help=_("Only of this year."))] = None,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from dataclasses import asdict

    from thammuu.memos.numbers import book

    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        rows = [asdict(one) for one in book(connection, year)]
    print_rows(rows, _NUMBERS if fmt != "table" else _NUMBERS_SHOWN, fmt)
    if any(row["state"] == "missing" for row in rows):
        raise typer.Exit(1)


def _round(program: Program, round_name: str, day: object, edition: object) -> bool:
    from thammuu.memos.round_issuing import issue_round

    done = issue_round(program.context, round_name, dated=day, edition=edition)  # type: ignore[arg-type]
    run_pipeline(program)
    for one in done.issued:
        _say(one)
    tell_left(done.unapproved)
    tell_left(done.refused)
    told = _("{n} issued, {waiting} not approved, {refused} refused.")
    counts = {"n": len(done.issued), "waiting": len(done.unapproved), "refused": len(done.refused)}
    console().print(told.format(**counts), markup=False)
    return bool(done.refused)


def tell_left(left: list[Left]) -> None:
    """Print the memos for which something was not done, each with the reason, on standard error."""
    for one in left:
        console(stderr=True).print(f"{one.memo_id}  {one.unit_name}: {one.why}", markup=False, soft_wrap=True)


def _say(done: IssuedMemo | Handed) -> bool:
    """Print what became of one memo; return whether nothing was issued."""
    from thammuu.memos.issuing import Handed

    if isinstance(done, Handed):
        told = _(
            "By that day {name} answers for it: the draft {memo} was written, nothing was issued. Look at it first."
        )
        console().print(told.format(name=done.name, memo=done.memo_id), markup=False)
        return True
    console().print(
        _("{memo}, version {version}, is number {number} of {day}.").format(
            memo=done.memo_id, version=done.version, number=done.number, day=done.dated
        ),
        markup=False,
    )
    return False
