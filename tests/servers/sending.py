"""A sender's surroundings for tests: a channel that answers what it is told to, and a ledger that senders work on."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

from servers.deliveries import recipient, rows
from thammuu.delivery.backoff import Backoff
from thammuu.delivery.dispatch import Pace, Sender
from thammuu.delivery.ports import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers.deliveries import Hands
    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Channel, Message

QUICK = Pace(hold_s=2.0, idle_s=0.02, backoff=Backoff(), probe_s=0.05)


class Post:
    """A channel that answers what it is told to and counts what it is handed, by delivery.

    Args:
        answers: One a message; then everything is accepted.
        delay_s: Before each answer.
    """

    one_server = True

    def __init__(self, *answers: Answer, name: str = "email", at_once: int = 4, delay_s: float = 0.0) -> None:
        self.name, self.at_once, self.delay_s = name, at_once, delay_s
        self.answers = list(answers)
        self.handed: Counter[str] = Counter()
        self.under_way = self.most = 0

    async def send(self, message: Message) -> Answer:
        self.handed[message.delivery_id] += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(self.delay_s)
        self.under_way -= 1
        return self.answers.pop(0) if self.answers else Answer("accepted", reference="kept")

    def check(self, address: str) -> str | None:
        del address
        return None

    async def close(self) -> None:
        """Nothing is open."""


class Office:
    """One ledger that any number of senders may work on.

    Args:
        context: Of the process that looks at it.
        clock: Everybody's.
        another: Opens it once more.
    """

    def __init__(self, context: Context, clock: Hands, another: Callable[[], Context]) -> None:
        self.context, self.clock, self.another = context, clock, another

    def send(self, *channels: Any, context: Context | None = None, name: str = "one", alone: bool = False) -> Any:  # noqa: ANN401
        """Send until nothing is due."""
        known: dict[str, Channel] = {one.name: one for one in channels}
        sender = Sender(context or self.context, known, name, QUICK, alone=alone)
        return asyncio.run(sender.run_until_idle(asyncio.Event()))

    def states(self) -> Counter[str]:
        return Counter(row.state for row in rows(self.context).values())


def many(number: int, **values: Any) -> list[Any]:  # noqa: ANN401
    return [recipient(one, **values) for one in range(number)]
