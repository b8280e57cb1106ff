"""What may be on a disk after a power cut, from a record of what a program wrote, named and synced.

What was synced is there: a file's bytes after ``fsync`` of the file, a name after ``fsync`` of its folder. Of the rest
anything may be there or not, each write in sectors of 512 bytes, each name by itself, whatever their order.
"""

from __future__ import annotations

import itertools
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from servers.needed import lacking

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

SHIM = Path(__file__).with_name("disk_shim.c")
SECTOR = 512
_HEAD = struct.Struct("=cQqII")
_NOT_KEPT = "-shm"
"""SQLite's shared memory is written through a mapping and made anew from the log: it is never on the disk here."""


def compiled(folder: Path) -> Path:
    """Compile the recorder."""
    library = folder / "disk_shim.so"
    if shutil.which("cc") is None:
        lacking("The power cut needs a C compiler, cc.")
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, SHIM], check=True)
    return library


@dataclass(frozen=True, slots=True)
class Record:
    """One call: C file made, D folder made, W written, T truncated, S synced, R renamed, U removed, O printed."""

    what: str
    inode: int
    offset: int
    path: str
    rest: bytes


def records(log: Path) -> Iterator[Record]:
    """Read a recorder's log."""
    with log.open("rb") as file:
        while head := file.read(_HEAD.size):
            what, inode, offset, path, rest = _HEAD.unpack(head)
            yield Record(what.decode(), inode, offset, file.read(path).decode(), file.read(rest))


@dataclass
class File:
    """A file: the bytes that are on the disk, and writes (offset, bytes) or sizes (offset, None) on their way."""

    safe: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, bytes | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.safe = self.after([*self.waiting])
        self.waiting.clear()

    def after(self, changes: list[tuple[int, bytes | None]]) -> bytearray:
        found = bytearray(self.safe)
        for offset, content in changes:
            if content is None:
                del found[offset:]
                found.extend(bytes(offset - len(found)))
            else:
                found.extend(bytes(max(0, offset - len(found))))
                found[offset : offset + len(content)] = content
        return found

    def cut(self, chance: random.Random, kept: float) -> bytearray:
        """Return the bytes after a power cut that spares a share of what was on its way."""
        spared: list[tuple[int, bytes | None]] = []
        for offset, content in self.waiting:
            if content is None:
                spared += [(offset, None)] if chance.random() < kept else []
                continue
            first = SECTOR - offset % SECTOR
            edges = [0, *range(first, len(content), SECTOR), len(content)]
            spared += [(offset + a, content[a:b]) for a, b in itertools.pairwise(edges) if chance.random() < kept]
        return self.after(spared)


@dataclass
class Folder:
    """A folder: the names that are on the disk, and changes (name, what it names or None, the name before) to come."""

    safe: dict[str, File | Folder] = field(default_factory=dict)
    waiting: list[tuple[str, File | Folder | None, str]] = field(default_factory=list)

    def sync(self) -> None:
        self.safe = self.after(self.waiting)
        self.waiting = []

    def after(self, changes: list[tuple[str, File | Folder | None, str]]) -> dict[str, File | Folder]:
        found = dict(self.safe)
        for name, what, before in changes:
            found.pop(before, None)
            found.pop(name, None)
            if what is not None:
                found[name] = what
        return found

    def now(self) -> dict[str, File | Folder]:
        return self.after(self.waiting)


class Disk:
    """Follows the records; at any moment it can say what a power cut would leave.

    Args:
        root: The folder that was watched; it is on the disk, and empty at first.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = Folder()
        self._inodes: dict[int, File | Folder] = {root.stat().st_ino: self.folder}
        self.printed = b""

    def follow(self, one: Record) -> None:
        """Take one call."""
        if one.what == "O":
            self.printed += one.rest
        elif one.what in "CD":
            made = self._inodes[one.inode] = File() if one.what == "C" else Folder()
            folder, name = self._place(one.path)
            folder.waiting.append((name, made, name))
        elif one.what == "R":
            self._rename(one.path, one.rest.decode(), self._inodes[one.inode])
        elif one.what == "U":
            folder, name = self._place(one.path)
            folder.waiting.append((name, None, name))
        else:
            self._change(self._inodes[one.inode], one)

    def _change(self, node: File | Folder, one: Record) -> None:
        if one.what == "S":
            node.sync()
        elif isinstance(node, File):
            node.waiting.append((one.offset, one.rest if one.what == "W" else None))

    def _rename(self, old: str, new: str, node: File | Folder) -> None:
        (source, before), (target, name) = self._place(old), self._place(new)
        if source is target:
            target.waiting.append((name, node, before))
        else:
            target.waiting.append((name, node, name))
            source.waiting.append((before, None, before))

    def _place(self, path: str) -> tuple[Folder, str]:
        *parents, name = Path(path).relative_to(self._root).parts
        folder = self.folder
        for parent in parents:
            found = folder.now()[parent]
            assert isinstance(found, Folder)
            folder = found
        return folder, name

    def cut(self, target: Path, chance: random.Random, kept: float) -> None:
        """Write what a power cut leaves into a folder.

        Args:
            target: The folder; made anew.
            chance: Draws what is spared.
            kept: The share of unsynced changes that is spared, 0 to 1.
        """
        shutil.rmtree(target, ignore_errors=True)
        _write(self.folder, target, chance, kept)


def _write(folder: Folder, target: Path, chance: random.Random, kept: float) -> None:
    target.mkdir()
    spared = [change for change in folder.waiting if chance.random() < kept]
    for name, node in folder.after(spared).items():
        if isinstance(node, Folder):
            _write(node, target / name, chance, kept)
        elif not name.endswith(_NOT_KEPT):
            (target / name).write_bytes(node.cut(chance, kept))
