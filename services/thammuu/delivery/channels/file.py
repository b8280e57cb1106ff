"""The channel ``file``: each message becomes a ``.eml`` file in a folder instead of being sent, to try things out."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from thammuu.appearing import write_whole
from thammuu.clock import VIETNAM
from thammuu.delivery.mail import Origin, origin_of, wire_of
from thammuu.delivery.ports import Answer
from thammuu.errors import PermanentRefusalError
from thammuu.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.clock import Clock
    from thammuu.delivery.ports import Message
    from thammuu.settings import Settings

_NOBODY: Final = Origin("thammuu@example.invalid")
"""Whom files are from where no sender is set; nobody can answer."""


class FileChannel:
    """Writes mails into a folder; mail programs open them.

    Args:
        settings: The folder, and who mails are from.
        clock: The time of the Date header.
    """

    name = "file"
    at_once = 1
    one_server = True

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._folder = settings.mail_folder or settings.data / "mail"
        self._origin = origin_of(settings.smtp_from, settings.smtp_reply_to) if settings.smtp_from else _NOBODY
        self._clock = clock

    def check(self, address: str) -> str | None:
        """Return what is wrong with an address, in words, or None."""
        from thammuu.delivery.mail import fault_of_address

        return fault_of_address(address)

    async def send(self, message: Message) -> Answer:
        """Write one message; a further try writes the same file again.

        Args:
            message: The delivery.
        """
        try:
            path = await asyncio.to_thread(self._write, message)
        except PermanentRefusalError as error:
            return Answer("refused", str(error))
        except OSError as error:
            return Answer(
                "later", _("the file cannot be written: {reason}").format(reason=os.strerror(error.errno or 0))
            )
        return Answer("accepted", reference=path.name)

    async def close(self) -> None:
        """Do nothing: files are closed."""

    def _write(self, message: Message) -> Path:
        mail = wire_of(message, replace(self._origin, name=message.sender), self._clock().astimezone(VIETNAM))
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # names and addresses are in it, and the folder may be one that others read
        return write_whole(self._folder / f"{message.delivery_id}.eml", mail, private=True)
