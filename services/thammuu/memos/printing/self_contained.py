"""Whether a printed page loads nothing: no scripts, no frames, no files or styles from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_ELEMENTS = frozenset({"script", "link", "iframe", "frame", "object", "embed", "applet", "base", "portal"})
_ADDRESSES = frozenset(
    {"src", "srcset", "href", "xlink:href", "poster", "data", "action", "formaction", "background", "ping", "manifest"}
)
_WITHIN = re.compile(r"\s*(?:#|data:image/|data:font/|$)")
_STYLE_LOADS = re.compile(r"@import|\\|url\(\s*[\"']?(?!\s*[\"']?(?:#|data:(?:image|font)/))", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def loads(page: str) -> str | None:
    """Return the first thing that a page would load or run, None if there is nothing."""
    from lxml import html

    for element in html.fromstring(page).iter():
        # comments and instructions have no name
        if isinstance(element.tag, str):
            found = next(_of_element(element.tag, dict(element.attrib), element.text or ""), None)
            if found:
                return found
    return None


def _of_element(tag: str, attributes: dict[str, str], text: str) -> Iterator[str]:
    if tag in _ELEMENTS or (tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh"):
        yield f"<{tag}>"
    for name, value in attributes.items():
        if name in _ADDRESSES and not _WITHIN.match(value):
            yield f'{name}="{value[:80]}"'
        if name.startswith("on"):
            yield name
        if name == "style" and _loads_style(value):
            yield f'style="{value[:80]}"'
    if tag == "style" and _loads_style(text):
        yield "<style>"


def _loads_style(text: str) -> bool:
    return bool(_STYLE_LOADS.search(_COMMENT.sub(" ", text)))
