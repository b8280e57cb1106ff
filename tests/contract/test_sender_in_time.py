"""When the sender sends and when it says that something is late: quiet hours, further tries, deadlines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from servers.deliveries import MONDAY, queued, rows, told
from servers.sending import Office, Post, many
from thammuu.delivery.deliveries import retry
from thammuu.delivery.listing import Wanted, late, listed
from thammuu.delivery.ports import Answer
from thammuu.events import DeliveryOverdue
from thammuu.ledger import log

if TYPE_CHECKING:
    from servers.sending import Office


def test_nothing_goes_out_in_quiet_hours_that_became_due_before_them(office: Office) -> None:
    (name,) = queued(office.context, many(1, quiet_from="20:00", quiet_to="07:00"))
    office.clock.at = MONDAY + timedelta(hours=12)  # 21:30 in Viet Nam: nobody was sending all day
    assert office.send(Post()).accepted == 0
    due = rows(office.context)[name].due
    assert due == (MONDAY + timedelta(hours=21, minutes=30)).timestamp(), "7:00 on Tuesday"
    office.clock.at = MONDAY + timedelta(hours=21, minutes=30)
    assert office.send(Post()).accepted == 1


def test_a_further_try_waits_for_the_end_of_quiet_hours_too(office: Office) -> None:
    (name,) = queued(office.context, many(1, quiet_from="09:30", quiet_to="13:00"), due=MONDAY - timedelta(seconds=5))
    office.clock.at = MONDAY - timedelta(seconds=1)
    office.send(Post(Answer("later", "451 busy")))
    assert rows(office.context)[name].due == (MONDAY + timedelta(hours=3, minutes=30)).timestamp()


def test_what_was_due_within_quiet_hours_was_meant_to_pass_them(office: Office) -> None:
    queued(office.context, many(1, quiet_from="08:00", quiet_to="17:00"))
    assert office.send(Post()).accepted == 1


def test_what_has_no_end_by_its_deadline_is_told_once_and_goes_on(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    office.clock.at += timedelta(hours=100)
    for _turn in range(2):
        office.send(Post(Answer("later", "451 busy")))
        office.clock.at += timedelta(seconds=300)
    assert told(office.context, name).count("overdue:queued") == 1
    with office.context.database.snapshot() as connection:
        assert late(connection) == 1
        assert [row["delivery_id"] for row in listed(connection, Wanted(overdue=True))] == [name]
    assert office.send(Post()).accepted == 1
    with office.context.database.snapshot() as connection:
        assert late(connection) == 0


def test_a_message_sent_again_by_a_person_has_a_deadline_of_its_own(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    for _turn in range(2):
        office.clock.at += timedelta(hours=100)
        office.send()
        with office.context.database.transaction() as connection:
            retry(office.context, connection, [name], "nguyen-a")
    with office.context.database.snapshot() as connection:
        found = [one for one in log.read(connection) if isinstance(one.event.data, DeliveryOverdue)]
    assert len(found) == 2
