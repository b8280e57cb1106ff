"""What servers say, made fit to be recorded: one short line without addresses or secrets."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Final

from thammuu.delivery.mail import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST: Final = 300
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']+@[^\s<>()\[\]:;,\"']+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_SHORTEST = 3
"""A secret of fewer characters stands in many words by chance."""


def freed(text: str, secrets: Iterable[str] = ()) -> str:
    """Return a text without addresses, links and secrets, as one line of at most 300 characters.

    Args:
        text: What a server said, from anywhere.
        secrets: Names, addresses and passwords of this message; also taken out as BASE64.
    """
    for secret in sorted(filter(lambda one: len(one) >= _SHORTEST, secrets), key=len, reverse=True):
        for shape in (secret, b64encode(secret.encode(errors="replace")).decode()):
            text = re.sub(re.escape(shape), "…", text, flags=re.IGNORECASE)
    return one_line(_ADDRESS.sub("…", _URL.sub("…", text)), LONGEST)
