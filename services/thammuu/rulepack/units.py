"""Units that are scored: found by name or code on a date."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from thammuu.errors import ThammuuError
from thammuu.i18n import _
from thammuu.rulepack.unit_names import code_key, hidden_character, name_key, stated_kind
from thammuu.rulepack.yaml_positions import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path


class UnitNotFoundError(ThammuuError):
    """A text names no unit on a date.

    Args:
        message: One translated sentence.
        suggestions: The nearest names, or the successor's, best first.
    """

    exit_code = 2

    def __init__(self, message: str, suggestions: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.suggestions = tuple(suggestions)


@dataclass(frozen=True, slots=True)
class UnitName:
    """What a unit is called between two dates, both included; None where open."""

    name: str
    name_en: str
    kind: str
    full: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class RegionSpan:
    """The region a unit belongs to between two dates, both included."""

    name: str
    name_en: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Unit:
    """A unit that is scored; the same code may be another unit's at another date."""

    id: str
    code: str
    level: str
    names: tuple[UnitName, ...]
    valid_from: date | None = None
    valid_to: date | None = None
    predecessors: tuple[str, ...] = ()
    successor: str | None = None
    aliases: tuple[str, ...] = ()
    regions: tuple[RegionSpan, ...] = field(default=())

    def exists_on(self, on: date) -> bool:
        """Return whether the unit exists on a date."""
        return _within(self, on)

    def _name(self, on: date) -> UnitName:
        """Return the name on a date; before its first date the first, after its last the last."""
        for name in self.names:
            if _within(name, on):
                return name
        first = self.names[0].valid_from
        return self.names[0] if first is not None and on < first else self.names[-1]

    def name_on(self, on: date) -> str:
        """Return the bare name: ``Hà Nam``."""
        return self._name(on).name

    def full_name_on(self, on: date) -> str:
        """Return the name with its kind: ``tỉnh Hà Nam``, ``thành phố Huế``."""
        return self._name(on).full

    def name_en_on(self, on: date) -> str:
        """Return the English name: ``Ha Nam``."""
        return self._name(on).name_en

    def kind_on(self, on: date) -> str:
        """Return ``tỉnh`` or ``thành phố``."""
        return self._name(on).kind

    def was_ever(self, kind: str) -> bool:
        """Return whether the unit is of a kind at any date; ``thành phố Thanh Hóa`` is not the province."""
        return any(name.kind == kind for name in self.names)

    def region_on(self, on: date) -> str | None:
        """Return the region's name, None where the unit has none on the date."""
        return next((region.name for region in self.regions if _within(region, on)), None)

    def spellings(self) -> tuple[str, ...]:
        """Return everything the unit is called at any date."""
        every = [text for name in self.names for text in (name.name, name.name_en, name.full)]
        return tuple(dict.fromkeys([*every, *self.aliases]))


def _within(span: Unit | UnitName | RegionSpan, on: date) -> bool:
    return (span.valid_from is None or span.valid_from <= on) and (span.valid_to is None or on <= span.valid_to)


@dataclass(frozen=True)
class UnitRegistry:
    """All units of a rule pack."""

    units: tuple[Unit, ...]

    @classmethod
    def load(cls, folder: Path) -> UnitRegistry:
        """Read every ``*.yaml`` of a folder.

        Raises:
            BadInputError: With all problems of all files.
        """
        from thammuu.rulepack.unit_check import read_units

        return cls(read_units(folder))

    @cached_property
    def _by_id(self) -> dict[str, Unit]:
        return {unit.id: unit for unit in self.units}

    @cached_property
    def _by_code(self) -> dict[str, tuple[Unit, ...]]:
        found: dict[str, list[Unit]] = {}
        for unit in self.units:
            found.setdefault(unit.code, []).append(unit)
        return {code: tuple(units) for code, units in found.items()}

    @cached_property
    def _by_key(self) -> dict[str, tuple[Unit, ...]]:
        found: dict[str, dict[str, Unit]] = {}
        for unit in self.units:
            for text in unit.spellings():
                found.setdefault(name_key(text), {})[unit.id] = unit
        return {key: tuple(units.values()) for key, units in found.items()}

    def get(self, unit_id: str) -> Unit:
        """Return a unit by its id.

        Raises:
            UnitNotFoundError: If there is none, with the nearest ids.
        """
        found = self._by_id.get(unit_id)
        if found is None:
            close = nearest(unit_id, self._by_id)
            raise UnitNotFoundError(_("There is no unit with the id {id}.").format(id=unit_id), close)
        return found

    def at(self, on: date, level: str = "province") -> tuple[Unit, ...]:
        """Return the units of a level that exist on a date, in code order."""
        return tuple(sorted((u for u in self.units if u.level == level and u.exists_on(on)), key=lambda u: u.code))

    def resolve(self, text: str, on: date, level: str = "province") -> Unit:
        """Return the unit a text names on a date.

        Args:
            text: A name, an alias, a code or an id, in any Unicode form, with or without ``Tỉnh`` or ``TP.``.
            on: The date the text speaks of; codes and names change owners.
            level: The level to look in.

        Raises:
            UnitNotFoundError: If no unit, or more than one, is called so on that date; with the nearest names.
        """
        asked = text.strip(" \t\r\n\u00a0")
        hidden = hidden_character(asked)
        if hidden:
            message = _("The name {text} holds a character that is not visible: {character}.")
            raise UnitNotFoundError(message.format(text=ascii(asked), character=hidden))
        known = [unit for unit in self._named(asked) if unit.level == level]
        alive = [unit for unit in known if unit.exists_on(on)]
        if len(alive) == 1:
            return alive[0]
        if alive:
            names = [unit.full_name_on(on) for unit in alive]
            message = _("{text} can mean {names}.").format(text=asked, names=", ".join(names))
            raise UnitNotFoundError(message, names)
        if known:
            raise self._gone(asked, known, on)
        raise self._unknown(asked, on, level)

    def _named(self, asked: str) -> tuple[Unit, ...]:
        code = code_key(asked)
        if code is not None:
            return self._by_code.get(code, ())
        if asked in self._by_id:
            return (self._by_id[asked],)
        kind = stated_kind(asked)
        return tuple(unit for unit in self._by_key.get(name_key(asked), ()) if kind is None or unit.was_ever(kind))

    def heir(self, unit: Unit, on: date) -> Unit | None:
        """Return the unit that a merged one belongs to on a date; itself while it exists; None before it began."""
        here: Unit | None = unit
        while here is not None and not here.exists_on(on):
            here = self._by_id.get(here.successor) if here.successor else None
        return here

    def answering_for(self, unit_ids: Iterable[str], on: date) -> frozenset[str]:
        """Return the units that answer for some units on a date: themselves, or those they have merged into."""
        return frozenset((self.heir(unit, on) or unit).id for unit in map(self.get, unit_ids))

    def _gone(self, asked: str, known: list[Unit], on: date) -> UnitNotFoundError:
        for unit in known:
            heir = self.heir(unit, on)
            if heir is not None and heir.valid_from is not None:
                start = heir.valid_from
                message = _("{unit} was merged into {heir} from {date}; on {on} there is no {text}.").format(
                    unit=unit.full_name_on(start), heir=heir.full_name_on(on), date=_day(start), on=_day(on), text=asked
                )
                return UnitNotFoundError(message, [heir.name_on(on)])
        begins = min(unit.valid_from for unit in known if unit.valid_from is not None)
        message = _("{text} exists only from {date}; on {on} there is none.")
        parts = [self._by_id[part].name_on(on) for unit in known for part in unit.predecessors]
        return UnitNotFoundError(message.format(text=asked, date=_day(begins), on=_day(on)), parts)

    def _unknown(self, asked: str, on: date, level: str) -> UnitNotFoundError:
        here = self.at(on, level)
        names = {name_key(text): unit.name_on(on) for unit in here for text in unit.spellings()}
        close = list(dict.fromkeys(names[key] for key in nearest(name_key(asked), names, limit=6, cutoff=70)))[:3]
        message = _("No unit is called {text} on {on}.").format(text=asked, on=_day(on))
        if code_key(asked):
            message = _("No unit has the code {text} on {on}.").format(text=asked, on=_day(on))
        elif close:
            message += " " + _("Did you mean {nearest}?").format(nearest=", ".join(close))
        return UnitNotFoundError(message, close)


def _day(on: date) -> str:
    """Write a date as officials do: zeros before days under 10 and months 1 and 2 only."""
    month = f"{on.month:02}" if on.month <= 2 else str(on.month)  # noqa: PLR2004  January and February
    return f"{on.day:02}/{month}/{on.year}"
