"""A real Matrix server for tests: Synapse from PyPI in an environment of its own, with a database file."""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from filelock import FileLock

from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_PINNED = "matrix-synapse==1.163.2"
_FETCH_S = 300
_UP_WITHIN_S = 120.0
_SHARED = "made-up"
_CONFIG = """
server_name: chat.example
pid_file: {folder}/pid
listeners:
  - {{port: {port}, bind_addresses: ["127.0.0.1"], type: http, tls: false, resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: "{folder}/db"}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/key
log_config: {folder}/log.yaml
registration_shared_secret: {shared}
macaroon_secret_key: {shared}
form_secret: {shared}
report_stats: false
trusted_key_servers: []
presence: {{enabled: false}}
caches: {{sync_response_cache_duration: 0s}}
rc_message: {{per_second: 0.1, burst_count: 6}}
"""
_LOG = "{version: 1, handlers: {out: {class: logging.StreamHandler}}, root: {level: WARNING, handlers: [out]}}"


@dataclass(frozen=True)
class Account:
    """Somebody on the server."""

    server: Synapse
    user_id: str
    token: str

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, **asked: Any) -> dict[str, Any]:  # noqa: ANN401
        """Call the client API and return its answer."""
        answer = requests.request(
            method,
            f"{self.server.url}/_matrix/client/v3/{path}",
            json=body if method != "GET" else None,
            params=asked,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told

    def room(self, *guests: Account, version: str | None = None) -> str:
        """Make a room with guests in it and return its id; since version 12 ids name no server."""
        asked = {"preset": "private_chat", "invite": [guest.user_id for guest in guests]}
        made: str = self.call("POST", "createRoom", asked | ({"room_version": version} if version else {}))["room_id"]
        for guest in guests:
            guest.call("POST", f"join/{quote(made)}", {})
        return made


@dataclass
class Synapse:
    """The running server."""

    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        python = _environment() / "bin/python"
        values = {"folder": self.folder, "port": self.port, "shared": _SHARED}
        (self.folder / "homeserver.yaml").write_text(_CONFIG.format(**values))
        (self.folder / "log.yaml").write_text(_LOG)
        with (self.folder / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [python, "-m", "synapse.app.homeserver", "-c", self.folder / "homeserver.yaml"],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        until = time.monotonic() + _UP_WITHIN_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if requests.get(f"{self.url}/_matrix/client/versions", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.1)
        self.stop()
        pytest.fail(f"Synapse did not start.\n{(self.folder / 'out').read_text(errors='replace')[-3_000:]}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def account(self, name: str) -> Account:
        """Register somebody with the shared secret."""
        place = f"{self.url}/_synapse/admin/v1/register"
        nonce = requests.get(place, timeout=30).json()["nonce"]
        said = f"{nonce}\0{name}\0made-up-password\0notadmin".encode()
        told = {
            "nonce": nonce,
            "username": name,
            "password": "made-up-password",
            "admin": False,
            "mac": hmac.new(_SHARED.encode(), said, hashlib.sha1).hexdigest(),
        }
        answer = requests.post(place, json=told, timeout=30)
        answer.raise_for_status()
        return Account(self, answer.json()["user_id"], answer.json()["access_token"])


@contextmanager
def synapse() -> Iterator[Synapse]:
    """Run a server on loopback."""
    with tempfile.TemporaryDirectory(prefix="synapse-") as folder:
        server = Synapse(Path(folder), free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _environment() -> Path:
    """Return an environment with the server; the first call on a machine fetches it from PyPI."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "thammuu-test-servers"
    folder = cache / f"{_PINNED.replace('==', '-')}-py{sys.version_info.major}{sys.version_info.minor}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "synapse.lock"):
            if not folder.exists():
                _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.fail("The tests with a real Matrix server need uv.")
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        new = Path(made) / "environment"
        for command in (
            [uv, "venv", "--quiet", "--python", sys.executable, new],
            [uv, "pip", "install", "--quiet", "--python", new / "bin/python", _PINNED],
        ):
            done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_S, check=False)
            if done.returncode:
                pytest.fail(f"{_PINNED} cannot be installed.\n{done.stderr[-2_000:]}")
        new.rename(folder)
