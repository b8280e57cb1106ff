"""Seals personal data and secrets: names, addresses and keys are in the database only in a form nobody can read.

Fernet of ``cryptography`` (AES-128-CBC with HMAC-SHA256, https://github.com/fernet/spec). Several keys may be given:
the newest seals, all of them open. The mark by which an address is recognised is an HMAC under a key derived from the
oldest one, so that it stays the same when a key is added; so are proofs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import stat
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from thammuu.settings import Settings

_MARKS = b"thammuu address marks"
_PROOFS = b"thammuu proofs"


class Vault:
    """Seals and opens.

    Args:
        keys: Fernet keys, the newest first.

    Raises:
        BadInputError: If there is none, or one is no key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        from cryptography.fernet import Fernet, MultiFernet

        try:
            fernets = [Fernet(key) for key in keys]
        except (ValueError, TypeError):
            # the key itself is not repeated: it may be a good one with a slip
            raise BadInputError(
                _("THAMMUU_SECRET_KEY is not made of keys that `thammuu keys new` prints, separated by commas.")
            ) from None
        if not fernets:
            raise BadInputError(
                _("Contact data needs a key: set THAMMUU_SECRET_KEY or THAMMUU_SECRET_KEY_FILE; `thammuu keys new`.")
            )
        self._fernet = MultiFernet(fernets)
        oldest = base64.urlsafe_b64decode(keys[-1])
        self._marking = hmac.digest(oldest, _MARKS, hashlib.sha256)
        self._proving = hmac.digest(oldest, _PROOFS, hashlib.sha256)

    def seal(self, content: bytes) -> bytes:
        """Return the content in a form that only the keys open."""
        return self._fernet.encrypt(content)

    def open(self, sealed: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            EnvironmentFaultError: If none of the keys opens it.
        """
        return self._opened(self._fernet.decrypt, sealed)

    def resealed(self, sealed: bytes) -> bytes:
        """Return the same content sealed with the newest key.

        Raises:
            EnvironmentFaultError: If none of the keys opens it.
        """
        return self._opened(self._fernet.rotate, sealed)

    @staticmethod
    def _opened(how: Callable[[bytes], bytes], sealed: bytes) -> bytes:
        from cryptography.fernet import InvalidToken

        try:
            return how(sealed)
        except InvalidToken:
            raise EnvironmentFaultError(
                _("Contact data was sealed with another key: add the former key to THAMMUU_SECRET_KEY.")
            ) from None

    def mark(self, channel: str, address: str) -> str:
        """Return the mark by which an address is recognised without being readable.

        Args:
            channel: The channel.
            address: As the channel writes it; case and space at its ends do not count.
        """
        told = f"{channel}\0{address.strip().casefold()}".encode()
        return hmac.new(self._marking, told, hashlib.sha256).hexdigest()

    def proof(self, text: str) -> bytes:
        """Return 32 bytes that only who has the keys can make for a text; they tell nothing of it or of others."""
        return hmac.digest(self._proving, text.encode(), hashlib.sha256)


def new_key() -> str:
    """Return a new key."""
    from cryptography.fernet import Fernet

    return Fernet.generate_key().decode()


def vault_of(settings: Settings) -> Vault:
    """Return the vault of the settings.

    Raises:
        BadInputError: If no key is set, or what is set is none.
        EnvironmentFaultError: If the key's file cannot be read, or others can read it.
    """
    if settings.secret_key is not None:
        return Vault([one.strip() for one in settings.secret_key.get_secret_value().split(",") if one.strip()])
    if settings.secret_key_file is not None:
        return Vault(_lines(settings.secret_key_file))
    return Vault([])


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
            raise EnvironmentFaultError(
                _("{file} can be read or changed by every account: chmod 600 it.").format(file=path)
            )
        return path.read_text(encoding="ascii", errors="replace").split()
    except OSError as error:
        raise EnvironmentFaultError(
            _("The key file {file} cannot be read: {reason}.").format(file=path, reason=error.strerror)
        ) from error
