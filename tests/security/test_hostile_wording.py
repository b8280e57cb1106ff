"""What a person writes into a draft is text in every message, whatever it looks like; the mail that came is read."""

from __future__ import annotations

import asyncio
import email
from datetime import date
from email import policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from servers.deliveries import PAPI, UNIT, Hands, queued, recipient, settings
from servers.mail_sink import mail_sink
from thammuu import bootstrap
from thammuu.delivery.channels.chat_text import neutral
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.composing import compose
from thammuu.intake.publishing import Request, publish
from thammuu.memos.editing import Change, edit
from thammuu.memos.issuing import issue
from thammuu.memos.shelf import find, kept_model
from thammuu.memos.why import lines_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.bootstrap import Program

TASK = (
    '<img src=x onerror="alert(1)"><script>alert(2)</script></td></table> {{ 7*7 }} {% raw %} @everyone <!channel> '
    "[bấm vào đây](https://evil.example) =?utf-8?q?=0ABcc:_x@evil.example?= \\r\\n.\\r\\n tel:115 javascript:alert(3)"
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """Cao Bằng's memo, issued, with the first task as a hostile person worded it."""
    lines = (PAPI / "papi-2022.csv").read_text("utf-8").splitlines(keepends=True)
    file = tmp_path / "one.csv"
    file.write_text("".join(one for one in lines if one.startswith(("#", "period,", "2022,04,", "2022,01,"))), "utf-8")
    with bootstrap.changing(settings(tmp_path / "data"), Hands()) as running:
        publish(running.context, Request(file, "papi", "2022", date(2023, 4, 12), partial=True))
        running.run()
        row = find(running.context, UNIT, None)
        model = kept_model(running.context, row["memo_id"], row["model"])
        wanted = f"1 | {model.tasks[0].lead} |"
        number = next(one.number for one in lines_of(model) if one.text.startswith(wanted))
        edit(running.context, row, [Change(line=number, text=TASK)])
        issue(running.context, find(running.context, UNIT, None), dated=date(2023, 5, 4))
        running.run()
        yield running


class Elements(HTMLParser):
    """The elements of a page, and all of its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_edited_wording_is_text_in_the_mail_that_arrives(program: Program) -> None:
    (name,) = queued(program.context, [recipient(1)])
    with program.context.database.snapshot() as connection:
        made = compose(program.context, connection, name)
    with mail_sink() as sink:
        where = {"smtp_host": "127.0.0.1", "smtp_port": sink.port, "smtp_security": "none"}
        channel = EmailChannel(program.context.settings.model_copy(update=where), program.context.clock)

        async def send() -> str:
            answer = await channel.send(made)
            await channel.close()
            return answer.outcome

        assert asyncio.run(send()) == "accepted"
    (came,) = sink.received
    parsed = email.message_from_bytes(came.content, policy=policy.default)
    assert parsed["bcc"] is None
    body = parsed.get_body(("plain",))
    page = parsed.get_body(("html",))
    assert body is not None
    assert page is not None
    assert TASK in " ".join(body.get_content().split())
    shown = Elements(page.get_content())
    assert TASK in shown.text
    assert shown.names & {"img", "script", "iframe", "object", "form", "a"} == set()
    assert not any(one.startswith("on") or one == "src" for one in shown.attributes)


def test_edited_wording_means_nothing_to_a_chat_program(program: Program) -> None:
    (name,) = queued(program.context, [recipient(1, "chat")], "chat")
    with program.context.database.snapshot() as connection:
        made = compose(program.context, connection, name)
    assert "onerror" in made.chat
    told = neutral(made.chat)
    for sign in ("@everyone", "<!channel>", "<img", "](", "https://", "javascript:a", "evil.example"):
        assert sign in made.chat
        assert sign not in told
