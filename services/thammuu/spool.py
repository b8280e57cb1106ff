"""Pieces of bytes that wait for later: a few in memory, many in a temporary file."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile

IN_MEMORY_BYTES = 1_000_000


class Spool:
    """Pieces of bytes in the order they came, each to be read back by its number.

    Memory holds :data:`IN_MEMORY_BYTES` of them; whatever is more lies in a file without a name, which is gone with
    the spool. Not for several threads at once.
    """

    def __init__(self) -> None:
        # closed by __del__: what a handler prepared is dropped wherever its transaction ends
        self._file = SpooledTemporaryFile[bytes](max_size=IN_MEMORY_BYTES)
        self._ends = [0]
        self._at_end = True

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def add(self, piece: bytes) -> int:
        """Keep a piece and return its number.

        Raises:
            OSError: If the disk refuses.
        """
        if not self._at_end:
            self._file.seek(self._ends[-1])
        self._at_end = True
        self._file.write(piece)
        self._ends.append(self._ends[-1] + len(piece))
        return len(self) - 1

    def __getitem__(self, number: int) -> bytes:
        """Return a piece."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        self._at_end = False
        self._file.seek(self._ends[number])
        return self._file.read(self._ends[number + 1] - self._ends[number])
