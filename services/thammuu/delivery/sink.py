"""A mail server of a few lines that keeps what it is sent and hands nothing on, to try things out on one machine."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager, suppress
from email import policy
from email.parser import BytesParser
from email.utils import parseaddr
from typing import TYPE_CHECKING, Final

from thammuu.appearing import write_whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_LARGEST: Final = 64 * 2**20
_REPLIES: Final = {
    "EHLO": f"250-localhost\r\n250-SIZE {_LARGEST}\r\n250 8BITMIME",
    "HELO": "250 localhost",
    "MAIL": "250 ok",
    "RCPT": "250 ok",
    "RSET": "250 ok",
    "NOOP": "250 ok",
    "QUIT": "221 bye",
}


@asynccontextmanager
async def sinking(folder: Path, kept: list[Path]) -> AsyncIterator[int]:
    """Run the server on loopback.

    Args:
        folder: An existing one; each mail is kept there as ``.eml``, its text and its page beside it.
        kept: Told the mails as they come.

    Yields:
        The port.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await _conversation(reader, writer, folder, kept)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, limit=_LARGEST)
    try:
        port: int = server.sockets[0].getsockname()[1]
        yield port
    finally:
        server.close()


async def _conversation(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, folder: Path, kept: list[Path]
) -> None:
    writer.write(b"220 localhost\r\n")
    while line := await reader.readline():
        verb = line[:4].decode("ascii", "replace").upper()
        if verb == "DATA":
            writer.write(b"354 go on\r\n")
            text = await reader.readuntil(b"\r\n.\r\n")
            kept.append(await asyncio.to_thread(_keep, re.sub(rb"(?m)^\.\.", b".", text[:-3]), folder))
            writer.write(b"250 kept\r\n")
        else:
            writer.write(f"{_REPLIES.get(verb, '502 not here')}\r\n".encode())
        await writer.drain()
        if verb == "QUIT":
            return


def _keep(mail: bytes, folder: Path) -> Path:
    parsed = BytesParser(policy=policy.default).parsebytes(mail)
    named = f"{parseaddr(str(parsed['To']))[1] or 'mail'}-{str(parsed['Message-ID']).strip('<>').partition('@')[0]}"
    stem = re.sub(r"[^A-Za-z0-9.-]+", "-", named)
    for kind, ending in (("plain", "txt"), ("html", "html")):
        body = parsed.get_body((kind,))
        if body is not None:
            write_whole(folder / f"{stem}.{ending}", body.get_content().replace("\r\n", "\n").encode())
    return write_whole(folder / f"{stem}.eml", mail)
