"""Which messages follow from a memo: routes and recipients in, planned messages out; it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from thammuu.canonical import derived_id
from thammuu.delivery.timing import Hours, hours_of, next_allowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from thammuu.delivery.booking import Told
    from thammuu.delivery.recipients import Recipient
    from thammuu.delivery.routes import Target
    from thammuu.delivery.vocabulary import Role

Kind = Literal["memo", "withdrawal"]


@dataclass(frozen=True, slots=True)
class Carried:
    """The memo version that messages carry."""

    memo_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Planned:
    """One message to be.

    Args:
        recipient_id: Who gets it.
        channel: By which channel.
        due: When it may be sent.
        window_s: How long it waits for other memos to the same recipient, in seconds.
        repetition: 0 for the first, then 1, 2, …
        shares: Other recipients with the same address, who are told by this very message.
        why: The route that said so, and in which role.
    """

    recipient_id: str
    channel: str
    due: datetime
    window_s: int
    repetition: int = 0
    shares: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from a memo.

    Args:
        messages: The messages.
        unreached: Roles that a route names and nobody can be reached in.
    """

    messages: tuple[Planned, ...]
    unreached: tuple[Role, ...]


def plan(
    targets: Iterable[Target],
    recipients: Sequence[Recipient],
    now: datetime,
    works: Callable[[date], bool],
) -> Plan:
    """Work out who is told of a memo.

    Args:
        targets: The roles to be told.
        recipients: The recipients of the unit on the day.
        now: The moment of the decision.
        works: Whether offices are open on a day.
    """
    asked = [(target.role, list(_of(target, recipients, now, works))) for target in targets]
    reached = {role for role, messages in asked if messages}
    unreached = tuple(dict.fromkeys(role for role, _messages in asked if role not in reached))
    wanted = [one for _role, messages in asked for one in messages]
    return Plan(tuple(_one_an_address(wanted, {one.recipient_id: one for one in recipients})), unreached)


def same_again(
    told: Iterable[Told], recipients: Sequence[Recipient], now: datetime, works: Callable[[date], bool]
) -> Plan:
    """Work out the messages of a correction: to exactly those who were told of what it replaces, by the same channels.

    Args:
        told: Who was told of the replaced version.
        recipients: The recipients of the unit on the day, for their hours.
        now: The moment of the decision.
        works: Whether offices are open on a day.
    """
    known = {one.recipient_id: one for one in recipients}
    messages = [
        Planned(
            recipient_id=one.recipient_id,
            channel=one.channel,
            due=next_allowed(now, _hours(known.get(one.recipient_id)), works),
            window_s=0,
            shares=one.shares,
            why="as the memo that it replaces",
        )
        for one in told
    ]
    return Plan(tuple(messages), ())


def _hours(recipient: Recipient | None) -> Hours:
    if recipient is None:
        return Hours()
    return hours_of(recipient.quiet_from, recipient.quiet_to, recipient.digest_at)


def first_in_turn(recipients: Iterable[Recipient], role: Role, channels: Iterable[str]) -> list[Recipient]:
    """Return who of a role is told: those of the lowest turn who can be reached by one of the channels.

    Args:
        recipients: The recipients of a unit.
        role: The role.
        channels: The channels of the route.
    """
    wanted = set(channels)
    able = [one for one in recipients if one.role == role and wanted & usable(one)]
    lowest = min((one.turn for one in able), default=0)
    return [one for one in able if one.turn == lowest]


def usable(recipient: Recipient) -> set[str]:
    """Return the channels by which a recipient can be reached."""
    return {name for name, point in recipient.points.items() if point.state == "usable"}


def _of(
    target: Target, recipients: Sequence[Recipient], now: datetime, works: Callable[[date], bool]
) -> Iterator[Planned]:
    for recipient in first_in_turn(recipients, target.role, target.channels):
        hours = _hours(recipient)
        for channel in target.channels:
            if channel not in usable(recipient):
                continue
            for repetition in range(target.repeats + 1):
                wait = target.group_window_s + repetition * target.repeat_every_s
                yield Planned(
                    recipient_id=recipient.recipient_id,
                    channel=channel,
                    due=next_allowed(now + timedelta(seconds=wait), hours, works, passes=target.passes),
                    window_s=target.group_window_s,
                    repetition=repetition,
                    why=f"{target.branch}: {target.role}",
                )


def _one_an_address(wanted: Iterable[Planned], recipients: Mapping[str, Recipient]) -> Iterator[Planned]:
    """Make one message of those to the same address: an office with two roles gets one, at the earlier moment."""
    groups: dict[tuple[str, str, int], list[Planned]] = {}
    for one in wanted:
        point = recipients[one.recipient_id].points[one.channel]
        groups.setdefault((one.channel, point.address_mark or one.recipient_id, one.repetition), []).append(one)
    for same in groups.values():
        first = min(same, key=lambda one: (one.due, one.recipient_id))
        others = sorted({one.recipient_id for one in same} - {first.recipient_id})
        yield Planned(
            recipient_id=first.recipient_id,
            channel=first.channel,
            due=first.due,
            window_s=first.window_s,
            repetition=first.repetition,
            shares=tuple(others),
            why="; ".join(dict.fromkeys(one.why for one in same)),
        )


def delivery_id(carried: Carried, planned: Planned, kind: Kind) -> str:
    """Return the id of the delivery that a memo opens; the same decision gives the same id."""
    parts = (carried.memo_id, carried.version, planned.recipient_id, planned.channel, kind, planned.repetition)
    return derived_id("delivery", *parts)
