"""``/api/v1/publications``: take in score files, take them back, tell what there is."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated, Any

import anyio
from fastapi import APIRouter, Header, Path, Query, Request, Response
from sqlalchemy import select

from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.intake import acceptance, publishing, register
from thammuu.ledger.schema import analyses
from thammuu.portal import documents
from thammuu.portal.answers import NotThereError, answer, problem
from thammuu.portal.asked import asked_in, form_schema, query_parameters
from thammuu.portal.described import FAULTS, binary, refusals
from thammuu.portal.paging import USUAL, CursorQuery, LimitQuery, part_of
from thammuu.portal.repeats import RepeatedError, Repeats
from thammuu.portal.uploads import replace_folder, upload_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from thammuu.portal.asked import Asked
    from thammuu.portal.serving import Serving
    from thammuu.portal.uploads import Upload

PublicationId = Annotated[str, Path(max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]
KeyHeader = Annotated[
    str | None,
    Header(min_length=1, max_length=200, description="The same for every try of one file; another file needs another."),
]
AT = "/publications"
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {"schema": form_schema()},
        "text/csv": {"schema": binary()},
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {"schema": binary()},
        "application/octet-stream": {"schema": binary()},
    },
}


def publication_routes(serving: Serving) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["publications"])
    _add_publishing(router, serving)
    _add_withdrawing(router, serving)
    _add_reading(router, serving)
    return router


def _add_publishing(router: APIRouter, serving: Serving) -> None:
    turns = anyio.CapacityLimiter(2)

    @router.post(
        AT,
        status_code=202,
        summary="Publish a score file",
        responses={
            202: {"model": documents.Published, "description": "Accepted, and durable; its analysis follows."},
            200: {"model": documents.Published, "description": "The latest revision has the same content."},
            **refusals(400, 408, 413, 422),
        },
        openapi_extra={"requestBody": _BODY, "parameters": query_parameters()},
    )
    async def publish(request: Request, idempotency_key: KeyHeader = None) -> Response:
        """Publish a score file: the whole file is accepted, or nothing is and every error is listed.

        The file is the part `file` of a form, or the body itself; the parameters are fields of the form or of the
        address. Sending the same again does no harm.
        """
        try:
            name = request.query_params.get("filename")
            async with upload_of(request, serving.upload_bytes, serving.stopping, name) as upload:
                asked = asked_in(_once(request), upload.fields)
                outcome, report = await anyio.to_thread.run_sync(
                    _published, serving, asked, upload, idempotency_key, limiter=turns
                )
        except BadInputError:
            serving.figures.publications.labels("refused").inc()
            raise
        serving.figures.publications.labels("accepted" if outcome.changed else "unchanged").inc()
        place = {"location": f"{request.url.path.rstrip('/')}/{outcome.publication_id}"}
        return answer(request, report, status=202 if outcome.changed else 200, headers=place)


def _once(request: Request) -> dict[str, str]:
    """Return the parameters of the address.

    Raises:
        BadInputError: If one is there twice.
    """
    named = [name for name, _value in request.query_params.multi_items()]
    if len(named) != len(set(named)):
        raise BadInputError(_("A parameter is there twice."))
    return dict(request.query_params)


def _published(
    serving: Serving, asked: Asked, upload: Upload, key: str | None
) -> tuple[publishing.Outcome, dict[str, Any]]:
    repeats = Repeats(serving.context, key, asked, upload.file) if key else None
    with serving.current_rules():
        try:
            if repeats:
                repeats.check()
            along = repeats.keep if repeats else None
            outcome = publishing.publish(serving.context, asked.publication(upload.file), along)
        except RepeatedError as repeated:
            outcome = publishing.Outcome(repeated.publication_id, changed=False, warnings=[])
            return outcome, publishing.report(serving.context, outcome) | {"rejected": 0}
        except BadInputError as error:
            raise upload.in_senders_words(error) from error
    serving.accepted()
    outcome = replace(outcome, warnings=[replace_folder(one, upload.folder) for one in outcome.warnings])
    return outcome, publishing.report(serving.context, outcome) | {"rejected": 0}


def _add_withdrawing(router: APIRouter, serving: Serving) -> None:
    @router.delete(
        AT + "/{publication_id}",
        summary="Take a publication back",
        responses={200: {"model": documents.Withdrawn}, **refusals(404, 409, 422)},
    )
    def withdraw(
        request: Request,
        publication_id: PublicationId,
        reason: Annotated[str, Query(min_length=1, max_length=1_000, description="Why; kept in the ledger.")],
    ) -> Response:
        """Take a publication back; the revision before it, if one stands, is the latest again."""
        with serving.context.database.snapshot() as connection:
            known = _known(connection, publication_id)
        if known.withdrawn_sequence is not None:
            told = _("{id} was withdrawn before: {reason}")
            return problem(409, told.format(id=publication_id, reason=known.withdrawn_reason))
        with serving.current_rules():
            row = acceptance.withdraw(serving.context, publication_id, reason)
        serving.accepted()
        serving.figures.publications.labels("withdrawn").inc()
        standing = publishing.standing_revision(serving.context, row)
        done = {"publication_id": publication_id, "withdrawn": True, "reason": reason, "standing": standing}
        return answer(request, done)


def _add_reading(router: APIRouter, serving: Serving) -> None:
    @router.get(
        AT,
        summary="List publications",
        responses={200: {"model": documents.Publications}, **FAULTS},
    )
    def publications(
        request: Request,
        index: Annotated[documents.Text | None, Query(description="Only this index.")] = None,
        limit: LimitQuery = USUAL,
        cursor: CursorQuery = None,
    ) -> Response:
        """List what was published, withdrawn ones too, in the order of acceptance."""
        with serving.context.database.snapshot() as connection:
            rows = [_listed(row) for row in register.all_publications(connection, index)]
        return answer(request, part_of(request, rows, lambda row: row["publication_id"], cursor, limit))

    @router.get(
        AT + "/{publication_id}",
        summary="One publication",
        responses={200: {"model": documents.PublicationNow}, **refusals(404, 422)},
    )
    def publication(request: Request, publication_id: PublicationId) -> Response:
        """Tell of one publication, and what it has led to by now."""
        pending = None if serving.follower is None else serving.program.pending()
        with serving.context.database.snapshot() as connection:
            row = _known(connection, publication_id)
            done = select(analyses.c.publication_id).where(analyses.c.publication_id == publication_id)
            analysed = connection.execute(done).first() is not None
        report = publishing.report(serving.context, publishing.Outcome(publication_id, changed=False, warnings=[]))
        now = {"findings": report["findings"], "memos": report["memos"], "analysed": analysed, "pending": pending}
        return answer(request, _listed(row) | now)


def _known(connection: Connection, publication_id: str) -> register.Registered:
    try:
        return register.get(connection, publication_id)
    except BadInputError as error:
        raise NotThereError(str(error)) from error


def _listed(row: register.Registered) -> dict[str, Any]:
    return asdict(row) | {"status": "stands" if row.withdrawn_sequence is None else "withdrawn"}
