"""A real IMAP server for tests: Dovecot from Debian with folders of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from servers.debian import unpacked
from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.mail_sink import Certificate

_UP_WITHIN_S = 60.0
_AS_SERVER = ("-f", "service=master", "-m", "master")
_MODULES = b"/usr/lib/dovecot/modules"
_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
libexec_dir = {folder}/lib
mail_plugin_dir = {folder}/modules
import_environment = LD_LIBRARY_PATH={libraries}
protocols = imap
listen = 127.0.0.1
log_path = {folder}/dovecot.log
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = mail
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_dh =
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 0
mail_uid = mail
mail_gid = mail
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={folder}/mail/%u
}}
"""


@dataclass
class Mailbox:
    """The server with one mailbox.

    Args:
        folder: For everything it writes.
        secured: Its certificate.
    """

    folder: Path
    secured: Certificate
    password: str = "a-secret-of-the-mailbox-4711"  # noqa: S105  made up
    user: str = "reports"
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if os.geteuid() != 0:
            pytest.fail("Dovecot starts as root only; run the tests with a real mailbox as root.")
        root = unpacked("dovecot-core", "dovecot-imapd")
        self._place(root / "usr/lib/dovecot")
        libraries = f"{self.folder}/lib:{self.folder}/modules/old-stats"
        for name in ("run", "state", "mail"):
            (self.folder / name).mkdir()
        (self.folder / "mail").chmod(0o777)
        config = self.folder / "dovecot.conf"
        config.write_text(
            _CONFIG.format(
                folder=self.folder,
                libraries=libraries,
                certificate=self.secured.path,
                key=self.secured.key,
                port=self.port,
                password=self.password,
            )
        )
        with (self.folder / "start.log").open("wb") as log:
            self._process = subprocess.Popen(
                # the server would look for this program of its own where packages are installed
                [
                    root / "usr/bin/doveconf",
                    *_AS_SERVER,
                    "-c",
                    config,
                    "-e",
                    root / "usr/sbin/dovecot",
                    "-F",
                    "-c",
                    config,
                ],
                env={"LD_LIBRARY_PATH": libraries, "PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _UP_WITHIN_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        self.stop()
        pytest.fail(f"Dovecot did not start.\n{self.said()}")

    def _place(self, libraries: Path) -> None:
        """Copy the libraries, and have those that look for modules where packages are installed look here instead."""
        here = f"{self.folder}/modules".encode()
        assert len(here) == len(_MODULES), here
        shutil.copytree(libraries, self.folder / "lib", symlinks=True)
        (self.folder / "modules").symlink_to("lib/modules")
        for path in (self.folder / "lib").glob("*.so*"):
            if not path.is_symlink():
                path.write_bytes(path.read_bytes().replace(_MODULES, here))

    def said(self) -> str:
        """Return the end of its logs."""
        logs = (self.folder / name for name in ("start.log", "dovecot.log"))
        return "\n".join(path.read_text(errors="replace")[-3_000:] for path in logs if path.exists())

    def stop(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None


@contextmanager
def mailbox(secured: Certificate) -> Iterator[Mailbox]:
    """Run a server with an empty mailbox."""
    folder = Path(f"/tmp/dvc{secrets.token_hex(4)}")  # noqa: S108  as long a path as the one it stands for
    folder.mkdir()
    server = Mailbox(folder, secured)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
