"""Canonical JSON (RFC 8785) and the hashes made from it."""

from __future__ import annotations

import hashlib
from typing import Any

FIGURE_DECIMALS = 9
"""Computed figures are rounded to this many decimals before they are stored or hashed."""


def canonical_json(value: Any) -> bytes:  # noqa: ANN401  any JSON value
    """Return the RFC 8785 bytes of a JSON value.

    Raises:
        rfc8785.CanonicalizationError: For NaN, infinities, integers from 2**53 and types JSON lacks.
    """
    import rfc8785

    return rfc8785.dumps(value)


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
