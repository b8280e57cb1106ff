"""Connections to the mail server: opened with TLS and login as configured, used again, never without what was asked."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from aiosmtplib import SMTP

_MAILS_A_CONNECTION: Final = 100
_IDLE_S: Final = 20.0
"""A connection that was idle for longer is opened anew: servers end them after 30 s or so."""
_QUIT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where the mail server is and how it is reached.

    Args:
        host: Its name; the certificate must be for it.
        port: Its port.
        security: ``starttls`` and ``tls`` never fall back to plain text.
        user: To log in as; empty is no login.
        password: Of that user.
        ca_file: Certificates of authorities to trust; the system's own if None.
        timeout_s: How long one command may take.
        domain: What this side calls itself.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    user: str
    password: str = field(repr=False)
    ca_file: Path | None
    timeout_s: float
    domain: str


@dataclass(slots=True)
class Connection:
    """One conversation with the server."""

    smtp: SMTP
    mails: int = 0
    idle_since: float = 0.0

    @property
    def used(self) -> bool:
        """Whether a mail went this way before, so that the server may have ended it meanwhile."""
        return self.mails > 0

    def close(self) -> None:
        """Cut it."""
        from thammuu.delivery.channels.smtp_conversation import cut

        cut(self.smtp)


class Pool:
    """Keeps some connections open."""

    def __init__(self, server: Server, most: int) -> None:
        self._server = server
        self._idle: list[Connection] = []
        self._room = asyncio.Semaphore(most)
        self._context: ssl.SSLContext | None = None

    async def take(self, *, fresh: bool = False) -> Connection:
        """Return a connection, an idle one if there is one; give it back or drop it.

        Args:
            fresh: A new one in any case.

        Raises:
            OSError: If the server cannot be reached, or its certificate is not to be trusted.
            aiosmtplib.SMTPException: If it does not greet, lacks STARTTLS or refuses the login.
        """
        await self._room.acquire()
        try:
            while self._idle and not fresh:
                found = self._idle.pop()
                if found.smtp.is_connected and time.monotonic() - found.idle_since < _IDLE_S:
                    return found
                found.close()
            return Connection(await self._opened())
        except BaseException:
            self._room.release()
            raise

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next mail."""
        self._room.release()
        connection.mails += 1
        if connection.mails >= _MAILS_A_CONNECTION or not connection.smtp.is_connected:
            connection.close()
            return
        connection.idle_since = time.monotonic()
        self._idle.append(connection)

    def drop(self, connection: Connection) -> None:
        """Cut a connection whose state is not known."""
        self._room.release()
        connection.close()

    async def close(self) -> None:
        """Take leave of the server."""
        idle, self._idle = self._idle, []
        for one in idle:
            with suppress(Exception):  # it is closed in any case
                await one.smtp.quit(timeout=_QUIT_S)
            one.close()

    async def _opened(self) -> SMTP:
        from aiosmtplib import SMTP

        server = self._server
        chosen: dict[str, Any] = {"use_tls": server.security == "tls", "start_tls": server.security == "starttls"}
        if server.security != "none":
            chosen["tls_context"] = self._tls()
        if server.user:
            chosen |= {"username": server.user, "password": server.password}
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout_s,
            local_hostname=server.domain,
            **chosen,
        )
        await smtp.connect()
        await smtp._ehlo_or_helo_if_needed()  # noqa: SLF001  what the server offers is asked before the first mail
        return smtp

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            import ssl

            self._context = ssl.create_default_context(cafile=self._server.ca_file)
            self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        return self._context
