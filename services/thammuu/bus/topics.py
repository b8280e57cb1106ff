"""Which topic an event travels on: one a stage, keyed by subject, so that a unit's events keep their order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
"""CloudEvents 1.0, structured mode in Kafka: https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/kafka-protocol-binding.md"""
POSITION = "ce_ledgerposition"
"""Header with the event's position in the ledger."""

_STAGES = {
    "scores": "thammuu.intake",
    "submission": "thammuu.intake",
    "rules": "thammuu.intake",
    "findings": "thammuu.analysis",
    "memo": "thammuu.memos",
    "rights": "thammuu.memos",
    "delivery": "thammuu.delivery",
    "task": "thammuu.followup",
    "outcome": "thammuu.followup",
    "event": "thammuu.rejected",
}
_SUBMITTED = "thammuu.scores.submitted"
SUBMISSIONS = "submissions"
"""The stage that takes what other systems submit. It has no route: a submission is no event of the ledger."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one installation.

    Args:
        prefix: Before every name, where several installations share a broker.
    """

    prefix: str = ""

    @property
    def submitted(self) -> str:
        """Where external producers put scores; the answers come on the topic of intake."""
        return self.prefix + _SUBMITTED

    def all(self) -> tuple[str, ...]:
        """Return every topic."""
        return (*(self.prefix + name for name in dict.fromkeys(_STAGES.values())), self.submitted)

    def of(self, event_type: str) -> str:
        """Return the topic of an event type, by its first word."""
        return self.prefix + _STAGES[event_type.partition(".")[0]]

    def of_all(self, event_types: Iterable[str]) -> tuple[str, ...]:
        """Return the topics that hold some event types."""
        return tuple(dict.fromkeys(self.of(one) for one in event_types))

    def plain(self, topic: str) -> str:
        """Return a topic's name without the installation's prefix."""
        return topic.removeprefix(self.prefix)

    def group_of(self, stage: str) -> str:
        """Return the consumer group in which all workers of a stage share its topics."""
        return f"{self.prefix}thammuu.{stage}"
