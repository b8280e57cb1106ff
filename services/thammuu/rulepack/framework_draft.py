"""A framework file that has the right form: its levels and values worked out, ready to check and to build."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from thammuu.canonical import content_hash
from thammuu.rulepack.framework_file import NodeDefaults
from thammuu.rulepack.framework_tree import Band, Framework, Node
from thammuu.rulepack.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.rulepack.framework_file import FrameworkFile, NodeEntry
    from thammuu.rulepack.framework_tree import Level
    from thammuu.rulepack.yaml_positions import Document

_BUILT_IN: dict[str, Any] = {
    "weight": 1.0,
    "direction": "higher",
    "aggregate": "sum",
    "bounds": "hard",
    "scale_unit": "points",
    "min": None,
    "max": None,
    "method": None,
}
_MAY_BE_UNKNOWN = frozenset({"min", "max", "method"})


@dataclass(frozen=True)
class Draft:
    """A framework file with the document it was read from."""

    document: Document
    file: FrameworkFile

    @cached_property
    def places(self) -> dict[str, int]:
        """Each code's position in the file."""
        return {entry.code: i for i, entry in enumerate(self.file.nodes)}

    @cached_property
    def parents(self) -> dict[str, str | None]:
        """Each code's parent."""
        return {entry.code: entry.parent for entry in self.file.nodes}

    @cached_property
    def levels(self) -> dict[str, Level | None]:
        """Each code's level: the stated one, or the one below the parent's; None where there is none."""
        found: dict[str, Level | None] = {}
        for entry in self.file.nodes:
            waiting = self._way_up(entry, found)
            for one in reversed(waiting):
                found[one.code] = one.level or self._below(one.parent, found)
        return found

    def _way_up(self, entry: NodeEntry, found: dict[str, Level | None]) -> list[NodeEntry]:
        """Return the node and its ancestors whose levels are not found yet."""
        way: dict[str, NodeEntry] = {}
        here: NodeEntry | None = entry
        while here is not None and here.code not in found and here.code not in way:
            way[here.code] = here
            place = self.places.get(here.parent or "")
            here = None if place is None else self.file.nodes[place]
        return list(way.values())

    def _below(self, parent: str | None, found: dict[str, Level | None]) -> Level | None:
        order: list[Level] = list(self.file.levels)
        if parent is None:
            return order[0]
        above = found.get(parent)
        position = order.index(above) + 1 if above in order else len(order)
        return order[position] if position < len(order) else None

    def holders(self, entry: NodeEntry) -> tuple[NodeDefaults, ...]:
        """Return what a node's values come from, the weakest first."""
        level = self.levels[entry.code]
        return (self.file.defaults, self.file.levels[level] if level in self.file.levels else NodeDefaults(), entry)

    def values(self, entry: NodeEntry) -> dict[str, Any]:
        """Return a node's own values over its level's over the file's."""
        values = dict(_BUILT_IN)
        for holder in self.holders(entry):
            if holder.scale in self.file.scales:
                values["min"], values["max"] = self.file.scales[holder.scale]
            stated = {name: getattr(holder, name) for name in holder.model_fields_set & set(_BUILT_IN)}
            values.update({name: item for name, item in stated.items() if item is not None or name in _MAY_BE_UNKNOWN})
        return values

    def build(self) -> Framework:
        """Return the framework; the draft must have no errors."""
        file = self.file
        return Framework(
            id=file.id,
            index=file.index,
            title=file.title,
            short_title=file.short_title,
            publisher=file.publisher,
            nodes=tuple(self._node(entry) for entry in self._pre_order()),
            first_period=file.periods.first,
            last_period=file.periods.to,
            label=file.label,
            level_names={level: entry.name for level, entry in file.levels.items()},
            unit_level=file.unit_level,
            bands=tuple(Band(band.name, band.from_value) for band in (file.bands.groups if file.bands else ())),
            band_method=file.bands.method if file.bands else None,
            officially_ranked=file.officially_ranked,
            partial_total_allowed=file.partial_total_allowed,
            sources=tuple(file.sources),
            hash=content_hash(self.document.data),
        )

    def _pre_order(self) -> Iterator[NodeEntry]:
        below: dict[str | None, list[NodeEntry]] = {}
        for entry in self.file.nodes:
            below.setdefault(entry.parent, []).append(entry)
        waiting = below.get(None, [])[::-1]
        while waiting:
            entry = waiting.pop()
            yield entry
            waiting += below.get(entry.code, [])[::-1]

    def _node(self, entry: NodeEntry) -> Node:
        level = self.levels[entry.code]
        assert level is not None
        return Node(
            code=entry.code,
            concept=entry.concept,
            level=level,
            parent=entry.parent,
            name=Text(vi=entry.name, en=entry.name_en),
            succeeds=tuple(entry.succeeds.concepts) if entry.succeeds else (),
            succeeds_note=entry.succeeds.note if entry.succeeds else None,
            own_code=entry.own_code,
            code_aliases=tuple(entry.code_aliases),
            **self.values(entry),
        )
