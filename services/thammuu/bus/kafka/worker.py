"""The worker: runs the same handlers as the embedded bus, on what the topics hold.

Kafka transactions are not used: aiokafka cannot fence a consumer that lost its partition
(https://github.com/aio-libs/aiokafka/issues/844). The inbox makes the effect one instead. A message is acknowledged
only after its transaction; a handler never raises into FastStream, because a failed message that is not acknowledged
is passed over by the next one's acknowledgement.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage  # noqa: TC002  FastStream reads the annotation

from thammuu import tracing
from thammuu.bus.handling import is_transient, refusal
from thammuu.bus.inbox import handle_once, set_aside
from thammuu.bus.kafka.promises import refuse_unsafe_subscribers
from thammuu.bus.kafka.submissions import expiring, take_once
from thammuu.bus.lag import watch_lag
from thammuu.bus.topics import POSITION, SUBMISSIONS
from thammuu.bus.waits import FIRST_PAUSE_S, SILENT_S, pause, until_it_works
from thammuu.events import Event
from thammuu.failpoints import reach
from thammuu.intake.submission_places import places_of
from thammuu.ledger.database import TryAgainError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aiokafka import ConsumerRecord

    from thammuu.bus.context import Context
    from thammuu.bus.kafka.connection import Connection
    from thammuu.bus.routes import Route
    from thammuu.bus.status import Status

LONGEST_HANDLER_MS = 3_600_000
"""A consumer that waits for a database that is away keeps its partitions for an hour."""
TRIES_ON_CONFLICT = 3
"""Two workers that write the same row at once: the second sees the first's on its next try."""
_LONGEST_POSITION = 18
_LOG = structlog.get_logger(__name__)


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
        self._acknowledging: dict[str, asyncio.Timeout] = {}
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
        await until_it_works(self._started, "worker", self._status, stop)
        self._status.idle("worker")
        watching = asyncio.create_task(watch_lag(self._subscribers, self._status))
        try:
            if SUBMISSIONS in self._threads:
                await expiring(self._context, stop)
            await stop.wait()
        finally:
            watching.cancel()
            for limit in self._acknowledging.values():
                limit.reschedule(asyncio.get_running_loop().time() + SILENT_S)
            await self.broker.stop()
            for threads in self._threads.values():
                threads.shutdown()

    async def _started(self) -> None:
        try:
            await self.broker.start()
        except BaseException:
            await self.broker.stop()
            raise

    def _handler(self, stage: str) -> Callable[[bytes, KafkaMessage], Awaitable[None]]:
        async def handle(body: bytes, message: KafkaMessage) -> None:
            await self._handle(stage, body, message)

        return handle

    async def _handle(self, stage: str, body: bytes, message: KafkaMessage) -> None:
        position, place = _position(message.headers.get(POSITION)), message.headers.get(tracing.HEADER)
        reach("worker.received")
        seconds, conflicts = FIRST_PAUSE_S, 0
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
                seconds = await pause(seconds, self._stop)
            else:
                self._status.progressed(stage, 1)
                break
        else:
            return  # stopped while waiting: not acknowledged, so somebody else gets it
        reach("worker.handled")
        await self._acknowledge(stage, message)

    async def _acknowledge(self, stage: str, message: KafkaMessage) -> None:
        try:
            async with asyncio.timeout(SILENT_S if self._stop.is_set() else None) as limit:
                self._acknowledging[stage] = limit
                await message.ack()
        except (KafkaError, TimeoutError) as error:
            # the partition is another worker's by now, or the broker is away: the inbox knows that the message is done
            _LOG.warning("acknowledgement refused", consumer=stage, reason=repr(error))
        else:
            reach("worker.acknowledged")
        finally:
            del self._acknowledging[stage]

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
