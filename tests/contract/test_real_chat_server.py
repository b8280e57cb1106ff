"""Chat messages through a real Matrix server: what a reader sees, who is called, and what the server refuses."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from servers.mail_messages import clock, message
from servers.synapse import Account, Synapse, synapse
from thammuu.delivery.channels.chat import ChatChannel
from thammuu.delivery.ports import Answer, MemoRef
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHIN_S = 60.0
LINK = "https://cchc.example/memos/ha_nam-2022"
HOSTILE = f"Công văn số 05/BNV-CCHC\n1. Sở @room <b>A</b> [x](https://evil.example): rà soát\nXem: {LINK}"
HOME = Settings(delivery_hosts="localhost", delivery_private_hosts="localhost")


@pytest.fixture(scope="module")
def server() -> Iterator[Synapse]:
    with synapse() as running:
        yield running


def send(account: Account, room: str, text: str = HOSTILE, token: str = "") -> Answer:
    address = f"matrix://{token or account.token}@localhost:{account.server.port}/{room}"

    async def go() -> Answer:
        channel = ChatChannel(HOME, clock)
        try:
            assert channel.check(address) is None
            memos = (MemoRef("ha-nam-2022", 1, 5, clock().date(), LINK),)
            return await channel.send(message(to={"address": address}, chat=text, memos=memos))
        finally:
            await channel.close()

    answer = asyncio.run(go())
    assert account.token not in answer.reason
    return answer


def seen(reader: Account, room: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the reader's view of a room is as wanted, and return it."""
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        view: dict[str, Any] = reader.call("GET", "sync", timeout=0)["rooms"]["join"][room]
        if wanted(view):
            return view
        time.sleep(0.1)
    pytest.fail("what was sent was not seen")


def messages(view: dict[str, Any]) -> list[dict[str, Any]]:
    return [one["content"] for one in view["timeline"]["events"] if one["type"] == "m.room.message"]


def test_a_reader_sees_the_message_as_text_and_nobody_is_called_by_it(server: Synapse) -> None:
    bot, reader = server.account("bot"), server.account("reader")
    room = bot.room(reader, version="10")
    assert send(bot, room) == Answer("accepted")
    view = seen(reader, room, lambda view: bool(messages(view)))
    (told,) = messages(view)
    assert told["msgtype"] == "m.text"
    assert "formatted_body" not in told
    assert "@room" not in told["body"]
    assert "evil.example" not in told["body"]
    assert told["body"].endswith(f"Xem: {LINK}")
    assert view["unread_notifications"]["highlight_count"] == 0
    # the same words as they were would have called everybody
    bot.call("PUT", f"rooms/{quote(room)}/send/m.room.message/1", {"msgtype": "m.text", "body": HOSTILE})
    seen(reader, room, lambda view: view["unread_notifications"]["highlight_count"] == 1)


def test_a_token_that_nobody_has_is_refused(server: Synapse) -> None:
    bot = server.account("bot2")
    answer = send(bot, bot.room(), token="syt_made_up_token")  # noqa: S106  made up
    assert answer.outcome == "refused"
    assert answer.reason.startswith("401 ")


def test_a_room_where_the_program_may_not_write_is_refused(server: Synapse) -> None:
    bot, stranger = server.account("bot3"), server.account("stranger3")
    answer = send(bot, stranger.room())
    assert answer.outcome == "refused"
    assert answer.reason.startswith("403 ")


def test_a_server_that_asks_for_patience_is_given_it(server: Synapse) -> None:
    bot = server.account("bot4")
    room = bot.room()
    answers = [send(bot, room, text=f"Thư {number}") for number in range(8)]
    outcomes = [one.outcome for one in answers]
    assert outcomes[0] == "accepted"
    assert outcomes[-1] == "later"
    assert answers[-1].reason.startswith("429 ")
    assert answers[-1].wait_s
    assert answers[-1].wait_s > 0


def test_a_server_that_is_down_gets_the_message_when_it_is_up_again(server: Synapse) -> None:
    bot = server.account("bot5")
    room = bot.room()
    server.stop()
    try:
        assert send(bot, room) == Answer("later", "the server cannot be reached")
    finally:
        server.start()
    assert send(bot, room) == Answer("accepted")
    assert len(messages(seen(bot, room, lambda view: bool(messages(view))))) == 1
