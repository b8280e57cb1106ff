"""What a process knows of its consumers: who moves, who waits for what, who has stalled."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOG = structlog.get_logger(__name__)
STUCK_AFTER_S = 300.0
"""Longer than the longest handler takes, so that slow work is not taken for none."""
LOOK_EVERY_S = 5.0
Lags = dict[tuple[str, int], int]
"""Messages that wait, by topic and partition."""


@dataclass
class Consumer:
    """One consumer's state.

    Args:
        handled: Events since the process began.
        tries: Tries that ended in a fault that passes.
        moved_at: When it last moved or had nothing to do, by the monotonic clock.
        waits_for: The fault it waits out; empty while it works.
        unseen: Why the broker could not be asked how far it is; empty if it answered.
        lost: What else keeps it from working: a task that ended; empty if nothing does.
        lags: What waits for it on the broker, by topic and partition.
        committed: How far it has come on the broker, all partitions added up.
        behind: What waits for it in the ledger, where it follows the ledger.
        assigned: How many partitions are its own; None where it has none by nature.
    """

    handled: int = 0
    tries: int = 0
    moved_at: float = field(default_factory=time.monotonic)
    waits_for: str = ""
    unseen: str = ""
    lost: str = ""
    lags: Lags = field(default_factory=dict)
    committed: int = -1
    behind: int | None = None
    assigned: int | None = None

    @property
    def waiting(self) -> int:
        """How much waits for it."""
        return sum(self.lags.values()) + (self.behind or 0)


class Status:
    """Shared by a process's consumers and whoever asks for its health.

    Args:
        stuck_after_s: How long something may wait without any progress before a consumer counts as stalled.
    """

    def __init__(self, stuck_after_s: float = STUCK_AFTER_S) -> None:
        self._consumers: dict[str, Consumer] = {}
        self._lock = Lock()
        self._stuck_after_s = stuck_after_s
        self.look_every_s = min(LOOK_EVERY_S, stuck_after_s / 4)

    def _of(self, name: str) -> Consumer:
        return self._consumers.setdefault(name, Consumer())

    def begins(self, name: str) -> None:
        """Note that a consumer does not work yet; it is not ready until it moves or is idle."""
        with self._lock:
            self._of(name).waits_for = "start"

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

    def lagging(self, name: str, lags: Mapping[tuple[str, int], int], committed: int, assigned: int) -> None:
        """Note what the broker says of a consumer.

        Args:
            name: The consumer.
            lags: Messages that wait, by topic and partition.
            committed: How far it has come, all partitions added up.
            assigned: How many partitions are its own.
        """
        with self._lock:
            one = self._of(name)
            moved = committed > one.committed or assigned != one.assigned or not any(lags.values())
            one.lags, one.committed, one.assigned, one.unseen, one.lost = dict(lags), committed, assigned, "", ""
            if moved:
                one.moved_at = time.monotonic()

    def behind(self, name: str, events: int) -> None:
        """Note how many events of the ledger wait for a consumer that follows it."""
        with self._lock:
            one = self._of(name)
            one.behind = events
            if not events:
                one.moved_at = time.monotonic()

    def unseen(self, name: str, error: BaseException) -> None:
        """Note that the broker could not be asked how far a consumer is."""
        with self._lock:
            self._of(name).unseen = type(error).__name__

    def lost(self, name: str, reason: str) -> None:
        """Note that a consumer has ceased to work."""
        with self._lock:
            known, self._of(name).lost = self._of(name).lost, reason
        if reason != known:
            _LOG.error("consumer lost", consumer=name, reason=reason)

    def faults(self) -> dict[str, str]:
        """Return, by consumer, why it is not ready; empty if all are."""
        now = time.monotonic()
        found = {name: self._fault(one, now) for name, one in self.consumers().items()}
        return {name: fault for name, fault in found.items() if fault}

    def _fault(self, one: Consumer, now: float) -> str:
        if one.waits_for:
            return f"waits: {one.waits_for}"
        if one.lost:
            return one.lost
        if one.unseen:
            return f"the broker does not answer: {one.unseen}"
        still = now - one.moved_at
        if one.waiting and still > self._stuck_after_s:
            return f"{one.waiting} wait, no progress for {still:.0f} s"
        return ""

    def ready(self) -> bool:
        """Tell whether no consumer waits for a fault to pass, none has stalled, and the broker answers."""
        return not self.faults()

    def consumers(self) -> dict[str, Consumer]:
        """Return a copy of every consumer's state."""
        with self._lock:
            return {name: replace(one, lags=dict(one.lags)) for name, one in self._consumers.items()}
