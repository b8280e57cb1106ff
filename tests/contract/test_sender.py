"""What the sender promises, whichever database holds the ledger: sent once, never silent, given back in order."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from servers.deliveries import queued, recipient, rows, told
from servers.sending import QUICK, Office, Post, many
from thammuu.delivery import claims
from thammuu.delivery.dispatch import Sender
from thammuu.delivery.ports import Answer
from thammuu.delivery.recipients_register import erase, take_over
from thammuu.ledger.schema import memos

if TYPE_CHECKING:
    from servers.sending import Office
    from thammuu.delivery.ports import Message


def test_what_is_due_is_sent_once_and_each_try_was_recorded_before_it(office: Office) -> None:
    names = queued(office.context, many(30))
    post = Post(delay_s=0.05)
    assert office.send(post).accepted == 30
    assert post.handed == Counter(names)
    assert post.most == post.at_once
    assert {tuple(told(office.context, one)) for one in names} == {("queued", "attempted", "succeeded:accepted")}
    assert office.send(post).accepted == 0


def test_two_senders_at_once_never_send_the_same_message(office: Office) -> None:
    names = queued(office.context, many(60))
    post = Post(delay_s=0.005)
    other = office.another()

    async def both() -> None:
        senders = [
            Sender(context, {"email": post}, name, QUICK) for context, name in ((office.context, "one"), (other, "two"))
        ]
        stop = asyncio.Event()
        tallies = await asyncio.gather(*(one.run_until_idle(stop) for one in senders))
        assert sum(one.accepted for one in tallies) == 60
        assert all(one.accepted for one in tallies), "one sender did all the work: they were not at it together"

    asyncio.run(both())
    assert post.handed == Counter(names)


def test_an_answer_that_says_later_is_tried_again_after_a_wait_that_grows(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    waits = []
    for _turn in range(6):
        assert office.send(Post(Answer("later", "451 busy"))).later == 1
        row = rows(office.context)[name]
        assert (row.state, row.reason) == ("queued", "451 busy")
        waits.append(row.due - office.clock().timestamp())
        assert office.send(Post()).accepted == 0, "it was tried before its time"
        office.clock.at += timedelta(seconds=waits[-1] + 0.001)
    bounds = [(7.5, 15), (15, 30), (30, 60), (60, 120), (120, 240), (120, 240)]
    assert all(low <= wait <= high for wait, (low, high) in zip(waits, bounds, strict=True)), waits
    assert office.send(Post()).accepted == 1


def test_a_server_that_asks_to_wait_is_given_its_time_but_not_more_than_an_hour(office: Office) -> None:
    queued(office.context, many(2))
    office.send(Post(Answer("later", wait_s=900.0), Answer("later", wait_s=1e9)))
    waits = sorted(row.due - office.clock().timestamp() for row in rows(office.context).values())
    assert waits == pytest.approx([900.0, 3_600.0])


def test_a_lost_answer_is_unknown_counted_and_tried_again(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    assert office.send(Post(Answer("unknown", "cut after the final dot"))).unknown == 1
    office.clock.at += timedelta(seconds=15)
    assert office.send(Post()).accepted == 1
    assert rows(office.context)[name].unknowns == 1
    assert told(office.context, name) == ["queued", "attempted", "unknown", "attempted", "succeeded:accepted"]


def test_a_refusal_is_final_and_the_next_in_turn_is_written_to(office: Office) -> None:
    entries = [recipient(1, turn=1), recipient(2, turn=2), recipient(3, turn=2), recipient(4, role="lead-agency")]
    first, *_others = queued(office.context, entries[:1])
    take_over(office.context, entries[1:])
    assert office.send(Post(Answer("refused", "550 no such user"))).refused == 1
    found = rows(office.context)
    assert found[first].state == "failed"
    instead = [row for row in found.values() if row.instead_of == first]
    assert len(instead) == 2, "both of the next turn, and nobody of another role"
    assert office.states() == Counter(failed=1, accepted=2)
    assert told(office.context, instead[0].delivery_id)[0] == "queued"


def test_a_sender_that_vanished_leaves_unknown_never_silence(office: Office) -> None:
    names = queued(office.context, many(3))
    with office.context.database.transaction() as connection:
        until = office.clock().timestamp() + 120
        taken = claims.claim(office.context, connection, "email", "gone", until, 10)
    assert {one.delivery_id for one in taken} == set(names)
    post = Post()
    assert office.send(post).accepted == 0, "its claims hold until they end"
    office.clock.at += timedelta(seconds=121)
    office.send(post)
    assert office.states() == Counter(unknown=3)
    office.clock.at += timedelta(seconds=15)
    assert office.send(post).accepted == 3
    assert {tuple(told(office.context, one)) for one in names} == {
        ("queued", "attempted", "unknown", "attempted", "succeeded:accepted")
    }


def test_whoever_is_alone_need_not_wait_for_the_end_of_claims(office: Office) -> None:
    queued(office.context, many(2))
    with office.context.database.transaction() as connection:
        claims.claim(office.context, connection, "email", "gone", office.clock().timestamp() + 120, 10)
    office.send(Post(), alone=True)
    assert office.states() == Counter(unknown=2)


async def _stop_when_busy(post: Post, stop: asyncio.Event) -> None:
    while not post.under_way:  # noqa: ASYNC110  the channel of the test tells nobody
        await asyncio.sleep(0.005)
    stop.set()


def test_an_orderly_stop_finishes_what_is_under_way_and_gives_the_rest_back(office: Office) -> None:
    names = queued(office.context, many(16))
    post = Post(at_once=2, delay_s=0.3)

    async def stopped() -> None:
        stop = asyncio.Event()
        sender = Sender(office.context, {"email": post}, "one", QUICK)
        await asyncio.gather(sender.run(stop), _stop_when_busy(post, stop))

    asyncio.run(stopped())
    states = office.states()
    assert states["accepted"] == sum(post.handed.values()) > 0
    assert states == Counter(accepted=states["accepted"], queued=16 - states["accepted"])
    assert all(row.holder is None and row.unknowns == 0 for row in rows(office.context).values())
    post.delay_s = 0
    office.send(post)
    assert post.handed == Counter(names)


def test_a_channel_that_hangs_is_left_after_the_grace_and_its_messages_become_unknown(office: Office) -> None:
    queued(office.context, many(2))
    post = Post(delay_s=3_600)

    async def stopped() -> None:
        stop = asyncio.Event()
        sender = Sender(office.context, {"email": post}, "one", replace(QUICK, grace_s=0.2))
        await asyncio.gather(sender.run(stop), _stop_when_busy(post, stop))

    asyncio.run(asyncio.wait_for(stopped(), 30))
    assert office.states()["attempting"] == sum(post.handed.values()) > 0
    office.clock.at += timedelta(seconds=600)
    office.send(Post())
    assert office.states()["unknown"] == sum(post.handed.values())


def test_a_server_that_is_away_is_asked_by_one_message_at_a_time(office: Office) -> None:
    queued(office.context, many(40))
    away = Answer("later", "refused", server_away=True)
    post = Post(*[away] * 40)
    tally = office.send(post)
    assert 3 <= tally.later <= 3 + post.at_once, "the lane went on although nobody answered"
    assert office.states() == Counter(queued=40)
    assert all(row.due - office.clock().timestamp() <= 15 for row in rows(office.context).values())


def test_a_message_whose_recipient_was_erased_fails_in_words(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    with office.context.database.transaction() as connection:
        erase(connection, rows(office.context)[name].recipient_id)
    post = Post()
    assert office.send(post).refused == 1
    assert not post.handed
    assert "no address" in rows(office.context)[name].reason


def test_without_the_key_nothing_is_given_up(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    keyless = replace(office.context, settings=office.context.settings.model_copy(update={"secret_key": None}))
    assert office.send(Post(), context=keyless).later == 1
    assert rows(office.context)[name].state == "queued"


def test_a_channel_that_breaks_leaves_an_unknown_end(office: Office) -> None:
    class Broken(Post):
        async def send(self, message: Message) -> Answer:
            raise RuntimeError(message.to.address)

    (name,) = queued(office.context, many(1))
    assert office.send(Broken()).unknown == 1
    assert rows(office.context)[name].reason == "RuntimeError"


def test_an_answer_that_cannot_be_recorded_ends_the_sender(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:  # noqa: ANN401
        raise ValueError("a fault of the program")

    queued(office.context, many(8))
    monkeypatch.setattr("thammuu.delivery.desk.record", broken)
    with pytest.raises(ExceptionGroup):
        office.send(Post(at_once=1))


def test_a_message_whose_memos_fell_while_it_waited_is_cancelled_and_nobody_else_is_written_to(office: Office) -> None:
    (name,) = queued(office.context, [recipient(1, turn=1)])
    take_over(office.context, [recipient(2, turn=2)])
    with office.context.database.transaction() as connection:
        connection.execute(update(memos).where(memos.c.status == "issued").values(status="superseded"))
    post = Post()
    tally = office.send(post)
    assert (tally.cancelled, tally.refused, tally.accepted) == (1, 0, 0)
    assert not post.handed
    (row,) = rows(office.context).values()
    assert (row.delivery_id, row.state, row.holder) == (name, "cancelled", None)
    assert row.reason == "The delivery carries no issued memo that still stands."
    assert told(office.context, name) == ["queued", "attempted", "cancelled"]
