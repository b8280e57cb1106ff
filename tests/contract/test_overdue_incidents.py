"""An overdue message is told to operators by another channel than its own, once in a while, and never in a circle."""

from __future__ import annotations

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from email import policy
from email.parser import BytesParser
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from servers.deliveries import MONDAY, queued, recipient, rows, told
from servers.http_sink import http_sink
from servers.mail_sink import mail_sink
from servers.ports import free_port
from servers.sending import Office, Post, many
from thammuu.bus.context import UnitOfWork
from thammuu.delivery import incidents
from thammuu.delivery.booking import book
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.channels.webhook import WebhookChannel
from thammuu.delivery.deliveries import news
from thammuu.delivery.planning import Carried, Planned
from thammuu.delivery.ports import Answer
from thammuu.delivery.recipients import every_recipient
from thammuu.delivery.recipients_register import take_over
from thammuu.events import envelope
from thammuu.ledger import log
from thammuu.ledger.schema import issued_memos, memos
from thammuu.memos.issuing import issue
from thammuu.memos.shelf import find

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Message
    from thammuu.events import Event

SECRET = "whsec_" + b64encode(b"made up, thirty-two bytes long..").decode()
BUSY = Answer("later", "451 busy")
LATE = timedelta(hours=100)


class Room(Post):
    """A channel that keeps what it was handed."""

    def __init__(self, name: str, *answers: Answer) -> None:
        super().__init__(*answers, name=name)
        self.messages: list[Message] = []

    async def send(self, message: Message) -> Answer:
        self.messages.append(message)
        return await super().send(message)


def operator(number: int = 900, unit_id: str = "*", *, address: str = "", **values: Any) -> Any:  # noqa: ANN401
    """One line of a list of recipients: an operator with e-mail and another channel, chat if no address is given."""
    entry = recipient(number, unit_id=unit_id, role="operator", **({"language": "en"} | values))
    other = {"webhook": address} if address else {"chat": f"mmost://chat.example/{number}"}
    return replace(entry, addresses=entry.addresses | other, secret=SECRET if address else "")


def incident_rows(office: Office) -> list[Any]:
    found = [row for row in rows(office.context).values() if row.kind == incidents.KIND]
    return sorted(found, key=lambda row: row.due)


def busy(number: int) -> Post:
    return Post(*[BUSY] * number)


def test_a_dead_mail_server_is_told_of_over_http_once_and_messages_go_on(office: Office) -> None:
    dead = {"smtp_host": "127.0.0.1", "smtp_port": free_port(), "smtp_security": "none"}
    home = {"delivery_hosts": "localhost", "delivery_private_hosts": "localhost"}
    settings = office.context.settings.model_copy(update=dead | home)
    (name,) = queued(office.context, many(1))
    with http_sink() as sink:
        take_over(office.context, [operator(address=f"http://localhost:{sink.port}/hook")])

        def look() -> None:
            office.send(EmailChannel(settings, office.clock), WebhookChannel(settings, office.clock))
            office.clock.at += timedelta(seconds=300)

        look()
        assert sink.requests == []
        office.clock.at = MONDAY + LATE
        for _turn in range(3):
            look()
    (request,) = sink.requests
    body = json.loads(request.body)
    assert (body["type"], body["data"]["memos"]) == ("delivery.overdue", [])
    assert body["data"]["text"].splitlines()[:2] == [
        "Incident: 1 overdue messages",
        "All of them: thammuu deliveries list --overdue",
    ]
    assert name in body["data"]["text"]
    assert "@" not in body["data"]["text"]
    (incident,) = incident_rows(office)
    assert (incident.channel, incident.state, incident.subject) == ("webhook", "accepted", "*")
    assert told(office.context, incident.delivery_id) == ["queued", "attempted", "succeeded:accepted"]
    assert office.send(Post()).accepted == 1
    assert rows(office.context)[name].state == "accepted"


def test_a_dead_room_is_told_of_by_mail(office: Office) -> None:
    (name,) = queued(office.context, [recipient(1, "chat")], channel="chat")
    take_over(office.context, [operator()])
    office.clock.at += LATE
    with mail_sink() as sink:
        server = {"smtp_host": "127.0.0.1", "smtp_port": sink.port, "smtp_security": "none"}
        settings = office.context.settings.model_copy(update=server)
        office.send(EmailChannel(settings, office.clock), Post(*[BUSY] * 100, name="chat"))
    (mail,) = sink.received
    parsed = BytesParser(policy=policy.default).parsebytes(mail.content)
    assert parsed["subject"] == "Incident: 1 overdue messages"
    for kind in ("plain", "html"):
        body = parsed.get_body((kind,))
        assert body is not None
        assert name in body.get_content()
        assert "thammuu deliveries list --overdue" in body.get_content()
        assert "They are tried again whenever messages are sent." in " ".join(body.get_content().split())
    assert list(parsed.iter_attachments()) == []


def test_what_becomes_overdue_within_the_hour_is_told_together(office: Office) -> None:
    first = queued(office.context, many(40))
    queued(office.context, [recipient(number) for number in range(40, 47)], due=MONDAY + timedelta(minutes=10))
    take_over(office.context, [operator()])
    room = Room("chat")
    office.clock.at = MONDAY + LATE
    for minutes in (0, 5, 5, 5, 60):
        office.clock.at += timedelta(minutes=minutes)
        office.send(busy(100), room)
    limit = timedelta(hours=office.context.settings.delivery_deadline_h)
    assert limit < LATE, "all were overdue at the first look"
    assert [one.subject for one in room.messages] == ["Incident: 47 overdue messages"]
    assert sum(name in room.messages[0].chat for name in first) == 5
    queued(office.context, [recipient(50)])
    office.clock.at += LATE
    office.send(busy(100), room)
    queued(office.context, [recipient(51)], due=office.clock.at - limit)
    for minutes in (0, 1, 60):
        office.clock.at += timedelta(minutes=minutes)
        office.send(busy(100), room)
    assert [one.subject for one in room.messages[1:]] == [
        "Incident: 48 overdue messages",
        "Incident: 49 overdue messages",
    ]


def test_an_operators_own_overdue_message_raises_none(office: Office) -> None:
    queued(office.context, many(1))
    take_over(office.context, [operator()])
    for _turn in range(3):
        office.clock.at += LATE
        office.send(busy(100), Post(*[BUSY] * 100, name="chat"))
    (incident,) = incident_rows(office)
    assert (incident.state, incident.overdue) == ("queued", True)
    assert told(office.context, incident.delivery_id).count("overdue:queued") == 1


@pytest.mark.parametrize("channels", [("email",), ("email", "file")])
def test_without_another_channel_nobody_is_written_to(office: Office, channels: tuple[str, ...]) -> None:
    queued(office.context, many(1))
    take_over(office.context, [operator()])
    office.clock.at += LATE
    office.send(busy(100), *(Post(name=name) for name in channels[1:]))
    assert incident_rows(office) == []


def test_operators_of_the_unit_and_of_every_unit_are_told_and_nobody_else(office: Office) -> None:
    queued(office.context, many(1))
    room = Room("chat")
    there = [operator(1, "cao-bang"), operator(2, "ha-nam"), operator(3)]
    take_over(office.context, [*there, replace(operator(4), values=operator(4).values | {"role": "secretariat"})])
    office.clock.at += LATE
    office.send(busy(100), room)
    assert sorted(row.subject for row in incident_rows(office)) == ["*", "cao-bang"]
    assert sorted(one.to.name for one in room.messages) == ["Người nhận 1", "Người nhận 3"]


def joined(office: Office, name: str, unit: str) -> None:
    """Issue the memo of a further province, which goes with a message that waits."""
    context = office.context
    issue(context, find(context, unit, None), dated=date(2023, 5, 4))
    with context.database.transaction() as connection:
        memo = connection.execute(select(issued_memos).where(issued_memos.c.unit_id != "cao-bang")).one()
        planned = Planned(rows(context)[name].recipient_id, "email", office.clock(), 600)
        new = book(UnitOfWork(connection, context), memo.unit_id, Carried(memo.memo_id, 1), "major", [planned])
        assert [one.data.delivery_id for one in new] == [name]  # type: ignore[attr-defined]
        log.append(connection, [envelope(one, f"joined-{name}", office.clock()) for one in new])


def test_a_message_with_memos_to_several_units_is_told_to_the_operators_of_each_and_names_all(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    joined(office, name, "Hà Giang")
    take_over(office.context, [operator(1, "cao-bang"), operator(2, "ha-giang"), operator(3, "ha-noi")])
    office.clock.at += LATE
    room = Room("chat")
    office.send(busy(100), room)
    assert sorted(row.subject for row in incident_rows(office)) == ["cao-bang", "ha-giang"]
    assert [one.chat.splitlines()[-1] for one in room.messages] == ["Units: Cao Bằng, Hà Giang"] * 2


def test_of_a_message_of_which_nothing_stands_any_more_nobody_is_told_that_it_is_tried(office: Office) -> None:
    queued(office.context, many(1))
    take_over(office.context, [operator()])
    with office.context.database.transaction() as connection:
        connection.execute(update(memos).values(status="superseded"))
    office.clock.at += LATE
    room, post = Room("chat"), busy(1)
    assert office.send(post, room).cancelled == 1
    assert (incident_rows(office), room.messages, dict(post.handed)) == ([], [], {})


def test_quiet_hours_put_it_off_and_days_off_do_not(office: Office) -> None:
    saturday = MONDAY + timedelta(days=5)
    queued(office.context, many(1))
    take_over(office.context, [operator(1), operator(2, quiet_from="08:00", quiet_to="13:00")])
    office.clock.at = saturday
    office.send(busy(100), Room("chat"))
    assert [row.due - saturday.timestamp() for row in incident_rows(office)] == [0, 3.5 * 3600]


def test_it_is_not_sent_once_nothing_is_overdue_any_more(office: Office) -> None:
    queued(office.context, many(1))
    take_over(office.context, [operator(quiet_from="08:00", quiet_to="17:00")])
    room = Room("chat")
    office.clock.at += LATE
    office.send(busy(1), room)
    office.clock.at += timedelta(hours=5)
    office.send(Post())
    assert office.send(room).cancelled == 1
    assert room.messages == []
    (incident,) = incident_rows(office)
    assert (incident.state, incident.reason) == ("cancelled", "Nothing is overdue any more.")


def test_the_operator_next_in_turn_is_told_where_the_first_is_not_reached(office: Office) -> None:
    queued(office.context, many(1))
    take_over(office.context, [operator(1), operator(2, turn=2), operator(3, turn=3)])
    office.clock.at += LATE
    room = Room("chat", Answer("refused", "404 no such room"))
    for _turn in range(2):
        office.send(busy(100), room)
    assert [one.to.name for one in room.messages] == ["Người nhận 1", "Người nhận 2"]
    second = incident_rows(office)[-1]
    assert news(office.context, second.delivery_id, "bounced", "gone")
    office.send(busy(100), room)
    assert [one.to.name for one in room.messages][2:] == ["Người nhận 3"]


def test_it_is_written_in_the_operators_language(office: Office) -> None:
    (name,) = queued(office.context, many(1))
    take_over(office.context, [operator(language="vi")])
    room = Room("chat")
    office.send(busy(1))
    office.clock.at += LATE
    office.send(busy(100), room)
    (one,) = room.messages
    assert one.subject == "Sự cố: 01 thư quá hạn chưa gửi được"
    assert one.chat.splitlines()[1:] == [
        "Danh sách: thammuu deliveries list --overdue",
        "Kênh email: 01 thư",
        "Quá hạn từ 09:30 ngày 25/6/2026.",
        "Lý do: 451 busy",
        f"Mã thư: {name}",
        "Đơn vị: Cao Bằng",
    ]
    assert "Kính gửi: Người nhận 900" in one.text
    assert name in one.html


def test_two_senders_that_find_something_at_once_write_one_message(office: Office) -> None:
    take_over(office.context, [operator()])
    together = Barrier(2)
    contexts = [office.context, office.another()]
    with office.context.database.snapshot() as connection:
        (person,) = every_recipient(connection)

    def work(context: Context) -> Event | None:
        together.wait(30)
        with context.database.transaction() as connection:
            event = incidents.queued(context, connection, person, "chat")
            log.append(connection, [event] if event else [])
            return event

    with ThreadPoolExecutor(2) as threads:
        made = list(threads.map(work, contexts))
    assert sum(event is not None for event in made) == 1
    assert len(incident_rows(office)) == 1
