"""How long hosts of others may keep a worker waiting: what one has cost without giving a file counts for a while."""

from __future__ import annotations

import time
from threading import Lock

IN_ALL_S = 30.0
"""For one file, all tries together, in seconds; also for all files of one host until it has rested."""
RESTS_S = 60.0
"""For so long a host that has used up its time is not asked, in seconds."""
_NOTICED_S = 1.0
"""A refusal that came sooner has cost nobody anything."""


class Patience:
    """What is left for each host. Whoever waits on the same partition waits for one host this long, and no longer.

    Args:
        in_all_s: What a host has, in seconds.
        rests_s: After so many seconds without further cost it is forgotten.
    """

    def __init__(self, in_all_s: float = IN_ALL_S, rests_s: float = RESTS_S) -> None:
        self._in_all_s = in_all_s
        self._rests_s = rests_s
        self._lock = Lock()
        self._wasted: dict[str, tuple[float, float]] = {}

    def left(self, host: str) -> float:
        """Return how long a host may take now, in seconds."""
        with self._lock:
            return self._in_all_s - self._cost(host)

    def wasted(self, host: str, seconds: float) -> None:
        """Add what a host took and gave no file for."""
        if seconds >= _NOTICED_S:
            with self._lock:
                self._wasted[host] = (self._cost(host) + seconds, time.monotonic())

    def rewarded(self, host: str) -> None:
        """Forget what a host has cost: it gave a file."""
        with self._lock:
            self._wasted.pop(host, None)

    def _cost(self, host: str) -> float:
        cost, at = self._wasted.get(host, (0.0, 0.0))
        return cost if time.monotonic() - at < self._rests_s else 0.0
