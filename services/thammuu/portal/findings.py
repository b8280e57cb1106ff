"""``/api/v1/findings`` and the facts of a publication."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from thammuu.analysis.reading import facts_now, findings_of
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.intake import register
from thammuu.portal import documents
from thammuu.portal.answers import NotThereError, answer, problem
from thammuu.portal.described import FAULTS, refusals
from thammuu.portal.paging import USUAL, CursorQuery, LimitQuery, part_of
from thammuu.portal.publications import AT, PublicationId
from thammuu.rulepack.units import UnitNotFoundError

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.portal.serving import Serving

UnitQuery = Annotated[documents.Text | None, Query(description="Only this unit, by name or code as of the period.")]
SeverityQuery = Annotated[
    Literal["critical", "major", "minor", "information"] | None, Query(description="Only this severity.")
]


def finding_routes(serving: Serving) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["findings"])
    _add_findings(router, serving)
    _add_facts(router, serving)
    return router


def _add_findings(router: APIRouter, serving: Serving) -> None:
    @router.get("/findings", summary="List findings", responses={200: {"model": documents.Findings}, **FAULTS})
    def list_findings(  # noqa: PLR0913, PLR0917  what may be asked
        request: Request,
        index: Annotated[documents.Text | None, Query(description="Only this index.")] = None,
        period: Annotated[documents.Text | None, Query(description="Only this period.")] = None,
        unit: UnitQuery = None,
        severity: SeverityQuery = None,
        limit: LimitQuery = USUAL,
        cursor: CursorQuery = None,
    ) -> Response:
        """List what the rules found in the latest standing revision of each period."""
        rows = _found(serving.context, index, period, unit, severity)
        return answer(request, part_of(request, rows, lambda row: row["finding_id"], cursor, limit))


def _found(
    context: Context, index: str | None, period: str | None, unit: str | None, severity: str | None
) -> list[dict[str, Any]]:
    with context.database.snapshot() as connection:
        indexes = sorted({row.index_id for row in register.all_publications(connection, index)})
        latest = [row for name in indexes for row in register.latest_by_period(connection, name)]
    wanted = [row for row in latest if period in {None, row.period}]
    rows: list[dict[str, Any]] = []
    unknown: list[UnitNotFoundError] = []
    for row in wanted:
        try:
            rows += findings_of(context, row.index_id, row.period, unit, severity)
        except UnitNotFoundError as error:
            # a unit that did not exist in one period may be known in another
            unknown.append(error)
    if unknown and len(unknown) == len(wanted):
        raise unknown[0]
    return rows


def _add_facts(router: APIRouter, serving: Serving) -> None:
    @router.get(
        AT + "/{publication_id}/facts",
        summary="The facts of a publication",
        responses={200: {"model": documents.FactsPage}, **refusals(404, 409, 422)},
    )
    def facts(  # noqa: PLR0913, PLR0917  what may be asked
        request: Request,
        publication_id: PublicationId,
        peers: Annotated[documents.Text, Query(description="national, region, band, nearest or a named list.")] = (
            "national"
        ),
        unit: UnitQuery = None,
        limit: LimitQuery = USUAL,
        cursor: CursorQuery = None,
    ) -> Response:
        """Give every fact of a publication that is the latest of its period: one row per unit and node."""
        with serving.context.database.snapshot() as connection:
            try:
                row = register.get(connection, publication_id)
            except BadInputError as error:
                raise NotThereError(str(error)) from error
            standing = register.standing_of(connection, row.index_id, row.period)
        if standing is None or standing.publication_id != publication_id:
            told = _("{id} is not the latest of its period; that one is {latest}.")
            latest = standing.publication_id if standing else _("none")
            return problem(409, told.format(id=publication_id, latest=latest))
        frame = facts_now(serving.context, row.index_id, row.period, peers, unit)
        rows = [{name: _plain(value) for name, value in line.items()} for line in frame.to_dicts()]
        return answer(request, part_of(request, rows, lambda line: [line["unit_id"], line["code"]], cursor, limit))


def _plain(value: Any) -> Any:  # noqa: ANN401  a fact
    return None if isinstance(value, float) and not math.isfinite(value) else value
