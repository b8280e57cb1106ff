"""What the sender promises, whichever database holds the ledger: sent once, never silent, given back in order."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import SecretStr

from servers.deliveries import MONDAY, Hands, issued, queued, recipient, rows, settings, told
from thammuu import bootstrap
from thammuu.delivery import claims
from thammuu.delivery.backoff import Backoff
from thammuu.delivery.deliveries import cancel, news, retry
from thammuu.delivery.dispatch import Pace, Sender
from thammuu.delivery.listing import Wanted, by_state, late, listed, shown, unserved
from thammuu.delivery.ports import Answer
from thammuu.delivery.recipients import every_recipient
from thammuu.delivery.recipients_register import erase, take_over
from thammuu.errors import BadInputError
from thammuu.events import DeliveryOverdue
from thammuu.ledger import log
from thammuu.ledger.postgres import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Channel, Message

pytest_plugins = ["servers.postgres"]
QUICK = Pace(hold_s=2.0, idle_s=0.02, backoff=Backoff(), probe_s=0.05)


class Post:
    """A channel that answers what it is told to and counts what it is handed, by delivery.

    Args:
        answers: One a message; then everything is accepted.
        delay_s: Before each answer.
    """

    one_server = True

    def __init__(self, *answers: Answer, name: str = "email", at_once: int = 4, delay_s: float = 0.0) -> None:
        self.name, self.at_once, self.delay_s = name, at_once, delay_s
        self.answers = list(answers)
        self.handed: Counter[str] = Counter()
        self.under_way = self.most = 0

    async def send(self, message: Message) -> Answer:
        self.handed[message.delivery_id] += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.delay_s)
        self.under_way -= 1
        return self.answers.pop(0) if self.answers else Answer("accepted", reference="kept")

    def check(self, address: str) -> str | None:
        del address
        return None

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Any]:
    """A ledger with an issued memo, made once; the function gives a copy's settings."""
    folder = tmp_path_factory.mktemp("prepared")
    if request.param == "sqlite":
        with bootstrap.changing(settings(folder / "data"), Hands()) as program:
            issued(program, folder)

        def copied(place: Path) -> Any:  # noqa: ANN401  settings
            shutil.copytree(folder / "data", place / "data")
            return settings(place / "data")

        return copied
    server: Postgres = request.getfixturevalue("postgres")
    first = server.new_database()
    database = PostgresDatabase(first)
    database.upgrade()
    database.close()
    with bootstrap.changing(settings(folder / "data", database_url=SecretStr(first)), Hands()) as program:
        issued(program, folder)

    def cloned(place: Path) -> Any:  # noqa: ANN401  settings
        name = f"s{secrets.token_hex(6)}"
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{first.rpartition("/")[2]}"')
        shutil.copytree(folder / "data", place / "data")
        return settings(place / "data", database_url=SecretStr(server.url(name)))

    return cloned


class Office:
    """One ledger that any number of senders may work on.

    Args:
        context: Of the process that looks at it.
        clock: Everybody's.
        another: Opens it once more.
    """

    def __init__(self, context: Context, clock: Hands, another: Callable[[], Context]) -> None:
        self.context, self.clock, self.another = context, clock, another

    def send(self, *channels: Any, context: Context | None = None, name: str = "one", alone: bool = False) -> Any:  # noqa: ANN401
        """Send until nothing is due."""
        known: dict[str, Channel] = {one.name: one for one in channels}
        sender = Sender(context or self.context, known, name, QUICK, alone=alone)
        return asyncio.run(sender.run_until_idle(asyncio.Event()))

    def states(self) -> Counter[str]:
        return Counter(row.state for row in rows(self.context).values())


@pytest.fixture
def office(prepared: Callable[[Path], Any], tmp_path: Path) -> Iterator[Office]:
    chosen, clock = prepared(tmp_path), Hands()
    with ExitStack() as stack:
        shared = chosen.database_url is not None
        first = stack.enter_context((bootstrap.sharing if shared else bootstrap.changing)(chosen, clock))

        def another() -> Context:
            # one process writes a folder; its threads share the connection
            return stack.enter_context(bootstrap.sharing(chosen, clock)).context if shared else first.context

        yield Office(first.context, clock, another)


def many(number: int, **values: Any) -> list[Any]:  # noqa: ANN401
    return [recipient(one, **values) for one in range(number)]


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


def _shown(office: Office, name: str) -> dict[str, Any]:
    with office.context.database.snapshot() as connection:
        return shown(connection, name)


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


def test_what_waits_for_a_channel_that_nobody_serves_is_counted(office: Office) -> None:
    queued(office.context, many(2, channel="chat"), channel="chat")
    office.send(Post())
    with office.context.database.snapshot() as connection:
        assert unserved(connection, {"email"}) == {"chat": 2}
        assert by_state(connection) == {("chat", "queued"): 2}
