"""Programs out of Debian packages, unpacked into a cache and not installed: the machine stays as it was."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from servers.needed import lacking

_FETCH_S = 300


def unpacked(*packages: str) -> Path:
    """Return a folder with the files of some packages; the first call on a machine fetches them with apt."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "thammuu-test-servers"
    folder = cache / f"debian-{'-'.join(packages)}"
    if not folder.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "debian.lock"):
            if not folder.exists():
                _fetch(packages, folder)
    return folder


def _fetch(packages: tuple[str, ...], folder: Path) -> None:
    if shutil.which("apt-get") is None:
        lacking(f"The tests with a real mail server need apt-get for the Debian packages {', '.join(packages)}.")
    with tempfile.TemporaryDirectory(dir=folder.parent) as made:
        fetched, root = Path(made) / "debs", Path(made) / "root"
        fetched.mkdir()
        said = _run(["apt-get", "download", *packages], fetched)
        if said is not None:
            # a fresh machine has no list of packages yet
            _run(["apt-get", "update"], fetched)
            said = _run(["apt-get", "download", *packages], fetched)
        if said is not None:
            lacking(f"apt-get download {' '.join(packages)} failed.\n{said}")
        for package in sorted(fetched.glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, root], check=True)
        # daemons that have dropped their rights look into it
        root.chmod(0o755)
        root.rename(folder)


def _run(command: list[str], folder: Path) -> str | None:
    """Return what a command said if it failed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_FETCH_S, check=False)
    return None if done.returncode == 0 else done.stderr[-2_000:]
