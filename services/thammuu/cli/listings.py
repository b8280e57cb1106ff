"""``thammuu publications``, ``facts`` and ``findings``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import (
    DataOption,
    FactsFormat,
    FormatOption,
    IndexOption,
    ListingFormat,
    PeriodOption,
    settings,
)
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import reading
from thammuu.i18n import _, language

if TYPE_CHECKING:
    import polars as pl

_PUBLICATIONS = ("publication_id", "status", "published_on", "round", "complete", "units", "scores", "missing")
_FACTS_SHOWN = ("unit_code", "unit_name", "code", "level", "score", "attainment", "peer_median", "rank", "n", "delta")
_FINDINGS = ("unit_code", "unit_name", "concept", "code", "rule", "severity", "explain")
UnitOption = Annotated[
    str | None, typer.Option("--unit", metavar="UNIT", help=_("Only this unit, by name or code as of the period."))
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("publications", help=_("List what was published, withdrawn ones too."))(publications)
    app.command("facts", help=_("Print every fact of a publication: one row per unit and node."))(facts)
    app.command("findings", help=_("Print what the rules found, with the facts that made them fire."))(findings)


def publications(
    ctx: typer.Context,
    index: Annotated[str | None, typer.Option("--index", metavar="INDEX", help=_("Only this index."))] = None,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from dataclasses import asdict

    from thammuu.intake import register as publication_register

    with reading(settings(ctx, data)) as program, program.context.database.snapshot() as connection:
        found = publication_register.all_publications(connection, index)
    words = (_("stands"), _("withdrawn")) if fmt == "table" else ("stands", "withdrawn")
    rows = [asdict(row) | {"status": words[row.withdrawn_sequence is not None]} for row in found]
    print_rows(rows, _PUBLICATIONS if fmt == "table" else (*rows[0],) if rows else _PUBLICATIONS, fmt)


def facts(
    ctx: typer.Context,
    index: IndexOption,
    period: PeriodOption,
    peers: Annotated[
        str, typer.Option("--peers", help=_("Peer group: national, region, band, nearest or a named list."))
    ] = "national",
    unit: UnitOption = None,
    fmt: Annotated[FactsFormat, typer.Option("--format", help=_("table, json, csv or parquet."))] = FactsFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.analysis.reading import facts_now

    with reading(settings(ctx, data)) as program:
        frame = facts_now(program.context, index, period, peers, unit)
    _print_frame(frame, fmt)


def _print_frame(frame: pl.DataFrame, fmt: FactsFormat) -> None:
    if fmt is FactsFormat.parquet:
        if sys.stdout.isatty():
            raise typer.BadParameter(_("parquet is not for a terminal: redirect it to a file."))
        frame.write_parquet(sys.stdout.buffer)
    elif fmt is FactsFormat.csv:
        sys.stdout.write(frame.write_csv())
    elif fmt is FactsFormat.json:
        print_json(frame.to_dicts())
    else:
        print_rows(frame.to_dicts(), _FACTS_SHOWN, "table")
        console(stderr=True).print(_("Every fact: --format csv, json or parquet."), style="dim")


def findings(
    ctx: typer.Context,
    index: IndexOption,
    period: PeriodOption,
    unit: UnitOption = None,
    severity: Annotated[
        str | None, typer.Option("--severity", help=_("Only critical, major, minor or information."))
    ] = None,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.analysis.reading import findings_of

    with reading(settings(ctx, data)) as program:
        rows: list[dict[str, Any]] = findings_of(program.context, index, period, unit, severity)
    said = [row | {"explain": row["explain"][language()], "explain_in": row["explain"]} for row in rows]
    print_rows(said, _FINDINGS if fmt == "table" else (*_FINDINGS, "facts", "covers", "raised_by", "finding_id"), fmt)
