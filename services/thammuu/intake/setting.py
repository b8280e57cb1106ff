"""What the rows of one table are read against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thammuu.intake.criteria import CriterionFinder
    from thammuu.intake.entities import EntityFinder
    from thammuu.intake.problems import Problems
    from thammuu.intake.table import Table
    from thammuu.period import Period


@dataclass(frozen=True)
class Setting:
    """The table, the criteria and units it may name, the period asked for, and where problems go."""

    table: Table
    criteria: CriterionFinder
    entities: EntityFinder
    period: Period
    problems: Problems
