"""From an official annex (XLSX) to the text of a framework file."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from thammuu.i18n import _
from thammuu.intake.words import fold
from thammuu.rulepack.framework_annex_rows import AnnexRow, read_annex
from thammuu.rulepack.framework_check import read_framework
from thammuu.rulepack.yaml_positions import parse_yaml, refuse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from thammuu.rulepack.framework_tree import Framework, Level
    from thammuu.rulepack.text import Text

_LEVEL_NAMES: dict[Level, tuple[str, str]] = {
    "total": ("tổng điểm", "total"),
    "domain": ("lĩnh vực", "domain"),
    "criterion": ("tiêu chí", "criterion"),
    "sub-criterion": ("tiêu chí thành phần", "sub-criterion"),
    "indicator": ("chỉ tiêu", "indicator"),
}
_SLUG_LENGTH = 60
_NO_PUBLISHER = "(chưa ghi cơ quan công bố)"


def import_annex(  # noqa: PLR0913  the head of a framework file, which an annex does not hold
    path: Path,
    *,
    framework_id: str,
    index: str,
    title: str | None = None,
    publisher: str | None = None,
    first_period: str | None = None,
    earlier: Framework | None = None,
) -> str:
    """Return the YAML text of a framework file made from an annex.

    Args:
        path: A workbook with columns code, name, maximum and, if wanted, level, parent and method; headers
            in Vietnamese or English.
        framework_id: Id of the new edition.
        index: Index it belongs to.
        title: Vietnamese title; the index id when not given.
        publisher: Who publishes the index.
        first_period: First period the edition is for.
        earlier: The edition before: criteria with an unchanged name keep its concept, and its names of levels
            and bands are taken over.

    Raises:
        BadInputError: With all problems, each with sheet, row and column.
    """
    annex = read_annex(path)
    rows = [row for row in annex.rows if row.level != "total"]
    total = annex.total or next((row.maximum for row in annex.rows if row.level == "total"), None)
    domains = [row.maximum for row in rows if row.parent is None]
    if total is None and all(maximum is not None for maximum in domains):
        total = round(sum(maximum for maximum in domains if maximum is not None), 6)
    head = {
        "id": framework_id,
        "index": index,
        "title": {"vi": title or (earlier.title.vi if earlier else index)},
        "short_title": {"vi": earlier.short_title.vi if earlier else index.upper().replace("-", " ")},
        "publisher": {"vi": publisher or (earlier.publisher.vi if earlier else _NO_PUBLISHER)},
        "periods": {"from": first_period} if first_period else {},
    }
    lines = [f"# Imported from {path.name}; look through names, methods, directions and concepts before use."]
    lines += [f"{key}: {_flow(value)}" for key, value in head.items()]
    lines += _bands(earlier)
    lines += [f"sources: [{_flow(path.name)}]", "defaults: {min: 0}", "levels:"]
    used = {row.level for row in rows}
    shown = [level for level in _LEVEL_NAMES if level == "total" or level in used]
    lines += [f"  {level}: {{name: {_level_name(level, earlier)}}}" for level in shown]
    lines.append("nodes:")
    root = {"code": "total", "concept": f"{index}.total", "name": title or index, "max": total}
    lines += [f"  - {_flow(root)}", *(f"  - {_flow(node)}" for node in _nodes(rows, index, earlier))]
    text = "\n".join(lines) + "\n"
    document = parse_yaml(text, f"{framework_id}.yaml")
    refuse(read_framework(document)[1], lambda: _("The annex {file} was not imported.").format(file=path))
    return text


def _nodes(rows: Iterable[AnnexRow], index: str, earlier: Framework | None) -> Iterator[dict[str, object]]:
    known = {_same(node.name.vi): node.concept for node in earlier.nodes} if earlier else {}
    taken = {f"{index}.total"}
    for row in rows:
        concept = known.get(_same(row.name)) or f"{index}.{_slug(row.name)}"
        if concept in taken:
            concept = f"{index}.{_slug(row.name)}-{_slug(row.code)}"
        taken.add(concept)
        node = {"code": row.code, "parent": row.parent or "total", "level": row.level, "concept": concept}
        yield {**node, "name": row.name, "max": row.maximum, "method": row.method}


def _same(name: str) -> str:
    return re.sub(r"\W+", " ", name.casefold()).strip()


def _slug(text: str) -> str:
    words = re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")
    return words if len(words) <= _SLUG_LENGTH else words[:_SLUG_LENGTH].rpartition("-")[0] or words[:_SLUG_LENGTH]


def _level_name(level: Level, earlier: Framework | None) -> str:
    found: Text | None = earlier.level_names.get(level) if earlier else None
    vi, en = _LEVEL_NAMES[level]
    return _flow({"vi": found.vi, "en": found.en} if found else {"vi": vi, "en": en})


def _bands(earlier: Framework | None) -> list[str]:
    if earlier is None or not earlier.bands:
        return []
    groups = [{"name": band.name.model_dump(exclude_none=True), "from": band.from_value} for band in earlier.bands]
    return [f"bands: {_flow({'method': earlier.band_method, 'groups': groups})}"]


def _flow(value: object) -> str:
    """Write a value on one line; JSON is YAML, and its keys read better bare."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items() if item is not None) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False)
