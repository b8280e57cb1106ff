"""The description of the API (OpenAPI), made without any data."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from thammuu.bus.status import Status
from thammuu.portal.access import Access
from thammuu.portal.app import app_of
from thammuu.portal.serving import Serving


def description() -> dict[str, Any]:
    """Return the OpenAPI document."""
    nothing: Any = SimpleNamespace()
    return app_of(Serving(nothing, Status(), Access(), None, [])).openapi()
