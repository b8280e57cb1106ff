"""What templates are given: a model's data with only letters that can be drawn, or a refusal that names the field."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from thammuu.errors import PermanentRefusalError
from thammuu.i18n import _
from thammuu.memos.clean import drawable

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_TEXT = 100_000
"""A single text longer than this is no text of a memo."""
_ESCAPED_CONTROLS = ("\\u00", "\\t", "\\r", "\\f", "\\b")


def is_plain(stored: str, letters: frozenset[int]) -> bool:
    """Return whether a model's JSON text surely holds only short texts of letters that can be drawn, in normal form."""
    return (
        len(stored) <= MAX_TEXT
        and letters.issuperset(map(ord, set(stored)))
        and not any(escape in stored for escape in _ESCAPED_CONTROLS)
        and unicodedata.is_normalized("NFC", stored)
    )


def printable(data: dict[str, Any], letters: frozenset[int]) -> dict[str, Any]:
    """Return a model's data with every text made drawable.

    Raises:
        PermanentRefusalError: If a text is longer than any memo's.
    """
    cleaned: dict[str, Any] = _cleaned(data, letters, "")
    return cleaned


def _cleaned(value: Any, letters: frozenset[int], path: str) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise _refusal(path, _("the text has {n} characters, more than {most}").format(n=len(value), most=MAX_TEXT))
        return drawable(value, letters)
    if isinstance(value, dict):
        return {key: _cleaned(inner, letters, f"{path}.{key}" if path else key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_cleaned(inner, letters, f"{path}[{place}]") for place, inner in enumerate(value)]
    return value


def blocks_of(data: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each block with its name among the pictures and its path in the model."""
    for part, name in (("sections", "section"), ("annexes", "annex")):
        for place, inner in enumerate(data[part]):
            for number, block in enumerate(inner["blocks"]):
                yield f"{name}-{place}-{number}", f"{part}[{place}].blocks[{number}]", block


def check_tables(data: dict[str, Any]) -> None:
    """Refuse tables that no template can print.

    Raises:
        PermanentRefusalError: Naming the row or column.
    """
    for _name, path, block in blocks_of(data):
        if block["kind"] == "table":
            _check_table(block, path)


def _check_table(table: dict[str, Any], path: str) -> None:
    width = len(table["columns"])
    if not width:
        raise _refusal(f"{path}.columns", _("a table needs a column"))
    for place, column in enumerate(table["columns"]):
        if not column["width"] > 0:
            raise _refusal(f"{path}.columns[{place}].width", _("a width is more than 0"))
    for place, row in enumerate(table["rows"]):
        if len(row["cells"]) not in (1, width):
            told = _("a row of {n} cells in a table of {width} columns").format(n=len(row["cells"]), width=width)
            raise _refusal(f"{path}.rows[{place}]", told)


def _refusal(path: str, told: str) -> PermanentRefusalError:
    return PermanentRefusalError(_("The memo cannot be printed: {path}: {fault}").format(path=path, fault=told))
