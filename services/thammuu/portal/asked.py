"""What a publisher says beside the file: in the query, or in the fields of the form."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.intake.publishing import Request as Publication

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_Word = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
_SHOWN = 80


class Asked(BaseModel):
    """The parameters of a publication; those of the command `thammuu publish`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index: _Word = Field(description="Index, such as papi.")
    period: _Word = Field(description="Period: 2022, 2022-Q2, 2022-06 or 2022-06-15.")
    published_on: date | None = Field(default=None, description="Date of publication; today if not given.")
    round: _Word | None = Field(default=None, description="Round; the year of publication if not given.")
    units_as_of: date | None = Field(
        default=None, description="Units as they were on this date; the period's end if not given."
    )
    sheet: _Word | None = Field(default=None, description="Sheet of the workbook, if several look like scores.")
    history: bool = Field(default=False, description="Load for trends only, without memos.")
    partial: bool = Field(default=False, description="The file holds some units only: no ranks or peers are computed.")
    filename: str | None = Field(
        default=None, max_length=200, description="The file's name, where the body is the file itself."
    )

    def publication(self, file: Path) -> Publication:
        """Return the same for the intake."""
        return Publication(
            file=file,
            index=self.index,
            period=self.period,
            published_on=self.published_on,
            round=self.round,
            units_as_of=self.units_as_of,
            sheet=self.sheet,
            history=self.history,
            partial=self.partial or None,
        )


def asked_in(query: Mapping[str, str], fields: Mapping[str, str]) -> Asked:
    """Return what was asked for.

    Args:
        query: Parameters of the address.
        fields: Fields of the form; one that the address has too must say the same.

    Raises:
        BadInputError: With every parameter that is wrong.
    """
    problems = [
        _problem(name, _("one value, not two: the address says otherwise"), value)
        for name, value in fields.items()
        if query.get(name, value) != value
    ]
    try:
        asked = Asked.model_validate({**query, **fields})
    except ValidationError as error:
        problems += [_problem(".".join(map(str, one["loc"])), one["msg"], one["input"]) for one in error.errors()]
    if problems:
        raise BadInputError(_("The request was refused; nothing was written."), problems)
    return asked


def query_parameters() -> list[dict[str, Any]]:
    """Return the parameters as OpenAPI describes those of an address; a form may have them instead."""
    schema = Asked.model_json_schema()
    return [
        {"name": name, "in": "query", "required": False, "description": one["description"], "schema": one}
        for name, one in schema["properties"].items()
    ]


def form_schema() -> dict[str, Any]:
    """Return the schema of the form."""
    properties = Asked.model_json_schema()["properties"]
    file = {"type": "string", "format": "binary", "description": "CSV or XLSX, long or wide."}
    return {"type": "object", "required": ["file"], "properties": {"file": file, **properties}}


def _problem(name: str, expected: str, value: object) -> Problem:
    shown = value if isinstance(value, str) else None
    return Problem("bad-parameter", expected, Place(column=name), shown[:_SHOWN] if shown else None)
