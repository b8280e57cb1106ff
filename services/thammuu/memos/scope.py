"""Everything one memo is built from, in one value, so that each section is a plain function of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .clean import clean_text
from .weighing import weighed
from .wording import dated_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thammuu.rulepack.actions import ActionCatalogue
    from thammuu.rulepack.agencies import AgencyRegister
    from thammuu.rulepack.issuers import Issuer
    from thammuu.rulepack.units import Unit

    from .view import PublicationView, SinceLast
    from .weighing import Weighed

MAX_IN_BODY = 15
"""Findings beyond these go to the annex; the total's own is told by the standing and not counted."""


@dataclass(frozen=True)
class Scope:
    """The inputs of one memo."""

    unit: Unit
    round: str
    as_of: date
    views: Sequence[PublicationView]
    catalogue: ActionCatalogue
    agencies: AgencyRegister
    issuer: Issuer
    since: SinceLast | None = None
    successor: Unit | None = None

    @cached_property
    def body(self) -> Unit:
        """The unit that answers for the scores on the memo's date: the successor of one merged away."""
        gone = self.unit.valid_to is not None and self.unit.valid_to < self.as_of
        return self.successor if gone and self.successor else self.unit

    @cached_property
    def body_name(self) -> str:
        """The full name of the unit the memo is sent to."""
        return clean_text(self.body.full_name_on(self.as_of), limit=160)

    @cached_property
    def unit_name(self) -> str:
        """The unit's full name on the memo's date."""
        return clean_text(dated_name(self.unit, self.as_of), limit=160)

    @cached_property
    def kind(self) -> str:
        """``tỉnh`` or ``thành phố``."""
        return self.body.kind_on(self.as_of)

    @cached_property
    def committee(self) -> str:
        """The People's Committee the memo is sent to."""
        return f"Ủy ban nhân dân {self.body_name}"

    @cached_property
    def issuer_name(self) -> str:
        """The issuer in sentences."""
        return self.issuer.name.vi.replace("{unit}", self.body_name)

    @cached_property
    def weighed(self) -> tuple[Weighed, ...]:
        """All findings, the gravest first."""
        return weighed(self.views)

    @cached_property
    def in_body(self) -> tuple[Weighed, ...]:
        """The findings the memo's body tells: those on domains in one sentence, then the gravest criteria in tables."""
        above = [one for one in self.weighed if not one.on_leaf]
        room = max(MAX_IN_BODY - sum(one.node.level != "total" for one in above), 0)
        kept = {id(one) for one in [*above, *[one for one in self.weighed if one.on_leaf][:room]]}
        return tuple(one for one in self.weighed if id(one) in kept)

    @cached_property
    def in_annex(self) -> tuple[Weighed, ...]:
        """The findings left for the annex, all of them on criteria."""
        kept = {id(one) for one in self.in_body}
        return tuple(one for one in self.weighed if id(one) not in kept)
