"""The clock that decisions take, and the time zone of every date that officials read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Indochina Time; without summer time since 1975, so no time zone database is needed."""

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def today(clock: Clock) -> date:
    """Return the date in Viet Nam."""
    return clock().astimezone(VIETNAM).date()
