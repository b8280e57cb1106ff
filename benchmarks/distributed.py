"""The real program on Kafka and PostgreSQL: from a submission to its memos, and what a second worker brings.

Usage: python benchmarks/distributed.py [--single 15] [--rounds 1] [--cores-each 0.5]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import bus
import bus_task
import psutil
import psycopg
from aiokafka.admin import AIOKafkaAdminClient
from bus_task import wait_until
from pydantic import SecretStr

from servers import postgres
from servers.kafka import Kafka
from thammuu.bootstrap import sharing
from thammuu.bus.outbox import Outbox
from thammuu.bus.status import Status
from thammuu.delivery.issuing import Issuing
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(__file__).parents[1]
EXAMPLES = CHECKOUT / "examples" / "papi"
YEARS = (2020, 2021, 2022)
UNITS = 63
LOOK_EVERY_S = 0.05
WARM = 20
"""Memos before the clock starts."""
WITHIN_S = 900.0
GROUPS, PERIOD_US = Path("/sys/fs/cgroup/cpu"), 20_000


class Installation:
    """One database, one prefix of topics, and the processes that work on them."""

    def __init__(self, folder: Path, name: str, kafka: Kafka, server: postgres.Postgres) -> None:
        self.url = bus.new_database(server)
        self.name, self.folder = name, folder / name
        said = {
            "THAMMUU_DATABASE_URL": self.url,
            "THAMMUU_KAFKA_URL": kafka.servers,
            "THAMMUU_TOPIC_PREFIX": f"{name}.",
        }
        self.env = os.environ | said | {"THAMMUU_DATA": str(self.folder), "THAMMUU_LANG": "en"}

    def at_once(self) -> None:
        """Copy the rules out and let memos be issued by themselves as soon as they are drafted."""
        subprocess.run(
            [sys.executable, "-m", "thammuu", "init", str(self.folder)],
            env=self.env,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        os.environ["THAMMUU_RULES"] = self.env["THAMMUU_RULES"] = str(self.folder / "rules")
        policy = self.folder / "rules" / "delivery" / "policy.yaml"
        policy.write_text("default: {approval: automatic, issue_after: 0s, send: issued}\n", encoding="utf-8")

    @contextmanager
    def running(self, *arguments: str) -> Iterator[int]:
        """Run a process until the block ends; give its id."""
        command = [sys.executable, "-m", "thammuu", *arguments]
        process = subprocess.Popen(command, env=self.env, stderr=subprocess.DEVNULL)
        try:
            yield process.pid
        finally:
            process.terminate()
            process.wait(90)

    def publish(self, year: int, file: Path | None = None, *more: str) -> None:
        """Publish a year by the command line, or a file as of that year."""
        asked = ["--index", "papi", "--period", str(year), "--published-on", f"{year + 1}-04-12", *more]
        command = [sys.executable, "-m", "thammuu", "publish", str(file or EXAMPLES / f"papi-{year}.csv"), *asked]
        subprocess.run(command, env=self.env, check=True, stdout=subprocess.DEVNULL)

    def count(self, kind: str) -> int:
        """Return how many events of a type there are."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SELECT count(*) FROM events WHERE type = %s", (kind,)).fetchone()
        return int(found[0]) if found else 0

    def relayed(self) -> bool:
        """Tell whether the relay has sent everything."""
        with bus_task.context_of(self.url) as context:
            return Outbox(context, "none").behind() == 0

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
    lines = [line for line in (EXAMPLES / "papi-2022.csv").read_text("utf-8").splitlines() if not line.startswith("#")]
    unit, score = lines[0].split(",").index("entity_code"), lines[0].split(",").index("score")
    rows = [line for line in lines[1:] if line.split(",")[unit] == lines[1].split(",")[unit]]
    cells = rows[0].split(",")
    cells[score] = f"{1 + number / 10_000:.4f}"
    file = folder / f"one-{number}.csv"
    file.write_text("\n".join([lines[0], ",".join(cells), *rows[1:]]), "utf-8")
    return file


@contextmanager
def issuing(installation: Installation) -> Iterator[None]:
    """Issue what a policy lets go at once, as ``thammuu sender`` does every 30 s, but looking all the time."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    settings = Settings(
        data=installation.folder,
        database_url=SecretStr(installation.url),
        kafka_url=installation.env["THAMMUU_KAFKA_URL"],
        topic_prefix=installation.env["THAMMUU_TOPIC_PREFIX"],
    )
    with sharing(settings) as program:
        one = Issuing(program, Status(), "benchmark", LOOK_EVERY_S)
        thread = threading.Thread(target=lambda: loop.run_until_complete(one.run(stop)))
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()


def latencies(installation: Installation, folder: Path, many: int) -> tuple[list[float], list[float]]:
    """Return the seconds from a publication's event to its memo's PDF, and to the memo's issue, one by one."""
    installation.at_once()
    with installation.running("relay"), installation.running("worker"), issuing(installation):
        for number in range(many + 1):
            installation.publish(2022, one_province(folder, number), "--partial")
            # the draft's PDF and the document's: what is left of one does not run into the next
            wait_until(lambda n=number: installation.count("memo.rendered") >= 2 * (n + 1), WITHIN_S)  # type: ignore[misc]
    begun, issued = installation.times("scores.published"), installation.times("memo.issued")
    printed = [next(at for at in installation.times("memo.rendered") if at > start) for start in begun]
    del os.environ["THAMMUU_RULES"]
    return [end - start for start, end in zip(begun, printed, strict=True)][1:], [
        end - start for start, end in zip(begun, issued, strict=True)
    ][1:]


def joined(kafka: Kafka, group: str) -> int:
    """Return how many consumers a group has, once it has settled."""

    async def ask() -> int:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([group])
        finally:
            await admin.close()
        _fault, _name, state, _kind, _protocol, members, *_more = answer.groups[0]
        return len(members) if state == "Stable" else 0

    return asyncio.run(ask())


@contextmanager
def at_most(cores: float | None, name: str, process: int) -> Iterator[None]:
    """Give a process no more than a share of a core, through the kernel's control groups; no limit without a share."""
    if cores is None:
        yield
        return
    group = GROUPS / f"thammuu-benchmark-{name}"
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        (group / "cpu.cfs_quota_us").write_text(str(round(cores * PERIOD_US)))
        (group / "cgroup.procs").write_text(str(process))
        yield
    finally:
        (GROUPS / "cgroup.procs").write_text(str(process))
        group.rmdir()


def rendering_rate(
    installation: Installation, kafka: Kafka, workers: int, cores_each: float | None
) -> tuple[float, float]:
    """Return the memos a second that so many workers render, and how many cores were busy with it, servers included.

    The workers have joined before the first draft comes; drafts wait in the ledger until then.
    """
    for year in YEARS:
        installation.publish(year)
    asked = UNITS * len(YEARS)
    with installation.running("relay"), installation.running("worker", "--stages", "analysis"):
        wait_until(lambda: installation.count("findings.raised") >= asked, WITHIN_S)
        wait_until(installation.relayed, WITHIN_S)
    with installation.running("worker", "--stages", "memos"):
        wait_until(lambda: installation.count("memo.drafted") >= asked, WITHIN_S)
    with ExitStack() as stack:
        for worker in range(workers):
            process = stack.enter_context(installation.running("worker", "--stages", "rendering"))
            stack.enter_context(at_most(cores_each, f"{installation.name}-{worker}", process))
        wait_until(lambda: joined(kafka, f"{installation.name}.thammuu.rendering") == workers, WITHIN_S)
        stack.enter_context(installation.running("relay"))
        wait_until(lambda: installation.count("memo.rendered") >= WARM, WITHIN_S)
        psutil.cpu_percent()
        wait_until(lambda: installation.count("memo.rendered") >= asked, WITHIN_S)
        busy = psutil.cpu_percent() / 100 * (psutil.cpu_count() or 1)
    taken = sorted(installation.times("memo.rendered"))[WARM:]
    return (len(taken) - 1) / (taken[-1] - taken[0]), busy


def tell(printed: list[float], issued: list[float]) -> None:
    """Print the latencies."""
    for name, taken in (("memo.rendered", printed), ("memo.issued", issued)):
        slow = statistics.quantiles(taken, n=100, method="inclusive")[98]
        print(f"submission → {name}, {len(taken)} times: p50 {statistics.median(taken):.2f} s, p99 {slow:.2f} s")


def main() -> None:
    """Read the options and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--single", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--cores-each", type=float, help="of a core for each rendering worker, so that cores last (root)"
    )
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kafka = Kafka(folder / "kafka").start()
        stack.callback(kafka.stop)
        server = stack.enter_context(postgres.running(fsync="on"))
        if options.single:
            tell(*latencies(Installation(folder, "single", kafka, server), folder, options.single))
        print(f"load {os.getloadavg()[0]:.0f}\n", flush=True)
        print("| round | one worker, memos/s | cores busy | two workers, memos/s | cores busy | ratio |")
        print("|---|---|---|---|---|---|", flush=True)
        for number in range(options.rounds):
            one, busy = rendering_rate(
                Installation(folder, f"one{number}", kafka, server), kafka, 1, options.cores_each
            )
            two, both = rendering_rate(
                Installation(folder, f"two{number}", kafka, server), kafka, 2, options.cores_each
            )
            print(f"| {number + 1} | {one:.2f} | {busy:.2f} | {two:.2f} | {both:.2f} | {two / one:.2f} |", flush=True)


if __name__ == "__main__":
    main()
