"""Events a second through one handler on Kafka and PostgreSQL, and the time of one event, against bare FastStream.

Both sides take turns on one broker and one server (fsync on), each in a process of its own that is ready before time
counts. Usage: python benchmarks/bus.py [--events 3000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import bus_task
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from servers import postgres
from servers.kafka import Kafka
from thammuu.bus.kafka.connection import Connection, make_topics
from thammuu.bus.topics import Topics
from thammuu.ledger.postgres import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN_S = 1_200.0
WARM = 50
SINGLE = 200


@contextmanager
def task(name: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one side in a process of its own."""
    process = subprocess.Popen([sys.executable, bus_task.__file__, name, *arguments])
    try:
        yield process
    finally:
        process.terminate()
        process.wait(90)


def new_database(server: postgres.Postgres) -> str:
    """Make a database with the program's tables."""
    url = server.new_database()
    database = PostgresDatabase(url)
    database.upgrade()
    database.close()
    return url


async def topics_for(servers: str, prefix: str, *more: str) -> None:
    """Make the program's topics and those of the other side, with as many partitions."""
    await make_topics(Connection(servers, Topics(prefix)), partitions=2)
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(prefix + name, 2, 1) for name in more])
    await admin.close()


def rate(url: str, many: int) -> float:
    """Wait for the rows of warm and measured events; return the events a second of the measured ones."""
    with bus_task.context_of(url) as context:
        bus_task.wait_until(lambda: bus_task.noted(context) >= WARM, WITHIN_S)
        begun, already = time.perf_counter(), bus_task.noted(context)
        bus_task.wait_until(lambda: bus_task.noted(context) >= WARM + many, WITHIN_S)
        return (WARM + many - already) / (time.perf_counter() - begun)


def program_rate(server: postgres.Postgres, kafka: Kafka, prefix: str, many: int) -> float:
    """Return the events a second through a worker; they are with the broker beforehand."""
    url = new_database(server)
    asyncio.run(topics_for(kafka.servers, prefix))
    with bus_task.context_of(url) as context:
        bus_task.publish(context, 0, WARM + many)
        with task("relay", url, kafka.servers, prefix):
            outbox = bus_task.Outbox(context, "none")
            bus_task.wait_until(lambda: outbox.behind() == 0, WITHIN_S)
    with task("worker", url, kafka.servers, prefix):
        return rate(url, many)


def bare_rate(server: postgres.Postgres, kafka: Kafka, prefix: str, many: int) -> float:
    """Return the same for the bare consumer, on the same bytes."""
    url = new_database(server)
    asyncio.run(topics_for(kafka.servers, prefix, "bare"))
    with bus_task.context_of(url) as context:
        bus_task.publish(context, 0, WARM + many)
        bodies = [one.body for one in bus_task.Outbox(context, "none").waiting(WARM + many)]
    asyncio.run(bus_task.send(kafka.servers, f"{prefix}bare", bodies))
    with task("bare", url, kafka.servers, prefix):
        return rate(url, many)


def program_latency(server: postgres.Postgres, kafka: Kafka, prefix: str) -> list[float]:
    """Return the seconds from the commit of an event to the commit of its handler's row, one by one."""
    url = new_database(server)
    asyncio.run(topics_for(kafka.servers, prefix))
    taken = []
    with (
        bus_task.context_of(url) as context,
        task("relay", url, kafka.servers, prefix),
        task("worker", url, kafka.servers, prefix),
    ):
        for number in range(SINGLE + WARM):
            bus_task.publish(context, number, 1)
            taken.append(bus_task.wait_until(lambda n=number: bus_task.noted(context) > n, WITHIN_S))  # type: ignore[misc]
    return taken[WARM:]


async def echo_latency(kafka: Kafka, prefix: str) -> list[float]:
    """Return the seconds from sending a message to its echo, one by one."""
    await topics_for(kafka.servers, prefix, "ask", "answer")
    producer = AIOKafkaProducer(bootstrap_servers=kafka.servers)
    consumer = AIOKafkaConsumer(f"{prefix}answer", bootstrap_servers=kafka.servers, auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    taken = []
    with task("echo", "", kafka.servers, prefix):
        for _number in range(SINGLE + WARM):
            begun = time.perf_counter()
            await producer.send_and_wait(f"{prefix}ask", b"x")
            await consumer.getone()
            taken.append(time.perf_counter() - begun)
    await producer.stop()
    await consumer.stop()
    return taken[WARM:]


def percentiles(taken: list[float]) -> str:
    """Return p50 and p99 in milliseconds."""
    hundredths = statistics.quantiles(taken, n=100)
    return f"{hundredths[49] * 1_000:.0f} ms | {hundredths[98] * 1_000:.0f} ms"


def main() -> None:
    """Read the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = Kafka(folder / "kafka").start()
        stack.callback(kafka.stop)
        server = stack.enter_context(postgres.running(fsync="on"))
        print(
            "| round | program, events/s | bare FastStream, events/s | ratio | load |\n|---|---|---|---|---|",
            flush=True,
        )
        for number in range(options.rounds):
            ours = program_rate(server, kafka, f"p{number}.", options.events)
            theirs = bare_rate(server, kafka, f"b{number}.", options.events)
            load = os.getloadavg()[0]
            print(f"| {number + 1} | {ours:.0f} | {theirs:.0f} | {ours / theirs:.2f} | {load:.0f} |", flush=True)
        print("\n| one event at a time | p50 | p99 |\n|---|---|---|")
        print(
            f"| event committed → its row committed | {percentiles(program_latency(server, kafka, 'l.'))} |", flush=True
        )
        print(f"| bare FastStream echo | {percentiles(asyncio.run(echo_latency(kafka, 'e.')))} |")


if __name__ == "__main__":
    main()
