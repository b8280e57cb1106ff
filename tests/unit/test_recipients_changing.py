"""One recipient is added, changed and erased."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from delivery_parts import Desk, desk
from thammuu.delivery.recipients import bounced, contact_of, every_recipient, recipients_named
from thammuu.delivery.recipients_changing import NoRecipientError, add, change, remove
from thammuu.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.delivery.ports import ContactPoint
    from thammuu.delivery.recipients import Recipient

ON = date(2023, 4, 20)
SAID = {"unit": "Hà Nam", "role": "secretariat", "name": "Văn phòng", "email": "vp@ha-nam.vn", "quiet_from": "22:00"}
SAID |= {"quiet_to": "7:00"}


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path / "data") as opened:
        yield opened


def found(on: Desk, name: str) -> Recipient:
    with on.context.database.snapshot() as connection:
        (one,) = recipients_named(connection, [name])
    return one


def contact(on: Desk, name: str) -> ContactPoint | None:
    with on.context.database.snapshot() as connection:
        return contact_of(on.context, connection, name, "email")


def test_what_is_not_named_stays_as_it_was(on: Desk) -> None:
    name, became = add(on.context, SAID, ON)
    assert became == "new"
    assert change(on.context, name, {"language": "en", "formats": "pdf,docx"}, ON)
    one, to = found(on, name), contact(on, name)
    assert (one.unit_id, one.role, one.language, one.formats) == ("ha-nam", "secretariat", "en", ("pdf", "docx"))
    assert (one.quiet_from, one.quiet_to) == ("22:00", "07:00")
    assert to is not None
    assert (to.name, to.address) == ("Văn phòng", "vp@ha-nam.vn")
    assert not change(on.context, name, {"language": "en"}, ON)


def test_a_unit_that_has_merged_since_stays_while_other_things_change(on: Desk) -> None:
    name, _became = add(on.context, SAID, ON)
    assert change(on.context, name, {"turn": "2"}, date(2026, 3, 2))
    assert (found(on, name).unit_id, found(on, name).turn) == ("ha-nam", 2)


def test_an_empty_value_takes_one_away_and_what_must_be_there_is_missed(on: Desk) -> None:
    name, _became = add(on.context, SAID, ON)
    change(on.context, name, {"quiet_from": "", "quiet_to": ""}, ON)
    assert (found(on, name).quiet_from, found(on, name).quiet_to) == (None, None)
    with pytest.raises(BadInputError) as raised:
        change(on.context, name, {"email": "", "role": ""}, ON)
    assert {one.code for one in raised.value.problems} == {"recipient-email", "recipient-role"}
    assert contact(on, name) is not None


def test_every_problem_is_told_with_its_column_and_no_address(on: Desk) -> None:
    wrong = {"unit": "Hà Namm", "role": "chair", "email": "canary@@nest", "turn": "0", "colour": "red"}
    with pytest.raises(BadInputError) as raised:
        add(on.context, wrong, ON)
    told = {one.place.column: one.value for one in raised.value.problems}
    assert told == {"unit": "Hà Namm", "role": "chair", "email": "xxxxxx@@xxxx", "turn": "0", "colour": None}
    with on.context.database.snapshot() as connection:
        assert every_recipient(connection) == []


def test_an_address_that_came_back_stays_out_of_use_until_it_is_another(on: Desk) -> None:
    name, _became = add(on.context, SAID, ON)
    with on.context.database.transaction() as connection:
        bounced(connection, name, "email")
    change(on.context, name, {"name": "Văn phòng UBND"}, ON)
    assert found(on, name).points["email"].state == "bounced"
    assert add(on.context, SAID, ON) == (name, "changed")
    assert found(on, name).points["email"].state == "bounced"
    change(on.context, name, {"email": "moi@ha-nam.vn"}, ON)
    assert found(on, name).points["email"].state == "usable"


def test_nobody_is_given_the_address_of_another_in_the_same_role_of_the_same_unit(on: Desk) -> None:
    first, _became = add(on.context, SAID, ON)
    second, _became = add(on.context, SAID | {"email": "b@ha-nam.vn"}, ON)
    with pytest.raises(BadInputError) as raised:
        change(on.context, second, {"email": "VP@ha-nam.vn"}, ON)
    assert first in raised.value.problems[0].expected
    change(on.context, second, {"email": "VP@ha-nam.vn", "role": "operator"}, ON)


def test_whoever_is_erased_can_neither_be_changed_nor_erased_again(on: Desk) -> None:
    name, _became = add(on.context, SAID, ON)
    remove(on.context, name)
    assert contact(on, name) is None
    for again in (lambda: remove(on.context, name), lambda: change(on.context, name, {"language": "en"}, ON)):
        with pytest.raises(NoRecipientError, match=name):
            again()
