"""A score file as it comes in: into a folder of its own, no larger than allowed, with what was said beside it."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive

    from thammuu.portal.stopping import Stopping

SILENT_AT_MOST_S = 60.0
_FIELDS = 20
_FIELD_BYTES = 10_000
_AROUND_BYTES = 100_000
"""Room for the boundaries and fields of a form around its file."""
_LONGEST_NAME = 60
_NOT_IN_NAMES = re.compile(r"[^\w .()-]")
_NAMES = {
    "text/csv": "scores.csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "scores.xlsx",
}


class TooLargeError(Exception):
    """A request is larger than allowed."""


@dataclass(frozen=True)
class Upload:
    """What came in.

    Args:
        folder: The folder of this request alone; it goes with it.
        file: The score file, under the name that the sender gave.
        fields: The form's other fields.
    """

    folder: Path
    file: Path
    fields: dict[str, str]

    def in_senders_words(self, error: BadInputError) -> BadInputError:
        """Return an error that names the file as the sender does."""
        told = (replace_folder(one, self.folder) for one in error.problems)
        return BadInputError(str(error).replace(f"{self.folder}/", ""), told)


def replace_folder(problem: Problem, folder: Path) -> Problem:
    """Return a problem without our folder in its place."""
    file = problem.place.file
    place = replace(problem.place, file=file.replace(f"{folder}/", "") if file else file)
    return replace(problem, place=place)


@asynccontextmanager
async def upload_of(request: Request, most: int, stopping: Stopping, name: str | None) -> AsyncIterator[Upload]:
    """Receive the file of a request, sent as a form or as the body itself.

    Args:
        request: The request; its body was not read.
        most: How large the file may be, in bytes.
        stopping: Cuts off senders that would hold up the end of the server.
        name: The file's name, where it is the body.

    Raises:
        TooLargeError: If it is larger.
        BadInputError: If a form lacks the file.
        StoppingError: If the server ends before all has come.
        SilentError: If the sender pauses for too long.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_form = kind == "multipart/form-data"
    bound = most + (_AROUND_BYTES if is_form else 0)
    if int(request.headers.get("content-length") or 0) > bound:
        raise TooLargeError
    bounded = Request(request.scope, _bounded(request.receive, bound, stopping))
    folder = Path(tempfile.mkdtemp(prefix="thammuu-upload-"))
    try:
        if is_form:
            yield await _from_form(bounded, folder, most)
        else:
            yield await _from_body(bounded, folder, name or _NAMES.get(kind, "scores"))
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def body_of(request: Request, most: int, stopping: Stopping) -> bytes:
    """Receive a small body, such as a JSON document.

    Args:
        request: The request; its body was not read.
        most: How large it may be, in bytes.
        stopping: As for a file.

    Raises:
        TooLargeError: If it is larger.
        StoppingError: If the server ends before all has come.
        SilentError: If the sender pauses for too long.
    """
    return await Request(request.scope, _bounded(request.receive, most, stopping)).body()


def _bounded(receive: Receive, most: int, stopping: Stopping) -> Receive:
    count = 0

    async def bounded() -> Any:  # noqa: ANN401  an ASGI message
        nonlocal count
        message = await stopping.within(asyncio.ensure_future(receive()), SILENT_AT_MOST_S)
        count += len(message.get("body", b""))
        if count > most:
            raise TooLargeError
        return message

    return bounded


async def _from_body(request: Request, folder: Path, name: str) -> Upload:
    file = folder / _safe(name)
    with file.open("wb") as stream:
        async for chunk in request.stream():
            stream.write(chunk)
    return Upload(folder, file, {})


async def _from_form(request: Request, folder: Path, most: int) -> Upload:
    async with request.form(max_files=1, max_fields=_FIELDS, max_part_size=_FIELD_BYTES) as form:
        sent = form.get("file")
        if not isinstance(sent, UploadFile):
            expected = _("a part named file with the score file")
            raise BadInputError(_("The request was refused; nothing was written."), [Problem("no-file", expected)])
        if (sent.size or 0) > most:
            raise TooLargeError
        file = folder / _safe(sent.filename or "scores")
        await asyncio.to_thread(_copy, sent, file)
        return Upload(folder, file, {key: one for key, one in form.items() if isinstance(one, str)})


def _copy(sent: UploadFile, file: Path) -> None:
    with file.open("wb") as stream:
        shutil.copyfileobj(sent.file, stream)


def _safe(name: str) -> str:
    """Return a sender's file name as one of ours: the kind of file is told by it, and errors name it."""
    last = _NOT_IN_NAMES.sub("_", PurePosixPath(name.replace("\\", "/")).name)[-_LONGEST_NAME:]
    return last if last.strip(". ") else "scores"
