"""A process's figures in Prometheus' words."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from thammuu.bus.figures import BOUNDS_S, FIGURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from thammuu.bus.figures import Figures
    from thammuu.bus.status import Consumer, Status

_ONE = ["consumer"]


class ConsumerFigures:
    """Collects the figures of a process's consumers when Prometheus asks.

    Args:
        status: What the consumers told of themselves.
        figures: What the process counted.
    """

    def __init__(self, status: Status, figures: Figures = FIGURES) -> None:
        self._status = status
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield the figures, one family each."""
        consumers, faults = self._status.consumers(), self._status.faults()
        yield _handled(consumers)
        yield _retries(consumers)
        yield _ready(consumers, faults)
        yield _lag(consumers)
        yield _behind(consumers)
        yield _rejected(self._figures)
        yield _durations(self._figures)


def _handled(consumers: dict[str, Consumer]) -> Metric:
    family = CounterMetricFamily("thammuu_events_handled", "Events handled.", labels=_ONE)
    for name, one in consumers.items():
        family.add_metric([name], one.handled)
    return family


def _retries(consumers: dict[str, Consumer]) -> Metric:
    family = CounterMetricFamily("thammuu_retries", "Tries that ended in a fault that passes.", labels=_ONE)
    for name, one in consumers.items():
        family.add_metric([name], one.tries)
    return family


def _ready(consumers: dict[str, Consumer], faults: dict[str, str]) -> Metric:
    family = GaugeMetricFamily("thammuu_consumer_ready", "1 if the consumer works, 0 if it waits.", labels=_ONE)
    for name in consumers:
        family.add_metric([name], int(name not in faults))
    return family


def _lag(consumers: dict[str, Consumer]) -> Metric:
    labels = ["consumer", "topic", "partition"]
    family = GaugeMetricFamily("thammuu_consumer_lag", "Messages of a partition that wait.", labels=labels)
    for name, one in consumers.items():
        for (topic, partition), waiting in one.lags.items():
            family.add_metric([name, topic, str(partition)], waiting)
    return family


def _behind(consumers: dict[str, Consumer]) -> Metric:
    family = GaugeMetricFamily("thammuu_ledger_behind", "Events of the ledger that wait.", labels=_ONE)
    for name, one in consumers.items():
        if one.behind is not None:
            family.add_metric([name], one.behind)
    return family


def _rejected(figures: Figures) -> Metric:
    family = CounterMetricFamily("thammuu_events_rejected", "Events set aside for good.", labels=_ONE)
    for name, count in figures.rejections().items():
        family.add_metric([name], count)
    return family


def _durations(figures: Figures) -> Metric:
    told = "How long a step of a consumer's work takes, in seconds."
    family = HistogramMetricFamily("thammuu_stage_duration_seconds", told, labels=["consumer", "step"])
    bounds = [*map(str, BOUNDS_S), "+Inf"]
    for (consumer, step), (counts, total) in figures.durations().items():
        family.add_metric([consumer, step], list(zip(bounds, accumulate(counts), strict=True)), total)
    return family
