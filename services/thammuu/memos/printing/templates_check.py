"""Print every template with the nastiest memos and say where one breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from thammuu.errors import Place, Problem, ThammuuError
from thammuu.i18n import _
from thammuu.memos.printing.chat import MAX_MESSAGE
from thammuu.memos.printing.faults import MESSAGE, TEMPLATE_OF, place_of
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.trial_models import trial_memo, trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thammuu.memos.model import MemoModel

_OUTSIDE = re.compile(r"""(?:src|href|url\()\s*=?\s*["']?https?://""")


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
    place = Place(file=f"{MESSAGE}/{TEMPLATE_OF[fmt]}")
    if isinstance(printed, str) and fmt == "html" and _OUTSIDE.search(printed):
        yield Problem("template-not-self-contained", _("the page loads nothing from elsewhere"), place)
    if isinstance(printed, str) and not printed.strip():
        yield Problem("template-empty", _("the template prints something (memo “{name}”)").format(name=name), place)
    if fmt == "chat" and len(printed) > MAX_MESSAGE:
        yield Problem("template-too-long", _("at most {n} characters").format(n=MAX_MESSAGE), place)
