"""When a message may go out: quiet hours and days off put it off, nothing drops it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from thammuu.clock import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

_LONGEST_DAYS = 60
"""No row of days off is longer; a calendar that never opens is a mistake, and a message goes out in spite of it."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a recipient wants to be left alone, by the clock of Viet Nam.

    Args:
        quiet_from: From then on nothing is sent; None is no quiet time.
        quiet_to: Until then; earlier than ``quiet_from`` is on the next morning.
        digest_at: Messages of a day are sent together at this time; None sends each when it is due.
    """

    quiet_from: time | None = None
    quiet_to: time | None = None
    digest_at: time | None = None


def hours_of(quiet_from: str | None, quiet_to: str | None, digest_at: str | None) -> Hours:
    """Return hours from the texts ``HH:MM`` of a recipient's row."""
    read = [None if text is None else time.fromisoformat(text) for text in (quiet_from, quiet_to, digest_at)]
    return Hours(*read)


def next_allowed(at: datetime, hours: Hours, works: Callable[[date], bool], *, passes: bool = False) -> datetime:
    """Return the first moment from ``at`` on at which a message may be sent.

    Args:
        at: When it is due.
        hours: The recipient's.
        works: Whether offices are open on a day.
        passes: Whether it is sent at once whatever the hour and the day.
    """
    if passes:
        return at
    moment = at.astimezone(VIETNAM)
    last = moment + timedelta(days=_LONGEST_DAYS)
    while moment < last:
        later = _later(moment, hours, works)
        if later == moment:
            return moment.astimezone(at.tzinfo)
        moment = later
    return last.astimezone(at.tzinfo)


def _later(moment: datetime, hours: Hours, works: Callable[[date], bool]) -> datetime:
    """Return the moment itself if nothing stands against it, or the end of what does."""
    if not works(moment.date()):
        return _at(moment + timedelta(days=1), time())
    if hours.quiet_from is not None and hours.quiet_to is not None and _within(moment.time(), hours):
        end = _at(moment, hours.quiet_to)
        return end if end > moment else end + timedelta(days=1)
    digest = _digest(hours)
    if digest is None or moment.time() == digest:
        return moment
    today = _at(moment, digest)
    return today if today > moment else today + timedelta(days=1)


def _digest(hours: Hours) -> time | None:
    """Return when the day's messages go out: a digest in quiet hours waits for their end."""
    if hours.digest_at is None or hours.quiet_from is None or hours.quiet_to is None:
        return hours.digest_at
    return hours.quiet_to if _within(hours.digest_at, hours) else hours.digest_at


def _within(at: time, hours: Hours) -> bool:
    start, end = hours.quiet_from, hours.quiet_to
    assert start is not None
    assert end is not None
    if start <= end:
        return start <= at < end
    return at >= start or at < end


def _at(day: datetime, clock: time) -> datetime:
    return datetime.combine(day.date(), clock, VIETNAM)
