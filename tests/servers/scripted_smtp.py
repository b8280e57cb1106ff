"""An SMTP server that does what a script says: answers late, wrongly or never, and cuts the connection anywhere."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CUT = "cut"
"""End the connection without a word."""
SILENT = "silent"
"""Say nothing until the other side gives up."""


@dataclass
class Script:
    """What is said at each step; :data:`CUT` and :data:`SILENT` instead of a reply.

    Args:
        end: After the final dot.
        cut_after: Cut once that many bytes of the mail's text have come.
        connections: How many connections follow the script; later ones behave well. None is all of them.
        extensions: Offered after EHLO.
        mails_a_connection: Cut at the next MAIL after so many, as servers do with kept connections.
        delay_s: Before every reply.
    """

    greeting: str = "220 test"
    mail: str = "250 ok"
    rcpt: str = "250 ok"
    data: str = "354 go on"
    end: str = "250 ok queued as 77"
    cut_after: int | None = None
    connections: int | None = None
    extensions: tuple[str, ...] = ("PIPELINING",)
    mails_a_connection: int | None = None
    delay_s: float = 0.0


_WELL = Script()


@dataclass
class Scripted:
    """The running server: what it was told, and the mails that came whole."""

    port: int = 0
    commands: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    connections: int = 0


class _CutError(Exception):
    pass


@dataclass
class _Conversation:
    script: Script
    server: Scripted
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def run(self) -> None:
        await self.say(self.script.greeting)
        mails = 0
        while line := await self.reader.readline():
            command = line.decode("utf-8", "replace").strip()
            self.server.commands.append(command)
            verb = command.partition(" ")[0].upper()
            if verb == "EHLO":
                lines = ["test", *self.script.extensions]
                await self.say("\r\n".join(f"250{'-' if one is not lines[-1] else ' '}{one}" for one in lines))
            elif verb == "MAIL":
                if self.script.mails_a_connection is not None and mails >= self.script.mails_a_connection:
                    raise _CutError
                await self.say(self.script.mail)
            elif verb == "RCPT":
                await self.say(self.script.rcpt)
            elif verb == "DATA":
                await self.say(self.script.data)
                if self.script.data.startswith("354"):
                    await self.text()
                    mails += 1
            elif verb == "AUTH":
                await self.say("235 welcome")
            elif verb == "QUIT":
                await self.say("221 bye")
                return
            else:
                await self.say("250 ok")

    async def text(self) -> None:
        if self.script.cut_after is not None:
            await self.reader.readexactly(self.script.cut_after)
            raise _CutError
        mail = await self.reader.readuntil(b"\r\n.\r\n")
        self.server.mails.append(mail)
        if self.script.end.startswith("250"):
            self.server.accepted.append(mail)
        await self.say(self.script.end)

    async def say(self, reply: str) -> None:
        await asyncio.sleep(self.script.delay_s)
        if reply == CUT:
            raise _CutError
        if reply == SILENT:
            await self.reader.read()
            raise _CutError
        self.writer.write(f"{reply}\r\n".encode())
        await self.writer.drain()


async def _serve(server: Scripted, script: Script, ready: threading.Event, stop: asyncio.Event) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        follows = script.connections is None or server.connections <= script.connections
        try:
            with suppress(_CutError, ConnectionError, asyncio.IncompleteReadError):
                await _Conversation(script if follows else _WELL, server, reader, writer).run()
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0, limit=2**26)
    server.port = listening.sockets[0].getsockname()[1]
    ready.set()
    await stop.wait()
    listening.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@contextmanager
def scripted_smtp(script: Script) -> Iterator[Scripted]:
    """Run a server on loopback, in a thread of its own."""
    server, ready = Scripted(), threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(_serve(server, script, ready, stop)))
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
