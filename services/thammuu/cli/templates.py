"""``thammuu templates check``: do the templates print every memo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from thammuu.cli.options import FormatOption, ListingFormat
from thammuu.cli.output import console, print_json
from thammuu.i18n import _

templates_app = typer.Typer(no_args_is_help=True, help=_("Check the templates that memos are printed with."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    told = _("Print every template with memos made to break it and list what broke, with file and line.")
    templates_app.command("check", help=told)(check)
    app.add_typer(templates_app, name="templates")


def check(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]", help=_("The templates folder; the one in use if left out."), show_default=False
        ),
    ] = None,
    fmt: FormatOption = ListingFormat.table,
) -> None:
    from thammuu import resources
    from thammuu.cli.failures import print_problems
    from thammuu.memos.printing.templates_check import check_templates

    checked = folder or resources.templates_folder()
    problems = check_templates(checked)
    if fmt == "json":
        print_json([problem.as_dict() for problem in problems])
    else:
        print_problems(problems, console(stderr=True))
        told = _("{folder}: {n} problems.").format(folder=checked, n=len(problems))
        console().print(told, markup=False)
    if problems:
        raise typer.Exit(1)
