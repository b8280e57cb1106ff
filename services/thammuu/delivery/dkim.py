"""Sign mails for the sender's domain (DKIM, RFC 6376), so that receiving servers can tell them from forged ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from thammuu.errors import BadInputError
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.settings import Settings

SIGNED: Final = (
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"reply-to",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
    b"auto-submitted",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
)
_ONCE: Final = (b"from", b"to", b"subject", b"date", b"reply-to")
"""Named once more than they stand: nobody can add a second one without breaking the signature."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one domain with one key.

    Args:
        selector: The name of the key: its public half is at ``<selector>._domainkey.<domain>``.
        domain: Of the sender's address.
        key: The private key, RSA, in PEM.
    """

    selector: str
    domain: str
    key: bytes = field(repr=False)

    def signed(self, mail: bytes) -> bytes:
        """Return a mail with its signature before it.

        Raises:
            BadInputError: If the key cannot sign.
        """
        import dkim

        present = {line.partition(b":")[0].lower() for line in mail.partition(b"\r\n\r\n")[0].split(b"\r\n")}
        names = [one for one in SIGNED if one in present]
        try:
            header: bytes = dkim.sign(
                mail,
                self.selector.encode(),
                self.domain.encode(),
                self.key,
                canonicalize=(b"relaxed", b"simple"),
                include_headers=[*names, *_ONCE],
            )
        except (dkim.DKIMException, ValueError):
            # what the library says may quote the key
            raise BadInputError(_("The key of THAMMUU_DKIM_KEY_FILE is no RSA key in PEM.")) from None
        return header + mail


def signer_of(settings: Settings, domain: str) -> Signer | None:
    """Return the signer that settings ask for; None where they ask for none.

    Args:
        settings: Selector and key file.
        domain: Of the sender's address.

    Raises:
        BadInputError: If only one of the two is set, or the key cannot be read or cannot sign.
    """
    selector, path = settings.dkim_selector, settings.dkim_key_file
    if selector is None and path is None:
        return None
    if selector is None or path is None:
        raise BadInputError(_("THAMMUU_DKIM_SELECTOR and THAMMUU_DKIM_KEY_FILE are set together or not at all."))
    try:
        key = path.read_bytes()
    except OSError as error:
        raise BadInputError(_("The key file {path} cannot be read.").format(path=path)) from error
    made = Signer(selector, domain, key)
    made.signed(b"From: trial@example.org\r\n\r\n.\r\n")
    return made
