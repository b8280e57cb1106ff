"""A whole story on Kafka: scores, memos that go out, one that nobody could book, a correction, its withdrawal.

Each step is done by a process of its own, which may be killed and is then begun again, while relay and worker, which
may be killed as well, work off what follows. The recipients are made up.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaProducer
from kafka_real import STAGES, Left, left, request, settings_of
from kafka_stage import Place, State, cut_scores, state, until_told
from sqlalchemy import insert, select

from thammuu import bootstrap, pipeline
from thammuu.bus.aside import set_aside_now
from thammuu.bus.embedded import EmbeddedBus
from thammuu.bus.handling import refusal
from thammuu.bus.inbox import set_aside
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.replaying import replay
from thammuu.bus.status import Status
from thammuu.delivery import handlers as delivery
from thammuu.errors import PermanentRefusalError
from thammuu.events import Event, MemoIssued, ScoresPublished
from thammuu.intake import acceptance, publishing
from thammuu.ledger import log
from thammuu.ledger.schema import contact_points, recipients
from thammuu.memos import issuing
from thammuu.memos.shelf import find

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from thammuu.bus.context import Context
    from thammuu.ledger.database import Database

PROVINCES = ("01", "02", "04", "06")
"""Hà Nội, Hà Giang, Cao Bằng, Bắc Kạn."""
MONDAY = datetime(2026, 6, 22, 2, 30, tzinfo=UTC)
SESSION_TIMEOUT_MS = 1_500
"""A worker that was killed holds its partitions for so long: most of what a kill costs."""
CORRECTED, LEFT_OUT = "ha-noi", "cao-bang"
ISSUED = {unit: f"{unit}-2023" for unit in (CORRECTED, LEFT_OUT)}
SCORE, OTHER_SCORE = "2022,01,Hà Nội,1.1,Tri thức công dân,1.290253639,", "2022,01,Hà Nội,1.1,Tri thức công dân,2.29,"
GARBLED, NONSENSE = "analysis", b"{no event"


def monday() -> datetime:
    """Be everybody's clock: when messages are due must not depend on the run."""
    return MONDAY


def _cannot_plan(event: Event, context: Context) -> Any:  # noqa: ANN401  what the route prepares
    if event.subject == CORRECTED:
        raise PermanentRefusalError("a fault of the test")
    return delivery.plan_issued(event, context)


ROUTES = tuple(
    replace(route, prepare=_cannot_plan) if (route.consumer, route.event) == ("delivery", MemoIssued) else route
    for route in pipeline.ROUTES
)
"""With a fault that sets one unit's issued memo aside; the command that hands it back is without it."""


def _publish(context: Context, folder: Path) -> None:
    publishing.publish(context, request(folder / "papi-2022.csv"))


def _issue(context: Context, _folder: Path) -> None:
    for memo in ISSUED.values():
        row = find(context, memo)
        if row["status"] == "draft":
            issuing.issue(context, row, dated=date(2023, 5, 4))


def _hand_back(context: Context, _folder: Path) -> None:
    for one in set_aside_now(context):
        if one.raw is None:
            replay(context, pipeline.ROUTES, one.rejected)


def _correct(context: Context, folder: Path) -> None:
    publishing.publish(context, request(folder / "corrected-2022.csv"))


def _withdraw(context: Context, _folder: Path) -> None:
    acceptance.withdraw(context, "papi-2022-r2", "for a test")


@dataclass(frozen=True)
class Step:
    """One command, and who gives it; given again it goes on where it was killed."""

    role: str
    act: Callable[[Context, Path], None]


STEPS = (
    Step("publisher", _publish),
    Step("issuer", _issue),
    Step("replayer", _hand_back),
    Step("publisher", _correct),
    Step("withdrawer", _withdraw),
)


@dataclass(frozen=True)
class Story:
    """The story as it goes when nobody is killed.

    Args:
        folder: The score files.
        first: The events of the first step alone.
        sizes: How many events there are after each step.
        left: What is there in the end.
        people: The rows of the registers of recipients.
    """

    folder: Path
    first: State
    sizes: list[int]
    left: Left
    people: dict[str, list[dict[str, Any]]]

    def begin(self, database: Database) -> None:
        """Write the recipients down: the same as in the undisturbed run, whose ids are drawn."""
        with database.transaction() as connection:
            for table in (recipients, contact_points):
                connection.execute(insert(table), self.people[table.name])


def undisturbed(folder: Path) -> Story:
    """Return the story as the embedded program tells it."""
    _write_scores(folder)
    with bootstrap.changing(_settings(folder / "data"), monday) as program:
        context, sizes = program.context, list[int]()
        program.bus = EmbeddedBus(context, ROUTES)
        people = _people(context)
        for step in STEPS:
            step.act(context, folder)
            if not sizes:
                first = state(context.database)
                _set_nonsense_aside(context)
            program.run()
            with context.database.snapshot() as connection:
                sizes.append(log.size(connection))
        return Story(folder, first, sizes, left(context), people)


def _settings(data: Path) -> Any:  # noqa: ANN401  settings
    from servers.deliveries import settings

    return settings(data)


def _people(context: Context) -> dict[str, list[dict[str, Any]]]:
    from servers.deliveries import recipient
    from thammuu.delivery.recipients_register import take_over

    take_over(context, [recipient(number, unit_id=unit) for number, unit in enumerate(ISSUED)])
    with context.database.snapshot() as connection:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(select(table))]  # noqa: SLF001  public
            for table in (recipients, contact_points)
        }


def _write_scores(folder: Path) -> None:
    scores = cut_scores(2022, folder, PROVINCES).read_text(encoding="utf-8")
    lines = [line for line in scores.splitlines(keepends=True) if not line.startswith("2022,04,")]
    corrected = "".join(lines).replace(SCORE, OTHER_SCORE)
    assert OTHER_SCORE in corrected
    (folder / "corrected-2022.csv").write_text(corrected, encoding="utf-8")


def _set_nonsense_aside(context: Context) -> None:
    """Say of bytes that are no event what a worker says of them."""
    try:
        Event.model_validate_json(NONSENSE)
    except ValueError as error:
        set_aside(context, GARBLED, NONSENSE, refusal(GARBLED, "unreadable", error).reason)


def send_nonsense(place: Place) -> None:
    """Send bytes that are no event to a stage."""

    async def send() -> None:
        async with AIOKafkaProducer(bootstrap_servers=place.kafka) as producer:
            await producer.send_and_wait(place.connection().topics.of(ScoresPublished.event_type), NONSENSE, key=b"x")

    asyncio.run(send())


def give(place: Place, folder: Path, number: int) -> None:
    """Be the command of a step."""
    with bootstrap.changing(settings_of(place), monday) as program:
        STEPS[number].act(program.context, folder)


def work(place: Place) -> None:
    """Be a worker of all stages until told to stop."""
    kafka = replace(place.connection(), session_timeout_ms=SESSION_TIMEOUT_MS)
    with bootstrap.sharing(settings_of(place), monday) as program:
        until_told(Worker(program.context, ROUTES, STAGES, kafka, Status()).run)
