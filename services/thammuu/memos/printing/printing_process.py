"""The process that prints memos with an office's own templates: a request after the other, each within its limits."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from thammuu.memos.printing.trial_run import bound_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from thammuu.memos.printing.render import Renderer

CHECK = "check"
_GRACE_SECONDS = 2.0
"""After its time a Jinja template is told where it stands; typst, which cannot be told, ends with the process."""


class OutOfTimeError(Exception):
    """A template runs for too long."""


def main(folder: str, seconds: str) -> None:
    """Answer requests from standard input on standard output until there are no more.

    A request is a line of JSON (``format``, ``length``, ``link``) and the memo's JSON; an answer is a line of JSON
    (``length`` and the printed bytes behind it, or ``fault``).
    """
    bound_memory()
    from thammuu.memos.printing.render import Renderer

    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # what a library may print must not get between the answers
    os.dup2(2, 1)
    renderer = Renderer(Path(folder))
    while line := requests.readline():
        asked = json.loads(line)
        stored = requests.read(asked["length"])
        _answer(answers, renderer, asked, stored, float(seconds))


def _answer(answers: IO[bytes], renderer: Renderer, asked: dict[str, Any], stored: bytes, seconds: float) -> None:
    try:
        with _limited(seconds):
            printed = _printed(renderer, asked, stored)
        told, body = {"length": len(printed)}, printed
    except BaseException as fault:  # noqa: BLE001  whatever breaks here, also a panic of typst, is the caller's to tell
        told, body = _fault(fault, asked["format"]), b""
    answers.write(json.dumps(told).encode() + b"\n" + body)
    answers.flush()


def _printed(renderer: Renderer, asked: dict[str, Any], stored: bytes) -> bytes:
    if asked["format"] == CHECK:
        renderer.check()
        return b""
    if asked["format"] == "pdf":
        return renderer.stored_pdf(stored)
    from thammuu.memos.model import MemoModel

    return renderer.printed(MemoModel.model_validate_json(stored), asked["format"], asked["link"])


def _fault(fault: BaseException, fmt: str) -> dict[str, Any]:
    from thammuu.errors import EnvironmentFaultError, ThammuuError
    from thammuu.memos.printing.faults import place_of, said_by

    # a fault that passes by itself, such as a file that cannot be read, is tried again; what takes too long is not
    late = isinstance(fault, OutOfTimeError) or isinstance(fault.__cause__, OutOfTimeError)
    known = isinstance(fault, ThammuuError)
    told: dict[str, Any] = {
        "fault": str(fault) if known else said_by(fault),
        "known": known,
        "late": late,
        "passes": isinstance(fault, EnvironmentFaultError) and not late,
    }
    if fmt != CHECK and isinstance(fault, Exception):
        told["place"] = str(place_of(fault, fmt))
    return told


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """End what runs for longer: by an error where Python runs, with the whole process where it does not."""
    faulthandler.dump_traceback_later(seconds + _GRACE_SECONDS, exit=True)
    if hasattr(signal, "setitimer"):  # Windows has none; the process ends there
        signal.signal(signal.SIGALRM, _late)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def _late(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTimeError


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
