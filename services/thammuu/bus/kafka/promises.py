"""What must hold of the clients before a message is read or sent; a process in which it does not refuses to start.

The checks look at the clients as they were built, not at what was asked for: a policy that was set on the broker did
not reach every subscriber once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from faststream import AckPolicy
from faststream.kafka.subscriber.usecase import DefaultSubscriber

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiokafka import AIOKafkaProducer

_ALL = -1
"""`acks=all` as the protocol writes it."""
_TIMEOUTS = ("rebalance_timeout_ms", "max_poll_interval_ms")


def refuse_unsafe_subscribers(subscribers: Iterable[object], longest_handler_s: float) -> None:
    """See that no message can be passed over, lost to another worker amid its handling, or overtaken.

    Args:
        subscribers: FastStream's.
        longest_handler_s: How long a handler may take, in seconds.

    Raises:
        BadInputError: With everything that does not hold.
    """
    problems = [problem for one in subscribers for problem in _problems(one, longest_handler_s)]
    if problems:
        raise BadInputError(_("The worker does not start: messages could be lost."), problems)


def refuse_unsafe_producer(producer: AIOKafkaProducer) -> None:
    """See that what is sent is on all replicas before it counts, and there once.

    Raises:
        BadInputError: If the producer is not idempotent or does not wait for all replicas.
    """
    # the client has no other way to ask
    idempotent, acks = producer._txn_manager is not None, producer._sender._acks  # noqa: SLF001
    problems = []
    if not idempotent:
        problems.append(Problem("not-idempotent", _("an idempotent producer"), value="enable_idempotence=False"))
    if acks != _ALL:
        problems.append(Problem("acks-not-all", _("acks=all"), value=f"acks={acks}"))
    if problems:
        raise BadInputError(_("The relay does not start: messages could be lost."), problems)


def _problems(subscriber: object, longest_handler_s: float) -> list[Problem]:
    if type(subscriber) is not DefaultSubscriber:
        name = type(subscriber).__name__
        return [Problem("many-in-flight", _("one message in flight per consumer"), value=name)]
    found, group = [], f"{subscriber.group_id}"
    if subscriber.group_id is None:
        found.append(Problem("no-group", _("a consumer group"), value=", ".join(subscriber.topic_names)))
    if subscriber.ack_policy is not AckPolicy.MANUAL:
        found.append(Problem("not-manual", _("manual acknowledgement"), value=f"{group}: {subscriber.ack_policy.name}"))
    options = subscriber._connection_args  # noqa: SLF001  the client has no other way to ask
    if options.get("enable_auto_commit"):
        found.append(Problem("commits-by-itself", _("no automatic commit"), value=group))
    for name in _TIMEOUTS:
        if (options.get(name) or 0) <= longest_handler_s * 1000:
            expected = _("{name} above the longest handler's {seconds} s").format(name=name, seconds=longest_handler_s)
            found.append(Problem("handler-outlasts-group", expected, value=f"{group}: {options.get(name)}"))
    return found
