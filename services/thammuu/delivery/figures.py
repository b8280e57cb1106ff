"""Figures of deliveries in Prometheus' words: how many are in which state, how many are overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from thammuu.bus.handling import is_transient
from thammuu.delivery.listing import by_state, late

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric

    from thammuu.bus.context import Context


class DeliveryFigures:
    """Asks the database when Prometheus asks; says nothing while it is away.

    Args:
        context: The program's parts.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def describe(self) -> list[Metric]:
        """Name nothing in advance: that would ask the database before it is needed."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        try:
            with self._context.database.snapshot() as connection:
                states, behind = by_state(connection), late(connection)
        except Exception as error:
            if not is_transient(error):
                raise
            return
        family = GaugeMetricFamily("thammuu_deliveries", "Messages by state.", labels=["channel", "state"])
        for (channel, state), number in states.items():
            family.add_metric([channel, state], number)
        yield family
        yield GaugeMetricFamily("thammuu_deliveries_overdue", "Messages without a final state after their deadline.",
                                value=behind)  # fmt: skip
