"""The zip archive that a workbook is, read in bounded pieces: what its headers claim is not believed."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from thammuu.errors import Place
from thammuu.i18n import _
from thammuu.intake.limits import LIMITS, Limits
from thammuu.intake.problems import refuse

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE = 262_144
_END = b"PK\x05\x06"
_END_LENGTH = 22
_LONGEST_COMMENT = 65_535
_ZIP64_LOCATOR = b"PK\x06\x07"
_ZIP64_LENGTH = 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


class Archive:
    """The members of a workbook file.

    Args:
        stream: The open file.
        file: Its name, for places.
        limits: The bounds.

    Raises:
        BadInputError: If it is no sound zip, or its members' names lead out of it.
    """

    def __init__(self, stream: BinaryIO, file: str, limits: Limits = LIMITS) -> None:
        self.file, self._limits = file, limits
        self._unpacked = 0
        self._check_directory(stream)
        try:
            self._zip = zipfile.ZipFile(stream)
        except _BROKEN as fault:
            self._refuse(str(fault))
        self.names = {info.filename for info in self._zip.infolist()}
        for info in self._zip.infolist():
            self._check_member(info)

    def _check_directory(self, stream: BinaryIO) -> None:
        """Bound the list of members before zipfile reads it whole into memory."""
        size = stream.seek(0, 2)
        stream.seek(max(0, size - _LONGEST_COMMENT - _END_LENGTH - _ZIP64_LENGTH))
        tail = stream.read()
        stream.seek(0)
        end = tail.rfind(_END)
        if end < 0 or len(tail) - end < _END_LENGTH:
            self._refuse(_("its end is missing"))
        directory = int.from_bytes(tail[end + 12 : end + 16], "little")
        if directory > self._limits.directory_bytes or tail[max(0, end - _ZIP64_LENGTH) :].startswith(_ZIP64_LOCATOR):
            self._refuse(_("too many members"))

    def _check_member(self, info: zipfile.ZipInfo) -> None:
        parts = info.filename.replace("\\", "/").split("/")
        if ".." in parts or info.filename.startswith(("/", "\\")) or ":" in parts[0]:
            text = _("a workbook whose parts stay inside it")
            refuse("unsafe-name", text, Place(self.file), info.filename)
        if info.flag_bits & 1:
            refuse("wrong-kind", _("a workbook without password"), Place(self.file))
        if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            self._refuse(_("unknown compression"))

    def _refuse(self, reason: str) -> None:
        refuse("broken-workbook", _("a sound .xlsx workbook ({reason})").format(reason=reason), Place(self.file))

    def pieces(self, name: str, at_most: int) -> Iterator[bytes]:
        """Yield a member's content in pieces.

        Raises:
            BadInputError: If it inflates past ``at_most`` bytes, or is broken or absent.
        """
        if name not in self.names:
            self._refuse(_("{name} is missing").format(name=name))
        seen = 0
        try:
            if self._zip.getinfo(name).file_size > at_most:
                self._refuse_inflated(name, at_most)
            with self._zip.open(name) as member:
                while piece := member.read(_PIECE):
                    seen += len(piece)
                    self._unpacked += len(piece)
                    if seen > at_most or self._unpacked > self._limits.archive_bytes:
                        self._refuse_inflated(name, at_most)
                    yield piece
        except _BROKEN as fault:
            self._refuse(str(fault))

    def _refuse_inflated(self, name: str, at_most: int) -> None:
        text = _("parts that unpack to at most {size} MB").format(size=at_most // 1_000_000)
        refuse("inflates-too-far", text, Place(self.file), name)

    def small(self, name: str) -> bytes:
        """Return the whole of a small member."""
        return b"".join(self.pieces(name, self._limits.part_bytes))
