"""Long lists in parts: each part names where the next one begins."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlencode

from fastapi import Query

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

LimitQuery = Annotated[int, Query(ge=1, le=500, description="At most so many.")]
CursorQuery = Annotated[str | None, Query(max_length=500, description="As `next` of the part before has it.")]
USUAL = 100
T = TypeVar("T")


def part_of(
    request: Request, rows: Sequence[T], key: Callable[[T], Any], cursor: str | None, limit: int
) -> dict[str, Any]:
    """Return one part of a list, and the address of the next.

    Args:
        request: What was asked.
        rows: All rows in order.
        key: What a row is known by, as a JSON value; no two have the same.
        cursor: Where the part begins: after the row of this key.
        limit: At most so many.

    Raises:
        BadInputError: If the cursor is none of ours, or its row is not there any more.
    """
    begin = 0 if cursor is None else _place_after(rows, key, cursor)
    shown = list(rows[begin : begin + limit])
    more = begin + limit < len(rows)
    return {"items": shown, "next": next_address(request, cursor=_written(key(shown[-1]))) if more else None}


def next_address(request: Request, **changed: str | int) -> str:
    """Return the address of the next part: the same one with other parameters."""
    asked = {**dict(request.query_params), **{name: str(value) for name, value in changed.items()}}
    return f"{request.url.path}?{urlencode(asked)}"


def refuse_cursor(cursor: str) -> BadInputError:
    """Return the error of a cursor that leads nowhere."""
    expected = _("the `next` of the part before, unchanged")
    return BadInputError(
        _("The request was refused; nothing was written."), [Problem("bad-cursor", expected, value=cursor[:80])]
    )


def _place_after(rows: Sequence[T], key: Callable[[T], Any], cursor: str) -> int:
    wanted = _read(cursor)
    for place, row in enumerate(rows):
        if key(row) == wanted:
            return place + 1
    raise refuse_cursor(cursor)


def _written(key: Any) -> str:  # noqa: ANN401  a JSON value
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _read(cursor: str) -> Any:  # noqa: ANN401  a JSON value
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise refuse_cursor(cursor) from None
