"""The events of rights: given, changed, ended; of a person they hold the id alone."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from thammuu.event_data import EventData


class RightsGiven(EventData):
    """A person was registered with rights, or they were changed: these hold from now on, and no others."""

    event_type: ClassVar[str] = "rights.given"
    person_id: str
    rights: tuple[Literal["edit", "approve", "issue", "send"], ...]
    issuers: tuple[str, ...] = Field(default=(), description="in whose name only; none is every issuing body")
    valid_from: date | None = Field(default=None, description="first day; absent where there is none")
    valid_to: date | None = Field(default=None, description="last day; absent where there is none")
    by: str = Field(description="id of the person who gave them, or `account:` and the computer's account")


class RightsEnded(RightsGiven):
    """A person's rights were ended; which they were is told with the last day that they hold."""

    event_type: ClassVar[str] = "rights.ended"
    valid_to: date = Field(description="last day")
    by: str = Field(description="id of the person who ended them, or `account:` and the computer's account")
