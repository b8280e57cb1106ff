"""When a try is repeated, and how a server that is away is left in peace."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final

AWAY_AFTER: Final = 3
"""So many messages in a row that could not reach the server, and it counts as away."""
_LONGEST_PROBE_S: Final = 30.0
"""Within five minutes of a server's return all that waited for it has been tried: this, and the longest wait."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that grow, spread so that many messages do not come back at once.

    Half of a wait is certain and half is chance ("equal jitter"), so that no try follows at once:
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        first_s: The wait after the first try, in seconds.
        longest_s: No wait is longer, in seconds.
        longest_asked_s: Nor one that the other side asks for; it may ask for a year.
        chance: Where the spread comes from.
    """

    first_s: float = 15.0
    longest_s: float = 240.0
    longest_asked_s: float = 3_600.0
    chance: random.Random = field(default_factory=random.Random)

    def after(self, attempt: int, asked_s: float | None = None) -> float:
        """Return how long to wait, in seconds.

        Args:
            attempt: How many tries there were.
            asked_s: What the other side asked for; no try comes earlier.
        """
        whole: float = min(self.longest_s, self.first_s * 2.0 ** min(max(attempt, 1) - 1, 20))
        return max(whole / 2 + self.chance.uniform(0, whole / 2), min(asked_s or 0.0, self.longest_asked_s))


@dataclass
class Server:
    """What is known of a channel's one server. While it is away one message at a time asks whether it is back.

    Args:
        probe_s: How long after the first such message the next one follows, in seconds; then twice as long, and so on.
    """

    probe_s: float = 5.0
    _failures: int = 0
    _next: float = 0.0

    @property
    def away(self) -> bool:
        """Whether it counts as away."""
        return self._failures >= AWAY_AFTER

    def width(self, at_once: int, now: float) -> int:
        """Return how many messages may be under way.

        Args:
            at_once: While it is there.
            now: In seconds, by a clock that only goes on.
        """
        if not self.away:
            return at_once
        return 1 if now >= self._next else 0

    def told(self, *, reached: bool, now: float) -> None:
        """Take note of a try.

        Args:
            reached: Whether the server answered.
            now: In seconds, by the same clock.
        """
        self._failures = 0 if reached else self._failures + 1
        if self.away:
            turns = min(self._failures - AWAY_AFTER, 16)
            self._next = now + min(_LONGEST_PROBE_S, self.probe_s * 2.0**turns)
