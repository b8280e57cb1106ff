"""``thammuu rules check``: are the files valid, the tasks concrete, and do the rules pass their own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from thammuu.cli.options import FormatOption, ListingFormat
from thammuu.cli.output import console, print_json
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.errors import Problem

rules_app = typer.Typer(no_args_is_help=True, help=_("Check rules and the other files of the rules folder."))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    rules_app.command("check", help=_("Read every file of the rules folder and run the tests inside the rules."))(check)
    app.add_typer(rules_app, name="rules")


def check(fmt: FormatOption = ListingFormat.table) -> None:
    from thammuu import resources
    from thammuu.analysis.rules import run_rule_tests
    from thammuu.rulepack.actions_lint import lint_rules
    from thammuu.rulepack.issuers_check import check_issuers
    from thammuu.rulepack.pack import RulePack
    from thammuu.rulepack.yaml_positions import refuse

    pack = RulePack(resources.rules_folder())
    for part in ("frameworks", "units", "actions", "agencies"):
        getattr(pack, part)
    rules = pack.rules
    issuers = pack.folder / "issuers"
    refuse(check_issuers(issuers), lambda: _("The issuers in {folder} cannot sign.").format(folder=issuers))
    warnings = lint_rules(pack.folder)
    refuse(warnings, lambda: _("The tasks in {folder} cannot be acted on.").format(folder=pack.folder / "actions"))
    failures: list[dict[str, Any]] = run_rule_tests(rules)
    _report(len(rules.rules), len(pack.actions.actions), warnings, failures, fmt)
    if failures:
        raise typer.Exit(1)


def _report(rules: int, actions: int, warnings: Sequence[Problem], failures: list[dict[str, Any]], fmt: str) -> None:
    if fmt == "json":
        told = [warning.as_dict() for warning in warnings]
        print_json({"rules": rules, "actions": actions, "warnings": told, "failures": failures})
        return
    from thammuu.cli.failures import print_problems

    errors = console(stderr=True)
    print_problems(warnings, errors)
    for failure in failures:
        errors.print("  " + ", ".join(f"{name}: {value}" for name, value in failure.items()), markup=False)
    console().print(_("{n} rules, {failed} failed tests.").format(n=rules, failed=len(failures)), markup=False)
    console().print(_("{n} actions, {warned} warnings.").format(n=actions, warned=len(warnings)), markup=False)
