"""The distributed bus: a relay from the ledger to Kafka, and workers that run the same handlers from it.

Kafka transactions are not used: aiokafka cannot fence a consumer that lost its partition
(https://github.com/aio-libs/aiokafka/issues/844). The inbox makes the effect one instead. A message is acknowledged
only after its transaction; a handler never raises into FastStream, because a failed message that is not acknowledged
is passed over by the next one's acknowledgement.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, KafkaTimeoutError, TopicAlreadyExistsError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage  # noqa: TC002  FastStream reads the annotation

from thammuu import tracing
from thammuu.bus.handling import is_transient, refusal
from thammuu.bus.inbox import handle_once, set_aside
from thammuu.bus.kafka_promises import refuse_unsafe_producer, refuse_unsafe_subscribers
from thammuu.bus.kafka_security import client_options, security_of, servers_of, topics_of
from thammuu.bus.kafka_submissions import expiring, take_once
from thammuu.bus.lag import watch_lag
from thammuu.bus.topics import CONTENT_TYPE, POSITION, SUBMISSIONS, Topics
from thammuu.events import Event
from thammuu.failpoints import reach
from thammuu.intake.submission_places import places_of
from thammuu.ledger.database import TryAgainError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiokafka import ConsumerRecord
    from faststream.security import BaseSecurity

    from thammuu.bus.context import Context
    from thammuu.bus.relay import Outbox, Outgoing
    from thammuu.bus.routes import Route
    from thammuu.bus.status import Status
    from thammuu.settings import Settings

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
IDLE_S = 0.05
SILENT_S = 5.0
"""A broker that has not answered for so long is away."""
SESSION_TIMEOUT_MS = 30_000
LONGEST_HANDLER_MS = 3_600_000
"""A consumer that waits for a database that is away keeps its partitions for an hour."""
PRODUCER = {"enable_idempotence": True, "acks": "all"}
TRIES_ON_CONFLICT = 3
"""Two workers that write the same row at once: the second sees the first's on its next try."""
LARGEST_SUBMISSION_BYTES = 2_000_000
"""Of a message on the topic of submissions; Kafka's own limit is half as much."""
_LONGEST_POSITION = 18
_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Connection:
    """How Kafka is reached.

    Args:
        servers: ``host:port``, separated by commas.
        topics: Their names.
        options: Security options of aiokafka's clients.
        security: The same for FastStream's.
        longest_handler_s: How long a handler may be at a message, in seconds.
        session_timeout_ms: How long a consumer may be silent before the broker gives its partitions to another.
    """

    servers: str
    topics: Topics = field(default_factory=Topics)
    options: dict[str, Any] = field(default_factory=dict)
    security: BaseSecurity | None = None
    longest_handler_s: float = 600.0
    session_timeout_ms: int = SESSION_TIMEOUT_MS


def connection_of(settings: Settings) -> Connection:
    """Return how the settings say that Kafka is reached.

    Raises:
        BadInputError: If they do not say enough.
    """
    longest_s = settings.database_lock_timeout_s + settings.database_statement_timeout_s
    return Connection(
        servers_of(settings), topics_of(settings), client_options(settings), security_of(settings), longest_s
    )


async def make_topics(kafka: Connection, partitions: int, replicas: int = 1) -> None:
    """Create the topics that are not there."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers, **kafka.options)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        configs = {kafka.topics.submitted: {"max.message.bytes": str(LARGEST_SUBMISSION_BYTES)}}
        missing = [
            NewTopic(name, partitions, replicas, topic_configs=configs.get(name))
            for name in kafka.topics.all()
            if name not in there
        ]
        if missing:
            try:
                await admin.create_topics(missing)
            except TopicAlreadyExistsError:
                return
    finally:
        await admin.close()


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
                if not (isinstance(error, KafkaError) or is_transient(error)):
                    raise
                self._status.stalled("relay", error)
                self._pause_s = await _pause(self._pause_s, stop)
            finally:
                await producer.stop()
        await asyncio.to_thread(self._outbox.give_up)

    async def _send(self, producer: AIOKafkaProducer, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not await asyncio.to_thread(self._outbox.lead):
                self._status.idle("relay")
                await _wait(stop, self._outbox.lease_s / 3)
                continue
            reach("relay.leading")
            batch = await asyncio.to_thread(self._outbox.waiting)
            if not batch:
                self._status.idle("relay")
                await _wait(stop, IDLE_S)
                continue
            reach("relay.read")
            await self._all_sent(producer, batch)
            reach("relay.answered")
            if await asyncio.to_thread(self._outbox.sent, batch[0].position, batch[-1].position):
                reach("relay.recorded")
                self._status.progressed("relay", len(batch))
                self._pause_s = FIRST_PAUSE_S

    async def _all_sent(self, producer: AIOKafkaProducer, batch: Sequence[Outgoing]) -> None:
        async def send() -> None:
            await asyncio.gather(*[await self._sent(producer, one) for one in batch])

        sending = asyncio.create_task(send())
        try:
            # the client goes on trying for 40 s by itself; a probe should know sooner
            if not (await asyncio.wait([sending], timeout=SILENT_S))[0]:
                self._status.stalled("relay", KafkaTimeoutError("the broker does not answer"))
            await sending
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


class Worker:
    """Runs consumers' handlers on what their topics hold.

    Args:
        context: The program's parts; its database is shared with the relay and other workers.
        routes: The table of ``pipeline.py``.
        stages: The consumers to run.
        kafka: How Kafka is reached.
        status: Told of progress and faults.
    """

    def __init__(
        self, context: Context, routes: Sequence[Route], stages: Sequence[str], kafka: Connection, status: Status
    ) -> None:
        self._context = context
        self._routes = {(route.consumer, route.event.event_type): route for route in routes}
        self._status = status
        self._threads = {stage: ThreadPoolExecutor(1, thread_name_prefix=stage) for stage in stages}
        self._stop = asyncio.Event()
        self._longest_handler_s = kafka.longest_handler_s
        self._subscribers: dict[str, Any] = {}
        self.broker = KafkaBroker(kafka.servers, graceful_timeout=60.0, logger=None, security=kafka.security)
        for stage in stages:
            types = [route.event.event_type for route in routes if route.consumer == stage]
            subscriber = self.broker.subscriber(
                *((kafka.topics.submitted,) if stage == SUBMISSIONS else kafka.topics.of_all(types)),
                group_id=kafka.topics.group_of(stage),
                ack_policy=AckPolicy.MANUAL,
                auto_offset_reset="earliest",
                session_timeout_ms=kafka.session_timeout_ms,
                heartbeat_interval_ms=kafka.session_timeout_ms // 10,
                max_poll_interval_ms=LONGEST_HANDLER_MS,
                rebalance_timeout_ms=LONGEST_HANDLER_MS,
                parser=_readable,
                decoder=_bytes,
            )
            subscriber(self._handler(stage))
            self._subscribers[stage] = subscriber

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop: the message at hand is finished, then the group is left."""
        self._stop = stop
        refuse_unsafe_subscribers(self.broker.subscribers, self._longest_handler_s)
        if SUBMISSIONS in self._threads:
            places_of(self._context.settings.submission_uris)
        await self.broker.start()
        watching = asyncio.create_task(watch_lag(self._subscribers, self._status))
        try:
            if SUBMISSIONS in self._threads:
                await expiring(self._context, stop)
            await stop.wait()
        finally:
            watching.cancel()
            await self.broker.stop()
            for threads in self._threads.values():
                threads.shutdown()

    def _handler(self, stage: str) -> Callable[[bytes, KafkaMessage], Awaitable[None]]:
        async def handle(body: bytes, message: KafkaMessage) -> None:
            await self._handle(stage, body, message)

        return handle

    async def _handle(self, stage: str, body: bytes, message: KafkaMessage) -> None:
        position, place = _position(message.headers.get(POSITION)), message.headers.get(tracing.HEADER)
        reach("worker.received")
        pause, conflicts = FIRST_PAUSE_S, 0
        while not self._stop.is_set():
            try:
                with tracing.span(f"process {stage}", place, "consumer"):
                    work = partial(self._work, stage, body, position, conflicts)
                    await asyncio.get_running_loop().run_in_executor(
                        self._threads[stage], contextvars.copy_context().run, work
                    )
            except TryAgainError:
                conflicts += 1
            except Exception as error:
                if not is_transient(error):
                    raise
                self._status.stalled(stage, error)
                pause = await _pause(pause, self._stop)
            else:
                self._status.progressed(stage, 1)
                break
        else:
            return  # stopped while waiting: not acknowledged, so somebody else gets it
        reach("worker.handled")
        try:
            await message.ack()
            reach("worker.acknowledged")
        except KafkaError as error:
            # the partition is another worker's by now; the inbox knows that the message is done
            _LOG.warning("acknowledgement refused", consumer=stage, reason=repr(error))

    def _work(self, stage: str, body: bytes, position: int | None, conflicts: int) -> None:
        if stage == SUBMISSIONS:
            take_once(self._context, body, last_try=conflicts >= TRIES_ON_CONFLICT)
            return
        try:
            event = Event.model_validate_json(body)
        except ValueError as error:
            set_aside(self._context, stage, body, refusal(stage, "unreadable", error).reason)
            return
        route = self._routes.get((stage, event.type))
        if route is None:
            return
        handle_once(self._context, route, event, position, last_try=conflicts >= TRIES_ON_CONFLICT)


async def _readable(record: ConsumerRecord[Any, Any], original: Callable[..., Awaitable[Any]]) -> Any:  # noqa: ANN401
    """Read a message whatever its headers hold: one that cannot be read would be passed over."""
    try:
        return await original(record)
    except (UnicodeDecodeError, AttributeError):
        return await original(replace(record, headers=()))


def _position(header: object) -> int | None:
    """Return a ledger position that a header states; whoever may write to a topic may write anything there."""
    text = str(header)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_POSITION else None


async def _bytes(message: Any) -> bytes:  # noqa: ANN401  a FastStream message
    body: bytes = message.body
    return body


async def _pause(seconds: float, stop: asyncio.Event) -> float:
    await _wait(stop, seconds * random.uniform(0.5, 1.5))  # noqa: S311  spreads tries, keeps no secret
    return min(seconds * 2, LONGEST_PAUSE_S)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
