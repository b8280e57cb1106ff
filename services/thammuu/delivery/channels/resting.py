"""Hosts that do not answer are left in peace for a moment, so that messages to others need not wait behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from thammuu.delivery.ports import Answer
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.clock import Clock

_AFTER: Final = 2
"""So many tries in a row without an answer, and a host rests."""
_REST_S: Final = 30.0
_MOST_HOSTS: Final = 10_000


class Resting:
    """Remembers which hosts did not answer lately.

    Args:
        clock: The time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._silent: dict[str, tuple[int, float]] = {}

    def answer(self, host: str) -> Answer | None:
        """Return the answer for a message to a host that rests, or None where it may be tried.

        Args:
            host: Where the message goes.
        """
        tries, until = self._silent.get(host, (0, 0.0))
        wait_s = until - self._clock().timestamp()
        if tries < _AFTER or wait_s <= 0:
            return None
        return Answer("later", _("the server did not answer others a moment ago"), wait_s=min(wait_s, _REST_S))

    def told(self, host: str, *, answered: bool) -> None:
        """Take note of a try.

        Args:
            host: Where it went.
            answered: Whether the host said anything at all.
        """
        tries, _until = self._silent.pop(host, (0, 0.0))
        if answered:
            return
        while len(self._silent) >= _MOST_HOSTS:
            self._silent.pop(next(iter(self._silent)), None)
        self._silent[host] = (tries + 1, self._clock().timestamp() + _REST_S)
