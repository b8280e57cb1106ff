"""A process's own figures: how long each step of each consumer takes, and what was set aside."""

from __future__ import annotations

import time
from bisect import bisect_left
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING

from thammuu import tracing

if TYPE_CHECKING:
    from collections.abc import Iterator

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds of the histogram's buckets, in seconds; the last one has none."""


class Figures:
    """Counts and durations by name, added up since the process began. Plain numbers, so that a command pays nothing."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._durations: dict[tuple[str, str], tuple[list[int], float]] = {}
        self._rejected: dict[str, int] = {}

    def took(self, consumer: str, step: str, seconds: float) -> None:
        """Add one duration."""
        with self._lock:
            counts, total = self._durations.get((consumer, step), ([0] * (len(BOUNDS_S) + 1), 0.0))
            counts[bisect_left(BOUNDS_S, seconds)] += 1
            self._durations[consumer, step] = (counts, total + seconds)

    def rejected(self, consumer: str, number: int) -> None:
        """Add events that were set aside; told after the commit, since a try that was undone set nothing aside."""
        if number:
            with self._lock:
                self._rejected[consumer] = self._rejected.get(consumer, 0) + number

    def durations(self) -> dict[tuple[str, str], tuple[list[int], float]]:
        """Return, by consumer and step, how many fell into each bucket, and their sum in seconds."""
        with self._lock:
            return {key: (list(counts), total) for key, (counts, total) in self._durations.items()}

    def rejections(self) -> dict[str, int]:
        """Return how many events each consumer has set aside."""
        with self._lock:
            return dict(self._rejected)


FIGURES = Figures()
"""Of this process."""


@contextmanager
def step(consumer: str, name: str, parent: str | None = None) -> Iterator[None]:
    """Time one step of a consumer's work, as a figure and, where it belongs to one trace, as a span.

    Args:
        consumer: The consumer.
        name: ``prepare``, ``transaction``, ``handle`` or ``append``.
        parent: The event's ``traceparent``; a batch of many events has none.
    """
    begun = time.perf_counter()
    if parent or tracing.current():
        with tracing.span(f"{consumer} {name}", parent):
            yield
    else:
        yield
    FIGURES.took(consumer, name, time.perf_counter() - begun)
