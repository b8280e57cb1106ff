"""A ledger with an issued memo, on each database, for whatever senders promise."""

from __future__ import annotations

import secrets
import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from pydantic import SecretStr

from servers.deliveries import Hands, issued, settings
from servers.sending import Office
from thammuu import bootstrap
from thammuu.ledger.postgres import PostgresDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.bus.context import Context


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Any]:
    """A ledger with an issued memo, made once; the function gives a copy's settings."""
    folder = tmp_path_factory.mktemp("prepared")
    if request.param == "sqlite":
        with bootstrap.changing(settings(folder / "data"), Hands()) as program:
            issued(program, folder)

        def copied(place: Path) -> Any:  # noqa: ANN401  settings
            shutil.copytree(folder / "data", place / "data")
            return settings(place / "data")

        return copied
    server: Postgres = request.getfixturevalue("postgres")
    first = server.new_database()
    database = PostgresDatabase(first)
    database.upgrade()
    database.close()
    with bootstrap.changing(settings(folder / "data", database_url=SecretStr(first)), Hands()) as program:
        issued(program, folder)

    def cloned(place: Path) -> Any:  # noqa: ANN401  settings
        name = f"s{secrets.token_hex(6)}"
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{first.rpartition("/")[2]}"')
        shutil.copytree(folder / "data", place / "data")
        return settings(place / "data", database_url=SecretStr(server.url(name)))

    return cloned


@pytest.fixture
def office(prepared: Callable[[Path], Any], tmp_path: Path) -> Iterator[Office]:
    chosen, clock = prepared(tmp_path), Hands()
    with ExitStack() as stack:
        shared = chosen.database_url is not None
        first = stack.enter_context((bootstrap.sharing if shared else bootstrap.changing)(chosen, clock))

        def another() -> Context:
            # one process writes a folder; its threads share the connection
            return stack.enter_context(bootstrap.sharing(chosen, clock)).context if shared else first.context

        yield Office(first.context, clock, another)
