"""What people and incoming mail do with deliveries, and what listings tell of them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from servers.deliveries import MONDAY, queued, recipient, rows, told
from servers.sending import Office, Post, many
from thammuu.bus.context import UnitOfWork
from thammuu.delivery.booking import book
from thammuu.delivery.deliveries import cancel, news, retry
from thammuu.delivery.listing import by_state, shown, unserved
from thammuu.delivery.planning import Carried, Planned
from thammuu.delivery.recipients import every_recipient
from thammuu.delivery.recipients_register import take_over
from thammuu.errors import BadInputError
from thammuu.ledger.schema import issued_memos

if TYPE_CHECKING:
    from servers.sending import Office


def test_news_of_a_bounce_marks_the_address_and_turns_to_the_next(office: Office) -> None:
    entries = [recipient(1, turn=1), recipient(2, turn=2)]
    (name,) = queued(office.context, entries[:1])
    take_over(office.context, entries[1:])
    office.send(Post())
    assert news(office.context, name, "bounced", "550 5.1.1 <nguoi-1@so-1.example> unknown")
    assert "@" not in rows(office.context)[name].reason
    with office.context.database.snapshot() as connection:
        states = {one.turn: one.points["email"].state for one in every_recipient(connection)}
    assert states == {1: "bounced", 2: "usable"}
    assert [row.state for row in rows(office.context).values() if row.instead_of == name] == ["queued"]
    assert not news(office.context, name, "bounced", "told twice")


def test_news_that_come_late_or_of_nothing_are_dropped(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    assert not news(office.context, name, "bounced", "it was never sent")
    assert not news(office.context, "no-such-delivery", "delivered")
    assert not news(office.context, None, "delivered")
    office.send(Post())
    assert news(office.context, name, "delivered", "a receipt came")
    assert not news(office.context, name, "bounced", "a delayed notice")
    assert told(office.context, name)[-1] == "succeeded:delivered"


def test_retry_and_cancel_refuse_everything_or_nothing_and_say_all_that_is_wrong(office: Office) -> None:
    sent, waiting = queued(office.context, many(2))
    with office.context.database.transaction() as connection:
        assert cancel(office.context, connection, [waiting], "nguyen-a", "not needed") == [waiting]
    office.send(Post())
    with pytest.raises(BadInputError) as refused, office.context.database.transaction() as connection:
        retry(office.context, connection, [sent, waiting, "nothing"], "nguyen-a")
    assert {one.value for one in refused.value.problems} == {sent, "nothing"}
    assert office.states() == Counter(accepted=1, cancelled=1)
    with pytest.raises(BadInputError), office.context.database.transaction() as connection:
        cancel(office.context, connection, [sent], "nguyen-a", "too late")
    with office.context.database.transaction() as connection:
        retry(office.context, connection, [sent, waiting], "nguyen-a", anyway=True)
    assert office.send(Post()).accepted == 2
    history = [one["type"] for one in _shown(office, waiting)["history"]]
    assert history == [f"delivery.{one}" for one in ("queued", "cancelled", "requeued", "attempted", "succeeded")]


def test_an_answer_stops_the_repeats_of_a_message(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    office.send(Post())
    with office.context.database.transaction() as connection:
        memo = connection.execute(select(issued_memos)).one()
        later = Planned(rows(office.context)[name].recipient_id, "email", MONDAY + timedelta(days=7), 0, repetition=1)
        book(UnitOfWork(connection, office.context), memo.unit_id, Carried(memo.memo_id, 1), "major", [later])
    assert news(office.context, name, "delivered", "it was answered", answered=True)
    assert office.states() == Counter(delivered=1, cancelled=1)


def _shown(office: Office, name: str) -> dict[str, Any]:
    with office.context.database.snapshot() as connection:
        return shown(connection, name)


def test_what_waits_for_a_channel_that_nobody_serves_is_counted(office: Office) -> None:
    queued(office.context, many(2, channel="chat"), channel="chat")
    office.send(Post())
    with office.context.database.snapshot() as connection:
        assert unserved(connection, {"email"}) == {"chat": 2}
        assert by_state(connection) == {("chat", "queued"): 2}
