"""``thammuu routes``: is the tree of routes valid, who would be told, and tell those who were not."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, ListingFormat, settings
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import changing, reading
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS = ("unit", "role", "recipient", "channel", "due", "shares", "why")
routes_app = typer.Typer(no_args_is_help=True, help=_("Who is told of memos, by which channel, when."))
_Index = Annotated[list[str] | None, typer.Option("--index", metavar="INDEX", help=_("Which it answers; may repeat."))]
_Severity = Annotated[str, typer.Option("--severity", help=_("Of its worst finding."))]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    routes_app.command("check", help=_("Read rules/delivery/routes.yaml; every problem with line and column."))(check)
    routes_app.command("test", help=_("Show whom a memo would be sent to, when and why; nothing is sent."))(try_)
    routes_app.command("apply", help=_("Queue issued memos for whoever should have been told and was not."))(apply)
    app.add_typer(routes_app, name="routes")


def check(fmt: FormatOption = ListingFormat.table) -> None:
    from thammuu import resources
    from thammuu.delivery.routes import Routes
    from thammuu.rulepack.pack import RulePack

    routes = Routes.load(RulePack(resources.rules_folder()))
    if fmt == "json":
        print_json({"routes": routes.count})
        return
    console().print(_("{n} routes, nothing wrong with them.").format(n=routes.count), markup=False)


def try_(
    ctx: typer.Context,
    unit: Annotated[str | None, typer.Option("--unit", metavar="UNIT", help=_("To whom, by name or code."))] = None,
    round_name: Annotated[
        str | None,
        typer.Option("--round", metavar="ROUND", help=_("The memos of this round instead of a made-up one.")),
    ] = None,
    index: _Index = None,
    severity: _Severity = "major",
    issuer: Annotated[str | None, typer.Option("--issuer", help=_("Who writes it."))] = None,
    correction: Annotated[bool, typer.Option("--correction", help=_("It replaces an issued memo."))] = False,
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%Y-%m-%dT%H:%M"], metavar="TIME", help=_("In Viet Nam; now.")),
    ] = None,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.clock import VIETNAM
    from thammuu.delivery.trying import Imagined, would_be_told

    imagined = Imagined(unit, round_name, tuple(index or ()), severity, issuer, correction)
    with reading(settings(ctx, data)) as program:
        moment = at.replace(tzinfo=VIETNAM) if at else program.context.clock()
        rows, nobody = would_be_told(program.context, imagined, moment)
    if fmt == "json":
        print_json({"messages": rows, "nobody": nobody})
        return
    print_rows(rows, _COLUMNS, fmt)
    _print_nobody(nobody)


def _print_nobody(nobody: Sequence[dict[str, Any]]) -> None:
    err = console(stderr=True)
    for one in nobody:
        role = one["role"]
        told = _("{unit}: nobody is told, as no route names anybody.") if role is None else None
        told = told or _("{unit}: nobody can be reached as {role}.")
        err.print(told.format(unit=one["unit"], role=role), markup=False)


def apply(
    ctx: typer.Context,
    round_name: Annotated[str, typer.Option("--round", metavar="ROUND", help=_("The memos of this round."))],
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.delivery.catching_up import catch_up

    with changing(settings(ctx, data)) as program:
        done = catch_up(program.context, round_name)
    if fmt == "json":
        print_json(done)
        return
    said = _("{messages} messages queued for {memos} memos; in {unreached} roles nobody can be reached.")
    console().print(said.format(**done), markup=False)
