"""What is said of a recipient in the body of a request: the columns of a list, each as JSON has it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thammuu.delivery.vocabulary import Role
from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _

BODY_BYTES: Final = 20_000
Words = Annotated[str, Field(max_length=2_000)]
Time = Annotated[str, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$", description="In Viet Nam, such as 22:00.")]


class RecipientChange(BaseModel):
    """What is to be changed of a recipient."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unit: Words = Field(default="", description="By name, code or id; `*` is every unit.")
    role: Role = "secretariat"
    name: Words | None = Field(default=None, description="Of the person or office.")
    email: Words | None = None
    chat: Words | None = Field(default=None, description="An address of apprise; `docs/chat.md`.")
    webhook: Words | None = None
    webhook_secret: Words | None = Field(default=None, description="Signs the webhook; it is never shown again.")
    agency: Words | None = Field(default=None, description="An office of agencies.yaml.")
    language: Literal["vi", "en"] = "vi"
    formats: list[Literal["pdf", "docx"]] = Field(default=["pdf"], description="Files of an e-mail.")
    turn: int = Field(default=1, ge=1, le=99, description="Of a role those of the lowest turn are told.")
    quiet_from: Time | None = None
    quiet_to: Time | None = None
    digest_at: Time | None = None
    valid_from: date | None = None
    valid_to: date | None = None


class RecipientNew(RecipientChange):
    """A new recipient; at least one address is needed."""

    unit: Words = Field(description="By name, code or id; `*` is every unit.")
    role: Role


def said_in(body: bytes) -> dict[str, str]:
    """Return the given columns as the texts of a list.

    Raises:
        BadInputError: With everything that is not of the form; no value is repeated.
    """
    try:
        said = RecipientChange.model_validate_json(body)
    except ValidationError as error:
        found = [
            Problem("bad-field", one["msg"], Place(column=".".join(map(str, one["loc"])) or None))
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise BadInputError(_("The request was refused; nothing was written."), found) from None
    return {name: _text(getattr(said, name)) for name in said.model_fields_set}


def _text(value: Any) -> str:  # noqa: ANN401  a field
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else str(value)


def _body(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    for one in schema["properties"].values():
        # what is left out stays as it is, or has the default of a list
        one.pop("default", None)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


NEW: Final = _body(RecipientNew)
CHANGE: Final = _body(RecipientChange)
