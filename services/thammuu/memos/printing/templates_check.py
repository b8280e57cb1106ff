"""Print every template with the nastiest memos and say where one breaks."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING

from thammuu.errors import Place, Problem, ThammuuError
from thammuu.i18n import _
from thammuu.memos.printing.chat import MAX_MESSAGE
from thammuu.memos.printing.render import MESSAGE, Renderer
from thammuu.memos.printing.trial_models import trial_memo, trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thammuu.memos.model import MemoModel

_TYPST_PLACE = re.compile(r"┌─ (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)")
_TEMPLATE_FILE = re.compile(r"\.(?:j2|typ|css)$|^memo\.docx/")
_OUTSIDE = re.compile(r"""(?:src|href|url\()\s*=?\s*["']?https?://""")
_TEMPLATE_OF = {
    "pdf": "memo.typ",
    "html": "memo.html.j2",
    "text": "memo.txt.j2",
    "chat": "chat.txt.j2",
    "docx": "memo.docx",
}


def check_templates(templates: Path) -> list[Problem]:
    """Return what is wrong with the memo templates of a folder, each fault once, with file and line.

    Args:
        templates: The templates folder, with ``action_memo/`` and ``fonts/`` in it.
    """
    try:
        renderer = Renderer(templates)
    except ThammuuError as missing:
        return [Problem("template-missing", str(missing), Place(file=str(templates)))]
    found: dict[tuple[str, Place], Problem] = {}
    for name, trial in trials():
        model = trial_memo(trial)
        for problem in _problems(renderer, model, name):
            found.setdefault((problem.code, problem.place), problem)
    return list(found.values())


def _problems(renderer: Renderer, model: MemoModel, name: str) -> Iterator[Problem]:
    """Yield at most one problem a format."""
    printers: dict[str, Callable[[MemoModel], bytes | str]] = {
        "pdf": renderer.pdf,
        "html": renderer.html,
        "text": renderer.text,
        "chat": renderer.chat,
        "docx": renderer.docx,
    }
    for fmt, printer in printers.items():
        try:
            printed = printer(model)
        except Exception as fault:  # noqa: BLE001  a template may break in any way; each is a finding of this check
            told = _("{fault} (memo “{name}”)").format(fault=str(fault) or type(fault).__name__, name=name)
            yield Problem("template-fault", told, place_of(fault, fmt))
            continue
        yield from _faults_of(printed, fmt, name)


def _faults_of(printed: bytes | str, fmt: str, name: str) -> Iterator[Problem]:
    place = Place(file=f"{MESSAGE}/{_TEMPLATE_OF[fmt]}")
    if isinstance(printed, str) and fmt == "html" and _OUTSIDE.search(printed):
        yield Problem("template-not-self-contained", _("the page loads nothing from elsewhere"), place)
    if isinstance(printed, str) and not printed.strip():
        yield Problem("template-empty", _("the template prints something (memo “{name}”)").format(name=name), place)
    if fmt == "chat" and len(printed) > MAX_MESSAGE:
        yield Problem("template-too-long", _("at most {n} characters").format(n=MAX_MESSAGE), place)


def place_of(fault: BaseException, fmt: str) -> Place:
    """Return where in the templates a fault sits, as well as it says."""
    diagnostic = str(getattr(fault.__cause__, "diagnostic", ""))
    typst = _TYPST_PLACE.search(diagnostic)
    if typst:
        file = typst["file"].rpartition("/")[2]
        return Place(file=f"{MESSAGE}/{file}", line=int(typst["line"]), column=int(typst["column"]))
    named, line = getattr(fault, "name", None), getattr(fault, "lineno", None)
    if isinstance(named, str) and isinstance(line, int):
        return Place(file=f"{MESSAGE}/{_shown(named)}", line=line)
    lines = list(_template_lines(fault))
    if lines:
        return Place(file=f"{MESSAGE}/{_shown(lines[-1][0])}", line=lines[-1][1])
    return Place(file=f"{MESSAGE}/{_TEMPLATE_OF[fmt]}")


def _template_lines(fault: BaseException) -> Iterator[tuple[str, int]]:
    """Yield the template lines a fault went through, the innermost last."""
    for frame, line in traceback.walk_tb(fault.__traceback__):
        template = frame.f_globals.get("__jinja_template__")
        file = frame.f_code.co_filename
        if template is not None:
            # code of a macro called from outside a template: its lines are those of the code Jinja made
            yield template.filename or file, template.get_corresponding_lineno(line)
        elif _TEMPLATE_FILE.search(file):
            yield file, line


def _shown(name: str) -> str:
    if name.startswith("word/"):
        return f"memo.docx/{name}"
    return name if name.startswith("memo.docx/") else name.rpartition("/")[2]
