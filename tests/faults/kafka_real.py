"""The real routes for the faults on Kafka: the processes' work, and what an undisturbed run leaves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from kafka_stage import LEASE_S, Place, State, state, until_told
from sqlalchemy import select

from thammuu import bootstrap, pipeline
from thammuu.bus.kafka.relay import Relay
from thammuu.bus.outbox import Outbox
from thammuu.bus.status import Status
from thammuu.intake import publishing
from thammuu.ledger import log
from thammuu.ledger.schema import (
    analyses,
    approvals,
    deliveries,
    delivery_memos,
    findings,
    issued_memos,
    memos,
    publications,
)
from thammuu.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.bus.context import Context

STAGES = list(dict.fromkeys(route.consumer for route in pipeline.ROUTES))
TABLES = (publications, analyses, findings, memos, approvals, issued_memos, deliveries, delivery_memos)


@dataclass(frozen=True)
class Left:
    """What a run leaves, without when: the events by id, and the rows of all that is read.

    Stored files are compared through their names, which are hashes of their contents: facts, models and PDFs alike.
    """

    events: State
    rows: dict[str, list[tuple[Any, ...]]]


def left(context: Context) -> Left:
    """Return what a run has left."""
    with context.database.snapshot() as connection:
        rows = {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in TABLES
        }
    return Left(state(context.database), rows)


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


def relay(place: Place) -> None:
    """Be a relay until told to stop."""
    with bootstrap.sharing(settings_of(place)) as program:
        outbox = Outbox(program.context, f"relay {os.getpid()}", lease_s=LEASE_S / 2)
        until_told(Relay(outbox, place.connection(), Status()).run)
