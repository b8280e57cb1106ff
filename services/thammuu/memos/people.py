"""Who may do what: people registered with rights; while nobody is, whoever may write the data has all of them."""

from __future__ import annotations

import getpass
import re
import unicodedata
from typing import TYPE_CHECKING, Final, Literal

from sqlalchemy import func, insert, select, update

from thammuu.clock import today
from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.ledger.schema import people
from thammuu.memos.clean import clean_text
from thammuu.memos.rights import record
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date
    from typing import Any

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context

Right = Literal["edit", "approve", "issue", "send"]
RIGHTS: Final[tuple[Right, ...]] = ("edit", "approve", "issue", "send")
"""Change wording, approve or return drafts, give numbers and dates, act on deliveries."""
LONGEST_ID: Final = 60
"""Letters of an id, as many as the tables keep."""
_ID: Final = re.compile(rf"[^\W_][\w.@-]{{0,{LONGEST_ID - 1}}}")
"""No colon: ``account:`` and ``policy:`` name what is no person."""
_ACCOUNT: Final = "account:"
TURN: Final = "rights of people"
"""Of the transactions that change rights."""


def acting(context: Context, connection: Connection, right: Right, issuer: str | None = None) -> str:
    """Return who acts, for the record.

    Args:
        context: The program's parts; its settings may name the person.
        connection: Any connection.
        right: What is to be done.
        issuer: In whose name; None where it is nobody's in particular.

    Raises:
        BadInputError: If the person is not registered, or lacks the right on the day.
    """
    name = context.settings.person
    if _nobody(connection):
        return _checked(name) if name else _account()
    if name is None:
        raise BadInputError(_("Say who you are: THAMMUU_PERSON, or --as PERSON; `thammuu people list`."))
    row = _registered(context, connection, name)
    issuers = row.issuers.split(",") if row.issuers else []
    if right not in row.rights.split(",") or (issuer and issuers and issuer not in issuers):
        told = _("{name} has no right to {right} for {issuer}.")
        raise BadInputError(told.format(name=name, right=right, issuer=issuer or _("any issuer")))
    return name


def _registrar(context: Context, connection: Connection) -> str:
    """Return who changes rights, for the record: whoever is named, or else the account."""
    name = context.settings.person
    if not name:
        return _account()
    if not _nobody(connection):
        _registered(context, connection, name)
    return _checked(name)


def _nobody(connection: Connection) -> bool:
    return not connection.execute(select(func.count()).select_from(people)).scalar_one()


def _registered(context: Context, connection: Connection, name: str) -> Row[Any]:
    """Return what is known of a person who has rights on the day."""
    row = connection.execute(select(people).where(people.c.person_id == name)).one_or_none()
    if row is None:
        raise BadInputError(_("There is no person {name}; `thammuu people list`.").format(name=repr(name)))
    on = today(context.clock)
    if (row.valid_from and on < row.valid_from) or (row.valid_to and on > row.valid_to):
        raise BadInputError(_("The rights of {name} do not hold on {day}.").format(name=name, day=on))
    return row


def add(  # noqa: PLR0913  what is known of a person
    context: Context,
    connection: Connection,
    person_id: str,
    rights: Collection[str],
    issuers: Collection[str] = (),
    *,
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> None:
    """Register a person, or change one's rights; the ledger tells who did.

    Raises:
        BadInputError: If the id is none, a right is unknown or the last day is before the first one, with all of it; if
            the first person would not have all rights, nobody with all of them would remain, or whoever is said to do
            it has no rights.
    """
    problems = [*_id_problems(person_id, "PERSON"), *_right_problems(rights), *_day_problems(valid_from, valid_to)]
    if problems:
        raise BadInputError(_("Nobody can be registered like this."), problems)
    _in_turn(connection)
    by = _registrar(context, connection)
    if _nobody(connection) and (set(rights) != set(RIGHTS) or issuers or valid_from or valid_to):
        raise BadInputError(_("The first person needs all rights, for every issuer and without an end."))
    if set(rights) != set(RIGHTS) or issuers or valid_from or valid_to:
        _refuse_the_last(connection, person_id)
    values = {
        "rights": ",".join(one for one in RIGHTS if one in rights),
        "issuers": ",".join(sorted(set(issuers))),
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    mine = people.c.person_id == person_id
    if not connection.execute(update(people).where(mine).values(**values)).rowcount:
        connection.execute(insert(people).values(person_id=person_id, **values))
    record(context, connection, person_id, by)


def end(context: Context, connection: Connection, person_id: str, last_day: date) -> None:
    """Let a person's rights end after a day, or earlier if they do anyhow; the ledger tells who did.

    Raises:
        BadInputError: If there is no such person, nobody with all rights would remain, or whoever is said to do it has
            no rights.
    """
    _in_turn(connection)
    by = _registrar(context, connection)
    _refuse_the_last(connection, person_id)
    mine = people.c.person_id == person_id
    row = connection.execute(select(people.c.valid_to).where(mine)).one_or_none()
    if row is None:
        raise BadInputError(_("There is no person {name}; `thammuu people list`.").format(name=repr(person_id)))
    last = min(row.valid_to or last_day, last_day)
    connection.execute(update(people).where(mine).values(valid_to=last))
    record(context, connection, person_id, by, ended=True)


def _checked(person_id: str) -> str:
    """Return who acts, if the name is an id."""
    problems = list(_id_problems(person_id, "THAMMUU_PERSON, --as"))
    if problems:
        raise BadInputError(_("Nobody can act under this name."), problems)
    return person_id


def _id_problems(person_id: str, place: str) -> Iterator[Problem]:
    """Tell whether an id looks like what it is, and like nobody else's."""
    if not _ID.fullmatch(person_id) or not unicodedata.is_normalized("NFC", person_id):
        expected = _("an id of a person: letters, figures, and . _ - @ between them, {n} at most")
        yield Problem("person-id", expected.format(n=LONGEST_ID), Place(place), ascii(person_id[:80])[1:-1])


def _right_problems(rights: Collection[str]) -> Iterator[Problem]:
    unknown = sorted(set(rights) - set(RIGHTS))
    if unknown or not rights:
        expected = _("any of {known}, separated by commas").format(known=", ".join(RIGHTS))
        yield Problem("person-rights", expected, Place("--rights"), printable(", ".join(unknown)))


def _day_problems(first: date | None, last: date | None) -> Iterator[Problem]:
    if first and last and last < first:
        expected = _("a day not before the first one, {day}").format(day=first)
        yield Problem("person-days", expected, Place("--to"), str(last))


def _in_turn(connection: Connection) -> None:
    """Wait for others who change rights: two who end each other would leave nobody."""
    connection.execute(select(people.c.person_id).with_for_update()).all()


def _refuse_the_last(connection: Connection, person_id: str) -> None:
    """Refuse to take rights from whoever alone has all of them: nobody could give them back."""
    whole = ",".join(RIGHTS)
    others = (people.c.person_id != person_id, people.c.rights == whole, people.c.issuers == "")
    whole_time = (people.c.valid_from.is_(None), people.c.valid_to.is_(None))
    if not connection.execute(select(people.c.person_id).where(*others, *whole_time)).first():
        raise BadInputError(_("Nobody with all rights would remain; register another person first."))


def _account() -> str:
    try:
        # the environment may name it
        name = clean_text(getpass.getuser(), limit=LONGEST_ID - len(_ACCOUNT))
    except (KeyError, OSError):
        name = ""
    return _ACCOUNT + (name or "unknown")
