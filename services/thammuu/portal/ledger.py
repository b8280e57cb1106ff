"""``/api/v1/events``: the ledger, part by part."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response

from thammuu.ledger import log
from thammuu.portal import documents
from thammuu.portal.answers import answer
from thammuu.portal.described import FAULTS
from thammuu.portal.paging import USUAL, LimitQuery, next_address

if TYPE_CHECKING:
    from thammuu.portal.serving import Serving

LAST_POSITION = 2**53 - 1


def event_routes(serving: Serving) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["events"])

    @router.get("/events", summary="List events", responses={200: {"model": documents.Events}, **FAULTS})
    def list_events(
        request: Request,
        after: Annotated[int, Query(ge=0, le=LAST_POSITION, description="Skip events up to this position.")] = 0,
        kind: Annotated[
            list[documents.Text] | None,
            Query(alias="type", max_length=50, description="Only this type; may be repeated."),
        ] = None,
        limit: LimitQuery = USUAL,
    ) -> Response:
        """List the events of the ledger in order; ask again with the last position for what came since."""
        with serving.context.database.snapshot() as connection:
            found = list(log.read(connection, after=after, types=kind, limit=limit + 1))
        shown = found[:limit]
        items = [{"position": one.position, "event": json.loads(one.event.body())} for one in shown]
        more = next_address(request, after=shown[-1].position) if len(found) > limit else None
        return answer(request, {"items": items, "next": more})

    return router
