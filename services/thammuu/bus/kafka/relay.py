"""The relay: the ledger's events to their topics, in order."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from thammuu import tracing
from thammuu.bus.kafka.promises import refuse_unsafe_producer
from thammuu.bus.topics import CONTENT_TYPE, POSITION
from thammuu.bus.waits import FIRST_PAUSE_S, SILENT_S, passes, patiently, pause, wait
from thammuu.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.bus.kafka.connection import Connection
    from thammuu.bus.outbox import Outbox, Outgoing
    from thammuu.bus.status import Status

IDLE_S = 0.05
PRODUCER = {"enable_idempotence": True, "acks": "all"}
_LOG = structlog.get_logger(__name__)


class Relay:
    """Sends the ledger's events to their topics, in order; one relay is active, others wait for its lease.

    Args:
        outbox: The ledger's side.
        kafka: How Kafka is reached.
        status: Told of progress and faults.
    """

    def __init__(self, outbox: Outbox, kafka: Connection, status: Status) -> None:
        self._outbox = outbox
        self._kafka = kafka
        self._status = status
        self._pause_s = FIRST_PAUSE_S

    async def run(self, stop: asyncio.Event) -> None:
        """Send until told to stop; faults of database or broker are waited out."""
        while not stop.is_set():
            producer = AIOKafkaProducer(bootstrap_servers=self._kafka.servers, **PRODUCER, **self._kafka.options)
            try:
                refuse_unsafe_producer(producer)
                await producer.start()
                await self._send(producer, stop)
            except Exception as error:
                if not passes(error):
                    raise
                self._status.stalled("relay", error)
                self._pause_s = await pause(self._pause_s, stop)
            finally:
                await _closed(producer, stop)
        await asyncio.to_thread(self._outbox.give_up)

    async def _send(self, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        renewed = -math.inf
        while not stop.is_set():
            # a lease is good for three times as long: renewing it each time costs as much as sending
            if time.monotonic() - renewed >= self._outbox.lease_s / 3:
                renewed = time.monotonic()
                if not await asyncio.to_thread(self._outbox.lead):
                    renewed = -math.inf
                    self._status.idle("relay")
                    await wait(stop, self._outbox.lease_s / 3)
                    continue
            reach("relay.leading")
            batch = await asyncio.to_thread(self._outbox.waiting)
            if not batch:
                self._status.idle("relay")
                await wait(stop, IDLE_S)
                continue
            reach("relay.read")
            await self._all_sent(producer, batch, stop)
            reach("relay.answered")
            if await asyncio.to_thread(self._outbox.sent, batch[0].position, batch[-1].position):
                reach("relay.recorded")
                self._status.progressed("relay", len(batch))
                self._pause_s = FIRST_PAUSE_S
            else:
                renewed = -math.inf

    async def _all_sent(self, producer: AIOKafkaProducer, batch: Sequence[Outgoing], stop: asyncio.Event) -> None:
        async def send() -> None:
            await asyncio.gather(*[await self._sent(producer, one) for one in batch])

        sending = asyncio.create_task(send())
        try:
            # the client goes on trying for 40 s by itself; a probe should know sooner
            if not (await asyncio.wait([sending], timeout=SILENT_S))[0]:
                self._status.stalled("relay", KafkaTimeoutError("the broker does not answer"))
            await patiently(sending, stop)
        finally:
            sending.cancel()

    async def _sent(self, producer: AIOKafkaProducer, one: Outgoing) -> asyncio.Future[Any]:
        headers = [("content-type", CONTENT_TYPE.encode()), (POSITION, str(one.position).encode())]
        topic = self._kafka.topics.of(one.type)
        reach("relay.before-send")
        with tracing.span(f"send {topic}", one.traceparent, "producer"):
            if place := tracing.current() or one.traceparent:
                headers.append((tracing.HEADER, place.encode()))
            answer: asyncio.Future[Any] = await producer.send(
                topic, one.body, key=one.subject.encode(), headers=headers
            )
        reach("relay.after-send")
        return answer


async def _closed(producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
    try:
        await patiently(asyncio.create_task(producer.stop()), stop)
    except KafkaError as error:
        _LOG.warning("producer not closed", reason=repr(error))
