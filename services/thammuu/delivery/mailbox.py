"""The mailbox that bounces and answers come to, over IMAP: new mails only, marked as seen once they are recorded."""

from __future__ import annotations

import imaplib
import re
import ssl
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from thammuu.delivery.bounces import LARGEST
from thammuu.delivery.reasons import freed
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from thammuu.settings import Settings

_TIMEOUT_S: Final = 60.0
_UID = re.compile(rb"\d+")


def read_new(settings: Settings, record: Callable[[bytes], None]) -> int:
    """Read the new mails of the mailbox; each is marked as seen after it was recorded.

    Args:
        settings: Where the mailbox is.
        record: Takes the beginning of a mail; what it raises leaves the mail unseen.

    Returns:
        How many mails were read.

    Raises:
        BadInputError: If no mailbox is set.
        EnvironmentFaultError: If the server cannot be reached or refuses; the password is not repeated.
    """
    read = 0
    with _open(settings) as mailbox:
        for uid in _unseen(mailbox):
            record(_content(mailbox, uid))
            _answered(mailbox.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"))
            read += 1
    return read


@contextmanager
def _open(settings: Settings) -> Iterator[imaplib.IMAP4]:
    if settings.imap_host is None or settings.imap_user is None or settings.imap_password is None:
        raise BadInputError(
            _("THAMMUU_IMAP_HOST, THAMMUU_IMAP_USER and THAMMUU_IMAP_PASSWORD say which mailbox is read.")
        )
    password = settings.imap_password.get_secret_value()
    try:
        trusted = ssl.create_default_context(cafile=settings.smtp_ca_file)
        mailbox = imaplib.IMAP4_SSL(settings.imap_host, settings.imap_port, ssl_context=trusted, timeout=_TIMEOUT_S)
        try:
            mailbox.login(settings.imap_user, password)
            _answered(mailbox.select(_quoted(settings.imap_folder)))
            yield mailbox
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                mailbox.logout()
    except (OSError, imaplib.IMAP4.error) as error:
        # a login is also written in quotes
        said = freed(str(error), (settings.imap_user, password, _quoted(password)))
        raise EnvironmentFaultError(_("The mailbox cannot be read: {said}").format(said=said)) from None


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _answered(answer: tuple[str, list[bytes | None]] | tuple[str, list[object]]) -> list[object]:
    status, data = answer
    if status != "OK":
        raise imaplib.IMAP4.error(str(data[:1]))
    return list(data)


def _unseen(mailbox: imaplib.IMAP4) -> list[str]:
    (found, *_rest) = _answered(mailbox.uid("SEARCH", "UNSEEN"))
    return [one.decode() for one in _UID.findall(found)] if isinstance(found, bytes) else []


def _content(mailbox: imaplib.IMAP4, uid: str) -> bytes:
    """Return a mail's beginning without marking it as seen."""
    answer = _answered(mailbox.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)"))
    # a mail that another program deleted meanwhile is nothing
    return next((part[1] for part in answer if isinstance(part, tuple)), b"")
