"""From the files of a units folder to units, with every problem at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _
from thammuu.rulepack.unit_file import RegionEntry, UnitEntry, UnitsFile
from thammuu.rulepack.unit_names import hidden_character, name_key
from thammuu.rulepack.units import RegionSpan, Unit, UnitName
from thammuu.rulepack.yaml_positions import Document, nearest, read_yaml, refuse, validate, yaml_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from thammuu.rulepack.yaml_positions import Steps


@dataclass(frozen=True)
class _Placed:
    """An entry with the place it was read from."""

    document: Document
    way: Steps
    level: str
    entry: UnitEntry


@dataclass(frozen=True)
class _PlacedRegion:
    document: Document
    way: Steps
    entry: RegionEntry


def read_units(folder: Path) -> tuple[Unit, ...]:
    """Read every units file of a folder, sorted by level, code and first date.

    Raises:
        BadInputError: With all problems of all files.
    """
    problems: list[Problem] = []
    units: list[_Placed] = []
    regions: list[_PlacedRegion] = []
    for path in yaml_files(folder):
        try:
            document = read_yaml(path)
        except BadInputError as error:
            problems += error.problems
            continue
        file, wrong = validate(document, UnitsFile)
        problems += wrong
        if file is not None:
            units += [_Placed(document, ("units", i), file.level, one) for i, one in enumerate(file.units)]
            regions += [_PlacedRegion(document, ("regions", i), one) for i, one in enumerate(file.regions)]
    problems += _unit_problems(units)
    problems += _region_problems(regions, {one.entry.id for one in units})
    refuse(problems, lambda: _("The units in {folder} are not valid.").format(folder=folder))
    built = _build(units, [one.entry for one in regions])
    refuse(_ambiguous(units, built), lambda: _("The units in {folder} are not valid.").format(folder=folder))
    return built


def _unit_problems(units: list[_Placed]) -> Iterator[Problem]:
    ids = Counter(one.entry.id for one in units)
    for one in units:
        entry = one.entry
        if ids[entry.id] > 1:
            yield one.document.problem("duplicate-unit", _("each id once"), (*one.way, "id"), value=entry.id)
        if not entry.names and not (entry.name and entry.en):
            yield one.document.problem("unit-name", _("name and en, or names"), one.way, value=entry.id)
        for part in entry.merges:
            if part not in ids:
                yield _unknown_unit(one.document, (*one.way, "merges"), part, ids)
        yield from _name_problems(one)
    yield from _code_problems(units)


def _code_problems(units: list[_Placed]) -> Iterator[Problem]:
    owners: dict[tuple[str, str], list[_Placed]] = {}
    for one in units:
        owners.setdefault((one.level, one.entry.code), []).append(one)
    for same in owners.values():
        for one in same:
            if any(one is not other and _overlap(one.entry, other.entry) for other in same):
                expected = _("a code that no other unit has at the same time")
                yield one.document.problem("duplicate-code", expected, (*one.way, "code"), value=one.entry.code)


def _name_problems(one: _Placed) -> Iterator[Problem]:
    texts = [one.entry.name or "", *one.entry.aliases, *(name.name for name in one.entry.names)]
    for text in texts:
        if hidden_character(text):
            expected = _("a name without invisible characters")
            yield one.document.problem("unit-name", expected, one.way, value=ascii(text))
    for earlier, later in pairwise(one.entry.names):
        if earlier.to is None or later.first != earlier.to + timedelta(days=1):
            expected = _("names that follow each other without gap or overlap")
            yield one.document.problem("unit-names", expected, (*one.way, "names"), value=later.name)


def _region_problems(regions: list[_PlacedRegion], ids: set[str]) -> Iterator[Problem]:
    members: dict[str, list[RegionEntry]] = {}
    for one in regions:
        for unit in one.entry.units:
            members.setdefault(unit, []).append(one.entry)
    for one in regions:
        for i, unit in enumerate(one.entry.units):
            if unit not in ids:
                yield _unknown_unit(one.document, (*one.way, "units", i), unit, ids)
            if sum(_overlap(one.entry, other) for other in members[unit]) > 1:
                expected = _("a unit in one region at a time")
                yield one.document.problem("two-regions", expected, (*one.way, "units", i), value=unit)


def _unknown_unit(document: Document, way: Steps, unit: str, ids: Iterable[str]) -> Problem:
    close = ", ".join(nearest(unit, ids, limit=1))
    more = _(": did you mean {nearest}?").format(nearest=close) if close else ""
    return document.problem("unknown-unit", _("the id of a unit") + more, way, value=unit)


def _overlap(one: UnitEntry | RegionEntry, other: UnitEntry | RegionEntry) -> bool:
    starts = max(one.first or date.min, other.first or date.min)
    return starts <= min(one.to or date.max, other.to or date.max)


def _build(units: list[_Placed], regions: list[RegionEntry]) -> tuple[Unit, ...]:
    heirs = {part: one.entry.id for one in units for part in one.entry.merges}
    spans: dict[str, list[RegionSpan]] = {}
    for region in sorted(regions, key=lambda one: one.first or date.min):
        for unit in region.units:
            span = RegionSpan(region.name.vi, region.name.en or region.name.vi, region.first, region.to)
            spans.setdefault(unit, []).append(span)
    built = [
        Unit(
            id=one.entry.id,
            code=one.entry.code,
            level=one.level,
            names=_names(one.entry),
            valid_from=one.entry.first,
            valid_to=one.entry.to,
            predecessors=tuple(one.entry.merges),
            successor=heirs.get(one.entry.id),
            aliases=tuple(one.entry.aliases),
            regions=tuple(spans.get(one.entry.id, ())),
        )
        for one in units
    ]
    return tuple(sorted(built, key=lambda unit: (unit.level, unit.code, unit.valid_from or date.min)))


def _names(entry: UnitEntry) -> tuple[UnitName, ...]:
    if not entry.names:
        assert entry.name is not None
        assert entry.en is not None
        return (UnitName(entry.name, entry.en, entry.kind, entry.full or f"{entry.kind} {entry.name}"),)
    return tuple(
        UnitName(one.name, one.en, one.kind, one.full or f"{one.kind} {one.name}", one.first, one.to)
        for one in entry.names
    )


def _ambiguous(placed: list[_Placed], units: tuple[Unit, ...]) -> Iterator[Problem]:
    """Find spellings that name two units of a level at the same time."""
    places = {one.entry.id: one for one in placed}
    owners: dict[tuple[str, str], list[str]] = {}
    for unit in units:
        for key in {name_key(text) for text in unit.spellings()}:
            owners.setdefault((unit.level, key), []).append(unit.id)
    for (_owner_level, key), ids in owners.items():
        for one, other in pairwise(ids):
            if _overlap(places[one].entry, places[other].entry):
                expected = _("spellings that name one unit at a time; {other} has it too").format(other=other)
                yield places[one].document.problem("ambiguous-name", expected, places[one].way, value=key)
