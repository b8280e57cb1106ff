"""How answers look: JSON with an entity tag, and problems as RFC 9457 says."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from thammuu.canonical import sha256_hex

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from thammuu.errors import Problem

PROBLEM = "application/problem+json"
RETRY_AFTER_S = 5


class NotThereError(Exception):
    """What the address names does not exist."""


def json_bytes(value: Any) -> bytes:  # noqa: ANN401  any JSON value
    """Return a JSON document."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str).encode()


def answer(request: Request, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:  # noqa: ANN401
    """Answer with JSON; a reader that has it already is told so.

    Args:
        request: What was asked.
        value: Any JSON value.
        status: Of the answer.
        headers: More of them.
    """
    body = json_bytes(value)
    return tagged(request, body, sha256_hex(body)[:32], "application/json", status=status, headers=headers)


def tagged(  # noqa: PLR0913  the parts of an answer
    request: Request,
    body: bytes,
    tag: str,
    media_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with bytes that the tag names, or with 304 where the reader has them."""
    if same := unchanged(request, tag):
        return same
    kept = {"etag": f'"{tag}"', "cache-control": "private, no-cache"} | dict(headers or {})
    return Response(body, status_code=status, media_type=media_type, headers=kept)


def unchanged(request: Request, tag: str) -> Response | None:
    """Return 304 if the reader has what the tag names."""
    if request.method not in {"GET", "HEAD"}:
        return None
    known = [one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")]
    if f'"{tag}"' not in known:
        return None
    return Response(status_code=304, headers={"etag": f'"{tag}"', "cache-control": "private, no-cache"})


def problem(
    status: int, detail: str, problems: Sequence[Problem] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with what is wrong (https://www.rfc-editor.org/rfc/rfc9457); ``problems`` is an extension member.

    Args:
        status: Of the answer.
        detail: One sentence.
        problems: Everything that was found.
        headers: More headers.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "problems": [one.as_dict() for one in problems],
    }
    return Response(json_bytes(body), status_code=status, media_type=PROBLEM, headers=dict(headers or {}))


def away(detail: str) -> Response:
    """Answer that something the program needs cannot be had now."""
    return problem(503, detail, headers={"retry-after": str(RETRY_AFTER_S)})
