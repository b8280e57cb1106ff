"""A burst, killed in the middle: what Prometheus Alertmanager and thammuu have lost of what they had accepted.

Alertmanager takes alerts by ``POST /api/v2/alerts`` and answers 200. thammuu takes score files of one simulated
province by ``POST /api/v1/publications`` and answers 202. Both are ended with SIGKILL while the burst goes on, started
again on the same folder, and asked what they have. Every round draws another moment.

Usage: python benchmarks/beside_alertmanager.py ALERTMANAGER [--rounds 10] [--seed 1]

Alertmanager is built with: go install github.com/prometheus/alertmanager/cmd/alertmanager@v0.28.1
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

CHECKOUT = Path(__file__).parents[1]
sys.path.insert(0, str(CHECKOUT / "tests"))

from servers.ports import free_port  # noqa: E402  the folder is known from here on

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UP_WITHIN_S = 120.0
ENOUGH = 1_000_000
CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"
SCORES = (CHECKOUT / "examples" / "papi" / "papi-2022.csv").read_text("utf-8").splitlines()


def call(port: int, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, bytes]:
    """Ask once; return the status and the body."""
    to = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        to.request(method, path, body, {"Content-Type": kind})
        answer = to.getresponse()
        return answer.status, answer.read()
    finally:
        to.close()


@dataclass(frozen=True)
class Side:
    """One of the two.

    Args:
        name: For the table.
        command: What starts it, given its folder and port.
        ready: The path that answers 200 once it is up.
        send: Sends the n-th thing to a port; returns its name if it was accepted, None if it was refused.
        kept: Returns the names of what a port has.
    """

    name: str
    command: Callable[[Path, int], list[str]]
    ready: str
    send: Callable[[int, int], str | None]
    kept: Callable[[int], set[str]]


def send_alert(port: int, number: int) -> str | None:
    """Post one alert that lasts for a day."""
    ends = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    alert = {"labels": {"alertname": f"alert-{number}"}, "endsAt": ends}
    status, _body = call(port, "POST", "/api/v2/alerts", json.dumps([alert]).encode())
    return f"alert-{number}" if status == http.client.OK else None


def alerts(port: int) -> set[str]:
    """Return the alerts that are there."""
    _status, body = call(port, "GET", "/api/v2/alerts")
    return {one["labels"]["alertname"] for one in json.loads(body)}


def scores_of(number: int) -> bytes:
    """Return the scores of one province with a simulated figure that makes the content the n-th's own."""
    lines = [line for line in SCORES if not line.startswith("#")]
    first = lines[1].split(",")
    rows = [line for line in lines[1:] if line.split(",")[1] == first[1]]
    column = lines[0].split(",").index("score")
    cells = rows[0].split(",")
    cells[column] = f"{1 + number / 10_000:.4f}"
    return "\n".join([lines[0], ",".join(cells), *rows[1:]]).encode()


def send_scores(port: int, number: int) -> str | None:
    """Post one partial publication as a file; each is a revision of the one before."""
    asked = urlencode({"index": "papi", "period": "2022", "partial": "true", "history": "true", "filename": "one.csv"})
    status, body = call(port, "POST", f"/api/v1/publications?{asked}", scores_of(number), "text/csv")
    return str(json.loads(body)["publication_id"]) if status == http.client.ACCEPTED else None


def publications(port: int) -> set[str]:
    """Return the publications that are there, page by page."""
    found: set[str] = set()
    path = "/api/v1/publications?limit=100"
    while path:
        _status, body = call(port, "GET", path)
        page = json.loads(body)
        found |= {one["publication_id"] for one in page["items"]}
        path = page.get("next") or ""
    return found


@contextmanager
def up(side: Side, folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run one side; on leaving it is killed if it still runs."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(side.command(folder, port), env=os.environ | {"THAMMUU_LANG": "en"}, **quiet)
    try:
        deadline = time.monotonic() + UP_WITHIN_S
        while not _answers(port, side.ready):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{side.name} did not come up")
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def _answers(port: int, path: str) -> bool:
    try:
        return call(port, "GET", path)[0] == http.client.OK
    except OSError:
        return False


def burst(side: Side, port: int, killed: threading.Event, accepted: list[str]) -> None:
    """Send until the other end is gone."""
    for number in range(ENOUGH):
        try:
            name = side.send(port, number)
        except (OSError, http.client.HTTPException, ValueError):
            if killed.is_set():
                return
            raise
        if name is not None:
            accepted.append(name)


def one_round(side: Side, after_s: float) -> tuple[int, int, int]:
    """Return how many were accepted, how many of these are gone, and how many are there that nobody was told of."""
    with tempfile.TemporaryDirectory() as name:
        folder, port, accepted, killed = Path(name), free_port(), [], threading.Event()  # type: ignore[var-annotated]
        (folder / "config.yml").write_text(CONFIG)
        with up(side, folder, port) as process:
            sender = threading.Thread(target=burst, args=(side, port, killed, accepted))
            sender.start()
            while not accepted:
                time.sleep(0.01)
            time.sleep(after_s)
            killed.set()
            process.kill()
            sender.join()
        again = free_port()
        with up(side, folder, again):
            kept = side.kept(again)
        return len(accepted), len(set(accepted) - kept), len(kept - set(accepted))


def sides(alertmanager: str) -> tuple[Side, Side]:
    """Return the two."""

    def prometheus(folder: Path, port: int) -> list[str]:
        said = [f"--config.file={folder}/config.yml", f"--storage.path={folder}/data", "--cluster.listen-address="]
        return [alertmanager, *said, f"--web.listen-address=127.0.0.1:{port}"]

    def ours(folder: Path, port: int) -> list[str]:
        return [sys.executable, "-m", "thammuu", "--data", f"{folder}/data", "serve", "--port", str(port)]

    return (
        Side("Alertmanager", prometheus, "/-/ready", send_alert, alerts),
        Side("thammuu", ours, "/livez", send_scores, publications),
    )


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("alertmanager")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    moments = [draw.uniform(2.0, 6.0) for _ in range(options.rounds)]
    print("| killed in mid-burst | rounds | accepted | lost | there without an answer |\n|---|---|---|---|---|")
    for side in sides(options.alertmanager):
        accepted, lost, more = (sum(column) for column in zip(*(one_round(side, s) for s in moments), strict=True))
        print(f"| {side.name} | {len(moments)} | {accepted} | {lost} | {more} |", flush=True)


if __name__ == "__main__":
    main()
