"""The channel ``email``: SMTP with TLS and login, a pool of connections, a pace for each domain, DKIM."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from thammuu.clock import VIETNAM
from thammuu.delivery.dkim import signer_of
from thammuu.delivery.mail import domain_of, fault_of_address, origin_of, wire_address, wire_of
from thammuu.delivery.pacing import Pace
from thammuu.delivery.ports import Answer
from thammuu.delivery.reasons import freed
from thammuu.delivery.returning import returning_of
from thammuu.errors import BadInputError, PermanentRefusalError
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.clock import Clock
    from thammuu.delivery.channels.smtp_pool import Connection, Pool, Server
    from thammuu.delivery.ports import Message
    from thammuu.settings import Settings

_HOME: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class EmailChannel:
    """Sends e-mail through one mail server.

    Args:
        settings: Where the server is, who mails are from.
        clock: The time: of the Date header, and of the pace.

    Raises:
        BadInputError: If no server or sender is set, a login would go over the wire in plain text, the key of DKIM is
            no key, or mails are to come back to addresses of their own and these cannot be made.
    """

    name = "email"
    one_server = True

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.at_once = settings.smtp_connections
        self._origin = origin_of(settings.smtp_from, settings.smtp_reply_to)
        self._returning = returning_of(settings)
        self._signer = signer_of(settings, self._origin.domain)
        self._server = _server_of(settings, self._origin.domain)
        self._pace = Pace(settings.mails_a_minute, clock)
        self._clock = clock
        self._pool: Pool | None = None

    def check(self, address: str) -> str | None:
        """Return what is wrong with an address, in words, or None."""
        return fault_of_address(address)

    async def send(self, message: Message) -> Answer:
        """Hand one message to the mail server.

        Args:
            message: The delivery.
        """
        fault = self.check(message.to.address)
        if fault is not None:
            return Answer("refused", fault)
        wait_s = self._pace.wait_s(domain_of(message.to.address))
        if wait_s:
            return Answer("later", _("as many as allowed went to this domain"), wait_s=wait_s)
        try:
            mail = await asyncio.to_thread(self._written, message)
        except PermanentRefusalError as error:
            return Answer("refused", str(error))
        return await self._sent(message, mail)

    async def close(self) -> None:
        """Take leave of the server."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    def _written(self, message: Message) -> bytes:
        mail = wire_of(message, replace(self._origin, name=message.sender), self._clock().astimezone(VIETNAM))
        return mail if self._signer is None else self._signer.signed(mail)

    async def _sent(self, message: Message, mail: bytes) -> Answer:
        from aiosmtplib import SMTPException

        from thammuu.delivery.channels.smtp_conversation import LostBeforeDataError, not_reached

        for fresh in (False, True):
            try:
                connection = await self._connections().take(fresh=fresh)
            except (SMTPException, OSError, ValueError) as error:
                return not_reached(error, self._secrets(message))
            known = connection.used
            try:
                answer = await self._handed(connection, message, mail)
            except LostBeforeDataError:
                # a server may end a kept connection whenever it likes; nothing was handed over
                if not known:
                    break
            else:
                secrets = self._secrets(message)
                return replace(answer, reason=freed(answer.reason, secrets), reference=freed(answer.reference, secrets))
        return Answer("later", _("the connection ended before the mail was handed over"), server_away=True)

    async def _handed(self, connection: Connection, message: Message, mail: bytes) -> Answer:
        from aiosmtplib import SMTPResponseException

        from thammuu.delivery.channels.smtp_conversation import answer_for, begun_anew, hand_over

        pool = self._connections()
        recipient = wire_address(message.to.address)
        whole = False
        try:
            own = None if self._returning is None else self._returning.address_for(message.delivery_id)
            sender = own or wire_address(self._origin.address)
            answer = await hand_over(connection.smtp, sender, recipient, mail, message.delivery_id)
            whole = answer.outcome != "unknown"
        except SMTPResponseException as error:
            answer = answer_for(error.code, error.message)
            whole = await begun_anew(connection.smtp)
        finally:
            if whole:
                pool.give_back(connection)
            else:
                pool.drop(connection)
        return answer

    def _connections(self) -> Pool:
        if self._pool is None:
            from thammuu.delivery.channels.smtp_pool import Pool

            self._pool = Pool(self._server, self.at_once)
        return self._pool

    def _secrets(self, message: Message) -> tuple[str, ...]:
        user, password = self._server.user, self._server.password
        # as a login writes them in one (RFC 4616), which servers repeat when they do not understand it
        return (message.to.address, message.to.name, user, password, f"\0{user}\0{password}")


def _server_of(settings: Settings, domain: str) -> Server:
    """Return where the mail server is.

    Raises:
        BadInputError: If none is set, or the password would go over the wire in plain text.
    """
    from thammuu.delivery.channels.smtp_pool import Server

    if settings.smtp_host is None:
        raise BadInputError(_("THAMMUU_SMTP_HOST is not set: no e-mail can be sent."))
    user = settings.smtp_user or ""
    if user and settings.smtp_security == "none" and settings.smtp_host not in _HOME:
        raise BadInputError(
            _("THAMMUU_SMTP_USER needs THAMMUU_SMTP_SECURITY starttls or tls: a login is never sent plain.")
        )
    return Server(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        user=user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else "",
        ca_file=settings.smtp_ca_file,
        timeout_s=settings.smtp_timeout_s,
        domain=domain,
    )
