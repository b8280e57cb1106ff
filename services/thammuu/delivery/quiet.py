"""What became due at a good hour and could not be sent then must not go out at night."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from thammuu.delivery.timing import hours_of, next_allowed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date


def put_off(
    due: float, quiet_from: str | None, quiet_to: str | None, at: float, works: Callable[[date], bool]
) -> float:
    """Return when a message may be sent that was due at one moment and would go out at another.

    Due times are set with quiet hours and days off in mind, so one that lies in them was meant to: the message is
    critical and passes, or a person had it sent now.

    Args:
        due: When it was due, in seconds since 1970.
        quiet_from: The recipient's, ``HH:MM``.
        quiet_to: The same.
        at: When it would go out, in seconds since 1970.
        works: Whether offices are open on a day.
    """
    hours = hours_of(quiet_from, quiet_to, None)
    was = datetime.fromtimestamp(due, UTC)
    if next_allowed(was, hours, works) != was:
        return at
    would = datetime.fromtimestamp(at, UTC)
    allowed = next_allowed(would, hours, works)
    return at if allowed == would else allowed.timestamp()
