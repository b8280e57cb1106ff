"""``thammuu paths``: the smallest set of criteria that reaches a rank."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from thammuu.cli.options import DataOption, FormatOption, IndexOption, ListingFormat, PeriodOption, settings
from thammuu.cli.output import console, print_json, print_rows
from thammuu.cli.running import reading
from thammuu.errors import BadInputError
from thammuu.i18n import _, language

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.memos.sections.paths import Path
    from thammuu.memos.view import PublicationView

_COLUMNS = ("step", "code", "name", "score", "gain_points", "total_after", "rank_after")


class Goal(StrEnum):
    """What each criterion is raised to."""

    median = "median"
    best = "best"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "paths", help=_("Find the smallest set of criteria that takes a unit to a rank, the others unchanged.")
    )(paths)


def paths(
    ctx: typer.Context,
    unit: Annotated[str, typer.Argument(metavar="UNIT", help=_("Name or code as of the period."))],
    index: IndexOption,
    period: PeriodOption,
    to_rank: Annotated[int, typer.Option("--to-rank", min=1, metavar="RANK", help=_("The rank to reach; 1 is best."))],
    to: Annotated[
        Goal, typer.Option("--to", help=_("Raise each criterion to the median or to the best of the other units."))
    ] = Goal.median,
    fmt: FormatOption = ListingFormat.table,
    data: DataOption = None,
) -> None:
    from thammuu.memos.sections.paths import smallest_set

    with reading(settings(ctx, data)) as program:
        view, name = _view(program.context, unit, index, period)
    path = smallest_set(view, to_rank, to="peer_median" if to is Goal.median else "peer_max")
    if path.total_now is None:
        raise BadInputError(
            _("{unit} has no total of {index} {period} that adds up and is ranked, so there is no path.").format(
                unit=name, index=index, period=period
            )
        )
    rows = _rows(view, path)
    if fmt is ListingFormat.json:
        print_json(_summary(path) | {"unit": name, "steps": rows})
        return
    print_rows(rows, _COLUMNS, fmt)
    if fmt is ListingFormat.table:
        console().print(_sentence(path, name), markup=False)


def _view(context: Context, unit: str, index: str, period: str) -> tuple[PublicationView, str]:
    """Return the latest revision of a period as a unit sees it, and the unit's name then."""
    from thammuu.intake import register as publications
    from thammuu.memos.published import board_of, published_view

    with context.database.snapshot() as connection:
        latest = publications.latest_by_period(connection, index)
        row = next((one for one in latest if one.period == period), None)
        if row is None:
            known = ", ".join(one.period for one in latest) or _("none")
            raise BadInputError(
                _("Nothing is published for {index} {period}. Published periods: {known}.").format(
                    index=index, period=period, known=known
                )
            )
        found = context.packs.get(row.pack).units.resolve(unit, on=row.period_end)
        name = found.name_en_on(row.period_end) if language() == "en" else found.name_on(row.period_end)
        if found.id not in board_of(context, connection, row).units:
            raise BadInputError(
                _("{index} {period} has no scores of {unit}.").format(index=index, period=period, unit=name)
            )
        return published_view(context, connection, row, found.id), name


def _rows(view: PublicationView, path: Path) -> list[dict[str, Any]]:
    return [
        {
            "step": place,
            "code": step.code,
            "name": view.framework.node(step.code).name.in_language(language()),
            "score": view.row(step.code).get("score"),
            "gain_points": round(step.gain_points, 9),
            "total_after": round(step.total_after, 9),
            "rank_after": step.rank_after,
        }
        for place, step in enumerate(path.steps, start=1)
    ]


def _summary(path: Path) -> dict[str, Any]:
    return {
        "to": path.to,
        "target_rank": path.target_rank,
        "reached": path.reached,
        "criteria": len(path.steps),
        "total_now": path.total_now,
        "total_then": round(path.total_then or 0.0, 9),
        "rank_now": path.rank_now,
        "rank_then": path.rank_then,
        "n": path.n,
    }


def _sentence(path: Path, name: str) -> str:
    figures = {
        "unit": name,
        "k": len(path.steps),
        "now": f"{path.total_now:.4f}",
        "then": f"{path.total_then:.4f}",
        "a": path.rank_now,
        "b": path.rank_then,
        "n": path.n,
        "target": path.target_rank,
    }
    if path.reached and not path.steps:
        return _("{unit} already has rank {a} of {n} with a total of {now}.").format(**figures)
    if path.reached:
        return _(
            "{unit}: criteria needed: {k}; total from {now} to {then}, rank from {a} to {b} of {n}, "
            "the others unchanged."
        ).format(**figures)
    return _(
        "{unit} does not reach rank {target}; criteria that get nearest: {k}; total from {now} to {then}, "
        "rank from {a} to {b} of {n}, the others unchanged."
    ).format(**figures)
