"""Large payloads as files named by their SHA-256, durable before their name is used."""

from __future__ import annotations

import hashlib
import os
import tempfile
from shutil import copyfileobj
from typing import TYPE_CHECKING, BinaryIO, Protocol

from thammuu.appearing import sync
from thammuu.canonical import sha256_hex
from thammuu.errors import EnvironmentFaultError
from thammuu.failpoints import reach
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Blobs(Protocol):
    """Where large payloads are kept; a blob's name is the SHA-256 of its bytes and its bytes never change."""

    def put(self, content: bytes | BinaryIO) -> str:
        """Store bytes and return their name; they are durable once this returns, and storing them again does nothing.

        Args:
            content: The bytes, or a file that has them.

        Raises:
            EnvironmentFaultError: If the store cannot be reached or refuses.
            OSError: If the disk is full or read-only.
        """
        ...

    def get(self, name: str) -> bytes:
        """Return a blob's bytes, checked against its name.

        Raises:
            EnvironmentFaultError: If it is missing or damaged, or the store cannot be reached.
        """
        ...

    def names(self) -> Iterator[str]:
        """Yield the names of all stored blobs."""
        ...

    def remove(self, name: str) -> None:
        """Delete a blob that nothing names any more; one that is not there is no error."""
        ...

    def unfinished(self) -> list[Path]:
        """Return the temporary files that a stopped write left behind."""
        ...


def open_blobs(url: str | None, folder: Path) -> Blobs:
    """Return the blobs at a URL (``s3://bucket/prefix``), or those in a folder when there is none.

    Raises:
        BadInputError: If the URL, the endpoint or a key in the environment is not usable.
    """
    if url is None:
        return FolderBlobs(folder)
    from thammuu.ledger.s3_blobs import S3Blobs
    from thammuu.ledger.s3_bucket import bucket_at

    return S3Blobs(bucket_at(url, os.environ))


def name_of(content: bytes | BinaryIO) -> str:
    """Return the name of bytes, or of those of a file, which stands at its beginning afterwards."""
    if isinstance(content, bytes):
        return sha256_hex(content)
    content.seek(0)
    name = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]  # every file that can be read
    content.seek(0)
    return name


def checked(name: str, content: bytes) -> bytes:
    """Return a blob's bytes if they match its name.

    Raises:
        EnvironmentFaultError: If they do not.
    """
    if sha256_hex(content) != name:
        raise EnvironmentFaultError(_("The stored file {name} was changed or damaged.").format(name=name))
    return content


def missing(name: str) -> EnvironmentFaultError:
    """Return the error for a blob that is not there."""
    return EnvironmentFaultError(_("The stored file {name} is missing.").format(name=name))


class FolderBlobs:
    """A folder of blobs: ``ab/cdef…``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._synced: set[Path] = set()

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name[2:]

    def put(self, content: bytes | BinaryIO) -> str:
        """Store bytes, or those of a file, and return their name; they survive a power cut once this returns.

        Raises:
            OSError: If the disk is full or read-only; nothing half-written carries the name.
        """
        name = name_of(content)
        path = self._path(name)
        if path.exists():
            self._sync_once(path.parent)
            self._sync_once(self._folder)
            return name
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._synced.discard(self._folder)
        self._sync_once(self._folder)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                reach("blob.before-write")
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    copyfileobj(content, file)
                file.flush()
                reach("blob.written")
                os.fsync(file.fileno())
            reach("blob.synced")
            os.replace(temporary, path)  # noqa: PTH105  the temporary name is a string
        except BaseException:
            os.unlink(temporary)  # noqa: PTH108
            raise
        reach("blob.renamed")
        sync(path.parent)
        reach("blob.stored")
        return name

    def _sync_once(self, folder: Path) -> None:
        """Sync what another process may have named and not synced before it was killed."""
        if folder not in self._synced:
            sync(folder)
            self._synced.add(folder)

    def get(self, name: str) -> bytes:
        """Return a blob's bytes, checked against its name.

        Raises:
            EnvironmentFaultError: If the file is missing or its content does not match its name.
        """
        try:
            content = self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise missing(name) from error
        return checked(name, content)

    def names(self) -> Iterator[str]:
        """Yield the names of all stored blobs."""
        for path in self._folder.glob("??/*"):
            if not path.name.startswith("."):
                yield path.parent.name + path.name

    def remove(self, name: str) -> None:
        """Delete a blob that nothing names any more."""
        self._path(name).unlink(missing_ok=True)

    def unfinished(self) -> list[Path]:
        """Return the temporary files that a stopped write left behind."""
        return list(self._folder.glob("??/.writing-*"))
