"""Print with templates that an office has changed: in processes that may take so long and so much memory and no more.

The shipped templates are known to end, so they are printed with in this process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import weakref
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

from thammuu import resources
from thammuu.errors import EnvironmentFaultError, PermanentRefusalError
from thammuu.i18n import _
from thammuu.memos.printing.faults import MESSAGE, TEMPLATE_OF, TemplateFaultError
from thammuu.memos.printing.printing_process import CHECK
from thammuu.memos.printing.render import Renderer

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.memos.model import MemoModel

MOST_SECONDS = 20.0
"""For one memo in one format; the shipped templates take a tenth of a second."""


def renderer_of(templates: Path) -> Renderer:
    """Return what prints with a templates folder, in processes of its own where it is not as it was shipped.

    Raises:
        EnvironmentFaultError: If the folder lacks the memo's templates or fonts.
    """
    shipped = resources.shipped_templates()
    mine = Renderer(templates)
    if templates.resolve() == shipped.resolve() or mine.templates_hash == Renderer(shipped).templates_hash:
        return mine
    return ApartRenderer(templates, seconds=MOST_SECONDS)


class ApartRenderer(Renderer):
    """Prints memo models in processes of their own, one a thread that prints; safe to share between threads.

    Args:
        templates: The templates folder.
        seconds: How long one memo may take in one format.

    Raises:
        EnvironmentFaultError: If the folder lacks the memo's templates or fonts.
    """

    def __init__(self, templates: Path, *, seconds: float = MOST_SECONDS) -> None:
        super().__init__(templates)
        self._command = [
            *(sys.executable, "-P", "-m", "thammuu.memos.printing.printing_process"),
            *(str(templates.resolve()), str(seconds)),
        ]
        self._seconds = seconds
        self._lock = Lock()
        self._idle: list[subprocess.Popen[bytes]] = []
        weakref.finalize(self, _end, self._idle)

    def check(self) -> None:
        """Read and compile the templates, so that their own faults show.

        Raises:
            EnvironmentFaultError: If a template has a fault, with its place.
        """
        try:
            self._asked(CHECK, b"")
        except PermanentRefusalError as fault:
            raise TemplateFaultError(str(fault)) from fault

    def stored_pdf(self, stored: bytes) -> bytes:
        """Return the PDF of a stored model.

        Raises:
            PermanentRefusalError: If it cannot be printed, or its template takes too long or breaks.
        """
        return self._asked("pdf", stored)

    def html(self, model: MemoModel) -> str:
        """Return the memo as one HTML page."""
        return self._asked("html", self.json(model)).decode()

    def text(self, model: MemoModel) -> str:
        """Return the memo as plain text."""
        return self._asked("text", self.json(model)).decode()

    def chat(self, model: MemoModel, link: str = "") -> str:
        """Return a message of at most 1,500 characters."""
        return self._asked("chat", self.json(model), link).decode()

    def docx(self, model: MemoModel) -> bytes:
        """Return the memo as a Word document."""
        return self._asked("docx", self.json(model))

    def _asked(self, fmt: str, stored: bytes, link: str = "") -> bytes:
        with self._lock:
            process = self._idle.pop() if self._idle else None
        process = process or self._started()
        try:
            told, printed = _exchange(process, {"format": fmt, "length": len(stored), "link": link}, stored)
        except BaseException:
            _end([process])
            raise
        if told is None:
            process.wait()
            _end([process])
            raise self._broken(fmt, process.returncode)
        with self._lock:
            self._idle.append(process)
        if "fault" in told:
            raise self._fault(fmt, told)
        return printed

    def _started(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        # what it says beside its answers is of no use to anybody
        return subprocess.Popen(self._command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)  # noqa: S603  our own

    def _fault(self, fmt: str, told: dict[str, Any]) -> EnvironmentFaultError | PermanentRefusalError:
        place = told.get("place") or _file(fmt)
        if told["late"]:
            return self._too_slow(place)
        text = told["fault"]
        if not told["known"]:
            text = _("The template {file} has a fault: {fault}").format(file=place, fault=text)
        return TemplateFaultError(text) if told["passes"] else PermanentRefusalError(text)

    def _too_slow(self, place: str) -> PermanentRefusalError:
        told = _("The template {file} takes too long: a memo is printed within {n} seconds.")
        return PermanentRefusalError(told.format(file=place, n=round(self._seconds)))

    def _broken(self, fmt: str, code: int) -> PermanentRefusalError:
        if code == 1:  # the watchdog's: nothing else of the process ends it so
            return self._too_slow(_file(fmt))
        told = _("The template {file} broke the process that prints (exit {code}): run thammuu templates check.")
        return PermanentRefusalError(told.format(file=_file(fmt), code=code))


def _file(fmt: str) -> str:
    return f"{MESSAGE}/{TEMPLATE_OF.get(fmt, 'memo.typ')}"


def _exchange(
    process: subprocess.Popen[bytes], asked: dict[str, Any], stored: bytes
) -> tuple[dict[str, Any] | None, bytes]:
    """Return what the process answers; None where it ended instead."""
    requests, answers = _pipes(process)
    try:
        requests.write(json.dumps(asked).encode() + b"\n" + stored)
        requests.flush()
    except BrokenPipeError:
        return None, b""
    line = answers.readline()
    if not line.endswith(b"\n"):
        return None, b""
    told: dict[str, Any] = json.loads(line)
    printed = answers.read(told.get("length", 0))
    return (told, printed) if len(printed) == told.get("length", 0) else (None, b"")


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End processes and close what led to them."""
    while processes:
        process = processes.pop()
        process.kill()
        process.wait()
        for pipe in _pipes(process):
            try:
                pipe.close()
            except BrokenPipeError:
                continue
