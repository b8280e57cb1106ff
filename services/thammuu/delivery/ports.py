"""What a channel is given and what it answers. A new channel: a class with these members, an entry in its table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from thammuu.errors import PermanentRefusalError

if TYPE_CHECKING:
    from datetime import date

Outcome = Literal["accepted", "refused", "later", "unknown", "cancelled"]
"""``accepted``: the other side has it. ``refused``: it never will. ``later``: it was not handed over, try again.
``unknown``: it was handed over and the answer was lost, so that a further try may be a second copy.
``cancelled``: nothing that it carries stands any more; said before it is handed over, by no channel."""
Language = Literal["vi", "en"]
Kind = Literal["memo", "withdrawal", "incident"]
"""``incident``: other messages are overdue; to operators, and about no memo."""


class NothingStandsError(PermanentRefusalError):
    """Every memo of a message was replaced or withdrawn while it waited."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message.

    Args:
        name: The file name that people see.
        media_type: Such as ``application/pdf``.
        content: Its bytes.
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """Where one recipient is reached by one channel; personal data, in memory only while a message is sent.

    Args:
        name: The person's or office's name.
        address: An e-mail address, a chat address of apprise, the URL of a webhook.
        secret: What signs a webhook.
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class MemoRef:
    """One memo of a message, for programs.

    Args:
        memo_id: The memo.
        version: Which version.
        number: In the issuer's register.
        dated: The day on the document.
        link: Where it can be read, empty where no portal is configured.
    """

    memo_id: str
    version: int
    number: int
    dated: date
    link: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery, ready to be sent.

    Args:
        delivery_id: Its id, the same on every try: the receiving side recognises a second copy by it.
        attempt: Which try, from 1.
        to: Where it goes.
        language: In which language it is written.
        subject: One line.
        text: The e-mail as plain text.
        html: The same as HTML.
        chat: A message of at most 1,500 characters without markup; empty for e-mail.
        attachments: Files.
        memos: What it is about.
        kind: What it does.
        unsubscribe: Address of a page or mailbox where the recipient stops these messages; empty where there is none.
        sender: Whose documents they are, for the eye; empty if not known.
    """

    delivery_id: str
    attempt: int
    to: ContactPoint
    language: Language
    subject: str
    text: str
    html: str
    chat: str
    attachments: tuple[Attachment, ...]
    memos: tuple[MemoRef, ...]
    kind: Kind = "memo"
    unsubscribe: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one try.

    Args:
        outcome: See :data:`Outcome`.
        reason: In words, without addresses or secrets; empty when accepted.
        reference: What the other side calls the message.
        wait_s: How long the other side asks to wait, in seconds.
        server_away: Whether the server itself cannot be reached, so that other messages to it need not be tried.
    """

    outcome: Outcome
    reason: str = ""
    reference: str = ""
    wait_s: float | None = None
    server_away: bool = False


class Channel(Protocol):
    """Sends messages to one kind of address.

    Attributes:
        name: As recipients and routes name it.
        at_once: How many messages it may carry at the same time.
        one_server: Whether all messages go to the same server: while that is away, one message at a time probes it.
    """

    name: str
    at_once: int
    one_server: bool

    async def send(self, message: Message) -> Answer:
        """Send one message. Never raises for what the other side does: that is an :class:`Answer`."""
        ...

    def check(self, address: str) -> str | None:
        """Return what is wrong with an address, in words, or None; asks nobody."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
