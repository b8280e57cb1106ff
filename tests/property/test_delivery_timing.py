"""When a message may go out: never before it is due, never in quiet hours, and at the first moment that is allowed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path  # noqa: TC003  a fixture's type

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from thammuu.clock import VIETNAM
from thammuu.delivery.timing import Hours, next_allowed
from thammuu.errors import BadInputError
from thammuu.resources import rules_folder
from thammuu.rulepack.actions_calendar import Calendar, load_calendar

MONDAY = date(2026, 3, 2)
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
DUE = st.datetimes(datetime(2026, 2, 27), datetime(2026, 3, 5), timezones=st.just(VIETNAM))  # noqa: DTZ001
OFF = st.frozensets(st.sampled_from([MONDAY + timedelta(days=n) for n in range(4)]), max_size=2)
MAKES_UP = st.sampled_from([frozenset[date](), frozenset({date(2026, 2, 28)})])


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    quiet = draw(st.none() | st.tuples(CLOCKS, CLOCKS))
    if quiet is not None:
        assume(quiet[0] != quiet[1])
    start, end = quiet or (None, None)
    return Hours(start, end, draw(st.none() | CLOCKS))


def in_quiet(clock: time, told: Hours) -> bool:
    if told.quiet_from is None or told.quiet_to is None:
        return False
    if told.quiet_from < told.quiet_to:
        return told.quiet_from <= clock < told.quiet_to
    return not told.quiet_to <= clock < told.quiet_from


def allowed(moment: datetime, told: Hours, calendar: Calendar) -> bool:
    """Say the same as the program in another way."""
    if not calendar.works(moment.date()) or in_quiet(moment.time(), told):
        return False
    digest = told.digest_at
    if digest is not None and in_quiet(digest, told):
        digest = told.quiet_to
    return digest is None or moment.time() == digest


@given(DUE, hours(), OFF, MAKES_UP)
@settings(max_examples=80, deadline=None)
def test_a_message_goes_out_at_the_first_moment_that_is_allowed(
    due: datetime, told: Hours, off: frozenset[date], makes_up: frozenset[date]
) -> None:
    calendar = Calendar(off, makes_up)
    found = next_allowed(due, told, calendar.works)
    assert found >= due
    assert allowed(found, told, calendar)
    assert next_allowed(found, told, calendar.works) == found
    minute = due
    while minute < found:
        assert not allowed(minute, told, calendar)
        minute = minute.replace(second=0, microsecond=0) + timedelta(minutes=1)


@given(DUE, hours(), OFF)
def test_what_passes_goes_out_when_it_is_due(due: datetime, told: Hours, off: frozenset[date]) -> None:
    assert next_allowed(due, told, Calendar(off).works, passes=True) == due


@given(DUE, st.timedeltas(timedelta(), timedelta(days=3)), hours(), OFF)
def test_what_is_due_later_does_not_go_out_earlier(
    due: datetime, later: timedelta, told: Hours, off: frozenset[date]
) -> None:
    works = Calendar(off).works
    assert next_allowed(due, told, works) <= next_allowed(due + later, told, works)


def at(day: int, clock: str) -> datetime:
    return datetime.combine(date(2026, 3, day), time.fromisoformat(clock), VIETNAM).astimezone(UTC)


@pytest.mark.parametrize(
    ("due", "told", "expected"),
    [
        (at(2, "23:30"), Hours(time(22), time(7)), at(3, "07:00")),
        (at(3, "05:00"), Hours(time(22), time(7)), at(3, "07:00")),
        (at(3, "07:00"), Hours(time(22), time(7)), at(3, "07:00")),
        (at(6, "22:00"), Hours(time(22), time(7)), at(9, "07:00")),
        (at(7, "10:00"), Hours(), at(9, "00:00")),
        (at(2, "10:00"), Hours(digest_at=time(8)), at(3, "08:00")),
        (at(6, "10:00"), Hours(digest_at=time(8)), at(9, "08:00")),
        (at(2, "10:00"), Hours(time(22), time(7), time(23)), at(3, "07:00")),
    ],
)
def test_quiet_hours_weekends_and_digests_put_a_message_off(due: datetime, told: Hours, expected: datetime) -> None:
    assert next_allowed(due, told, load_calendar(rules_folder() / "days_off.yaml").works) == expected


def test_tet_puts_a_message_off_for_its_whole_length() -> None:
    works = load_calendar(rules_folder() / "days_off.yaml").works
    friday = datetime(2026, 2, 13, 23, tzinfo=VIETNAM)
    told = Hours(time(22), time(7))
    assert next_allowed(friday, told, works) == datetime(2026, 2, 23, 7, tzinfo=VIETNAM)


def test_a_calendar_that_never_opens_does_not_keep_a_message_for_ever() -> None:
    due = datetime(2026, 3, 2, tzinfo=UTC)
    assert next_allowed(due, Hours(), lambda _day: False) == due + timedelta(days=60)


def test_a_saturday_that_makes_up_for_a_day_off_is_a_working_day(tmp_path: Path) -> None:
    file = tmp_path / "days_off.yaml"
    file.write_text('source: "made up"\nyears: {"2026": [2026-03-03]}\nworking: {"2026": [2026-03-07]}\n', "utf-8")
    calendar = load_calendar(file)
    assert calendar.works(date(2026, 3, 7))
    assert not calendar.works(date(2026, 3, 14))
    assert not calendar.works(date(2026, 3, 3))


def test_a_day_that_is_off_and_working_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "days_off.yaml"
    file.write_text(
        'source: "made up"\nyears:\n  "2026": [2026-03-07]\nworking:\n  "2026": [2026-03-07, 2025-03-08]\n', "utf-8"
    )
    with pytest.raises(BadInputError) as raised:
        load_calendar(file)
    found = [(one.code, one.place.line, one.value) for one in raised.value.problems]
    assert found == [("day-off-working", 5, "2026-03-07"), ("day-off-year", 5, "2025-03-08")]
