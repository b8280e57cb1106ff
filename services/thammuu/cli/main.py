"""The command line ``thammuu``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from thammuu import __version__
from thammuu.cli import doctor, framework, ledger, listings, memos, publish, setup
from thammuu.cli.options import DataOption
from thammuu.i18n import _

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_("Turns published governance scores into action memos for each province."),
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"thammuu {__version__}")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    data: DataOption = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help=_("Print the version."))
    ] = False,
) -> None:
    """Remember what every command needs."""
    del version
    ctx.obj = {"data": data}


setup.register(app)
publish.register(app)
listings.register(app)
memos.register(app)
ledger.register(app)
framework.register(app)
doctor.register(app)


def run() -> None:
    """Run the command line; errors become messages and exit codes, never tracebacks for bad input."""
    from thammuu.errors import ThammuuError

    try:
        app()
    except ThammuuError as error:
        from thammuu.cli.failures import report

        sys.exit(report(error))
    except OSError as error:
        from thammuu.cli.failures import report_system

        sys.exit(report_system(error))
    except KeyboardInterrupt:
        sys.exit(130)

