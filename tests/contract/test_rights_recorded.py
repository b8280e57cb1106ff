"""Who gave whom which right is in the ledger, once for each change; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, insert, select, update

from servers.deliveries import Hands, settings
from thammuu import bootstrap
from thammuu.errors import BadInputError
from thammuu.ledger import log
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.ledger.schema import people as register
from thammuu.memos import people, rights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.bus.context import Context
    from thammuu.events import Event

FIRST, LAST, LATER = date(2026, 3, 2), date(2031, 3, 31), date(2032, 3, 31)


@dataclass
class Register:
    """One ledger, and two who change rights in it."""

    context: Context
    others: list[Context]

    def add(self, person: str, may: tuple[str, ...] = people.RIGHTS, by: str | None = None, **more: Any) -> None:  # noqa: ANN401
        context = named(self.context, by)
        with context.database.transaction(people.TURN) as connection:
            people.add(context, connection, person, may, **more)

    def end(self, person: str, last: date, by: str | None = None) -> None:
        context = named(self.context, by)
        with context.database.transaction(people.TURN) as connection:
            people.end(context, connection, person, last)

    def told(self) -> list[Event]:
        """Every event of the ledger, which is whole and says what the register says."""
        with self.context.database.snapshot() as connection:
            assert log.verify(connection) == []
            assert rights.faults(connection) == []
            return [one.event for one in log.read(connection)]


def named(context: Context, person: str | None) -> Context:
    return replace(context, settings=context.settings.model_copy(update={"person": person}))


@pytest.fixture(params=["sqlite", "postgres"])
def staff(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Register]:
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
        # one process writes a folder; its threads share the connection
        others = [program.context] * 2
        if request.param == "postgres":
            others = [stack.enter_context(bootstrap.sharing(chosen, Hands())).context for _turn in range(2)]
        yield Register(program.context, others)


def test_each_change_of_rights_is_told_with_who_made_it(staff: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "root")
    staff.add("a")
    staff.add("b", ("approve", "edit"), by="a", issuers=["bo-noi-vu"], valid_from=FIRST)
    staff.add("b", ("approve",), by="a", valid_from=FIRST)
    staff.end("b", LAST, by="a")
    told = staff.told()
    assert [(one.type, one.subject) for one in told] == [
        ("rights.given", "a"),
        ("rights.given", "b"),
        ("rights.given", "b"),
        ("rights.ended", "b"),
    ]
    of_b = {"person_id": "b", "rights": ["approve"], "issuers": [], "valid_from": "2026-03-02", "by": "a"}
    everything = {"person_id": "a", "rights": list(people.RIGHTS), "issuers": [], "by": "account:root"}
    assert [one.data.model_dump(mode="json", exclude_none=True) for one in told] == [
        everything,
        of_b | {"rights": ["edit", "approve"], "issuers": ["bo-noi-vu"]},
        of_b,
        of_b | {"valid_to": "2031-03-31"},
    ]


def test_the_same_change_again_is_no_event_and_gives_no_day_back(staff: Register) -> None:
    for _turn in range(2):
        staff.add("a")
        staff.add("b", ("approve", "edit"), issuers=["bo-noi-vu", "bo-noi-vu"])
        staff.add("b", ("edit", "approve"), issuers=["bo-noi-vu"])
    assert len(staff.told()) == 2
    for last in (LAST, LAST, LATER):
        staff.end("b", last)
    assert [one.type for one in staff.told()][2:] == ["rights.ended"]
    with staff.context.database.snapshot() as connection:
        assert connection.execute(select(register.c.valid_to).where(register.c.person_id == "b")).scalar() == LAST


def test_rights_given_ended_and_given_again_are_three_events(staff: Register) -> None:
    staff.add("a")
    staff.add("b", ("edit",))
    staff.end("b", LAST)
    staff.add("b", ("edit",))
    told = staff.told()
    assert [one.type for one in told if one.subject == "b"] == ["rights.given", "rights.ended", "rights.given"]
    assert len({one.id for one in told}) == 4


def test_the_longest_id_is_kept_whole(staff: Register) -> None:
    staff.add("a" * people.LONGEST_ID)
    assert [one.subject for one in staff.told()] == ["a" * people.LONGEST_ID]


def test_a_change_that_is_refused_is_not_told(staff: Register) -> None:
    staff.add("a")
    staff.add("b", ("edit",), valid_to=FIRST)
    before = staff.told()
    for act, told in (
        (lambda: staff.end("a", LAST), "would remain"),
        (lambda: staff.end("x", LAST), "no person 'x'"),
        (lambda: staff.add("c", ("sing",)), "Nobody can be registered"),
        (lambda: staff.add("c" * 61), "Nobody can be registered"),
        (lambda: staff.add("c", ("edit",), valid_from=LATER, valid_to=LAST), "Nobody can be registered"),
        (lambda: staff.add("c", ("edit",), by="x"), "no person 'x'"),
        (lambda: staff.add("c", ("edit",), by="b"), "do not hold"),
        (lambda: staff.end("b", LAST, by="b"), "do not hold"),
    ):
        with pytest.raises(BadInputError, match=told):
            act()
    assert staff.told() == before


def test_two_who_give_the_same_rights_at_once_are_one_event(staff: Register) -> None:
    for person in ("a", "b"):  # also where nobody is registered before
        together = Barrier(2)

        def one(context: Context, person: str = person, together: Barrier = together) -> None:
            together.wait(30)
            with context.database.transaction(people.TURN) as connection:
                people.add(context, connection, person, people.RIGHTS)

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(one, staff.others))
    assert [one.subject for one in staff.told()] == ["a", "b"]


@pytest.mark.parametrize(
    "change",
    [
        lambda: update(register).where(register.c.person_id == "b").values(rights="edit,approve"),
        lambda: update(register).where(register.c.person_id == "b").values(valid_to=LATER),
        lambda: delete(register).where(register.c.person_id == "b"),
        lambda: insert(register).values(person_id="b2", rights="approve", issuers=""),
    ],
)
def test_a_register_that_was_changed_by_hand_is_found_and_put_right(staff: Register, change: Callable[[], Any]) -> None:
    staff.add("a")
    staff.add("b", ("edit",), valid_to=LAST)
    with staff.context.database.transaction() as connection:
        connection.execute(change())
    with staff.context.database.snapshot() as connection:
        (fault,) = rights.faults(connection)
    person = fault.partition(":")[0]
    assert person in {"b", "b2"}
    staff.add(person, ("edit",), valid_to=LAST)
    assert len(staff.told()) == (3 if person == "b2" else 2)
