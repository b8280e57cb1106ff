"""A real S3 server for tests: versitygw, built once with Go, over a temporary folder."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from servers.needed import lacking
from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

VERSION = "v1.8.0"
_PACKAGE = "github.com/versity/versitygw/cmd/versitygw"
_BUILD_S = 1_200
_START_S = 30


def program() -> Path:
    """Return the server's program; the first call on a machine builds it, which takes two minutes or so."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "thammuu-test-servers"
    path = cache / f"versitygw-{VERSION}" / "versitygw"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "versitygw.lock"):
            if not path.exists():
                _build(path)
    return path


def _build(path: Path) -> None:
    go = shutil.which("go")
    if go is None:
        lacking(f"The S3 tests build {_PACKAGE}@{VERSION} with Go, 1.25 or newer; there is no go in PATH.")
    with tempfile.TemporaryDirectory(dir=path.parent.parent) as folder:
        made = subprocess.run(
            [go, "install", f"{_PACKAGE}@{VERSION}"],
            env=os.environ | {"GOBIN": folder},
            capture_output=True,
            text=True,
            timeout=_BUILD_S,
            check=False,
        )
        if made.returncode:
            pytest.fail(
                f"go install {_PACKAGE}@{VERSION} failed; the S3 tests need its server.\n{made.stderr[-2_000:]}"
            )
        path.parent.mkdir(exist_ok=True)
        (Path(folder) / "versitygw").replace(path)


@dataclass
class S3Server:
    """One server on loopback. It can be killed and started again on the same port, over the same folder."""

    folder: Path
    port: int = field(default_factory=free_port)
    access_key: str = field(default_factory=lambda: "TEST" + secrets.token_hex(8).upper())
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where the server listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a client finds the server and is let in."""
        return {
            "THAMMUU_BLOBS_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
        }

    def new_bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = f"blobs-{secrets.token_hex(6)}"
        self.bucket_folder(name).mkdir(parents=True)
        return name

    def bucket_folder(self, bucket: str) -> Path:
        """Return the folder that holds a bucket's objects."""
        return self.folder / "buckets" / bucket

    def start(self) -> None:
        """Start the server and wait until it answers."""
        for name in ("buckets", "sidecar", "users"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        options = ("--quiet", "--keep-alive", "--port", f"127.0.0.1:{self.port}", "--iam-dir", self.folder / "users")
        log = self.folder / "server.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [program(), *options, "posix", "--sidecar", self.folder / "sidecar", self.folder / "buckets"],
                env=os.environ | {"ROOT_ACCESS_KEY_ID": self.access_key, "ROOT_SECRET_ACCESS_KEY": self.secret_key},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._await(self._process, log)

    def _await(self, process: subprocess.Popen[bytes], log: Path) -> None:
        until = time.monotonic() + _START_S
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.kill()
        pytest.fail(f"The S3 server did not start on port {self.port}.\n{log.read_text(errors='replace')[-2_000:]}")

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def serving(folder: Path) -> Iterator[S3Server]:
    """Run a server over a folder."""
    server = S3Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One server for all tests of a worker; a test that kills it starts it again."""
    with serving(tmp_path_factory.mktemp("s3")) as server:
        yield server
