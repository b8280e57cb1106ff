"""Where submissions may have their files fetched from: beginnings of addresses that the operator allows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTING = "THAMMUU_SUBMISSION_URIS"
_INTERNAL = "internal+"
_PORTS = {"http": 80, "https": 443}
_VISIBLE = re.compile(r"[!-~]+")
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Address:
    """An address, taken apart; ``path`` begins with a slash."""

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An allowed beginning; only an ``internal`` one may lead to an address that is not public."""

    address: Address
    internal: bool

    def holds(self, wanted: Address) -> bool:
        """Tell whether an address lies there, its path in the same folder or below."""
        mine = self.address
        same = (mine.scheme, mine.host, mine.port) == (wanted.scheme, wanted.host, wanted.port)
        return same and wanted.path.startswith(mine.path if mine.path.endswith("/") else mine.path + "/")


def places_of(setting: str) -> tuple[Place, ...]:
    """Return the places of a setting.

    Raises:
        BadInputError: With every one that is none.
    """
    found, problems = [], []
    for text in setting.split():
        internal = text.startswith(_INTERNAL)
        address = _address(text.removeprefix(_INTERNAL))
        if address is None or address.query or (internal and address.scheme == "s3"):
            expected = _("s3://bucket/folder, https://host/folder, or internal+https://host/folder")
            problems.append(Problem("bad-place", expected, value=printable(text[:_SHOWN])))
        else:
            found.append(Place(address, internal))
    if problems:
        raise BadInputError(_("{setting} names places that are none.").format(setting=SETTING), problems)
    return tuple(found)


def allowed(uri: str, places: Sequence[Place]) -> tuple[Address, bool]:
    """Return an address and whether it may be internal.

    Raises:
        BadInputError: If it lies in none of the places.
    """
    address = _address(uri)
    holding = [place for place in places if address is not None and place.holds(address)]
    if address is None or not holding or (address.scheme == "s3" and address.query):
        refuse("uri-not-allowed", _("an address in a place that the operator allows"), uri)
    return address, any(place.internal for place in holding)


def refuse(code: str, expected: str, uri: str) -> NoReturn:
    """Refuse an address; what follows a question mark may be a secret and is not repeated.

    Raises:
        BadInputError: Always.
    """
    value = printable(uri.partition("?")[0][:_SHOWN])
    raise BadInputError(_("The submission was refused; nothing was stored."), [Problem(code, expected, value=value)])


def _address(text: str) -> Address | None:
    parts, port = _split(text)
    if parts is None or not parts.hostname or "@" in parts.netloc or "#" in text or _climbs(parts.path):
        return None
    if parts.scheme == "s3":
        return Address("s3", parts.netloc, 0, parts.path or "/", parts.query)
    if parts.scheme not in _PORTS:
        return None
    return Address(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], parts.path or "/", parts.query)


def _split(text: str) -> tuple[SplitResult | None, int | None]:
    if not _VISIBLE.fullmatch(text) or "\\" in text:
        return None, None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None, None
    return parts, port


def _climbs(path: str) -> bool:
    """Tell whether a server might read a path as another one."""
    plain = unquote(unquote(path))
    return "\\" in plain or "//" in plain or any(part in {".", ".."} for part in plain.split("/"))
