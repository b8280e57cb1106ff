"""What a process knows of its consumers: who moves, who waits for what, who has stalled."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock

import structlog

_LOG = structlog.get_logger(__name__)
READY_WITHIN_S = 60.0


@dataclass
class Consumer:
    """One consumer's state.

    Args:
        handled: Events since the process began.
        tries: Tries that ended in a fault that passes.
        moved_at: When it last moved or had nothing to do, by the monotonic clock.
        waits_for: The fault it waits out; empty while it works.
    """

    handled: int = 0
    tries: int = 0
    moved_at: float = field(default_factory=time.monotonic)
    waits_for: str = ""


class Status:
    """Shared by a process's consumers and whoever asks for its health."""

    def __init__(self) -> None:
        self._consumers: dict[str, Consumer] = {}
        self._lock = Lock()

    def _of(self, name: str) -> Consumer:
        return self._consumers.setdefault(name, Consumer())

    def progressed(self, name: str, events: int) -> None:
        """Note that a consumer handled events."""
        with self._lock:
            one = self._of(name)
            one.handled += events
            one.moved_at, one.waits_for = time.monotonic(), ""

    def idle(self, name: str) -> None:
        """Note that a consumer has nothing to do."""
        with self._lock:
            one = self._of(name)
            one.moved_at, one.waits_for = time.monotonic(), ""

    def stalled(self, name: str, error: Exception) -> None:
        """Note that a consumer waits for a fault to pass."""
        with self._lock:
            one = self._of(name)
            one.tries += 1
            one.waits_for = f"{type(error).__name__}"
        _LOG.warning("waiting", consumer=name, reason=f"{type(error).__name__}: {error}"[:300])

    def ready(self) -> bool:
        """Tell whether no consumer waits for a fault to pass."""
        with self._lock:
            return not any(one.waits_for for one in self._consumers.values())

    def consumers(self) -> dict[str, Consumer]:
        """Return a copy of every consumer's state."""
        with self._lock:
            return {
                name: Consumer(one.handled, one.tries, one.moved_at, one.waits_for)
                for name, one in self._consumers.items()
            }
