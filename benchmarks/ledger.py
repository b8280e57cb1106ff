"""Appending to the embedded ledger against SQLite's own one row a commit, in turn, in one run; simulated events.

``python benchmarks/ledger.py [--seconds 3] [--turns 3] [--burst 50000]``
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import tempfile
import threading
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from thammuu.events import Event, NewEvent, ScoresPublished, envelope
from thammuu.ledger import log
from thammuu.ledger.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUBMITTERS = 50
BATCH = 500
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
NUMBERS = count(1)


def an_event() -> Event:
    """Return a simulated publication's event, with the size of a real one."""
    number = next(NUMBERS)
    data = ScoresPublished(
        publication_id=f"simulated-{number}",
        index="simulated",
        framework="simulated-2022",
        framework_hash="0" * 64,
        pack="1" * 64,
        period="2022",
        revision=number,
        content="2" * 64,
        complete=False,
        published_on=NOON.date(),
        round="2022",
        history=False,
        units=1,
        scores=1,
        missing=0,
    )
    return envelope(NewEvent(subject="simulated", data=data), f"{number:032x}", NOON)


def bare(folder: Path, seconds: float) -> tuple[float, float]:
    """Return SQLite's own rows a second and milliseconds of processor time a row; one a commit, synchronous=FULL."""
    connection = sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (position INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    body = an_event().body()
    started, done, before = time.perf_counter(), 0, time.process_time()
    while (spent := time.perf_counter() - started) < seconds:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows (body) VALUES (?)", (body,))
        connection.execute("COMMIT")
        done += 1
    connection.close()
    return done / spent, (time.process_time() - before) / done * 1_000


def append(database: SqliteDatabase, events: list[Event]) -> None:
    """Append in one transaction: the whole unit of work of a submission's event."""
    database.carry_out(lambda connection: log.append(connection, events))


def submitters(folder: Path, seconds: float, number: int, batch: int = 1) -> tuple[float, float]:
    """Return events a second and milliseconds of processor time an event; each submitter waits for its commit."""
    database = SqliteDatabase(folder / "ledger.sqlite3", writable=True)
    ready = iter(
        [
            [an_event() for _ in range(batch)]
            for _ in range(int(80_000 * seconds / batch) if batch > 1 else int(20_000 * seconds))
        ]
    )
    done = [0] * number
    until = time.perf_counter() + seconds  # the events are made by now

    def submit(place: int) -> None:
        while time.perf_counter() < until:
            append(database, next(ready))
            done[place] += batch

    started, before = time.perf_counter(), time.process_time()
    threads = [threading.Thread(target=submit, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - started
    busy = time.process_time() - before
    database.close()
    return sum(done) / spent, busy / sum(done) * 1_000


def burst(folder: Path, events: int) -> None:
    """Append many small publications' events from 50 threads; print the rate, what was lost and the memory it took."""
    database = SqliteDatabase(folder / "burst.sqlite3", writable=True)
    append(database, [an_event() for _ in range(BATCH)])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    each = events // SUBMITTERS

    def submit() -> None:
        for _ in range(each):
            append(database, [an_event()])

    started = time.perf_counter()
    threads = [threading.Thread(target=submit) for _ in range(SUBMITTERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with database.snapshot() as connection:
        found, faults = log.size(connection) - BATCH, log.verify(connection)
    database.close()
    print(
        f"burst: {events} events in {spent:.1f} s, {events / spent:.0f}/s; lost {each * SUBMITTERS - found}; "
        f"ledger {faults or 'whole'}; memory {before / 1024:.0f} → {after / 1024:.0f} MB"
    )


def turns(folder: Path, seconds: float, number: int) -> Iterator[tuple[str, list[tuple[float, float]]]]:
    """Measure everything in turn, several times; yield names with their rates."""
    lines: dict[str, Callable[[], tuple[float, float]]] = {
        "SQLite, one row a commit": lambda: bare(folder, seconds),
        "one submitter": lambda: submitters(folder, seconds, 1),
        f"{SUBMITTERS} submitters": lambda: submitters(folder, seconds, SUBMITTERS),
        f"one submitter, {BATCH} events a transaction": lambda: submitters(folder, seconds, 1, BATCH),
    }
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in lines}
    for _ in range(number):
        for name, measure in lines.items():
            rates[name].append(measure())
    yield from rates.items()


def main() -> None:
    """Print a table of medians and their ratios to SQLite's own rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--burst", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="on the disk to be measured; a temporary one by default")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        base = 0.0
        print("| line | events/s | ratio | processor time an event, ms |\n|---|---|---|---|")
        for line, rates in turns(Path(name), options.seconds, options.turns):
            rate, spent = (statistics.median(column) for column in zip(*rates, strict=True))
            base = base or rate
            print(f"| {line} | {rate:,.0f} | {rate / base:.2f} | {spent:.3f} |", flush=True)
        burst(Path(name), options.burst)


if __name__ == "__main__":
    main()
