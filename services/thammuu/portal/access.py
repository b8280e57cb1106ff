"""Who may ask for what: whoever sends a token, within its rights; without any tokens, this machine alone."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from thammuu.i18n import _
from thammuu.portal.measuring import VERSION
from thammuu.portal.tokens import RIGHTS, tokens_of

if TYPE_CHECKING:
    from starlette.requests import Request

    from thammuu.portal.tokens import Right, Token
    from thammuu.settings import Settings

_WRITING: Final[dict[str, Right]] = {"publications": "publish", "recipients": "recipients"}
"""By the first word below the version; what else is written needs all rights."""
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not let in.

    Args:
        status: Of the answer.
        detail: One sentence.
    """

    status: int
    detail: str


@dataclass(frozen=True)
class Access:
    """What lets a request in.

    Args:
        tokens: None lets in this machine alone.
    """

    tokens: tuple[Token, ...] = ()

    def refusal(self, request: Request) -> Refusal | None:
        """Return why a request is not let in, None if it is."""
        if not self.tokens:
            here = _("Without tokens only this machine is answered, by the name localhost.")
            return None if _from_here(request) else Refusal(403, here)
        rights = self._rights(request)
        if not rights:
            return Refusal(401, _("A known bearer token is needed."))
        missing = ", ".join(sorted(_needed(request) - rights - {"read"}))
        return Refusal(403, _("This token has no right to {right}.").format(right=missing)) if missing else None

    def _rights(self, request: Request) -> frozenset[Right]:
        """Return what the token of a request may do; nothing if it is unknown."""
        scheme, _space, token = request.headers.get("authorization", "").partition(" ")
        given = sha256(token.strip().encode()).digest() if scheme.lower() == "bearer" else b""
        # every one is compared, so that the time taken tells nothing
        matches = [one for one in self.tokens if hmac.compare_digest(given, one.digest)]
        return frozenset(right for one in matches for right in one.rights)


def _needed(request: Request) -> frozenset[Right]:
    """Return what a request needs; whatever is not known to read needs all."""
    # not request.url: a header can change what that says
    area = str(request.scope["path"]).removeprefix(f"{VERSION}/").partition("/")[0]
    if request.method in {"GET", "HEAD"}:
        opened = area == "recipients" and "contact" in request.query_params
        return frozenset({"recipients"}) if opened else frozenset({"read"})
    return frozenset({_WRITING[area]}) if area in _WRITING else RIGHTS


def access_of(settings: Settings) -> Access:
    """Return what the settings let in.

    Raises:
        BadInputError: If a token is too short, or the file has none, or names a right that there is not.
        EnvironmentFaultError: If the file cannot be read.
    """
    return Access(tuple(tokens_of(settings)))


def is_loopback(host: str) -> bool:
    """Tell whether an address or name is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
