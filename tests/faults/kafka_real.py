"""The real routes for the faults on Kafka: the processes' work, and what an undisturbed run leaves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kafka_stage import LEASE_S, Place, State, state, until_told
from sqlalchemy import func, select

from thammuu import bootstrap, pipeline
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.kafka.worker import Worker
from thammuu.bus.outbox import Outbox
from thammuu.bus.status import Status
from thammuu.intake import publishing
from thammuu.ledger import log
from thammuu.ledger.schema import findings, memos
from thammuu.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.bus.context import Context

STAGES = list(dict.fromkeys(route.consumer for route in pipeline.ROUTES))


@dataclass(frozen=True)
class Left:
    """What a run leaves, without when: events, memos, the number of findings."""

    events: State
    memos: list[tuple[Any, ...]]
    findings: int


def left(context: Context) -> Left:
    """Return what a run has left."""
    with context.database.snapshot() as connection:
        columns = (memos.c.memo_id, memos.c.version, memos.c.status, memos.c.model, memos.c.pdf)
        kept = sorted(tuple(row) for row in connection.execute(select(*columns)))
        found = connection.execute(select(func.count()).select_from(findings)).scalar_one()
    return Left(state(context.database), kept, found)


def undisturbed(folder: Path, *files: Path) -> tuple[Left, list[int]]:
    """Return what the embedded program leaves of score files, whose names end in their years.

    Returns:
        What it leaves at the end, and how many events there were after each file.
    """
    sizes = []
    with bootstrap.changing(Settings(data=folder)) as program:
        for file in files:
            publishing.publish(program.context, request(file))
            program.run()
            with program.context.database.snapshot() as connection:
                sizes.append(log.size(connection))
        return left(program.context), sizes


def request(file: Path) -> publishing.Request:
    """Return how a file is published."""
    year = int(file.stem[-4:])
    return publishing.Request(file, "papi", str(year), published_on=date(year + 1, 4, 12), partial=True)


def settings_of(place: Place) -> Settings:
    """Return the settings of a process."""
    return Settings(data=place.folder.parent, database_url=place.database, kafka_url=place.kafka)  # type: ignore[arg-type]


def publish(place: Place, file: Path) -> None:
    """Be the command that publishes."""
    with bootstrap.changing(settings_of(place)) as program:
        publishing.publish(program.context, request(file))


def work(place: Place) -> None:
    """Be a worker of all stages until told to stop."""
    with bootstrap.sharing(settings_of(place)) as program:
        worker = Worker(program.context, pipeline.ROUTES, STAGES, place.connection(), Status())
        until_told(worker.run)


def relay(place: Place) -> None:
    """Be a relay until told to stop."""
    with bootstrap.sharing(settings_of(place)) as program:
        outbox = Outbox(program.context, f"relay {os.getpid()}", lease_s=LEASE_S / 2)
        until_told(Relay(outbox, place.connection(), Status()).run)
