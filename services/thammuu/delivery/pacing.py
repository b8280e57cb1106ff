"""How many messages one domain is sent in a minute: a bucket of tokens for each, filled by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from thammuu.clock import Clock

_BURST_S: Final = 10.0
"""A domain that has been left alone may be sent that many seconds' share at once."""
_MINUTE_S: Final = 60.0
_MOST_DOMAINS: Final = 10_000


class Pace:
    """Says whether a message may go to a domain now, or after how long.

    Args:
        a_minute: Messages to one domain; 0 is no limit.
        clock: The time.
    """

    def __init__(self, a_minute: int, clock: Clock) -> None:
        self._a_second = a_minute / _MINUTE_S
        self._most = max(1.0, self._a_second * _BURST_S)
        self._clock = clock
        self._buckets: dict[str, tuple[float, float, float]] = {}

    def wait_s(self, domain: str) -> float:
        """Return 0 and take a token, or how many seconds a message had better wait.

        Each message that has to wait is given a later time than the one before it, so that they do not all come back
        at once.

        Args:
            domain: Where the message goes.
        """
        if not self._a_second:
            return 0.0
        now = self._clock().timestamp()
        tokens, seen, promised = self._buckets.get(domain, (self._most, now, now))
        tokens = min(self._most, tokens + max(0.0, now - seen) * self._a_second)
        if tokens >= 1:
            self._keep(domain, (tokens - 1, now, promised))
            return 0.0
        promised = max(promised, now) + 1 / self._a_second
        self._keep(domain, (tokens, now, promised))
        return promised - now

    def _keep(self, domain: str, bucket: tuple[float, float, float]) -> None:
        self._buckets.pop(domain, None)
        self._buckets[domain] = bucket
        while len(self._buckets) > _MOST_DOMAINS:
            del self._buckets[next(iter(self._buckets))]
