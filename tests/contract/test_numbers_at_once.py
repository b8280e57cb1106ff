"""A number that others take or void while a document is printed is not given to it, on both databases."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from servers.deliveries import Hands, issued, settings
from thammuu import bootstrap
from thammuu.errors import BadInputError
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.memos.issuing import IssuedMemo, issue
from thammuu.memos.numbers import book, faults
from thammuu.memos.shelf import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.bus.context import Context

DAY = date(2023, 5, 4)
REASON = "Số đã cấp trên giấy"


@pytest.fixture(params=["sqlite", "postgres"])
def offices(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Context, Context]]:
    """Two at one ledger, in which number 1 is given."""
    chosen: Any = settings(tmp_path / "data")
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
        database = PostgresDatabase(url)
        database.upgrade()
        database.close()
        chosen = settings(tmp_path / "data", database_url=SecretStr(url))
    with ExitStack() as stack:
        program = stack.enter_context(bootstrap.changing(chosen, Hands()))
        issued(program, tmp_path)
        other = program.context
        if request.param == "postgres":
            other = stack.enter_context(bootstrap.sharing(chosen, Hands())).context
        yield program.context, other


class Interrupted:
    """Prints as the real one does, and lets something happen before the first document is done."""

    def __init__(self, real: Any, happens: Callable[[], object]) -> None:  # noqa: ANN401  a renderer
        self._real, self._happens = real, [happens]

    def stored_pdf(self, model: bytes) -> bytes:
        """Print a model."""
        if self._happens:
            self._happens.pop()()
        pdf: bytes = self._real.stored_pdf(model)
        return pdf

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the real one has
        return getattr(self._real, name)


def give(context: Context, unit: str, **more: Any) -> IssuedMemo:  # noqa: ANN401
    done = issue(context, find(context, unit, None), dated=DAY, **more)
    assert isinstance(done, IssuedMemo)
    return done


def interrupted(context: Context, happens: Callable[[], object]) -> Context:
    return replace(context, renderer=Interrupted(context.renderer, happens))  # type: ignore[arg-type]


def numbers(context: Context) -> list[tuple[int, int, str]]:
    with context.database.snapshot() as connection:
        assert faults(connection) == []
        return [(one.first, one.last, one.state) for one in book(connection)]


def test_a_number_that_was_voided_while_its_document_was_printed_is_not_given(offices: tuple[Context, Context]) -> None:
    here, there = offices
    slow = interrupted(here, lambda: give(there, "Hà Nội", number=5, void_skipped=REASON))
    assert give(slow, "Hà Giang").number == 6
    assert numbers(here) == [(1, 1, "document"), (2, 4, "voided"), (5, 5, "document"), (6, 6, "document")]


def test_what_was_given_meanwhile_is_not_voided(offices: tuple[Context, Context]) -> None:
    here, there = offices
    slow = interrupted(here, lambda: give(there, "Hà Nội"))
    assert give(slow, "Hà Giang", number=5, void_skipped=REASON).number == 5
    assert numbers(here) == [(1, 1, "document"), (2, 2, "document"), (3, 4, "voided"), (5, 5, "document")]


def test_a_named_number_that_is_given_meanwhile_is_refused(offices: tuple[Context, Context]) -> None:
    here, there = offices
    slow = interrupted(here, lambda: give(there, "Hà Nội"))
    with pytest.raises(BadInputError, match="belongs to ha-noi-2023 already"):
        give(slow, "Hà Giang", number=2)
    assert numbers(here) == [(1, 1, "document"), (2, 2, "document")]
