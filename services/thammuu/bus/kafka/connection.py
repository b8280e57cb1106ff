"""How Kafka is reached, and the topics there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from thammuu.bus.kafka.security import client_options, security_of, servers_of, topics_of
from thammuu.bus.topics import Topics

if TYPE_CHECKING:
    from faststream.security import BaseSecurity

    from thammuu.settings import Settings

SESSION_TIMEOUT_MS = 30_000
FOR_EVER = {"retention.ms": "-1", "retention.bytes": "-1"}
"""A stage that stands still for longer than the broker's week must find its events."""
SUBMITTED_TOPIC = {"max.message.bytes": "2000000", "compression.type": "gzip"}
"""Twice Kafka's own limit. The broker compresses anew what a worker could not read as its producer compressed it, which
would hold up all that comes after it."""


@dataclass(frozen=True)
class Connection:
    """How Kafka is reached.

    Args:
        servers: ``host:port``, separated by commas.
        topics: Their names.
        options: Security options of aiokafka's clients; with the password, so that they are not in the repr.
        security: The same for FastStream's.
        longest_handler_s: How long a handler may be at a message, in seconds.
        session_timeout_ms: How long a consumer may be silent before the broker gives its partitions to another.
    """

    servers: str
    topics: Topics = field(default_factory=Topics)
    options: dict[str, Any] = field(default_factory=dict, repr=False)
    security: BaseSecurity | None = None
    longest_handler_s: float = 600.0
    session_timeout_ms: int = SESSION_TIMEOUT_MS


def connection_of(settings: Settings) -> Connection:
    """Return how the settings say that Kafka is reached.

    Raises:
        BadInputError: With what they lack.
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
        configs = {kafka.topics.submitted: FOR_EVER | SUBMITTED_TOPIC}
        missing = [
            NewTopic(name, partitions, replicas, topic_configs=configs.get(name, FOR_EVER))
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
