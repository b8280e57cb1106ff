"""Everything one memo is built from, in one value, so that each section is a plain function of it.

A memo is about one unit, its body; it has one part, or several where units that have merged since were scored:
then each former unit is a part of its successor's memo.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from thammuu.memos.clean import clean_text
from thammuu.memos.sections.chosen import chosen_actions
from thammuu.memos.weighing import MAX_IN_BODY, weighed
from thammuu.memos.wording import Vietnamese

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thammuu.memos.model import Form
    from thammuu.memos.sections.chosen import Chosen
    from thammuu.memos.view import PublicationView, SinceLast
    from thammuu.memos.weighing import Weighed
    from thammuu.memos.wording import Words
    from thammuu.rulepack.actions import ActionCatalogue
    from thammuu.rulepack.agencies import AgencyRegister
    from thammuu.rulepack.issuers import Issuer
    from thammuu.rulepack.units import Unit

_LEAST_CRITERIA = 3
"""Criteria that a former unit's part of a memo names, however many of its domains fell."""


@dataclass(frozen=True)
class Part:
    """One scored unit's share of a memo.

    Args:
        unit: Who was scored.
        views: The latest publication of each index the unit has, in printing order.
        as_of: The memo's date.
        words: The memo's language.
        room: How many findings the body may tell.
    """

    unit: Unit
    views: Sequence[PublicationView]
    as_of: date
    words: Words
    room: int = MAX_IN_BODY

    @cached_property
    def unit_name(self) -> str:
        """The unit's full name on the memo's date, marked where it has merged since."""
        return clean_text(self.words.unit_name(self.unit, self.as_of), limit=160)

    @cached_property
    def weighed(self) -> tuple[Weighed, ...]:
        """All findings, the gravest first."""
        return weighed(self.views)

    @cached_property
    def in_body(self) -> tuple[Weighed, ...]:
        """The findings the memo's body tells: those on domains in one sentence, then the gravest criteria in tables."""
        above = [one for one in self.weighed if not one.on_leaf]
        least = 0 if self.room == MAX_IN_BODY else _LEAST_CRITERIA
        room = max(self.room - sum(one.node.level != "total" for one in above), least)
        kept = {id(one) for one in [*above, *[one for one in self.weighed if one.on_leaf][:room]]}
        return tuple(one for one in self.weighed if id(one) in kept)

    @cached_property
    def in_annex(self) -> tuple[Weighed, ...]:
        """The findings left for the annex, all of them on criteria."""
        kept = {id(one) for one in self.in_body}
        return tuple(one for one in self.weighed if id(one) not in kept)


@dataclass(frozen=True)
class Scope:
    """The inputs of one memo.

    Args:
        body: The unit that answers for the scores on the memo's date: the successor of those merged away.
        parts: The scored units: the body itself, or the units it was made of.
    """

    body: Unit
    round: str
    as_of: date
    parts: Sequence[Part]
    catalogue: ActionCatalogue
    agencies: AgencyRegister
    issuer: Issuer
    since: SinceLast | None = None
    words: Words = field(default_factory=Vietnamese)
    form: Form = "cong-van"

    @cached_property
    def views(self) -> tuple[PublicationView, ...]:
        """The views of all parts."""
        return tuple(view for part in self.parts for view in part.views)

    @cached_property
    def body_name(self) -> str:
        """The full name of the unit the memo is sent to."""
        return clean_text(self.words.unit_name(self.body, self.as_of), limit=160)

    @property
    def merged(self) -> bool:
        """Whether the memo has parts of units that have merged into its body."""
        return any(part.unit.id != self.body.id for part in self.parts)

    @cached_property
    def kind(self) -> str:
        """``tỉnh`` or ``thành phố``: what Vietnamese names of offices end in."""
        return self.body.kind_on(self.as_of)

    @cached_property
    def committee(self) -> str:
        """The People's Committee the memo is sent to."""
        return self.words.say("Ủy ban nhân dân {name}", "the People's Committee of {name}", name=self.body_name)

    @cached_property
    def issuer_name(self) -> str:
        """The issuer in sentences."""
        return self.words.text(self.issuer.name).replace("{unit}", self.body_name)

    @cached_property
    def weighed(self) -> tuple[Weighed, ...]:
        """All findings of all parts, part by part."""
        return tuple(one for part in self.parts for one in part.weighed)

    @cached_property
    def chosen(self) -> tuple[Chosen, ...]:
        """The actions that answer the findings, in the findings' order."""
        return tuple(chosen_actions(self))

    def part_of(self, one: Weighed) -> Part:
        """Return the part that a finding is told in."""
        return next(part for part in self.parts if any(view is one.view for view in part.views))

    def agency_name(self, agency_id: str) -> str:
        """Return an office's name in the memo's language, as it begins a cell."""
        agency = self.agencies.agencies[agency_id]
        if self.words.language == "vi":
            return agency.name_for(self.kind)
        named = agency.name_in_city if agency.name_in_city and self.kind == "thành phố" else agency.name
        return (named.en or named.vi).replace("{kind}", self.kind)
