"""The command line ``thammuu``."""

from __future__ import annotations

import gc
import io
import sys
from typing import Annotated

import typer

from thammuu import __version__
from thammuu.cli import (
    bounces,
    database,
    deliveries,
    doctor,
    framework,
    ledger,
    listings,
    memos,
    paths,
    people,
    publish,
    recipients,
    routes,
    rules,
    sender,
    serve,
    setup,
    templates,
    workers,
)
from thammuu.cli.options import DataOption
from thammuu.i18n import _
from thammuu.native import one_thread_a_document, share_polars_memory

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
recipients.register(app)
people.register(app)
routes.register(app)
deliveries.register(app)
paths.register(app)
ledger.register(app)
framework.register(app)
rules.register(app)
templates.register(app)
workers.register(app)
sender.register(app)
serve.register(app)
doctor.register(app)
database.register(app)
bounces.register(app)  # after the commands of the group it joins


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code; errors become messages, never tracebacks for bad input.

    Exit codes: 0; 1 problems found; 2 bad input; 3 the environment refuses; 130 interrupted.
    """
    from thammuu.errors import ThammuuError

    try:
        app(args=arguments, prog_name="thammuu")
    except SystemExit as end:
        return int(end.code or 0)
    except ThammuuError as error:
        from thammuu.cli.failures import report

        return report(error, arguments)
    except OSError as error:
        from thammuu.cli.failures import report_system

        return report_system(error, arguments)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from thammuu.cli.failures import report_database

        if not type(error).__module__.startswith(("sqlalchemy.", "alembic.")):
            raise
        return report_database(error, arguments)
    return 0


def run() -> None:
    """Run the command line of this process."""
    # one command makes many objects and few cycles: looking for cycles every 700 objects costs a tenth of its time
    gc.set_threshold(50_000)
    share_polars_memory()
    one_thread_a_document()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr.reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))
