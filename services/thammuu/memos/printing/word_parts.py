"""The parts of a Word document that no tag fills: page settings, properties, relations, the archive itself."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LANGUAGES = {"vi": "vi-VN", "en": "en-GB"}
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_IMAGE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
_NAMESPACES = re.compile(r'\sxmlns:\w+="[^"]*"')
_LAST_SECTION = "last-section"
_OLDEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP archive can name."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as it stands in the document: sizes in English metric units."""

    number: int
    name: str
    relation: str
    width: int
    height: int
    png: bytes


@dataclass(frozen=True, slots=True)
class Sections:
    """The page settings of the body, of upright and of wide annexes, each with the width for text."""

    body: str
    upright: str
    wide: str
    room: int
    wide_room: int

    def of_annex(self, annex: Mapping[str, Any]) -> str:
        """Return the settings of an annex's pages."""
        return self.wide if annex["landscape"] else self.upright


def sections_of(document: bytes) -> tuple[Sections, str]:
    """Return the template's page settings, and the document with a tag in their place."""
    tree = etree.fromstring(document)
    body = tree.find(f"{_W}body")
    assert body is not None
    settings = body.find(f"{_W}sectPr")
    assert settings is not None
    room, wide_room = _room(settings, f"{_W}w"), _room(settings, f"{_W}h")
    texts = [_settings_text(settings)]
    # each annex counts its own pages
    numbers = etree.Element(f"{_W}pgNumType", {f"{_W}start": "1"})
    settings.find(f"{_W}pgMar").addnext(numbers)
    texts.append(_settings_text(settings))
    size = settings.find(f"{_W}pgSz")
    across, down = size.get(f"{_W}w"), size.get(f"{_W}h")
    size.attrib.update({f"{_W}w": down, f"{_W}h": across, f"{_W}orient": "landscape"})
    texts.append(_settings_text(settings))
    body.replace(settings, etree.Comment(_LAST_SECTION))
    text = etree.tostring(tree, encoding="unicode").replace(f"<!--{_LAST_SECTION}-->", "{{ last_section }}")
    return Sections(texts[0], texts[1], texts[2], room, wide_room), text


def _room(settings: Any, side: str) -> int:  # noqa: ANN401  an lxml element
    margins = settings.find(f"{_W}pgMar")
    taken = sum(int(margins.get(f"{_W}{name}")) for name in ("left", "right"))
    return int(settings.find(f"{_W}pgSz").get(side)) - taken


def _settings_text(settings: Any) -> str:  # noqa: ANN401  an lxml element
    # the document's root has declared the same names
    return _NAMESPACES.sub("", etree.tostring(settings, encoding="unicode", with_tail=False))


def well_formed(text: str) -> bytes:
    """Return a filled part as XML; what a template broke is refused here and not by Word."""
    tree = etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True))
    written: bytes = etree.tostring(tree, encoding="UTF-8", xml_declaration=True, standalone=True)
    return written


def properties(data: Mapping[str, Any], language: str) -> bytes:
    """Return the document's properties: the memo's title, author and date."""
    author = data["letterhead"]["issuing_body"].replace("\n", " ")
    at = f"{data['dated']}T00:00:00Z"
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(data['title'])}</dc:title><dc:creator>{escape(author)}</dc:creator>"
        f"<dc:identifier>{escape(data['provenance']['memo_id'])}</dc:identifier><dc:language>{language}</dc:language>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{at}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{at}</dcterms:modified></cp:coreProperties>'
    ).encode()


def with_relations(relations: bytes, drawn: Iterable[Drawn]) -> bytes:
    """Return the document's relations with its pictures' among them."""
    added = "".join(f'<Relationship Id="{one.relation}" Type="{_IMAGE}" Target="media/{one.name}"/>' for one in drawn)
    return relations.replace(b"</Relationships>", f"{added}</Relationships>".encode())


def packed(parts: dict[str, bytes]) -> bytes:
    """Return the parts as one archive whose bytes depend on nothing else."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            entry = zipfile.ZipInfo(name, _OLDEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, body)
    return packed.getvalue()
