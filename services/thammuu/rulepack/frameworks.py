"""Frameworks: the editions of every index, found by index and period."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.period import Period
from thammuu.rulepack.framework_check import check_framework, load_framework, read_framework
from thammuu.rulepack.framework_file import framework_schema
from thammuu.rulepack.framework_tree import Band, Framework, Node, UnknownNodeError, first_day
from thammuu.rulepack.yaml_positions import nearest, read_yaml, refuse, yaml_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

__all__ = [
    "Band",
    "Framework",
    "FrameworkLibrary",
    "Node",
    "UnknownNodeError",
    "check_framework",
    "framework_schema",
    "load_framework",
]


@dataclass(frozen=True)
class FrameworkLibrary:
    """All frameworks of a rule pack, sorted by index and first period."""

    frameworks: tuple[Framework, ...]

    @classmethod
    def load(cls, folder: Path) -> FrameworkLibrary:
        """Read every ``*.yaml`` of a folder.

        Raises:
            BadInputError: With all problems of all files.
        """
        found: list[Framework] = []
        problems: list[Problem] = []
        for path in yaml_files(folder):
            try:
                framework, wrong = read_framework(read_yaml(path))
            except BadInputError as error:
                problems += error.problems
                continue
            problems += [problem for problem in wrong if problem.severity == "error"]
            found += [framework] if framework else []
        library = cls(tuple(sorted(found, key=_order)))
        problems += library._problems(str(folder), whole=not problems)
        refuse(problems, lambda: _("The frameworks in {folder} are not valid.").format(folder=folder))
        return library

    def _problems(self, folder: str, *, whole: bool) -> Iterator[Problem]:
        place = Place(file=folder)
        ids = [one.id for one in self.frameworks]
        for twice in sorted({one for one in ids if ids.count(one) > 1}):
            yield Problem("duplicate-framework", _("each framework id once"), place, twice)
        for index in self.indices():
            for earlier, later in pairwise(self.editions(index)):
                if _first(earlier) == _first(later) or (earlier.last_period and _overlap(earlier, later)):
                    shown = f"{earlier.id}, {later.id}"
                    yield Problem("overlapping-editions", _("editions that do not overlap"), place, shown)
        if whole:
            yield from self._succession(place)

    def _succession(self, place: Place) -> Iterator[Problem]:
        known = {node.concept for framework in self.frameworks for node in framework.nodes}
        for framework in self.frameworks:
            for concept in (one for node in framework.nodes for one in node.succeeds if one not in known):
                expected = _("a concept some edition has, in `succeeds` of {id}").format(id=framework.id)
                yield Problem("unknown-concept", expected, place, concept)

    def all(self) -> tuple[Framework, ...]:
        """Return every edition, sorted by index and first period."""
        return self.frameworks

    def indices(self) -> tuple[str, ...]:
        """Return the index ids, sorted."""
        return tuple(sorted({one.index for one in self.frameworks}))

    def editions(self, index: str) -> tuple[Framework, ...]:
        """Return an index's editions, oldest first."""
        return tuple(one for one in self.frameworks if one.index == index)

    def get(self, framework_id: str) -> Framework:
        """Return an edition by its id.

        Raises:
            UnknownNodeError: If there is none, with the nearest ids.
        """
        for one in self.frameworks:
            if one.id == framework_id:
                return one
        message = _("There is no framework {id}.").format(id=framework_id)
        raise UnknownNodeError(message + _did_you_mean(framework_id, (one.id for one in self.frameworks)))

    def for_period(self, index: str, period: Period) -> Framework:
        """Return the edition of an index that a period is scored by: the newest that covers it.

        Raises:
            UnknownNodeError: If the index or an edition for the period does not exist.
        """
        editions = self.editions(index)
        if not editions:
            message = _("There is no index {index}.").format(index=index)
            raise UnknownNodeError(message + _did_you_mean(index, self.indices()))
        for one in reversed(editions):
            if one.covers(period):
                return one
        spans = ", ".join(f"{one.id} ({one.first_period or '…'}-{one.last_period or '…'})" for one in editions)
        message = _("No framework of {index} covers {period}; there are {editions}.")
        raise UnknownNodeError(message.format(index=index, period=period, editions=spans))


def _first(framework: Framework) -> str:
    return first_day(Period(framework.first_period)).isoformat() if framework.first_period else ""


def _order(framework: Framework) -> tuple[str, str, str]:
    return (framework.index, _first(framework), framework.id)


def _overlap(earlier: Framework, later: Framework) -> bool:
    assert earlier.last_period is not None
    return later.first_period is None or first_day(Period(later.first_period)) <= Period(earlier.last_period).end


def _did_you_mean(word: str, choices: Iterable[str]) -> str:
    close = nearest(word, sorted(set(choices)))
    return " " + _("Did you mean {nearest}?").format(nearest=", ".join(close)) if close else ""
