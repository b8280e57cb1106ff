"""Everything one memo is built from, in one value, so that each section is a plain function of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

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
"""Findings beyond these go to the annex."""


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

    @cached_property
    def unit_name(self) -> str:
        """The unit's full name on the memo's date."""
        return dated_name(self.unit, self.as_of)

    @cached_property
    def kind(self) -> str:
        """``tỉnh`` or ``thành phố``."""
        return self.unit.kind_on(self.as_of)

    @cached_property
    def committee(self) -> str:
        """The People's Committee the memo is about."""
        return f"Ủy ban nhân dân {self.unit.full_name_on(self.as_of)}"

    @cached_property
    def issuer_name(self) -> str:
        """The issuer in sentences."""
        return self.issuer.name.vi.replace("{unit}", self.unit.full_name_on(self.as_of))

    @cached_property
    def weighed(self) -> tuple[Weighed, ...]:
        """All findings, the gravest first."""
        return weighed(self.views)

    @cached_property
    def in_body(self) -> tuple[Weighed, ...]:
        """The findings the memo's body tells."""
        return self.weighed[:MAX_IN_BODY]

    @cached_property
    def in_annex(self) -> tuple[Weighed, ...]:
        """The findings left for the annex."""
        return self.weighed[MAX_IN_BODY:]
