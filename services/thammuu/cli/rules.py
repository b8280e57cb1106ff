"""``thammuu rules check``: are the rules folder's files valid, and do the rules pass their own tests."""

from __future__ import annotations

from typing import Any

import typer

from thammuu.cli.options import FormatOption, ListingFormat
from thammuu.cli.output import console, print_json
from thammuu.i18n import _

rules_app = typer.Typer(no_args_is_help=True, help=_("Check rules and the other files of the rules folder."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    rules_app.command("check", help=_("Read every file of the rules folder and run the tests inside the rules."))(check)
    app.add_typer(rules_app, name="rules")


def check(fmt: FormatOption = ListingFormat.table) -> None:
    from thammuu import resources
    from thammuu.analysis.rules import run_rule_tests
    from thammuu.rulepack.pack import RulePack

    pack = RulePack(resources.rules_folder())
    for part in ("frameworks", "units", "actions", "agencies"):
        getattr(pack, part)
    failures: list[dict[str, Any]] = run_rule_tests(pack.rules)
    _report(len(pack.rules.rules), failures, fmt)
    if failures:
        raise typer.Exit(1)


def _report(rules: int, failures: list[dict[str, Any]], fmt: str) -> None:
    if fmt == "json":
        print_json({"rules": rules, "failures": failures})
        return
    for failure in failures:
        console(stderr=True).print(
            "  " + ", ".join(f"{name}: {value}" for name, value in failure.items()), markup=False
        )
    told = _("{n} rules, {failed} failed tests.").format(n=rules, failed=len(failures))
    console().print(told, markup=False)
