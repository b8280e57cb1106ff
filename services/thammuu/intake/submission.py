"""What a score file says, in the form that is stored and hashed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from thammuu.canonical import content_hash

if TYPE_CHECKING:
    from datetime import date

    from thammuu.errors import Problem
    from thammuu.period import Period

Status = Literal["ok", "missing", "too-few", "not-applicable"]


class ScoreRow(NamedTuple):
    """One unit's figure for one node, digits as printed."""

    unit_id: str
    code: str
    score: str | None
    rank: int | None
    status: Status


class AggregateRow(NamedTuple):
    """A figure that belongs to no unit: a national mean, a minimum, a region."""

    label: str
    code: str
    score: str
    rank: int | None


@dataclass(frozen=True)
class Submission:
    """One accepted score file.

    Scores are sorted by unit code, then by the framework's node order, so that the same figures give the
    same content whatever the file's layout.
    """

    index: str
    framework_id: str
    period: Period
    complete: bool
    units_as_of: date
    scores: list[ScoreRow]
    aggregates: list[AggregateRow] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def payload(self) -> dict[str, Any]:
        """Return the content as canonical-JSON-able values, columns as arrays."""
        return {
            "index": self.index,
            "framework": self.framework_id,
            "period": self.period.text,
            "complete": self.complete,
            "units_as_of": self.units_as_of.isoformat(),
            "scores": _columns(ScoreRow._fields, self.scores),
            "aggregates": _columns(AggregateRow._fields, self.aggregates),
        }

    def content_hash(self) -> str:
        """Return the SHA-256 of the payload; sources and warnings are not content."""
        return content_hash(self.payload())

    @property
    def unit_ids(self) -> list[str]:
        """The units of the file in their order."""
        return list(dict.fromkeys(row.unit_id for row in self.scores))


def _columns(names: tuple[str, ...], rows: list[Any]) -> dict[str, list[Any]]:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
