"""Year after year, each with its memos: Kafka and PostgreSQL write what the embedded program writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from commands import EXAMPLES
from processes import environment, events, memos, publish, running, thammuu, until_there

if TYPE_CHECKING:
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres
DATA = EXAMPLES.parent / "tests" / "data"
YEARS = range(2011, 2023)


def sheet(year: int) -> Path:
    return next(path for folder in (EXAMPLES, DATA) if (path := folder / "papi" / f"papi-{year}.csv").exists())


def publish_all(env: dict[str, str]) -> None:
    for year in YEARS:
        publish(env, sheet(year), year)


def written(env: dict[str, str], folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    return events(env), memos(env, folder)


# two years, in test_distributed, whenever something changes
@pytest.mark.long
def test_two_workers_write_the_events_and_memos_of_the_embedded_program(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka
) -> None:
    alone = environment(tmp_path / "embedded")
    publish_all(alone)
    expected = written(alone, tmp_path / "embedded memos")
    database = postgres.new_database()
    env = environment(
        tmp_path / "data",
        THAMMUU_DATABASE_URL=database,
        THAMMUU_KAFKA_URL=kafka_broker.servers,
        THAMMUU_TOPIC_PREFIX=f"{tmp_path.name}.",
    )
    thammuu(env, "db", "upgrade")
    with running(env, "relay"), running(env, "worker"), running(env, "worker"):
        publish_all(env)
        until_there(database, len(expected[0]), within_s=900)
    found = written(env, tmp_path / "memos")
    assert len(found[1]) >= 63 * len(YEARS)
    assert found == expected
    thammuu(env, "ledger", "verify")
