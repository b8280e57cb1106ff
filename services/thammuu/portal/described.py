"""Pieces of the API's description."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from thammuu.portal.answers import PROBLEM
from thammuu.portal.documents import ProblemDetails


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return how an operation's refusals are described, with those that every operation has."""
    every = {*statuses, 401, 403, 503}
    return {status: _refusal(status) for status in sorted(every)}


def _refusal(status: int) -> dict[str, Any]:
    place = f"#/components/schemas/{ProblemDetails.__name__}"
    return {"description": HTTPStatus(status).phrase, "content": {PROBLEM: {"schema": {"$ref": place}}}}


def binary() -> dict[str, Any]:
    """Return the schema of a file."""
    return {"type": "string", "format": "binary"}


FAULTS = refusals(422)
