"""When a try is repeated, and how a server that is away is left in peace."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

AWAY_AFTER = 3
"""So many messages in a row that could not reach the server, and it counts as away."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow, spread so that many messages do not come back at once.

    Half of a wait is certain and half is chance ("equal jitter"), so that no try follows at once:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        first_s: The wait after the first try, in seconds.
        longest_s: No wait is longer, in seconds.
        chance: Where the spread comes from.
    """

    first_s: float = 15.0
    longest_s: float = 240.0
    chance: random.Random = field(default_factory=random.Random)

    def after(self, attempt: int, asked_s: float | None = None) -> float:
        """Return how long to wait, in seconds.

        Args:
            attempt: How many tries there were.
            asked_s: What the other side asked for; it is not cut short.
        """
        whole: float = min(self.longest_s, self.first_s * 2.0 ** min(attempt - 1, 20))
        return max(whole / 2 + self.chance.uniform(0, whole / 2), asked_s or 0.0)


@dataclass
class Server:
    """What is known of a channel's one server.

    Args:
        probe_s: While it is away, one message is tried every so many seconds.
    """

    probe_s: float = 5.0
    _failures: int = 0

    @property
    def away(self) -> bool:
        """Whether it counts as away."""
        return self._failures >= AWAY_AFTER

    def told(self, *, reached: bool) -> None:
        """Take note of a try."""
        self._failures = 0 if reached else self._failures + 1
