"""``thammuu framework check|import|schema``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.cli.options import FormatOption, ListingFormat
from thammuu.cli.output import console, print_json
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.rulepack.frameworks import Framework

framework_app = typer.Typer(no_args_is_help=True, help=_("Check, import and describe framework files."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    framework_app.command("check", help=_("Check a framework file and list every problem."))(check)
    framework_app.command("import", help=_("Make a framework file from an official annex (XLSX)."))(import_annex)
    framework_app.command("schema", help=_("Print the JSON Schema of framework files, for editors."))(schema)
    app.add_typer(framework_app, name="framework")


def check(file: Annotated[Path, typer.Argument(metavar="FILE")], fmt: FormatOption = ListingFormat.table) -> None:
    from thammuu.cli.failures import print_problems
    from thammuu.rulepack.frameworks import check_framework

    problems = check_framework(file)
    errors = [problem for problem in problems if problem.severity == "error"]
    if fmt == "json":
        print_json([problem.as_dict() for problem in problems])
    else:
        print_problems(problems, console(stderr=True))
        if not errors:
            console().print(_("{file}: no errors, {n} warnings.").format(file=file, n=len(problems)), markup=False)
    if errors:
        raise typer.Exit(2)


def import_annex(
    annex: Annotated[
        Path, typer.Argument(metavar="ANNEX", help=_("Columns: code, level, parent, name, maximum, method."))
    ],
    framework_id: Annotated[str, typer.Option("--id", help=_("Name of the edition, such as par-index-876."))],
    index: Annotated[str, typer.Option("--index", help=_("Index it belongs to, such as par-index."))],
    title: Annotated[str | None, typer.Option("--title", help=_("Vietnamese title."))] = None,
    publisher: Annotated[str | None, typer.Option("--publisher", help=_("Who publishes the index."))] = None,
    first_period: Annotated[str | None, typer.Option("--from", help=_("First period it scores, such as 2026."))] = None,
    like: Annotated[
        str | None,
        typer.Option(
            "--like", metavar="ID", help=_("Earlier edition: criteria with the same name keep their concept.")
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help=_("File to write; standard output if not given."))] = None,
) -> None:
    from thammuu.rulepack.framework_annex import import_annex as imported

    if out is not None and out.exists():
        raise typer.BadParameter(_("{file} exists; choose another name.").format(file=out))
    text = imported(
        annex,
        framework_id=framework_id,
        index=index,
        title=title,
        publisher=publisher,
        first_period=first_period,
        earlier=_edition(like),
    )
    if out is None:
        sys.stdout.write(text)
        return
    out.write_text(text, encoding="utf-8")
    console().print(_("Written: {file}. Check it: thammuu framework check {file}").format(file=out), markup=False)


def _edition(framework_id: str | None) -> Framework | None:
    from thammuu import resources
    from thammuu.rulepack.pack import RulePack

    return RulePack(resources.rules_folder()).frameworks.get(framework_id) if framework_id else None


def schema() -> None:
    from thammuu.rulepack.frameworks import framework_schema

    print_json(framework_schema())
