"""``/api/v1/recipients``: who is told of memos; names and addresses come in, and go out only where asked for."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import anyio
from fastapi import APIRouter, Path, Query, Request, Response

from thammuu.clock import today
from thammuu.delivery.recipients import contact_of, every_recipient, recipients_named
from thammuu.delivery.recipients_changing import NoRecipientError, add, change, remove
from thammuu.delivery.vault import vault_of
from thammuu.delivery.vocabulary import ALL_UNITS
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.portal import documents
from thammuu.portal.answers import NotThereError, answer
from thammuu.portal.described import FAULTS, refusals
from thammuu.portal.paging import USUAL, CursorQuery, LimitQuery, part_of
from thammuu.portal.recipients_said import BODY_BYTES, CHANGE, NEW, said_in
from thammuu.portal.uploads import body_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thammuu.bus.context import Context
    from thammuu.delivery.recipients import Recipient
    from thammuu.portal.serving import Serving

AT = "/recipients"
RecipientId = Annotated[str, Path(max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
UnitsQuery = Annotated[date | None, Query(description="Units as they were on this date; today if not given.")]
_NOT_KEPT = {"cache-control": "no-store"}


def recipient_routes(serving: Serving) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["recipients"])
    _add_reading(router, serving)
    _add_writing(router, serving)
    _add_erasing(router, serving)
    return router


def _add_reading(router: APIRouter, serving: Serving) -> None:
    @router.get(AT, summary="List recipients", responses={200: {"model": documents.Recipients}, **FAULTS})
    def list_recipients(
        request: Request,
        unit: Annotated[
            documents.Text | None, Query(description="Only this unit's, by name, code or id as of today.")
        ] = None,
        limit: LimitQuery = USUAL,
        cursor: CursorQuery = None,
    ) -> Response:
        """List the recipients, without names and addresses; those of every unit belong to each."""
        context = serving.context
        wanted = unit and context.packs.active.units.resolve(unit, on=today(context.clock)).id
        with context.database.snapshot() as connection:
            found = [one for one in every_recipient(connection) if not wanted or one.unit_id in {wanted, ALL_UNITS}]
        rows = [_shown(context, one) for one in found]
        return answer(request, part_of(request, rows, lambda row: row["recipient_id"], cursor, limit))

    @router.get(
        AT + "/{recipient_id}",
        summary="One recipient",
        responses={200: {"model": documents.RecipientOpened}, **refusals(404, 422)},
    )
    def recipient(
        request: Request,
        recipient_id: RecipientId,
        contact: Annotated[bool, Query(description="With name and addresses, opened with the server's key.")] = False,  # noqa: FBT002
    ) -> Response:
        """Tell of one recipient."""
        told = _one(serving.context, recipient_id)
        if contact:
            told |= _opened(serving.context, told)
        return answer(request, told, headers=_NOT_KEPT)


def _add_writing(router: APIRouter, serving: Serving) -> None:
    @router.post(
        AT,
        status_code=201,
        summary="Add a recipient",
        responses={
            201: {"model": documents.RecipientKept, "description": "A new recipient."},
            200: {
                "model": documents.RecipientKept,
                "description": "Who has one of the addresses in the same role of the same unit is that recipient.",
            },
            **refusals(400, 408, 413, 422),
        },
        openapi_extra={"requestBody": NEW},
    )
    async def add_recipient(request: Request, units_as_of: UnitsQuery = None) -> Response:
        """Add a recipient with everything that is known of it; what is left out has the default of a list."""

        def work(said: dict[str, str], on: date) -> tuple[str, str]:
            return add(serving.context, said, on)

        return await _written(request, serving, units_as_of, work)

    @router.patch(
        AT + "/{recipient_id}",
        summary="Change a recipient",
        responses={200: {"model": documents.RecipientKept}, **refusals(400, 404, 408, 413, 422)},
        openapi_extra={"requestBody": CHANGE},
    )
    async def change_recipient(request: Request, recipient_id: RecipientId, units_as_of: UnitsQuery = None) -> Response:
        """Change the fields that are given; null takes a value away, the rest stays."""

        def work(said: dict[str, str], on: date) -> tuple[str, str]:
            return recipient_id, "changed" if change(serving.context, recipient_id, said, on) else "unchanged"

        return await _written(request, serving, units_as_of, work)


async def _written(
    request: Request,
    serving: Serving,
    units_as_of: date | None,
    work: Callable[[dict[str, str], date], tuple[str, str]],
) -> Response:
    body = await body_of(request, BODY_BYTES, serving.stopping)

    def write() -> dict[str, Any]:
        context = serving.context
        with _served(context), serving.current_rules():
            name, became = work(said_in(body), units_as_of or today(context.clock))
        return _one(context, name) | {"became": became}

    told = await anyio.to_thread.run_sync(write)
    new = told["became"] == "new"
    place = {"location": f"{request.url.path.rstrip('/')}/{told['recipient_id']}"} if request.method == "POST" else {}
    return answer(request, told, status=201 if new else 200, headers=_NOT_KEPT | place)


def _add_erasing(router: APIRouter, serving: Serving) -> None:
    @router.delete(
        AT + "/{recipient_id}",
        summary="Erase a recipient",
        responses={200: {"model": documents.RecipientErased}, **refusals(404, 422)},
    )
    def erase_recipient(request: Request, recipient_id: RecipientId) -> Response:
        """Erase name, addresses and secrets for good; what was sent stays recorded under the id."""
        with _served(serving.context, key=False):
            remove(serving.context, recipient_id)
        return answer(request, {"recipient_id": recipient_id, "erased": True}, headers=_NOT_KEPT)


@contextmanager
def _served(context: Context, *, key: bool = True) -> Iterator[None]:
    """Tell whoever asks for nobody so, and that a missing key is the server's fault and not the asker's."""
    if key:
        try:
            vault_of(context.settings)
        except BadInputError as error:
            raise EnvironmentFaultError(str(error)) from error
    try:
        yield
    except NoRecipientError as error:
        raise NotThereError(str(error)) from error


def _one(context: Context, recipient_id: str) -> dict[str, Any]:
    with context.database.snapshot() as connection:
        found = next(iter(recipients_named(connection, [recipient_id])), None)
    if found is None or not found.points:
        raise NotThereError(f"There is no recipient {recipient_id}.")
    return _shown(context, found)


def _shown(context: Context, one: Recipient) -> dict[str, Any]:
    names = ("recipient_id", "unit_id", "role", "agency", "turn", "language", "quiet_from", "quiet_to", "digest_at")
    units = context.packs.active.units
    told = "*" if one.unit_id == ALL_UNITS else units.get(one.unit_id).name_on(today(context.clock))
    return {name: getattr(one, name) for name in (*names, "valid_from", "valid_to")} | {
        "unit": told,
        "formats": list(one.formats),
        "channels": {channel: point.state for channel, point in one.points.items()},
    }


def _opened(context: Context, told: dict[str, Any]) -> dict[str, Any]:
    with _served(context), context.database.snapshot() as connection:
        points = {one: contact_of(context, connection, told["recipient_id"], one) for one in told["channels"]}
    known = {channel: point for channel, point in points.items() if point is not None}
    name = next((point.name for point in known.values()), "")
    return {"name": name, "addresses": {channel: point.address for channel, point in known.items()}}
