"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.settings import Settings


class ListingFormat(StrEnum):
    """How a listing is printed."""

    table = "table"
    json = "json"
    csv = "csv"


class FactsFormat(StrEnum):
    """How facts are printed."""

    table = "table"
    json = "json"
    csv = "csv"
    parquet = "parquet"


DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help=_("Data folder; also THAMMUU_DATA. Created on first use."), show_default=False
    ),
]
FormatOption = Annotated[ListingFormat, typer.Option("--format", help=_("table for people, json or csv for programs."))]
IndexOption = Annotated[str, typer.Option("--index", metavar="INDEX", help=_("Index, such as papi, par-index, sipas."))]
PeriodOption = Annotated[
    str, typer.Option("--period", metavar="PERIOD", help=_("Period: 2022, 2022-Q2, 2022-06 or 2022-06-15."))
]


def settings(ctx: typer.Context, data: Path | None) -> Settings:
    """Return the settings: ``--data`` after the command, before it, the environment, the default."""
    from thammuu.settings import Settings

    chosen = data or (ctx.find_root().obj or {}).get("data")
    return Settings(data=chosen) if chosen else Settings()
