"""The application: routes, errors, and what stands around them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from thammuu import __version__
from thammuu.bus.handling import is_transient
from thammuu.bus.health import health_routes
from thammuu.bus.metrics import ConsumerFigures
from thammuu.delivery.figures import DeliveryFigures
from thammuu.errors import BadInputError, EnvironmentFaultError, Place, Problem, ThammuuError
from thammuu.i18n import _
from thammuu.portal.answers import NotThereError, away, problem
from thammuu.portal.documents import ProblemDetails
from thammuu.portal.findings import finding_routes
from thammuu.portal.guarding import OPEN, Guarded
from thammuu.portal.ledger import event_routes
from thammuu.portal.measuring import VERSION, Measured
from thammuu.portal.memos import memo_routes
from thammuu.portal.publications import publication_routes
from thammuu.portal.recipients import recipient_routes
from thammuu.portal.stopping import SilentError, StoppingError
from thammuu.portal.uploads import TooLargeError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from thammuu.portal.serving import Serving

_LOG = structlog.get_logger(__name__)
DESCRIPTION = f"{VERSION}/openapi.json"


def app_of(serving: Serving) -> FastAPI:
    """Return the application of a server."""
    app = FastAPI(
        title="thammuu",
        version=__version__,
        summary="Score files in; findings, memos and the ledger out.",
        docs_url=None,
        redoc_url=None,
        openapi_url=DESCRIPTION,
        redirect_slashes=False,
    )
    api = APIRouter(prefix=VERSION)
    for routes in (publication_routes, finding_routes, memo_routes, event_routes, recipient_routes):
        api.include_router(routes(serving))
    app.include_router(api)
    registry = serving.figures.registry
    registry.register(ConsumerFigures(serving.status))
    if serving.sender is not None:
        registry.register(DeliveryFigures(serving.context))
    app.include_router(health_routes(serving.faults, registry))
    _describe(app)
    _answer_errors(app)
    app.add_middleware(Sheltered, serving=serving)
    app.add_middleware(Guarded, access=serving.access)
    app.add_middleware(Measured, figures=serving.figures)
    return app


class Sheltered:
    """Answers at once, while what the program needs is away, that it is; and answers whatever goes wrong.

    Args:
        app: The application.
        serving: Knows what is away.
    """

    def __init__(self, app: ASGIApp, serving: Serving) -> None:
        self._app = app
        self._serving = serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say that it cannot be answered now."""
        if scope["type"] == "http" and scope["path"] not in OPEN and scope["path"] != DESCRIPTION:
            missing = self._serving.away()
            if missing:
                told = "; ".join(f"{name}: {fault}" for name, fault in missing.items())
                _LOG.warning("not reachable", fault=told)
                names = ", ".join(missing)
                await away(_("{names} cannot be reached now.").format(names=names))(scope, receive, send)
                return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if begun:
                raise
            await _fault(error)(scope, receive, send)


def _describe(app: FastAPI) -> None:
    """Complete the description: problems are documents of their own, and tokens are how one gets in."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = made()
            parts = schema.setdefault("components", {}).setdefault("schemas", {})
            own = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
            parts |= {**own.pop("$defs"), ProblemDetails.__name__: own}
            for name in ("HTTPValidationError", "ValidationError"):
                parts.pop(name, None)
            schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
            schema["security"] = [{"token": []}, {}]
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _answer_errors(app: FastAPI) -> None:
    """Turn every error into a problem."""
    told = _("The request was refused; nothing was written.")

    def wrong_parameters(_request: Request, error: Any) -> Response:  # noqa: ANN401  Starlette's signature
        found = [
            Problem("bad-parameter", one["msg"], Place(column=".".join(map(str, one["loc"][1:]))), _shown(one["input"]))
            for one in error.errors()
        ]
        return problem(422, told, found)

    def http(_request: Request, error: Any) -> Response:  # noqa: ANN401  the same
        return problem(error.status_code, str(error.detail), headers=error.headers)

    app.add_exception_handler(RequestValidationError, wrong_parameters)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(BadInputError, lambda _r, error: problem(422, str(error), error.problems))
    app.add_exception_handler(EnvironmentFaultError, lambda _r, error: _fault(error))
    # a unit, a node, a form that does not exist
    app.add_exception_handler(ThammuuError, lambda _r, error: problem(422, str(error)))
    app.add_exception_handler(NotThereError, lambda _r, error: problem(404, str(error)))
    app.add_exception_handler(TooLargeError, lambda _r, _e: _too_large())
    app.add_exception_handler(StoppingError, lambda _r, _e: away(_("The server is about to end.")))
    app.add_exception_handler(SilentError, lambda _r, _e: problem(408, _("Nothing came for too long.")))
    app.add_exception_handler(ClientDisconnect, lambda _r, _e: problem(400, _("The sender went away.")))


def _too_large() -> Response:
    # what was not read yet stays unread: the connection is of no further use
    return problem(413, _("The request is larger than this server takes."), headers={"connection": "close"})


def _shown(value: object) -> str | None:
    return value[:80] if isinstance(value, str) else None


def _fault(error: Exception) -> Response:
    if is_transient(error):
        _LOG.warning("cannot be answered now", reason=f"{type(error).__name__}: {error}"[:300])
        known = isinstance(error, EnvironmentFaultError)
        return away(str(error) if known else _("The machine refuses: {reason}.").format(reason=type(error).__name__))
    _LOG.error("fault", exc_info=error)
    return problem(500, _("The server met a fault of its own; its log says more."))
