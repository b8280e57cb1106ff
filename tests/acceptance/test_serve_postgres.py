"""A server on PostgreSQL without Kafka works out everything itself; while the database is away it says so at once."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from commands import EXAMPLES

from servers.postgres import running
from servers.program import command, environment, served
from servers.proxy import before

if TYPE_CHECKING:
    from pathlib import Path

    from servers.postgres import Postgres
    from servers.program import Server
    from servers.proxy import Proxy

ASKED = {"index": "sipas", "period": "2021", "partial": "true"}
SIPAS = EXAMPLES / "sipas" / "sipas-2021.csv"
ANSWERS_WITHIN_S = 12.0


def until(server: Server, status: int, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while server.ask("GET", "/readyz").status != status:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def away(server: Server) -> None:
    """The server says at once that it cannot answer now."""
    until(server, 503)
    begun = time.monotonic()
    answer = server.publish(SIPAS.read_bytes(), **ASKED)
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "retry-after" in answer.headers
    assert server.get("/memos").status == 503
    assert time.monotonic() - begun < ANSWERS_WITHIN_S
    assert server.ask("GET", "/livez").status == 200


def test_a_server_on_postgresql_beside_a_command_and_through_silence_and_an_outage(tmp_path: Path) -> None:
    with running() as postgres, before(postgres.port) as network:
        scenario(tmp_path, postgres, network)


def scenario(tmp_path: Path, postgres: Postgres, network: Proxy) -> None:
    database = postgres.new_database()
    env = environment(tmp_path / "data", THAMMUU_DATABASE_URL=database)
    cut = env | {"THAMMUU_DATABASE_URL": postgres.url(database.rpartition("/")[2], network.port)}
    assert command(env, "db", "upgrade").returncode == 0
    with served(cut) as server:
        assert server.publish(SIPAS.read_bytes(), **ASKED).status == 202
        assert server.until_handled("sipas-2021-r1")["analysed"]
        # a command works on the same database at the same time
        file = EXAMPLES / "sipas" / "sipas-2020.csv"
        done = command(env, "publish", file, "--index", "sipas", "--period", "2020", "--partial", "--format", "json")
        assert done.returncode == 0, done.stderr
        assert [one["publication_id"] for one in server.items("/publications")] == ["sipas-2021-r1", "sipas-2020-r1"]
        recorded = json.loads(command(env, "events", "--format", "json").stdout)
        network.hold()
        with ThreadPoolExecutor(1) as threads:
            # asked before anybody knows: it has its answer when the bytes arrive
            early = threads.submit(server.get, "/publications")
            away(server)
            network.heal()
            assert early.result().status == 200
        until(server, 200)
        assert server.publish(SIPAS.read_bytes(), **ASKED).status == 200
        postgres.kill()
        try:
            away(server)
        finally:
            postgres.start()
        until(server, 200)
        assert server.publish(SIPAS.read_bytes(), **ASKED).status == 200
        assert json.loads(command(env, "events", "--format", "json").stdout) == recorded
