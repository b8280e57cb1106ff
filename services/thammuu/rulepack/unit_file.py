"""The form of the files in ``rules/units``: units with their dates, and regions with theirs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictStr

from thammuu.rulepack.text import Text

UnitText = Annotated[StrictStr, Field(max_length=200)]
UnitId = Annotated[StrictStr, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NameEntry(_Entry):
    """What a unit is called between two dates, both included."""

    name: UnitText
    en: UnitText
    kind: UnitText = Field("tỉnh", description="tỉnh, thành phố ... as written before the name")
    full: UnitText | None = Field(None, description="The full name where it is not kind and name")
    first: date | None = Field(None, alias="from")
    to: date | None = None


class UnitEntry(_Entry):
    """One unit; ``name``, ``en`` and ``kind`` for a name that never changed, else ``names``."""

    id: UnitId
    code: StrictStr = Field(pattern=r"^[0-9]{2,5}$")
    name: UnitText | None = None
    en: UnitText | None = None
    kind: UnitText = "tỉnh"
    full: UnitText | None = None
    names: list[NameEntry] = []
    aliases: list[UnitText] = []
    merges: list[UnitId] = Field([], description="The units it was made from.")
    first: date | None = Field(None, alias="from")
    to: date | None = None


class RegionEntry(_Entry):
    """A region between two dates, both included, with its units."""

    name: Text
    units: list[UnitId] = Field(min_length=1)
    first: date | None = Field(None, alias="from")
    to: date | None = None


class UnitsFile(_Entry):
    """A file of units, of regions, or of both."""

    level: StrictStr = "province"
    sources: list[StrictStr] = []
    units: list[UnitEntry] = []
    regions: list[RegionEntry] = []
