"""The events of messages: decided on, tried, taken, lost; names and addresses are in none of them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from thammuu.event_data import EventData


class Enclosed(BaseModel):
    """One memo version that a delivery carries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    memo_id: str
    version: int


class DeliveryQueued(EventData):
    """A message to one recipient by one channel was decided on."""

    event_type: ClassVar[str] = "delivery.queued"
    delivery_id: str
    recipient: str = Field(description="id of the recipient, never an address")
    channel: str
    kind: Literal["memo", "withdrawal", "incident"]
    memos: tuple[Enclosed, ...] = Field(description="none in an `incident`, which tells operators of overdue messages")
    severity: str
    due: datetime
    deadline: datetime = Field(description="without a final state by then the operator is told")
    repetition: int = Field(default=0, description="which repeat of the same memo it is")
    instead_of: str | None = Field(default=None, description="the delivery that did not arrive")


class DeliveryUnaddressed(EventData):
    """A route names a role for an issued memo, and nobody in it can be reached: an incident for the operator."""

    event_type: ClassVar[str] = "delivery.unaddressed"
    memo_id: str
    version: int
    role: str


class DeliveryAttempted(EventData):
    """A message is about to be handed to its channel; recorded before it is."""

    event_type: ClassVar[str] = "delivery.attempted"
    delivery_id: str
    attempt: int


class DeliverySucceeded(EventData):
    """The channel took a message, or said that it arrived."""

    event_type: ClassVar[str] = "delivery.succeeded"
    delivery_id: str
    attempt: int
    state: Literal["accepted", "delivered"]
    reference: str = Field(default="", description="what the channel calls the message")


class DeliveryFailed(EventData):
    """The channel did not take a message, or it came back."""

    event_type: ClassVar[str] = "delivery.failed"
    delivery_id: str
    attempt: int
    state: Literal["queued", "failed", "bounced"] = Field(description="`queued`: it is tried again")
    reason: str
    due: datetime | None = Field(default=None, description="when it is tried again")


class DeliveryUnknown(EventData):
    """The answer to a message was lost: it may have arrived, and a further try may be a second copy."""

    event_type: ClassVar[str] = "delivery.unknown"
    delivery_id: str
    attempt: int
    reason: str
    due: datetime


class DeliveryCancelled(EventData):
    """A message is not sent any more."""

    event_type: ClassVar[str] = "delivery.cancelled"
    delivery_id: str
    reason: str
    by: str


class DeliveryRequeued(EventData):
    """A person had a message sent again that had ended without success."""

    event_type: ClassVar[str] = "delivery.requeued"
    delivery_id: str
    by: str
    due: datetime


class DeliveryOverdue(EventData):
    """A message had no final state by its deadline: an incident for the operator."""

    event_type: ClassVar[str] = "delivery.overdue"
    delivery_id: str
    state: str
    reason: str
