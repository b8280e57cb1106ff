"""Durations as people write them: ``90s``, ``10m``, ``2h``, ``7d``."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from thammuu.i18n import _

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_WRITTEN = re.compile(r"(\d{1,6})([smhd])")
LONGEST_S = 366 * 86_400


def seconds_of(value: Any) -> int:  # noqa: ANN401  pydantic hands over raw input
    """Return a written duration in seconds.

    Raises:
        ValueError: If it is none, or longer than a year.
    """
    if value in (0, "0"):
        return 0
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    seconds = int(found[1]) * _SECONDS[found[2]] if found else LONGEST_S + 1
    if seconds > LONGEST_S:
        raise ValueError(_("a duration such as 30m, 2h or 7d, of at most a year"))
    return seconds


Duration = Annotated[int, BeforeValidator(seconds_of)]
"""Seconds, written as a duration."""
