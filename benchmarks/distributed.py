"""The real program on Kafka and PostgreSQL: from a submission to its memos, and what a second worker brings.

Usage: python benchmarks/distributed.py [--single 15] [--rounds 1]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import bus
import psycopg
from bus_task import wait_until

from servers import postgres
from servers.kafka import Kafka

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[1]
PAPI_2022 = CHECKOUT / "examples" / "papi" / "papi-2022.csv"
UNITS = 63
WITHIN_S = 900.0


class Installation:
    """One database, one prefix of topics, and the processes that work on them."""

    def __init__(self, folder: Path, name: str, kafka: Kafka, server: postgres.Postgres) -> None:
        self.url = bus.new_database(server)
        self.folder = folder / name
        said = {
            "THAMMUU_DATABASE_URL": self.url,
            "THAMMUU_KAFKA_URL": kafka.servers,
            "THAMMUU_TOPIC_PREFIX": f"{name}.",
        }
        self.env = os.environ | said | {"THAMMUU_DATA": str(self.folder), "THAMMUU_LANG": "en"}

    @contextmanager
    def running(self, *arguments: str) -> Iterator[None]:
        """Run a process until the block ends."""
        command = [sys.executable, "-m", "thammuu", *arguments]
        process = subprocess.Popen(command, env=self.env, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait(90)

    def publish(self, file: Path, *more: str) -> None:
        """Publish by the command line."""
        asked = ["--index", "papi", "--period", "2022", "--published-on", "2023-04-12", *more]
        command = [sys.executable, "-m", "thammuu", "publish", str(file), *asked]
        subprocess.run(command, env=self.env, check=True, stdout=subprocess.DEVNULL)

    def count(self, kind: str) -> int:
        """Return how many events of a type there are."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT count(*) FROM events WHERE type = %s", (kind,)).fetchone()
        return int(found[0]) if found else 0

    def times(self, *kinds: str) -> list[float]:
        """Return when events of some types happened, in seconds, in the ledger's order."""
        query = (
            "SELECT extract(epoch FROM (convert_from(body, 'UTF8')::jsonb ->> 'time')::timestamptz)::float FROM events "
            "WHERE type = ANY(%s) ORDER BY position"
        )
        with psycopg.connect(self.url) as connection:
            return [float(row[0]) for row in connection.execute(query, (list(kinds),))]


def one_province(folder: Path, number: int) -> Path:
    """Write the scores of the first province; a simulated figure makes each file's content its own."""
    lines = [line for line in PAPI_2022.read_text("utf-8").splitlines() if not line.startswith("#")]
    unit, score = lines[0].split(",").index("entity_code"), lines[0].split(",").index("score")
    rows = [line for line in lines[1:] if line.split(",")[unit] == lines[1].split(",")[unit]]
    cells = rows[0].split(",")
    cells[score] = f"{1 + number / 10_000:.4f}"
    file = folder / f"one-{number}.csv"
    file.write_text("\n".join([lines[0], ",".join(cells), *rows[1:]]), "utf-8")
    return file


def latencies(installation: Installation, folder: Path, many: int) -> list[float]:
    """Return the seconds from a publication's event to that of its memo's PDF, one by one."""
    with installation.running("relay"), installation.running("worker"):
        for number in range(many + 1):
            installation.publish(one_province(folder, number), "--partial")
            wait_until(lambda n=number: installation.count("memo.rendered") > n, WITHIN_S)  # type: ignore[misc]
    pairs = zip(installation.times("scores.published"), installation.times("memo.rendered"), strict=True)
    return [rendered - published for published, rendered in pairs][1:]


def rendering_rate(installation: Installation, workers: int) -> float:
    """Return the memos a second that so many workers render, from the first to the last."""
    with installation.running("relay"):
        with installation.running("worker", "--stages", "analysis,memos"):
            installation.publish(PAPI_2022)
            wait_until(lambda: installation.count("memo.drafted") >= UNITS, WITHIN_S)
        with ExitStack() as stack:
            for _worker in range(workers):
                stack.enter_context(installation.running("worker", "--stages", "rendering"))
            wait_until(lambda: installation.count("memo.rendered") >= UNITS, WITHIN_S)
    taken = sorted(installation.times("memo.rendered"))
    # the first ones come while the second worker joins the group
    return len(taken[UNITS // 4 :]) / (taken[-1] - taken[UNITS // 4])


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--single", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = Kafka(folder / "kafka").start()
        stack.callback(kafka.stop)
        server = stack.enter_context(postgres.running(fsync="on"))
        taken = latencies(Installation(folder, "single", kafka, server), folder, options.single)
        print(
            f"submission → memo.rendered, one province, {len(taken)} times: median {statistics.median(taken):.2f} s, ",
            end="",
        )
        print(f"slowest {max(taken):.2f} s, load {os.getloadavg()[0]:.0f}\n", flush=True)
        print(
            "| round | one worker, memos/s | two workers, memos/s | ratio | load |\n|---|---|---|---|---|", flush=True
        )
        for number in range(options.rounds):
            one = rendering_rate(Installation(folder, f"one{number}", kafka, server), 1)
            two = rendering_rate(Installation(folder, f"two{number}", kafka, server), 2)
            print(f"| {number + 1} | {one:.2f} | {two:.2f} | {two / one:.2f} | {os.getloadavg()[0]:.0f} |", flush=True)


if __name__ == "__main__":
    main()
