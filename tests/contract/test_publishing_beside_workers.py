"""Commands that publish on a database that others write to: each answers for its own publication alone."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import psycopg
import structlog

from servers.deliveries import PAPI
from servers.program import command, environment, running
from thammuu import bootstrap
from thammuu.bus.aside import set_aside_now
from thammuu.bus.inbox import set_aside
from thammuu.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from servers.postgres import Postgres

NOWHERE = "127.0.0.1:9"
WAITING = "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE NOT granted AND datname = %s"
WITHIN_S = 60.0


def until_somebody_waits(database: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute(WAITING, [connection.info.dbname]).fetchone() == (0,):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_command_is_not_blamed_for_what_workers_set_aside_meanwhile(postgres: Postgres, tmp_path: Path) -> None:
    database = postgres.new_database()
    env = environment(tmp_path / "data", THAMMUU_DATABASE_URL=database, THAMMUU_KAFKA_URL=NOWHERE)
    assert command(env, "db", "upgrade").returncode == 0
    chosen = Settings.model_validate({"data": tmp_path / "data", "database_url": database, "kafka_url": NOWHERE})
    asked = ("--index", "papi", "--period", "2022", "--published-on", "2023-04-12")
    with ExitStack() as stack:
        stack.enter_context(structlog.testing.capture_logs())
        context = stack.enter_context(bootstrap.sharing(chosen)).context
        # the command has looked at the ledger when it waits for its turn at the register
        with context.database.transaction("register"):
            publishing = stack.enter_context(running(env, "publish", PAPI / "papi-2022.csv", *asked))
            until_somebody_waits(database)
            (tmp_path / "data" / "blobs").mkdir(exist_ok=True)
            set_aside(context, "memos", b"{no event", "simulated")
        assert publishing.process.wait(WITHIN_S) == 0, publishing.said()
        assert len(set_aside_now(context)) == 1
        assert "papi-2022-r1: published" in publishing.said()
