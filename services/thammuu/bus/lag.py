"""How far consumers are, asked of the broker: the committed offset against the end of each partition."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from thammuu.bus.handling import is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiokafka import AIOKafkaConsumer

    from thammuu.bus.status import Status

ANSWER_WITHIN_S = 10.0
_SILENT_AT_MOST = 2
"""How often in a row the broker may not answer: one lost answer is no fault."""


async def watch_lag(subscribers: Mapping[str, Any], status: Status) -> None:
    """Tell the status how far each consumer is, until cancelled.

    Args:
        subscribers: FastStream's subscribers by consumer.
        status: What is told; it says how often the broker is asked.
    """
    await asyncio.gather(*(_watch(name, one, status) for name, one in subscribers.items()))


async def _watch(name: str, subscriber: Any, status: Status) -> None:  # noqa: ANN401  FastStream's own
    silent = 0
    while True:
        await asyncio.sleep(status.look_every_s)
        consumer = subscriber.consumer
        if consumer is None or not any(not task.done() for task in subscriber.tasks):
            status.lost(name, "it polls no more")
            continue
        try:
            lags, committed = await asyncio.wait_for(_asked(consumer), ANSWER_WITHIN_S)
        except (KafkaError, TimeoutError, OSError) as error:
            silent += 1
            if silent >= _SILENT_AT_MOST:
                status.unseen(name, error)
        else:
            silent = 0
            status.lagging(name, lags, committed, len(consumer.assignment()))


async def _asked(consumer: AIOKafkaConsumer) -> tuple[dict[tuple[str, int], int], int]:
    """Return what waits in the consumer's partitions, and how far it is in all of them together.

    One that has no partition looks at all of its topics: if nothing moves there, it was left out by mistake.
    """
    partitions = sorted(consumer.assignment()) or _all_partitions(consumer)
    begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    lags, total = {}, 0
    for one in partitions:
        # what has never been committed begins where the topic does
        committed = max(await consumer.committed(one) or 0, begins[one])
        total += committed
        lags[one.topic, one.partition] = max(ends[one] - committed, 0)
    return lags, total


def _all_partitions(consumer: AIOKafkaConsumer) -> list[TopicPartition]:
    return [
        TopicPartition(topic, number)
        for topic in sorted(consumer.subscription())
        for number in sorted(consumer.partitions_for_topic(topic) or ())
    ]


async def watch_behind(name: str, behind: Callable[[], int], status: Status) -> None:
    """Tell the status how many events of the ledger wait for a consumer, until cancelled.

    Args:
        name: The consumer.
        behind: Counts them.
        status: What is told; it says how often they are counted.
    """
    while True:
        try:
            status.behind(name, await asyncio.to_thread(behind))
        except Exception as error:
            # the consumer itself meets the fault as well, and says that it waits
            if not is_transient(error):
                raise
        await asyncio.sleep(status.look_every_s)
