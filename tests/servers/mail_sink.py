"""A real SMTP server in process, aiosmtpd, that keeps what it is sent; and certificates for it."""

from __future__ import annotations

import ssl
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True)
class Received:
    """One mail as it came over the wire.

    Args:
        sender: Of the envelope.
        recipients: Of the envelope.
        content: Its bytes.
        over_tls: Whether the connection was secured.
        user: Who logged in.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    over_tls: bool
    user: str


@dataclass
class Sink:
    """Keeps mails; answers from ``replies`` first, one a mail, then 250.

    Args:
        replies: To the end of mails.
        peers: Connections that mails came by.
        refused: Recipients that are refused, with the reply.
    """

    port: int
    replies: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    peers: set[Any] = field(default_factory=set)

    async def handle_RCPT(self, *asked: Any) -> str:  # noqa: N802, ANN401  aiosmtpd's name
        _server, _session, envelope, address, _options = asked
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  the same
        self.peers.add(session.peer)
        reply = self.replies.pop(0) if self.replies else "250 2.0.0 Ok: queued as 4F1A2B"
        if reply.startswith("2"):
            assert isinstance(envelope.content, bytes)
            user = session.auth_data.login.decode() if isinstance(session.auth_data, LoginPassword) else ""
            self.received.append(
                Received(
                    envelope.mail_from or "", tuple(envelope.rcpt_tos), envelope.content, session.ssl is not None, user
                )
            )
        return reply


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate for ``localhost``: its own authority."""

    path: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.path, self.key)
        return made


def certificate(folder: Path, name: str = "localhost") -> Certificate:
    """Make a certificate with openssl."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    options = ("-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}")
    subprocess.run(
        ["openssl", "req", *options, "-addext", f"subjectAltName=DNS:{name}", "-keyout", made.key, "-out", made.path],
        check=True,
        capture_output=True,
    )
    return made


@contextmanager
def mail_sink(
    secured: Certificate | None = None,
    login: tuple[str, str] | None = None,
    size: int = 33_554_432,
    port: int | None = None,
) -> Iterator[Sink]:
    """Run a server on loopback.

    Args:
        secured: Offer STARTTLS with it, and take mail only after it.
        login: Name and password that it wants.
        size: The largest mail, in bytes.
        port: Where it listens; any that is free.
    """
    sink = Sink(port or free_port())

    def knows(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        known = login and (data.login, data.password) == tuple(one.encode() for one in login)
        return AuthResult(success=bool(known), handled=False, auth_data=data)

    chosen: dict[str, Any] = {"data_size_limit": size, "enable_SMTPUTF8": True}
    if secured:
        chosen |= {"tls_context": secured.context(), "require_starttls": True}
    if login:
        chosen |= {"authenticator": knows, "auth_required": True, "auth_require_tls": bool(secured)}
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, **chosen)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()
