"""Faults of templates: what a person changed is told with file and line, never with a traceback of ours."""

from __future__ import annotations

import re
import traceback
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from thammuu.errors import EnvironmentFaultError, Place
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGE = "action_memo"
_TYPST_PLACE = re.compile(r"┌─ (?P<file>.+?):(?P<line>\d+):(?P<column>\d+)")
_TEMPLATE_FILE = re.compile(r"\.(?:j2|typ|css)$|^memo\.docx/")
TEMPLATE_OF = {
    "pdf": "memo.typ",
    "html": "memo.html.j2",
    "text": "memo.txt.j2",
    "chat": "chat.txt.j2",
    "docx": "memo.docx",
}


class TemplateFaultError(EnvironmentFaultError):
    """A template of the templates folder cannot print a memo."""


@contextmanager
def told_with_place(fmt: str) -> Iterator[None]:
    """Turn a template's fault into an error that names the file and the line.

    Args:
        fmt: The format being printed.

    Raises:
        TemplateFaultError: For whatever the template raised, but for errors of ours.
    """
    from jinja2 import TemplateError
    from lxml.etree import XMLSyntaxError

    try:
        yield
    except (TemplateError, XMLSyntaxError, zipfile.BadZipFile, KeyError, FileNotFoundError) as fault:
        place = place_of(fault, fmt)
        raise TemplateFaultError(
            _("The template {file} has a fault: {fault}").format(file=place, fault=str(fault) or type(fault).__name__)
        ) from fault


def place_of(fault: BaseException, fmt: str) -> Place:
    """Return where in the templates a fault sits, as well as it says."""
    if isinstance(fault, TemplateFaultError) and fault.__cause__ is not None:
        return place_of(fault.__cause__, fmt)
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
    return Place(file=f"{MESSAGE}/{TEMPLATE_OF[fmt]}")


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
