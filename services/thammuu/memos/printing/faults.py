"""Faults of templates: what a person changed is told with file and line, never with a traceback of ours."""

from __future__ import annotations

import re
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING

from thammuu.errors import EnvironmentFaultError, Place, ThammuuError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE = "action_memo"
_TYPST_PLACE = re.compile(r"┌─ (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)")
_TEMPLATE_FILE = re.compile(r"\.(?:j2|typ|css)$|^memo\.docx/")
_LONGEST_FAULT = 600
TEMPLATE_OF = {
    "pdf": "memo.typ",
    "html": "memo.html.j2",
    "text": "memo.txt.j2",
    "chat": "chat.txt.j2",
    "docx": "memo.docx",
    "mail": "body.html.j2",
}


class TemplateFaultError(EnvironmentFaultError):
    """A template of the templates folder cannot print a memo."""


class PlacedFaultError(TemplateFaultError):
    """A template asks for what no template may have; the place is known."""

    def __init__(self, place: Place, fault: str) -> None:
        super().__init__(_("The template {file} has a fault: {fault}").format(file=place, fault=fault))
        self.place = place


@contextmanager
def told_with_place(fmt: str, file: str = "") -> Iterator[None]:
    """Turn a template's fault into an error that names the file and the line.

    Args:
        fmt: The format being printed.
        file: The template being read, where no line of it has run yet.

    Raises:
        TemplateFaultError: For whatever the template raised, but for errors of ours.
    """
    try:
        yield
    except ThammuuError:
        raise
    except Exception as fault:
        place = place_of(fault, fmt)
        if file and place.line is None:
            place = Place(file=f"{MESSAGE}/{file}")
        raise TemplateFaultError(
            _("The template {file} has a fault: {fault}").format(file=place, fault=said_by(fault))
        ) from fault


def said_by(fault: BaseException) -> str:
    """Return what a fault says, cut short; its kind where it says nothing."""
    said = str(fault) or type(fault).__name__
    return said if len(said) <= _LONGEST_FAULT else f"{said[:_LONGEST_FAULT]}…"


def place_of(fault: BaseException, fmt: str) -> Place:
    """Return where in the templates a fault sits, as well as it says."""
    if isinstance(fault, PlacedFaultError):
        return fault.place
    if isinstance(fault, TemplateFaultError) and fault.__cause__ is not None:
        return place_of(fault.__cause__, fmt)
    typst = typst_place(fault.__cause__ or fault)
    if typst:
        return typst
    named, line = getattr(fault, "name", None), getattr(fault, "lineno", None)
    if isinstance(named, str) and isinstance(line, int):
        return Place(file=f"{MESSAGE}/{_shown(named)}", line=line)
    lines = list(_template_lines(fault))
    if lines:
        return Place(file=f"{MESSAGE}/{_shown(lines[-1][0])}", line=lines[-1][1])
    return Place(file=f"{MESSAGE}/{TEMPLATE_OF[fmt]}")


def typst_place(fault: BaseException) -> Place | None:
    """Return where typst says that a fault sits."""
    found = _TYPST_PLACE.search(str(getattr(fault, "diagnostic", "")))
    if found is None:
        return None
    file = found["file"].rpartition("/")[2]
    return Place(file=f"{MESSAGE}/{file}", line=int(found["line"]), column=int(found["column"]))


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
