"""A memo as a Word document: the office's template ``memo.docx``, filled with the memo and its blocks."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cached_property
from typing import TYPE_CHECKING, Any

from docxtpl import DocxTemplate  # type: ignore[import-untyped]  # it ships no types
from jinja2 import TemplateSyntaxError
from markupsafe import Markup

from thammuu.i18n import _
from thammuu.memos.printing.bounds import rendered
from thammuu.memos.printing.word_parts import (
    LANGUAGES,
    Drawn,
    packed,
    properties,
    sections_of,
    well_formed,
    with_relations,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from jinja2 import Environment, Template

    from thammuu.memos.printing.pictures import Pictures

_DOCUMENT = "word/document.xml"
_RELATIONS = "word/_rels/document.xml.rels"
_WITH_TAGS = re.compile(r"word/(document|header\d*|footer\d*)\.xml")
_PARAGRAPH = re.compile(r"<w:p[ >].*?</w:p>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_VIEW_BOX = re.compile(r'viewBox="0 0 (\d+) (\d+)"')
_PICTURE_WIDTH = 5_400_000
"""150 mm in English metric units."""
_TWENTIETHS = 20
"""Of a point: Word's measure of lengths."""


class WordTemplate:
    """The template folder's ``memo.docx``, read once; its tags are those of docxtpl.

    Args:
        folder: The memo's templates.
        fonts: Whose widths the rules under headings follow.
        environment: For the tags, with escaping.
        pictures: Draws the charts.
    """

    def __init__(self, folder: Path, fonts: Path, environment: Environment, pictures: Pictures) -> None:
        self._fonts = fonts
        self._environment = environment
        self._pictures = pictures
        self._blocks: Any = environment.get_template("blocks.docx.j2").module
        with zipfile.ZipFile(folder / "memo.docx") as archive:
            self._parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
        self._sections, document = sections_of(self._parts[_DOCUMENT])
        tagged = {name: body.decode() for name, body in self._parts.items() if _WITH_TAGS.fullmatch(name)}
        self._templates = {name: self._template(name, text) for name, text in {**tagged, _DOCUMENT: document}.items()}

    def document(self, data: dict[str, Any]) -> bytes:
        """Return a memo's document, dated by the memo."""
        drawn = self._drawn(data)
        context = {**self._functions(data, drawn), "memo": data}
        parts = dict(self._parts)
        for name, template in self._templates.items():
            parts[name] = well_formed(rendered(template, context))
        language = LANGUAGES[data["language"]]
        parts["word/styles.xml"] = parts["word/styles.xml"].replace(b'"vi-VN"', f'"{language}"'.encode())
        parts["docProps/core.xml"] = properties(data, language)
        parts[_RELATIONS] = with_relations(parts[_RELATIONS], drawn.values())
        parts.update({f"word/media/{one.name}": one.png for one in drawn.values()})
        return packed(parts)

    def _template(self, name: str, text: str) -> Template:
        """Return a part as a Jinja template; tags that Word has split are put together again.

        Raises:
            TemplateSyntaxError: If a tag is opened and not closed in its paragraph: it would swallow what follows.
        """
        for line, paragraph in enumerate(_PARAGRAPH.findall(text), start=1):
            said = _TAG.sub("", paragraph)
            if said.count("{{") != said.count("}}") or said.count("{%") != said.count("%}"):
                told = _("a tag is not closed in the paragraph “{text}”").format(text=said[:80])
                raise TemplateSyntaxError(told, line, name, f"memo.docx/{name}")
        patched: str = DocxTemplate(io.BytesIO()).patch_xml(text)
        # one paragraph a line, so that a fault's line means something
        lined = re.sub(r"(?=<w:p[ >])|(?=\{%)", "\n", patched)
        code = self._environment.compile(lined, name=name, filename=f"memo.docx/{name}")
        return self._environment.template_class.from_code(self._environment, code, self._environment.make_globals(None))

    def _functions(self, data: dict[str, Any], drawn: dict[str, Drawn]) -> dict[str, Callable[..., str] | str]:
        sections, annexes, macros = self._sections, data["annexes"], self._blocks

        def blocks(listed: list[dict[str, Any]], name: str, *, landscape: bool = False, last: bool = False) -> str:
            room = sections.wide_room if landscape else sections.room
            return str.__str__(macros.blocks(listed, name, drawn, room, last))

        def section_break(place: int) -> str:
            before = sections.of_annex(annexes[place - 1]) if place else sections.body
            return f'<w:p><w:pPr><w:pStyle w:val="MemoAfterTable"/>{before}</w:pPr></w:p>'

        def rule(text: str, points: float, share: float, room: int) -> str:
            return str.__str__(macros.rule(min(self._width(text, points), room) * share, room))

        last = sections.of_annex(annexes[-1]) if annexes else sections.body
        made: dict[str, Callable[..., str]] = {"blocks": blocks, "section_break": section_break, "rule": rule}
        as_markup = {name: _marking(function) for name, function in made.items()}
        return {**as_markup, "heading": macros.heading, "last_section": Markup(last)}  # noqa: S704  our own template's

    def _width(self, text: str, points: float) -> float:
        """Return how wide the widest line of a bold text is, in twentieths of a point."""
        cmap, widths, per_em = self._bold
        lines = text.split("\n")
        return max(sum(widths[cmap.get(ord(sign), ".notdef")][0] for sign in line) for line in lines) * (
            points * _TWENTIETHS / per_em
        )

    @cached_property
    def _bold(self) -> tuple[Mapping[int, str], Mapping[str, tuple[int, int]], int]:
        from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it ships no types

        with TTFont(self._fonts / "LiberationSerif-Bold.ttf") as font:
            return font.getBestCmap(), dict(font["hmtx"].metrics), font["head"].unitsPerEm

    def _drawn(self, data: dict[str, Any]) -> dict[str, Drawn]:
        drawn = {}
        for number, (name, svg) in enumerate(self._pictures.charts(data).items(), 1):
            box = _VIEW_BOX.search(svg)
            across, down = (int(size) for size in box.groups()) if box else (1, 1)
            height = round(_PICTURE_WIDTH * down / across)
            png = self._pictures.png(svg)
            drawn[name] = Drawn(number, f"chart{number}.png", f"rIdChart{number}", _PICTURE_WIDTH, height, png)
        return drawn


def _marking(function: Callable[..., str]) -> Callable[..., str]:
    """Return a function whose text is WordprocessingML, not to be escaped again."""
    return lambda *positional, **named: Markup(function(*positional, **named))  # noqa: S704  our own macros escaped it
