"""Print every template with the nastiest memos and say where one breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.errors import Place, Problem, ThammuuError
from thammuu.i18n import _
from thammuu.memos.printing.bounds import MOST_LETTERS
from thammuu.memos.printing.chat import MAX_MESSAGE
from thammuu.memos.printing.faults import MESSAGE, TEMPLATE_OF, place_of, said_by
from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.self_contained import loads
from thammuu.memos.printing.templates_check import OUT_OF_MEMORY
from thammuu.memos.printing.trial_models import trial_memo, trials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thammuu.memos.model import MemoModel


_PAGES = ("html", "mail")


def template_faults(templates: Path, begins: Callable[[str, str], None]) -> Iterator[Problem]:
    """Yield what is wrong with the memo templates of a folder, each fault once, with file and line.

    Args:
        templates: The templates folder, with ``action_memo/`` and ``fonts/`` in it.
        begins: Told the format and the memo's name before each is printed.
    """
    try:
        renderer = Renderer(templates)
    except ThammuuError as missing:
        yield Problem("template-missing", str(missing), Place(file=str(templates)))
        return
    seen: set[tuple[str, Place]] = set()
    for name, trial in trials():
        for problem in _problems(renderer, trial_memo(trial), name, begins):
            if (problem.code, problem.place) not in seen:
                seen.add((problem.code, problem.place))
                yield problem
            if problem.code == OUT_OF_MEMORY:
                # what follows would fail for want of memory and not for faults of its own
                return


def _problems(renderer: Renderer, model: MemoModel, name: str, begins: Callable[[str, str], None]) -> Iterator[Problem]:
    """Yield at most one problem a format."""
    printers: dict[str, Callable[[MemoModel], bytes | str]] = {
        "pdf": renderer.pdf,
        "html": renderer.html,
        "text": renderer.text,
        "chat": renderer.chat,
        "docx": renderer.docx,
        "mail": lambda memo: _mail(renderer, memo),
    }
    for fmt, printer in printers.items():
        begins(fmt, name)
        try:
            printed = printer(model)
        except Exception as fault:  # noqa: BLE001  a template may break in any way; each is a finding of this check
            told = _("{fault} (memo “{name}”)").format(fault=said_by(fault), name=name)
            code = OUT_OF_MEMORY if isinstance(fault.__cause__ or fault, MemoryError) else "template-fault"
            yield Problem(code, told, place_of(fault, fmt))
            continue
        yield from _faults_of(printed, fmt, name)


def _mail(renderer: Renderer, model: MemoModel) -> str:
    """Return the page of the e-mail that a memo goes with; its subject and its text are printed as well."""
    from thammuu.delivery.letter import trial_letters

    pages = [renderer.message(letter) for letter in trial_letters(model)]
    return "\n".join(part for page in pages for part in page)


def _faults_of(printed: bytes | str, fmt: str, name: str) -> Iterator[Problem]:
    place = Place(file=f"{MESSAGE}/{TEMPLATE_OF[fmt]}")
    if isinstance(printed, str) and fmt in _PAGES and (found := loads(printed)):
        yield Problem("template-not-self-contained", _("the page loads nothing from elsewhere"), place, value=found)
    if isinstance(printed, str) and not printed.strip():
        yield Problem("template-empty", _("the template prints something (memo “{name}”)").format(name=name), place)
    if len(printed) > MOST_LETTERS:
        yield Problem("template-too-long", _("at most {n} bytes").format(n=MOST_LETTERS), place)
    if fmt == "chat" and len(printed) > MAX_MESSAGE:
        yield Problem("template-too-long", _("at most {n} characters").format(n=MAX_MESSAGE), place)
