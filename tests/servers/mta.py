"""A real mail server for tests: Postfix from Debian with folders of its own, which hands mails on to a sink."""

from __future__ import annotations

import os
import pwd
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

from servers.debian import unpacked
from servers.needed import lacking
from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servers.mail_sink import Certificate

_UP_WITHIN_S = 60.0
_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {folder}/conf
import_environment = LD_LIBRARY_PATH={root}/usr/lib/postfix MAIL_CONFIG TZ LANG=C
mail_owner = mail
setgid_group = operator
default_privs = nobody
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mx.moha.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
relayhost = [127.0.0.1]:{next_hop}
smtp_dns_support_level = disabled
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
message_size_limit = {size}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_peername_lookup = no
minimal_backoff_time = 1s
maximal_backoff_time = 1s
queue_run_delay = 1s
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"),
    *("maildrop", "public", "pid"),
)


@dataclass
class Postfix:
    """One server on loopback.

    Args:
        folder: For its configuration, queue and log.
        next_hop: The port of the server that it hands mails to.
        secured: Its certificate: it takes mail over STARTTLS only.
        size: The largest mail, in bytes.
    """

    folder: Path
    next_hop: int
    secured: Certificate
    size: int = 20_000_000
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if os.geteuid() != 0:
            lacking("Postfix starts as root only; run the tests with a real mail server as root.")
        root = unpacked("postfix")
        self._make(root)
        with (self.folder / "master.log").open("wb") as log:
            self._process = subprocess.Popen(
                [root / "usr/lib/postfix/sbin/master", "-c", self.folder / "conf", "-d"],
                env={"LD_LIBRARY_PATH": str(root / "usr/lib/postfix"), "PATH": os.environ["PATH"]},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + _UP_WITHIN_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as answered:
                    if answered.recv(3) == b"220":
                        return
            except OSError:
                time.sleep(0.05)
        self.stop()
        pytest.fail(f"Postfix did not start.\n{self.said()}")

    def _make(self, root: Path) -> None:
        owner = pwd.getpwnam("mail")
        for name in ("conf", "data", "spool", *(f"spool/{one}" for one in _QUEUES)):
            made = self.folder / name
            made.mkdir(parents=True, exist_ok=True)
            if name not in {"conf", "spool", "spool/pid"}:
                shutil.chown(made, owner.pw_uid)
        values = {
            "folder": self.folder,
            "root": root,
            "port": self.port,
            "next_hop": self.next_hop,
            "certificate": self.secured.path,
            "key": self.secured.key,
            "size": self.size,
        }
        (self.folder / "conf/main.cf").write_text(_MAIN.format(**values))
        (self.folder / "conf/master.cf").write_text(_MASTER.format(**values))

    def said(self) -> str:
        """Return the end of its logs."""
        logs = (self.folder / name for name in ("master.log", "mail.log"))
        return "\n".join(path.read_text(errors="replace")[-3_000:] for path in logs if path.exists())

    def stop(self) -> None:
        """End the server and the daemons that it started."""
        if self._process is not None:
            # master ends the daemons that it started
            self._process.terminate()
            self._process.wait()
            self._process = None


@contextmanager
def postfix(next_hop: int, secured: Certificate, size: int = 20_000_000) -> Iterator[Postfix]:
    """Run a server; the arguments are those of :class:`Postfix`."""
    with tempfile.TemporaryDirectory(prefix="postfix-") as folder:
        # its daemons drop their rights and come back by the whole path
        Path(folder).chmod(0o755)
        server = Postfix(Path(folder), next_hop, secured, size)
        server.start()
        try:
            yield server
        finally:
            server.stop()
