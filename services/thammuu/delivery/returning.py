"""Where a delivery's mail comes back to: an address of its own, with a proof that only the sender could make.

``memos+<id and proof>@moha.example`` stands in the envelope, where the message shows it to nobody: reports go there.
The proof is an HMAC of the delivery's id. Both are in Base32, since servers may change the case of letters.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32decode, b32encode
from typing import TYPE_CHECKING, Any, Final

from thammuu.delivery.mail import wire_address
from thammuu.delivery.vault import vault_of
from thammuu.errors import BadInputError
from thammuu.i18n import _

if TYPE_CHECKING:
    from email.message import Message

    from thammuu.delivery.vault import Vault
    from thammuu.settings import Settings

PROOF_BYTES: Final = 10
_ID_BYTES: Final = 16
_TAG: Final = re.compile(r"\+([a-z2-7]{42})@", re.IGNORECASE)
_FILLED: Final = "======"
_LONGEST_LOCAL: Final = 64
"""Characters before the @, by RFC 5321, 4.5.3.1.1."""
_HEADERS: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
"""Where servers and reports write down who a mail came to."""
_LOOKED_AT: Final = 5
_LONGEST: Final = 1_000


class Returning:
    """Makes the addresses, and recognises them.

    Args:
        sender: The sender's address.
        vault: Proves.

    Raises:
        BadInputError: If the sender's address leaves no room for more before the @.
    """

    def __init__(self, sender: str, vault: Vault) -> None:
        self._local, _at, self._domain = wire_address(sender).rpartition("@")
        self._vault = vault
        room = _LONGEST_LOCAL - len(self._tagged("0" * 2 * _ID_BYTES)) + len(self._local)
        if len(self._local) > room:
            told = _("THAMMUU_SMTP_SUB_ADDRESSES wants at most {n} characters before the @ of THAMMUU_SMTP_FROM.")
            raise BadInputError(told.format(n=room))

    def address_for(self, delivery_id: str) -> str:
        """Return where a delivery's mail comes back to.

        Args:
            delivery_id: 32 hexadecimal digits.
        """
        return f"{self._tagged(delivery_id)}@{self._domain}"

    def delivery_of(self, mail: Message[Any, Any]) -> str | None:
        """Return the delivery whose own address a mail came to; None where it came to none of them, or to several."""
        told = (str(value)[:_LONGEST] for name in _HEADERS for value in mail.get_all(name, [])[:_LOOKED_AT])
        found = {self._proven(one[1]) for value in told for one in _TAG.finditer(value)} - {None}
        return found.pop() if len(found) == 1 else None

    def _tagged(self, delivery_id: str) -> str:
        content = bytes.fromhex(delivery_id) + self._vault.proof(delivery_id)[:PROOF_BYTES]
        return f"{self._local}+{b32encode(content).decode().rstrip('=').lower()}"

    def _proven(self, tag: str) -> str | None:
        content = b32decode(tag.upper() + _FILLED)
        delivery_id, proof = content[:_ID_BYTES].hex(), content[_ID_BYTES:]
        good = hmac.compare_digest(proof, self._vault.proof(delivery_id)[:PROOF_BYTES])
        return delivery_id if good else None


def returning_of(settings: Settings) -> Returning | None:
    """Return what makes the addresses; None where the sender's mailbox takes no sub-addresses.

    Raises:
        BadInputError: If there is no key to prove with, or no room for them in the sender's address.
        EnvironmentFaultError: If the key's file cannot be read.
    """
    if not settings.smtp_sub_addresses:
        return None
    return Returning(settings.smtp_from or "", vault_of(settings))
