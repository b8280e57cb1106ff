"""Who may ask: whoever sends a token; without any tokens, this machine alone."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _

if TYPE_CHECKING:
    from starlette.requests import Request

    from thammuu.settings import Settings

SHORTEST_TOKEN = 16
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Access:
    """What lets a request in.

    Args:
        digests: The SHA-256 of each token; none lets in this machine alone.
    """

    digests: tuple[bytes, ...] = ()

    def refusal(self, request: Request) -> str | None:
        """Return why a request is not let in, None if it is."""
        if self.digests:
            return None if self._known(request) else _("A known bearer token is needed.")
        if not _from_here(request):
            return _("Without tokens only this machine is answered, by the name localhost.")
        return None

    def _known(self, request: Request) -> bool:
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        given = sha256(token.strip().encode()).digest() if scheme.lower() == "bearer" else b""
        # every one is compared, so that the time taken tells nothing
        matches = [hmac.compare_digest(given, one) for one in self.digests]
        return any(matches)


def access_of(settings: Settings) -> Access:
    """Return what the settings let in.

    Raises:
        BadInputError: If a token is too short, or the file has none.
        EnvironmentFaultError: If the file cannot be read.
    """
    tokens = [settings.api_token.get_secret_value()] if settings.api_token else []
    if settings.api_tokens_file is not None:
        tokens += _tokens_in(settings)
    if any(len(one) < SHORTEST_TOKEN for one in tokens):
        raise BadInputError(_("A token must have at least {n} characters.").format(n=SHORTEST_TOKEN))
    return Access(tuple(sha256(one.encode()).digest() for one in tokens))


def is_loopback(host: str) -> bool:
    """Tell whether an address or name is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tokens_in(settings: Settings) -> list[str]:
    path = settings.api_tokens_file
    assert path is not None
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = _("The tokens in {file} cannot be read: {reason}.").format(file=path, reason=error)
        raise EnvironmentFaultError(message) from error
    tokens = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not tokens:
        raise BadInputError(_("{file} has no token: one a line is expected.").format(file=path))
    return tokens


def _from_here(request: Request) -> bool:
    """Tell whether a request comes from this machine, and not from a web page open on it.

    A page of another site can make a browser send a form here, or can give its own name this machine's address: the
    name that was asked for and the page that asks must both be this machine's.
    """
    if request.client is None or not is_loopback(request.client.host):
        return False
    host = request.headers.get("host", "")
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name.strip("[]").lower() not in _HERE:
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{host}"
