"""What the analysis reads: one published period of an index, as frames."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from thammuu.period import Period

if TYPE_CHECKING:
    from thammuu.rulepack.frameworks import Framework
    from thammuu.rulepack.units import UnitRegistry


@dataclass(frozen=True)
class IndexPeriod:
    """One revision of one index's period.

    Args:
        publication_id: Names the publication; it is the cause in finding ids.
        framework: The edition the scores follow.
        period: The scored period.
        complete: Every unit of the level is present; otherwise nothing is computed across units.
        scores: ``unit_id code score published_rank status``, one row per unit and node that was published.
            A row of a node whose score is a sum holds the printed figure.
        units: ``unit_id unit_code unit_name unit_level region``, names and regions as of the publication's date.
    """

    publication_id: str
    framework: Framework
    period: Period
    complete: bool
    scores: pl.DataFrame
    units: pl.DataFrame


SCORES_SCHEMA = {
    "unit_id": pl.String,
    "code": pl.String,
    "score": pl.Float64,
    "published_rank": pl.Int64,
    "status": pl.String,
}


def payload_to_frame(payload: dict[str, Any]) -> pl.DataFrame:
    """Return the ``scores`` columns of a publication's payload as a frame; printed numbers become floats."""
    columns = payload["scores"]
    printed = pl.DataFrame(
        {
            "unit_id": columns["unit_id"],
            "code": columns["code"],
            "score": columns["score"],
            "published_rank": columns["rank"],
            "status": columns["status"],
        },
        schema_overrides=SCORES_SCHEMA | {"score": pl.String},
    )
    return printed.with_columns(pl.col("score").cast(pl.Float64))


def index_period(
    publication_id: str, payload: dict[str, Any], framework: Framework, units: UnitRegistry
) -> IndexPeriod:
    """Return a stored publication's payload as the analysis reads it.

    Args:
        publication_id: The publication's id.
        payload: What the intake stored.
        framework: The edition named by the payload.
        units: The registry that knows names and regions by date.
    """
    scores = payload_to_frame(payload)
    as_of = date.fromisoformat(payload["units_as_of"])
    present = [units.get(unit_id) for unit_id in scores["unit_id"].unique(maintain_order=True)]
    described = pl.DataFrame(
        {
            "unit_id": [unit.id for unit in present],
            "unit_code": [unit.code for unit in present],
            "unit_name": [unit.name_on(as_of) for unit in present],
            "unit_level": [unit.level for unit in present],
            "region": [unit.region_on(as_of) for unit in present],
        },
        schema=dict.fromkeys(("unit_id", "unit_code", "unit_name", "unit_level", "region"), pl.String),
    )
    return IndexPeriod(publication_id, framework, Period(payload["period"]), payload["complete"], scores, described)
