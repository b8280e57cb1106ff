"""What every event's data has in common; importing a subclass makes its type known."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

TYPES: dict[str, type[EventData]] = {}


class EventData(BaseModel):
    """What happened, in the past tense; subclasses name their CloudEvents type."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_type: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:  # noqa: ANN401  pydantic passes its own options
        super().__init_subclass__(**kwargs)
        TYPES[cls.event_type] = cls
