"""The form of a framework file, for reading it and for editors."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, field_validator

from thammuu.period import Period
from thammuu.rulepack.framework_tree import Aggregate, BandMethod, Bounds, Direction, Level
from thammuu.rulepack.text import Text

Figure = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Code = Annotated[StrictStr, Field(min_length=1, max_length=40, pattern=r"^\S+$")]
Concept = Annotated[StrictStr, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*$", max_length=120)]
Slug = Annotated[StrictStr, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Scale = Annotated[list[Figure], Field(min_length=2, max_length=2)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NodeDefaults(_Entry):
    """What nodes have unless they say otherwise; for the whole file or for one level."""

    weight: Figure | None = None
    min: Figure | None = None
    max: Figure | None = None
    scale: StrictStr | None = Field(None, description="A name from `scales`, in place of min and max.")
    method: StrictStr | None = Field(None, description="How it is measured, such as appraisal or citizen-survey.")
    direction: Direction | None = Field(None, description="Which way is better; `none` for neither.")
    aggregate: Aggregate | None = Field(None, description="How the score comes from the children's.")
    bounds: Bounds | None = Field(None, description="`soft` keeps scores outside min and max, with a warning.")
    scale_unit: StrictStr | None = Field(None, description="points, percent, ratio ...")


class LevelEntry(NodeDefaults):
    """A level's name in lower case, as the publisher says it, and its defaults."""

    name: Text


class SucceedsEntry(_Entry):
    """The concepts a redefined criterion follows, and what changed."""

    concepts: list[Concept] = Field(min_length=1)
    note: Text | None = None


class NodeEntry(NodeDefaults):
    """One node of the tree; the root is the one without `parent`."""

    code: Code
    concept: Concept
    name: StrictStr = Field(min_length=1, max_length=500)
    name_en: StrictStr | None = None
    level: Level | None = Field(None, description="The level below the parent's, unless said otherwise.")
    parent: Code | None = None
    succeeds: SucceedsEntry | None = None
    own_code: StrictBool = Field(default=False, description="The publisher's code is not known; this one is ours.")
    code_aliases: list[Code] = []


class PeriodsEntry(_Entry):
    """The first and last period of the edition; without `to` it lasts until a newer edition begins."""

    first: StrictStr | None = Field(None, alias="from")
    to: StrictStr | None = None

    @field_validator("first", "to")
    @classmethod
    def _is_a_period(cls, text: str | None) -> str | None:
        return None if text is None else Period(text).text


class BandEntry(_Entry):
    """A band of totals, from this value upwards."""

    name: Text
    from_value: Figure | None = Field(None, alias="from")


class BandsEntry(_Entry):
    """How totals are banded: by percent of the maximum, or by percentile among the units."""

    method: BandMethod
    groups: list[BandEntry] = Field(min_length=1)


class FrameworkFile(_Entry):
    """One edition of an index."""

    id: Slug
    index: Slug
    title: Text
    short_title: Text
    publisher: Text
    periods: PeriodsEntry
    label: Text | None = Field(None, description="What every reader must be told, such as `unofficial`.")
    unit_level: Slug = "province"
    officially_ranked: StrictBool = True
    partial_total_allowed: StrictBool = Field(default=False, description="A total although leaves are missing.")
    bands: BandsEntry | None = None
    sources: list[StrictStr] = []
    scales: dict[StrictStr, Scale] = {}
    defaults: NodeDefaults = NodeDefaults()
    levels: dict[Level, LevelEntry] = Field(min_length=1, description="From the total downwards.")
    nodes: list[NodeEntry] = Field(min_length=1)


def framework_schema() -> dict[str, Any]:
    """Return the JSON Schema of framework files, for editors."""
    schema = FrameworkFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema | {"title": "thammuu framework"}
