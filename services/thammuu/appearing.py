"""Files and folders that appear whole or not at all; what a killed program left unfinished, the next one sweeps away.

Whoever writes holds a lock on what is unfinished. The system drops it when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError
from thammuu.failpoints import reach
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MARK = ".unfinished-"


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give a temporary folder beside the wanted one, which it becomes when all is written and on the disk.

    Raises:
        BadInputError: If the wanted folder is there already and not empty.
    """
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise BadInputError(_("{folder} is there already and not empty; nothing was written.").format(folder=folder))
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder.parent, folder.name)
    partial, handle = _held(folder, _new_folder)
    try:
        yield partial
        reach("appearing.written")
        for path in [*partial.rglob("*"), partial]:
            sync(path)
        reach("appearing.synced")
        partial.rename(folder)
        reach("appearing.renamed")
        sync(folder.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(handle)


def write_whole(path: Path, content: bytes, *, private: bool = False) -> Path:
    """Write a file so that it appears whole or not at all, even after a power cut.

    Args:
        path: The file.
        content: What is in it.
        private: Whether only the own account may read it.

    Raises:
        OSError: If the disk is full or read-only; what had that name before is still there.
    """
    partial, handle = _held(path, _new_private_file if private else _new_file)
    try:
        with open(handle, "wb") as file:  # noqa: PTH123  a handle, not a path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            reach("appearing.file-written")
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    reach("appearing.file-renamed")
    return path


def make_durably(folder: Path) -> None:
    """Make a folder, and those above it that are missing; their names are on the disk once this returns.

    Raises:
        OSError: If the disk refuses.
    """
    folder = folder.absolute()
    above = [folder, *folder.parents]
    there = next(place for place, one in enumerate(above) if one.exists())
    folder.mkdir(parents=True, exist_ok=True)
    # one level more than was made: whoever made it may have been killed before it was on the disk
    for one in above[1 : there + 2]:
        # a folder that may be entered but not listed cannot be synced
        with suppress(PermissionError):
            sync(one)


def sweep(folder: Path, name: str = "*") -> None:
    """Delete what nobody finishes any more.

    Args:
        folder: Where to look.
        name: What it was to become; anything by default.
    """
    for path in folder.glob(f".{name}{_MARK}*"):
        # what cannot be swept stays: another process is at it, or was quicker
        with suppress(OSError):
            _remove(path)


def _remove(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    finally:
        os.close(handle)


def _held(wanted: Path, make: Callable[[Path], int]) -> tuple[Path, int]:
    """Make something beside the wanted path and lock it; again, should somebody sweep it away in between."""
    while True:
        path = wanted.with_name(f".{wanted.name}{_MARK}{secrets.token_hex(4)}")
        handle = make(path)
        # some network file systems know no such locks; nobody sweeps there either
        with suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return path, handle
        os.close(handle)


def _new_folder(path: Path) -> int:
    path.mkdir()
    return os.open(path, os.O_RDONLY)


def _new_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)


def _new_private_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def sync(path: Path) -> None:
    """Wait until a folder's names, or a file's bytes, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
