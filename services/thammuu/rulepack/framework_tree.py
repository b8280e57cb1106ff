"""A framework in memory: the dated edition of an index's criteria tree."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from thammuu.errors import ThammuuError
from thammuu.i18n import _
from thammuu.period import Period

if TYPE_CHECKING:
    from thammuu.rulepack.text import Text

Level = Literal["total", "domain", "criterion", "sub-criterion", "indicator"]
Direction = Literal["higher", "lower", "none"]
Aggregate = Literal["sum", "mean", "published"]
Bounds = Literal["hard", "soft"]
BandMethod = Literal["percent-of-max", "quartile"]


class UnknownNodeError(ThammuuError):
    """A code or a framework that does not exist was asked for."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the tree.

    Args:
        code: The code in this edition; codes are re-used with other meanings in other editions.
        concept: The stable identity across editions.
        level: Depth, by its name.
        parent: The parent's code; None for the root.
        name: What the publisher calls it.
        weight: Factor of this node's score in its parent's sum.
        min: Lowest possible score, None when unknown.
        max: Highest possible score, None when unknown.
        method: How it is measured, such as ``appraisal`` or ``citizen-survey``.
        direction: Which way is better.
        aggregate: How this node's score comes from its children; ignored for leaves.
        bounds: Whether a score outside min and max refuses the sheet (hard) or warns (soft).
        scale_unit: Unit of the score for wording: ``points``, ``percent``, ``ratio`` ...
        succeeds: Concepts of earlier editions that this one follows without being the same.
        succeeds_note: Why it is not the same.
        own_code: The publisher's code is not known; this one is ours and is not to be shown as official.
        code_aliases: Other codes sheets use for this node.
    """

    code: str
    concept: str
    level: Level
    parent: str | None
    name: Text
    weight: float = 1.0
    min: float | None = None
    max: float | None = None
    method: str | None = None
    direction: Direction = "higher"
    aggregate: Aggregate = "sum"
    bounds: Bounds = "hard"
    scale_unit: str = "points"
    succeeds: tuple[str, ...] = ()
    succeeds_note: Text | None = None
    own_code: bool = False
    code_aliases: tuple[str, ...] = ()

    @property
    def surveyed(self) -> bool:
        """Whether people's answers measure it, so that it is never an agency's administrative target."""
        return bool(self.method and self.method.endswith("survey"))


@dataclass(frozen=True, slots=True)
class Band:
    """One band of totals: from this percent of the maximum, or from this percentile, upwards."""

    name: Text
    from_value: float | None


@dataclass(frozen=True)
class Framework:
    """One edition of an index: its tree in pre-order and what memos must say about it."""

    id: str
    index: str
    title: Text
    short_title: Text
    publisher: Text
    nodes: tuple[Node, ...]
    first_period: str | None
    last_period: str | None
    label: Text | None
    level_names: dict[str, Text]
    unit_level: str
    bands: tuple[Band, ...]
    band_method: BandMethod | None
    officially_ranked: bool
    partial_total_allowed: bool
    sources: tuple[str, ...]
    hash: str = field(compare=False)

    @property
    def root(self) -> Node:
        """The node of the total."""
        return self.nodes[0]

    @cached_property
    def _by_code(self) -> dict[str, Node]:
        aliases = {alias: node for node in self.nodes for alias in node.code_aliases}
        return aliases | {node.code: node for node in self.nodes}

    @cached_property
    def _by_concept(self) -> dict[str, Node]:
        return {node.concept: node for node in self.nodes}

    @cached_property
    def _children(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, list[Node]] = {}
        for node in self.nodes[1:]:
            found.setdefault(node.parent or "", []).append(node)
        return {code: tuple(nodes) for code, nodes in found.items()}

    @cached_property
    def leaves(self) -> tuple[Node, ...]:
        """The nodes without children, in tree order."""
        return tuple(node for node in self.nodes if self.is_leaf(node.code))

    def get(self, code: str) -> Node | None:
        """Return the node with a code or alias, or None."""
        return self._by_code.get(code)

    def node(self, code: str) -> Node:
        """Return the node with a code or alias.

        Raises:
            UnknownNodeError: If the edition has no such code.
        """
        found = self.get(code)
        if found is None:
            raise UnknownNodeError(_("{framework} has no code {code}.").format(framework=self.id, code=code))
        return found

    def of_concept(self, concept: str) -> Node | None:
        """Return the node that carries a concept in this edition, or None."""
        return self._by_concept.get(concept)

    def children(self, code: str) -> tuple[Node, ...]:
        """Return the nodes directly below one, in tree order."""
        return self._children.get(code, ())

    def is_leaf(self, code: str) -> bool:
        """Return whether nothing stands below the node."""
        return code not in self._children

    def domain_of(self, code: str) -> Node:
        """Return the node's ancestor just below the total; the total's is itself."""
        here = self.node(code)
        while here.parent is not None and here.parent != self.root.code:
            here = self.node(here.parent)
        return here

    def summed_to_total(self, code: str) -> bool:
        """Return whether every step from the node up to the total adds up scores."""
        here = self.node(code)
        while here.parent is not None:
            here = self.node(here.parent)
            if here.aggregate != "sum":
                return False
        return True

    def covers(self, period: Period) -> bool:
        """Return whether the edition is the one for a period, as far as its own first and last period say."""
        after = self.first_period is None or period.end >= first_day(Period(self.first_period))
        return after and (self.last_period is None or period.end <= Period(self.last_period).end)


def first_day(period: Period) -> date:
    """Return the first day of a period."""
    end = period.end
    if period.text.count("-") == 2:  # noqa: PLR2004  year-month-day
        return end
    months = 12 if "-" not in period.text else 3 if "Q" in period.text else 1
    return date(end.year, end.month - months + 1, 1)
