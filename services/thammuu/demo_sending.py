"""The demonstration's last step: Hà Nam's memo is approved, issued and sent to two made-up recipients at a mail sink.

It goes the way of every memo: recipients, approval, routes and the sender. Only that a person has the messages sent
at once, and that the mail server is one on this machine, is the demonstration's own.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from thammuu.delivery.beside import holder
from thammuu.delivery.catching_up import catch_up
from thammuu.delivery.channels.email import EmailChannel
from thammuu.delivery.deliveries import retry
from thammuu.delivery.dispatch import Sender
from thammuu.delivery.listing import Wanted, listed
from thammuu.delivery.recipients import every_recipient
from thammuu.delivery.recipients_changing import add
from thammuu.delivery.sink import sinking
from thammuu.delivery.states import WAITING
from thammuu.delivery.vault import new_key, vault_of
from thammuu.demo import MEETING
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _
from thammuu.memos.approving import approve
from thammuu.memos.issuing import issue
from thammuu.memos.people import acting
from thammuu.memos.shelf import STANDS_AS_DRAFT, find

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from sqlalchemy import Connection

    from thammuu.bootstrap import Program
    from thammuu.bus.context import Context

UNIT: Final = "Hà Nam"
ROUND: Final = "2022"
FROM: Final = "bao-cao@thammuu.example"
ANSWERS: Final = "cchc@thammuu.example"
_CHANNEL: Final = "email"


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A recipient of the demonstration: nobody's address."""

    language: str
    name: str
    address: str

    def said(self) -> dict[str, str]:
        """Return it as a line of a list of recipients."""
        told = {"name": self.name, _CHANNEL: self.address, "language": self.language, "formats": "pdf,docx"}
        return {"unit": UNIT, "role": "secretariat"} | told


RECIPIENTS: Final = (
    MadeUp("vi", "Văn phòng Ủy ban nhân dân tỉnh Hà Nam", "van-phong@ha-nam.example"),
    MadeUp("en", "Office of the People's Committee of Ha Nam Province", "office@ha-nam.example"),
)


def key_in(folder: Path) -> Path:
    """Return the file with the key of the made-up contact data; it is made if it is not there.

    Args:
        folder: The demonstration's.
    """
    path = folder / "key"
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(new_key() + "\n")
    return path


def send(program: Program, folder: Path) -> list[Path]:
    """Issue the memo if it is a draft, and send it; what was sent before is not sent again.

    Args:
        program: With the memo drafted, and a key for contact data.
        folder: Where the sink keeps the mails.

    Returns:
        The mails that the sink took now.

    Raises:
        BadInputError: If the data has recipients of its own: their mail would end here.
        EnvironmentFaultError: If a mail was not taken.
    """
    context = program.context
    _refuse_others(context)
    ours = [add(context, one.said(), MEETING)[0] for one in RECIPIENTS]
    _issue(program)
    # the memo may have been issued when nobody was registered yet
    catch_up(context, ROUND)
    with context.database.transaction() as connection:
        waiting = [row["delivery_id"] for row in _to(connection, ours) if row["state"] in WAITING]
        # routes let messages wait for others of the same hour, and for working days
        retry(context, connection, waiting, acting(context, connection, "send"))
    folder.mkdir(parents=True, exist_ok=True)
    kept = asyncio.run(_sent(context, folder))
    with context.database.snapshot() as connection:
        left = [row for row in _to(connection, ours) if row["delivery_id"] in waiting and row["state"] != "accepted"]
    if left:
        raise EnvironmentFaultError(_("The mail was not taken: {reason}").format(reason=left[0]["reason"]))
    return sorted(kept)


def _refuse_others(context: Context) -> None:
    vault = vault_of(context.settings)
    own = {vault.mark(_CHANNEL, one.address) for one in RECIPIENTS}
    with context.database.snapshot() as connection:
        known = every_recipient(connection)
    if any(point.address_mark not in own for one in known for point in one.points.values()):
        told = _("The data folder has recipients of its own; try sending in another one: --dir DIR.")
        raise BadInputError(told)


def _issue(program: Program) -> None:
    context = program.context
    row = find(context, UNIT, ROUND)
    if row["status"] not in STANDS_AS_DRAFT:
        return
    if row["status"] != "approved":
        approve(context, [row])
    issue(context, find(context, UNIT, ROUND), dated=MEETING)
    program.run()


def _to(connection: Connection, names: list[str]) -> list[dict[str, Any]]:
    return [row for one in names for row in listed(connection, Wanted(channel=_CHANNEL, recipient=one))]


async def _sent(context: Context, folder: Path) -> list[Path]:
    kept: list[Path] = []
    async with sinking(folder, kept) as port:
        # whatever is set for a mail server of the real world is not this one's
        server: dict[str, Any] = {
            "smtp_host": "127.0.0.1",
            "smtp_port": port,
            "smtp_security": "none",
            "smtp_user": None,
        }
        server |= {"dkim_selector": None, "dkim_key_file": None, "mails_a_minute": 0}
        local = context.settings.model_copy(update=server)
        channel = EmailChannel(local, context.clock)
        await Sender(context, {_CHANNEL: channel}, holder(), alone=True).run_until_idle(asyncio.Event())
    return kept
