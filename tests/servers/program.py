"""The program itself as a server, in a process of its own."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

API = "/api/v1"
UP_WITHIN_S = 120.0
ENDS_WITHIN_S = 60.0


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401  any JSON value
        return json.loads(self.body)


@dataclass
class Running:
    """A process of the program; what it says goes to a file, since a pipe that nobody reads would stop it.

    Args:
        process: The process.
        log: What it says.
    """

    process: subprocess.Popen[bytes]
    log: IO[bytes]

    def said(self) -> str:
        """Everything so far."""
        # the process writes where the file stands: reading must not move that
        return os.pread(self.log.fileno(), os.fstat(self.log.fileno()).st_size, 0).decode()

    def stop(self) -> float:
        """Tell it to end, and return how long that took, in seconds; it must end well."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(ENDS_WITHIN_S)
        assert code == 0, self.said()
        return time.monotonic() - begun


@contextmanager
def running(env: Mapping[str, str], *arguments: object) -> Iterator[Running]:
    """A process for as long as the block runs; unless it has ended by itself, it is stopped in order."""
    with TemporaryFile() as log:
        line = [sys.executable, "-m", "thammuu", *map(str, arguments)]
        one = Running(subprocess.Popen(line, env=env, stdout=log, stderr=log), log)
        try:
            yield one
            if one.process.poll() is None:
                one.stop()
        finally:
            if one.process.poll() is None:
                one.process.kill()
                one.process.wait()


@dataclass
class Server:
    """A running server.

    Args:
        running: Its process.
        address: Where it answers.
        token: Sent with every request, if there is one.
    """

    running: Running
    address: str
    token: str | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """Its process."""
        return self.running.process

    @property
    def place(self) -> tuple[str, int]:
        """Its host and port."""
        parts = urlsplit(self.address)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401  bytes or an iterable of them
        headers: Mapping[str, str] | None = None,
        **query: object,
    ) -> Answer:
        connection = http.client.HTTPConnection(*self.place, timeout=60)
        known = {"authorization": f"Bearer {self.token}"} if self.token else {}
        asked = f"{path}?{urlencode(query)}" if query else path
        try:
            connection.request(method, asked, body, {**known, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **query: object) -> Answer:
        return self.ask("GET", f"{API}{path}", **query)

    def publish(self, content: bytes, **query: object) -> Answer:
        return self.ask("POST", f"{API}/publications", content, {"content-type": "text/csv"}, **query)

    def items(self, path: str, **query: object) -> list[Any]:
        """Every item of a list, part by part."""
        answer = self.get(path, **query)
        found: list[Any] = []
        while True:
            assert answer.status == 200, answer.body
            part = answer.json()
            found += part["items"]
            if part["next"] is None:
                return found
            answer = self.ask("GET", part["next"])

    def until_handled(self, publication: str, within_s: float = 600.0) -> dict[str, Any]:
        """Wait until nothing of a publication is pending."""
        deadline = time.monotonic() + within_s
        while True:
            found: dict[str, Any] = self.get(f"/publications/{publication}").json()
            if found["analysed"] and not found["pending"]:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.2)

    def stop(self) -> float:
        """Tell it to end, and return how long that took, in seconds; it must end well."""
        return self.running.stop()


def environment(data: Path, **more: str) -> dict[str, str]:
    """The environment of a process of ours, with nothing of ours from outside."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("THAMMUU_", "OTEL_"))}
    return kept | {"THAMMUU_DATA": str(data), "THAMMUU_LANG": "en"} | more


def command(env: Mapping[str, str], *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    line = [sys.executable, "-m", "thammuu", *map(str, arguments)]
    return subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=300)


@contextmanager
def served(env: Mapping[str, str], *arguments: object) -> Iterator[Server]:
    """A server for as long as the block runs; it is stopped in order and must end well."""
    with running(env, "serve", "--port", "0", *arguments) as one:
        server = Server(one, _address(one), env.get("THAMMUU_API_TOKEN"))
        _until_ready(server)
        yield server


def _address(one: Running) -> str:
    deadline = time.monotonic() + UP_WITHIN_S
    while (found := re.search(r"Serving on (\S+)\.\n", one.said())) is None:
        assert one.process.poll() is None, one.said()
        assert time.monotonic() < deadline, one.said()
        time.sleep(0.05)
    return found[1]


def _until_ready(server: Server) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while server.ask("GET", "/readyz").status != 200:
        assert time.monotonic() < deadline, server.ask("GET", "/readyz").body
        time.sleep(0.1)


def ready(port: int) -> tuple[int, str]:
    """What /readyz says; 0 while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()
    except OSError:
        return 0, ""
