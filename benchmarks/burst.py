"""A burst of small publications' events through a relay and one worker: none lost, and memory that stays flat.

The events are appended in batches while relay and worker run; each is handled by one small handler that inserts a row
and emits one event. Usage: python benchmarks/burst.py [--events 50000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import bus
import bus_task
import psutil

from servers import postgres
from servers.kafka import Kafka
from thammuu.ledger import log

BATCH = 500
EVERY_S = 1.0
MB = 1024 * 1024


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = Kafka(folder / "kafka").start()
        stack.callback(kafka.stop)
        server = stack.enter_context(postgres.running(fsync="on"))
        url = bus.new_database(server)
        asyncio.run(bus.topics_for(kafka.servers, "burst."))
        context = stack.enter_context(bus_task.context_of(url))
        processes = {
            name: psutil.Process(stack.enter_context(bus.task(name, url, kafka.servers, "burst.")).pid)
            for name in ("relay", "worker")
        }
        run(context, processes, options.events)


def run(context: bus_task.Context, processes: dict[str, psutil.Process], many: int) -> None:
    """Append, wait, sample, compare."""
    bus_task.publish(context, 0, 1)
    bus_task.wait_until(lambda: bus_task.noted(context) == 1, 120)
    begun = time.perf_counter()
    samples: dict[str, list[float]] = {name: [] for name in processes}
    appended = 1
    while (done := bus_task.noted(context)) < many:
        for name, process in processes.items():
            samples[name].append(process.memory_info().rss / MB)
        until = time.perf_counter() + EVERY_S
        while appended < many and time.perf_counter() < until:
            bus_task.publish(context, appended, min(BATCH, many - appended))
            appended = min(appended + BATCH, many)
        time.sleep(max(0.0, until - time.perf_counter()))
        if len(samples["worker"]) % 30 == 0:
            print(f"<!-- {done} of {many}, {time.perf_counter() - begun:.0f} s -->", flush=True)
    took = time.perf_counter() - begun
    report(context, samples, many, took)


def report(context: bus_task.Context, samples: dict[str, list[float]], many: int, took: float) -> None:
    """Print what is there and how memory went."""
    with context.database.snapshot() as connection:
        faults, events = log.verify(connection), log.size(connection)
    rows = bus_task.noted(context)
    print(
        f"\n{many} events in {took:.0f} s ({many / took:.0f}/s), load {os.getloadavg()[0]:.0f}: {rows} rows, ", end=""
    )
    print(f"{events} events in the ledger of {2 * many} expected, faults: {faults or 'none'}\n")
    print("| process | RSS after a tenth, MB | at the end | highest |\n|---|---|---|---|")
    for name, of in samples.items():
        print(f"| {name} | {of[len(of) // 10]:.0f} | {of[-1]:.0f} | {max(of):.0f} |")


if __name__ == "__main__":
    main()
