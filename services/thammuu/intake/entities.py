"""Find the unit that a code, a name or both stand for, at the publication's date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from thammuu.i18n import _
from thammuu.intake.limits import LIMITS
from thammuu.intake.words import fold, is_aggregate
from thammuu.rulepack.units import UnitNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import date

    from thammuu.errors import Place
    from thammuu.intake.problems import Problems
    from thammuu.rulepack.units import Unit, UnitRegistry

Found = int | Literal["aggregate"] | None
"""A unit's position in code order, an aggregate, or nothing."""


class EntityFinder:
    """The units of one level on one date; every spelling is resolved once.

    Args:
        registry: The units.
        on: The date their names and codes are read as of.
        level: The framework's unit level.
    """

    def __init__(self, registry: UnitRegistry, on: date, level: str) -> None:
        self._registry, self.on, self._level = registry, on, level
        self.units: tuple[Unit, ...] = registry.at(on, level)
        self._positions = {unit.id: position for position, unit in enumerate(self.units)}
        self._codes = {unit.code: position for position, unit in enumerate(self.units)}
        self._regions = {fold(region) for unit in self.units if (region := unit.region_on(on))}
        self._known: dict[tuple[str, str], Found] = {}
        self._unknown = 0

    def find(self, code: str, name: str, problems: Problems, where: Callable[[], Place]) -> Found:
        """Return what a row's code and name stand for, listing what is wrong with them.

        Args:
            code: The code's cell, blank if there is none.
            name: The name's cell, blank if there is none.
            problems: Where errors go.
            where: Gives the place of the cell.

        Raises:
            BadInputError: If so many names are unknown that the file is of another kind.
        """
        key = (code, name)
        found = self._known.get(key)
        if found is not None:
            return found
        if key in self._known:
            problems.again(("unit", *key), where())
            return None
        found = self._known[key] = self._look_up(code.strip(), name.strip(), problems, where(), ("unit", *key))
        return found

    def _look_up(self, code: str, name: str, problems: Problems, place: Place, alike: Hashable) -> Found:
        label = name or code
        if not label:
            problems.error("no-unit", _("the code or name of a unit"), place, alike=alike)
            return None
        if is_aggregate(label) or self.is_region(label):
            return "aggregate"
        by_name = self._resolve(name, problems, place, alike) if name else None
        padded = code.zfill(2) if code.isdecimal() else code
        by_code = self._resolve(padded, problems, place, alike) if code else None
        if name and code and by_name is not None and by_code is not None and by_name != by_code:
            text = _("code and name of one unit; on {date} code {code} is {unit}")
            unit = self.units[by_code].name_on(self.on)
            expected, both = text.format(date=self.on, code=code, unit=unit), f"{code} {name}"
            problems.error("units-disagree", expected, place, both, alike=alike)
            return None
        return None if (name and by_name is None) or (code and by_code is None) else by_name if name else by_code

    def is_region(self, label: str) -> bool:
        """Tell whether a row's label is a region's name."""
        return fold(label) in self._regions

    def _resolve(self, text: str, problems: Problems, place: Place, alike: Hashable) -> int | None:
        if text in self._codes:
            return self._codes[text]
        try:
            return self._positions[self._registry.resolve(text, self.on, self._level).id]
        except UnitNotFoundError as unknown:
            self._unknown += 1
            near = ", ".join(unknown.suggestions)
            expected = _("a unit known on {date}; nearest: {near}").format(date=self.on, near=near or _("none"))
            problems.error("unknown-unit", expected, place, text, alike=alike)
            if self._unknown > LIMITS.unknown_names:
                problems.give_up_on_names(place)
            return None
