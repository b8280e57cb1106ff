"""Open a score file without being held up or filled up by what is not one."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, BinaryIO, Literal

from thammuu.errors import Place
from thammuu.i18n import _
from thammuu.intake.limits import LIMITS, Limits
from thammuu.intake.problems import refuse
from thammuu.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["csv", "xlsx"]
_SNIFFED = 4_096
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_OLE = b"\xd0\xcf\x11\xe0"
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta", b"<head")


def open_regular(path: Path, limits: Limits = LIMITS) -> BinaryIO:
    """Open a regular file of acceptable size for reading.

    Raises:
        BadInputError: For anything else: a folder, a pipe, a device, an empty or too large file, no file.
    """
    place = Place(file=printable(str(path)))
    try:
        _check_regular(os.stat(path).st_mode, place)  # noqa: PTH116  a pipe must be seen before it is opened
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else str(fault)
        refuse("cannot-read", _("a file that can be read ({reason})").format(reason=reason), place)
    stream = os.fdopen(descriptor, "rb")
    status = os.fstat(descriptor)
    try:
        _check_regular(status.st_mode, place)
        _check_size(status.st_size, limits.file_bytes, place)
    except BaseException:
        stream.close()
        raise
    return stream


def _check_regular(mode: int, place: Place) -> None:
    if not stat.S_ISREG(mode):
        refuse("not-a-file", _("a regular file, not a folder, pipe or device"), place)


def _check_size(size: int, at_most: int, place: Place) -> None:
    if size == 0:
        refuse("empty-file", _("a file with scores; this one is empty"), place)
    if size > at_most:
        refuse("too-large", _("a file of at most {size} MB").format(size=at_most // 1_000_000), place, str(size))


def kind_of(stream: BinaryIO, path: Path) -> Kind:
    """Tell CSV from XLSX by content; the name must agree.

    Raises:
        BadInputError: For old Excel, HTML, PDF, UTF-16 and files whose name says another kind.
    """
    start = stream.read(_SNIFFED)
    stream.seek(0)
    place = Place(file=printable(str(path)))
    named_xlsx = path.suffix.lower() in {".xlsx", ".xlsm"}
    if start.startswith(b"PK"):
        if path.suffix.lower() in {".csv", ".tsv", ".txt"}:
            refuse("wrong-kind", _("text; this file is a zip archive, perhaps a workbook to be named .xlsx"), place)
        return "xlsx"
    _check_text(start, place)
    if named_xlsx:
        refuse("wrong-kind", _("an Excel workbook (.xlsx); the content of this file is something else"), place)
    return "csv"


def _check_text(start: bytes, place: Place) -> None:
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:16].lower()
    if start.startswith(_OLE):
        refuse(
            "wrong-kind", _("an .xlsx workbook without password; save this old or locked Excel file as .xlsx"), place
        )
    if head.startswith(_MARKUP):
        refuse("wrong-kind", _("CSV or .xlsx; this is a web page or XML, save it as .xlsx"), place)
    if head.startswith(b"%pdf"):
        refuse("wrong-kind", _("CSV or .xlsx; this is a PDF"), place)
    if start.startswith(_UTF16_MARKS) or start.count(b"\0") > len(start) // 4:
        refuse("wrong-encoding", _("UTF-8; this text is UTF-16, save it as “CSV UTF-8”"), place)
