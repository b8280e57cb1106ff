"""Canonical JSON (RFC 8785) and the hashes made from it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

FIGURE_DECIMALS = 9
"""Computed figures are rounded to this many decimals before they are stored or hashed."""
_LARGEST = 2**53 - 1
_PLAIN = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)


def canonical_json(value: Any) -> bytes:  # noqa: ANN401  any JSON value
    """Return the RFC 8785 bytes of a JSON value.

    Raises:
        rfc8785.CanonicalizationError: For NaN, infinities, integers from 2**53 and types JSON lacks.
    """
    if _is_plain(value):
        try:
            return _PLAIN.encode(value).encode()
        except UnicodeEncodeError:
            pass  # half a surrogate pair: refused below, in words
    import rfc8785

    return rfc8785.dumps(value)


def _is_plain(value: Any) -> bool:  # noqa: ANN401  any JSON value
    """Tell whether the standard library's encoder writes a value as RFC 8785 asks: five times as fast.

    The two differ in how they write floats (section 3.2.2.3), in the order of names beyond ASCII (3.2.3) and in what
    they refuse.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_LARGEST <= value <= _LARGEST)
    if kind is list or kind is tuple:
        return all(map(_is_plain, value))
    if kind is dict:
        return all(type(name) is str and name.isascii() for name in value) and all(map(_is_plain, value.values()))
    return False


def sha256_hex(content: bytes) -> str:
    """Return the SHA-256 of bytes as lower-case hex."""
    return hashlib.sha256(content).hexdigest()


def content_hash(value: Any) -> str:  # noqa: ANN401  any JSON value
    """Return the SHA-256 hex of a value's canonical JSON."""
    return sha256_hex(canonical_json(value))


def derived_id(*parts: str | int) -> str:
    """Return a deterministic id for an output: the first 32 hex digits of the hash of its parts.

    Args:
        parts: What makes the output unique, such as cause id, consumer and position. Floats have more
            than one spelling and are not accepted.
    """
    return content_hash(list(parts))[:32]


def rounded(figure: float | None) -> float | None:
    """Round a computed figure to the stored number of decimals; minus zero becomes zero."""
    return None if figure is None else round(figure, FIGURE_DECIMALS) + 0.0
