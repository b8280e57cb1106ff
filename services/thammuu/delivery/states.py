"""The states of a delivery and the moves between them; drawn in ``docs/delivery.md``."""

from __future__ import annotations

from typing import Final, Literal

State = Literal["queued", "attempting", "accepted", "delivered", "bounced", "failed", "unknown", "cancelled"]

FINAL: Final = frozenset({"accepted", "delivered", "bounced", "failed", "cancelled"})
"""Nothing more happens by itself. ``accepted`` may still be told to have arrived, or to have come back."""
WAITING: Final = frozenset({"queued", "unknown"})
"""Due to be tried when their time comes."""

_MOVES: Final[dict[str, frozenset[str]]] = {
    "queued": frozenset({"attempting", "cancelled", "failed"}),
    "attempting": frozenset({"accepted", "queued", "failed", "unknown", "delivered", "bounced", "cancelled"}),
    "unknown": frozenset({"attempting", "accepted", "queued", "cancelled", "failed", "delivered", "bounced"}),
    "accepted": frozenset({"delivered", "bounced", "queued"}),
    "delivered": frozenset({"queued"}),
    "bounced": frozenset({"queued", "delivered"}),
    "failed": frozenset({"queued", "delivered", "bounced"}),
    "cancelled": frozenset({"queued"}),
}


def may_become(old: str, new: str) -> bool:
    """Tell whether a delivery may go from one state to another; late news of an earlier state is dropped.

    Args:
        old: Its state.
        new: What is told of it.
    """
    return new in _MOVES[old]
