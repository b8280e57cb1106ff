"""Which messages follow from a memo: routes and recipients in, planned messages out; it changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from thammuu.canonical import derived_id
from thammuu.delivery.timing import Hours, hours_of, next_allowed
from thammuu.delivery.vocabulary import ADDRESSED_AS, CHANNELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date, datetime

    from thammuu.delivery.holders import Told
    from thammuu.delivery.recipients import Point, Recipient
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
        mark: Of the address; messages to the same one are made one. Empty where it is not known yet.
    """

    recipient_id: str
    channel: str
    due: datetime
    window_s: int
    repetition: int = 0
    shares: tuple[str, ...] = ()
    why: str = ""
    mark: str = ""


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
    return Plan(tuple(_one_an_address(wanted)), unreached)


def same_again(  # noqa: PLR0913  what a plan depends on
    told: Iterable[Told],
    recipients: Iterable[Recipient],
    now: datetime,
    works: Callable[[date], bool],
    *,
    window_s: int = 0,
    passes: bool = False,
    soon: bool = False,
) -> Plan:
    """Work out the messages to exactly those who were told of a memo, by the same channels.

    Who was erased since, or whose messages come back, is left out; a role in which nobody is left is unreached.

    Args:
        told: Who was told.
        recipients: These recipients as they are now, on whatever day.
        now: The moment of the decision.
        works: Whether offices are open on a day.
        window_s: How long the messages wait for others, in seconds.
        passes: Whether quiet hours and days off do not hold them up.
        soon: Whether they do not wait for the digest of the day.
    """
    known = {one.recipient_id: one for one in recipients}
    messages: list[Planned] = []
    roles: dict[Role, bool] = {}
    for one in told:
        able = [
            name for name in (one.recipient_id, *one.shares) if name in known and one.channel in usable(known[name])
        ]
        for role in (known[name].role for name in (one.recipient_id, *one.shares) if name in known):
            roles[role] = roles.get(role, False) or bool(able)
        if able:
            messages.append(
                Planned(
                    recipient_id=able[0],
                    channel=one.channel,
                    due=next_allowed(
                        now + timedelta(seconds=window_s), _hours(known[able[0]], soon=soon), works, passes=passes
                    ),
                    window_s=window_s,
                    shares=tuple(able[1:]),
                    why="as the memo before it",
                    mark=mark_of(known[able[0]], one.channel),
                )
            )
    return Plan(tuple(_one_an_address(messages)), tuple(role for role, reached in roles.items() if not reached))


def _hours(recipient: Recipient, *, soon: bool = False) -> Hours:
    return hours_of(recipient.quiet_from, recipient.quiet_to, None if soon else recipient.digest_at)


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
    ends = {name for name, point in recipient.points.items() if point.state == "usable"}
    return {name for name in CHANNELS if ADDRESSED_AS.get(name, name) in ends}


def mark_of(recipient: Recipient, channel: str) -> str:
    """Return the mark of a recipient's address for a channel; empty where it has none."""
    point = _point(recipient, channel)
    return "" if point is None else point.address_mark


def _point(recipient: Recipient, channel: str) -> Point | None:
    return recipient.points.get(ADDRESSED_AS.get(channel, channel))


def _of(
    target: Target, recipients: Sequence[Recipient], now: datetime, works: Callable[[date], bool]
) -> Iterator[Planned]:
    for recipient in first_in_turn(recipients, target.role, target.channels):
        hours, able = _hours(recipient), usable(recipient)
        for channel in target.channels:
            if channel not in able:
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
                    mark=mark_of(recipient, channel),
                )


def _one_an_address(wanted: Iterable[Planned]) -> Iterator[Planned]:
    """Make one message of those to the same address: an office with two roles gets one, at the earlier moment."""
    groups: dict[tuple[str, str, int], list[Planned]] = {}
    for one in wanted:
        groups.setdefault((one.channel, one.mark or one.recipient_id, one.repetition), []).append(one)
    for same in groups.values():
        first = min(same, key=lambda one: (one.due, one.recipient_id))
        others = {name for one in same for name in (one.recipient_id, *one.shares)} - {first.recipient_id}
        why = "; ".join(dict.fromkeys(one.why for one in same))
        yield replace(first, shares=tuple(sorted(others)), why=why)


def delivery_id(carried: Carried, planned: Planned, kind: Kind) -> str:
    """Return the id of the delivery that a memo opens; the same decision gives the same id."""
    parts = (carried.memo_id, carried.version, planned.recipient_id, planned.channel, kind, planned.repetition)
    return derived_id("delivery", *parts)
