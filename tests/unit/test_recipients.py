"""Recipients, the keys that seal their data, and people with rights."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import openpyxl
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select

from delivery_parts import MONDAY, Desk, desk
from thammuu.delivery.recipients import bounced, contact_of, every_recipient, recipients_named, recipients_of
from thammuu.delivery.recipients_addresses import address_checks
from thammuu.delivery.recipients_entry import COLUMNS, Checker, Entry
from thammuu.delivery.recipients_register import Taken, erase, reseal, take_over, usable_again
from thammuu.delivery.recipients_sheet import read_recipients, template_row
from thammuu.delivery.vault import Vault, new_key, vault_of
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.ledger.schema import contact_points, recipients
from thammuu.memos import people
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.bus.context import Context

ON = MONDAY.date()
UNITS_ON = date(2023, 4, 20)
HEADER = "unit,role,name,email,chat,webhook,webhook_secret\n"
SECRET = "whsec_bWFkZSB1cCwgdGhpcnR5IGJ5dGVzIGluIGxlbmd0aA=="  # noqa: S105  a made-up one
GOOD = HEADER + f"Hà Nam,secretariat,Văn phòng,office@ha-nam.vn,,https://hook.vn/x,{SECRET}\n"


@pytest.fixture
def on(tmp_path: Path) -> Iterator[Desk]:
    with desk(tmp_path / "data") as opened:
        yield opened


def entries(on: Desk, folder: Path, text: str) -> list[Entry]:
    file = folder / "list.csv"
    file.write_text(text, "utf-8")
    return read_recipients(file, checker(on))


def checker(on: Desk, **more: str) -> Checker:
    settings = on.context.settings.model_copy(update=more)
    checks = address_checks(replace(on.context, settings=settings))
    return Checker(on.context.packs.active, UNITS_ON, checks)


def problems(on: Desk, folder: Path, text: str) -> list[tuple[str, int | None, str | None]]:
    with pytest.raises(BadInputError) as raised:
        entries(on, folder, text)
    return [(one.code, one.place.row, one.value) for one in raised.value.problems]


def only(on: Desk) -> str:
    with on.context.database.snapshot() as connection:
        (one,) = every_recipient(connection)
    return one.recipient_id


def test_what_is_sealed_is_read_with_the_key_alone() -> None:
    vault, other = Vault([new_key()]), Vault([new_key()])
    sealed = vault.seal("Nguyễn".encode())
    assert "Nguyễn".encode() not in sealed
    assert vault.open(sealed).decode() == "Nguyễn"
    with pytest.raises(EnvironmentFaultError, match="another key"):
        other.open(sealed)


def test_a_newer_key_opens_what_the_older_one_sealed_and_keeps_the_marks() -> None:
    old, new = new_key(), new_key()
    before, after = Vault([old]), Vault([new, old])
    assert after.open(before.seal(b"x")) == b"x"
    assert Vault([new]).open(after.resealed(before.seal(b"x"))) == b"x"
    assert after.mark("email", "A@b.vn") == before.mark("email", " a@B.vn")
    assert after.mark("email", "a@b.vn") != after.mark("chat", "a@b.vn")
    assert Vault([new]).mark("email", "a@b.vn") != before.mark("email", "a@b.vn")


@pytest.mark.parametrize("key", ["", "short", "x" * 44, ","])
def test_what_is_no_key_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(BadInputError) as raised:
        vault_of(Settings(secret_key=SecretStr(key)))
    assert key in {"", ","} or key not in str(raised.value)


def test_without_a_key_it_is_told_how_to_make_one() -> None:
    with pytest.raises(BadInputError, match="thammuu keys new"):
        vault_of(Settings())


def test_a_key_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{new_key()}\n{new_key()}\n", "ascii")
    file.chmod(0o644)
    with pytest.raises(EnvironmentFaultError, match="chmod 600"):
        vault_of(Settings(secret_key_file=file))
    file.chmod(0o600)
    assert vault_of(Settings(secret_key_file=file)).open(Vault(file.read_text().split()).seal(b"x")) == b"x"
    with pytest.raises(EnvironmentFaultError, match="cannot be read"):
        vault_of(Settings(secret_key_file=tmp_path / "none"))


def test_a_list_is_taken_over_once(on: Desk, tmp_path: Path) -> None:
    read = entries(on, tmp_path, GOOD)
    assert take_over(on.context, read) == Taken(new=1, changed=0, unchanged=0, ended=0)
    name = only(on)
    with on.context.database.snapshot() as connection:
        before = connection.execute(select(contact_points)).all()
    assert take_over(on.context, read) == Taken(new=0, changed=0, unchanged=1, ended=0)
    with on.context.database.snapshot() as connection:
        assert connection.execute(select(contact_points)).all() == before
        point = contact_of(on.context, connection, name, "webhook")
        assert point is not None
        assert (point.name, point.address, point.secret) == ("Văn phòng", "https://hook.vn/x", SECRET)
        as_file = contact_of(on.context, connection, name, "file")
        assert as_file is not None
        assert as_file.address == "office@ha-nam.vn"
        assert contact_of(on.context, connection, name, "chat") is None


def test_whoever_has_one_of_the_addresses_is_changed_not_doubled(on: Desk, tmp_path: Path) -> None:
    take_over(on.context, entries(on, tmp_path, GOOD))
    name = only(on)
    changed = GOOD.replace("Văn phòng", "Văn phòng UBND").replace("https://hook.vn/x", "https://hook.vn/y")
    assert take_over(on.context, entries(on, tmp_path, changed)).changed == 1
    assert only(on) == name
    with on.context.database.snapshot() as connection:
        point = contact_of(on.context, connection, name, "webhook")
    assert point is not None
    assert (point.name, point.address) == ("Văn phòng UBND", "https://hook.vn/y")


def test_others_of_the_unit_end_when_asked(on: Desk, tmp_path: Path) -> None:
    take_over(on.context, entries(on, tmp_path, GOOD))
    elsewhere = HEADER + "Hà Nội,secretariat,A,a@ha-noi.vn,,,\n"
    take_over(on.context, entries(on, tmp_path, elsewhere))
    other = HEADER + "Hà Nam,secretariat,B,b@ha-nam.vn,,,\n"
    assert take_over(on.context, entries(on, tmp_path, other)).ended == 0
    taken = take_over(on.context, entries(on, tmp_path, other), end_others=True)
    assert (taken.unchanged, taken.ended) == (1, 1)
    with on.context.database.snapshot() as connection:
        (left,) = recipients_of(connection, "ha-nam", ON)
        assert [one.unit_id for one in recipients_of(connection, "ha-noi", ON)] == ["ha-noi"]
        point = contact_of(on.context, connection, left.recipient_id, "email")
    assert point is not None
    assert point.address == "b@ha-nam.vn"


def test_every_problem_of_a_list_is_told_and_nothing_is_taken_over(on: Desk, tmp_path: Path) -> None:
    columns = (
        "unit,role,email,chat,webhook,webhook_secret,agency,language,formats,"
        "quiet_from,quiet_to,digest_at,turn,valid_from,valid_to\n"
    )
    wrong = columns + (
        "Hà Namm,chairman,not an address,telegram,ftp://x,short,bo-nv,fr,odt,25:00,7,noon,0,tomorrow,2025-02-30\n"
        "Hà Nam,secretariat,,,,,,,,,,,,,\n"
        "Hà Nam,secretariat,a@b.vn,,,,,,,22:00,,,,,\n"
        "Hà Nam,secretariat,A@b.vn,,,,,,,22:00,22:00,,,2025-02-02,2025-02-01\n"
    )
    found = problems(on, tmp_path, wrong)
    assert sorted({code for code, row, _value in found if row == 2}) == sorted(
        f"recipient-{name.replace('_', '-')}" for name in columns.strip().split(",")
    )
    assert [(code, row) for code, row, _value in found if row != 2] == [
        ("recipient-email", 3),
        ("recipient-quiet-to", 4),
        ("recipient-quiet-to", 5),
        ("recipient-valid-to", 5),
        ("recipient-email", 5),
    ]
    with on.context.database.snapshot() as connection:
        assert every_recipient(connection) == []


def test_problems_repeat_no_address_and_no_secret(on: Desk, tmp_path: Path) -> None:
    text = HEADER + "Hà Nam,chairman,Bà Canary,canary@@nest.vn,canary room,canary://x y,whsec_canary\n"
    told = problems(on, tmp_path, text)
    assert {code for code, _row, _value in told} >= {"recipient-email", "recipient-chat", "recipient-webhook"}
    assert not any("canary" in str(one).casefold() for one in told)


def test_an_address_is_refused_in_the_words_of_its_channel_and_shown_by_its_shape(on: Desk, tmp_path: Path) -> None:
    text = HEADER + "Hà Nam,secretariat,A,a..b@c.vn,tgram://123456789:abcdefg_hijklmnop/1/2,http://10.0.0.7/x,\n"
    file = tmp_path / "list.csv"
    file.write_text(text, "utf-8")
    unlisted = "the host 10.0.0.7 is not among THAMMUU_DELIVERY_HOSTS"
    hosts = {"delivery_hosts": "api.telegram.org"}
    for settings, chat, webhook in (({}, None, None), (hosts, "exactly one room", unlisted)):
        with pytest.raises(BadInputError) as raised:
            read_recipients(file, checker(on, **settings))
        told = {one.code: one for one in raised.value.problems}
        email = told["recipient-email"]
        assert (email.place.row, email.place.column, email.value) == (2, "D", "x..x@x.xx")
        assert "before the @" in email.expected
        for channel, expected in (("chat", chat), ("webhook", webhook)):
            one = told.get(f"recipient-{channel}")
            assert expected is None if one is None else expected is not None and expected in one.expected
        assert "nothing was stored" in str(raised.value)
        assert "secret" in told["recipient-webhook-secret"].expected


@pytest.mark.parametrize(
    "content",
    [b"", b"unit,role\nH\xe0 Nam,secretariat\n", b"%PDF-1.7", b"unit,role,email\n*,operator,=canary@nest.vn\n"],
)
def test_a_file_that_is_no_list_is_refused_as_a_list_and_not_as_scores(
    on: Desk, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    with pytest.raises(BadInputError, match=r"^The recipients file .*list\.csv was not accepted") as raised:
        read_recipients(file, checker(on))
    told = " ".join(str(one) for one in raised.value.problems)
    assert "score" not in told
    assert "canary" not in told
    assert "score" not in str(raised.value)


def test_a_workbook_with_two_lists_is_refused_with_their_names(on: Desk, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for name in ("Hà Nam", "Hà Nội"):
        book.create_sheet(name).append(["unit", "role", "email"])
    book.save(tmp_path / "list.xlsx")
    with pytest.raises(BadInputError) as raised:
        read_recipients(tmp_path / "list.xlsx", checker(on))
    (problem,) = raised.value.problems
    assert "Hà Nam, Hà Nội" in problem.expected


def test_a_list_without_needed_columns_says_which_are_known(on: Desk, tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as raised:
        entries(on, tmp_path, "name,email\nA,a@b.vn\n")
    assert [one.code for one in raised.value.problems] == ["no-column", "no-column"]
    assert "webhook_secret" in raised.value.problems[0].expected


def test_a_vietnamese_workbook_is_understood(on: Desk, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Đơn vị", "Vai trò", "Họ và tên", "Thư điện tử", "Yên lặng từ", "Yên lặng đến", "Thứ tự", "Từ ngày"])
    sheet.append(["Tỉnh Hà Nam", "Tổ thư ký", "Nguyễn Văn A", "a@ha-nam.vn", "22:00", "7:00", "2", "01/07/2025"])
    sheet.append(["tất cả", "Vận hành", "", "b@vn.vn", "", "", "", ""])
    book.save(tmp_path / "list.xlsx")
    first, second = read_recipients(tmp_path / "list.xlsx", checker(on))
    assert (first.values["unit_id"], first.values["role"], first.name) == ("ha-nam", "secretariat", "Nguyễn Văn A")
    assert (first.values["quiet_from"], first.values["quiet_to"], first.values["turn"]) == ("22:00", "07:00", 2)
    assert first.values["valid_from"] == date(2025, 7, 1)
    assert (second.values["unit_id"], second.values["role"]) == ("*", "operator")


def test_the_template_has_every_column(on: Desk, tmp_path: Path) -> None:
    assert template_row().strip().split(",") == list(COLUMNS)
    assert entries(on, tmp_path, template_row()) == []


def test_the_representation_of_an_entry_and_of_an_address_shows_neither(on: Desk, tmp_path: Path) -> None:
    (read,) = entries(on, tmp_path, GOOD)
    take_over(on.context, [read])
    with on.context.database.snapshot() as connection:
        point = contact_of(on.context, connection, only(on), "webhook")
    for shown in (repr(read), repr(point)):
        assert not any(secret in shown for secret in ("office@", "hook.vn", "whsec", "Văn phòng"))


def test_recipients_are_told_by_day_and_in_turn(on: Desk) -> None:
    on.recipient("c", turn=2)
    on.recipient("b", valid_to=date(2026, 3, 1))
    on.recipient("d", valid_from=date(2026, 3, 3))
    on.recipient("a", valid_from=ON, valid_to=ON)
    on.recipient("e", role="lead-agency", unit_id="*")
    with on.context.database.snapshot() as connection:
        assert [one.recipient_id for one in recipients_of(connection, "ha-nam", ON)] == ["e", "a", "c"]


def test_an_erased_recipient_leaves_nothing_that_can_be_opened(on: Desk) -> None:
    on.recipient("a", channels=("email", "chat"))
    on.handle(on.issued("m"))
    with on.context.database.transaction() as connection:
        erase(connection, "a")
    with on.context.database.snapshot() as connection:
        assert recipients_of(connection, "ha-nam", ON) == []
        (gone,) = recipients_named(connection, ["a"])
        assert (gone.points, gone.role) == ({}, "secretariat")
        assert contact_of(on.context, connection, "a", "email") is None
        left = connection.execute(select(contact_points.c.sealed, contact_points.c.address_mark)).all()
        assert {tuple(one) for one in left} == {(None, None)}
        assert connection.execute(select(recipients.c.sealed_name)).scalar_one() is None
    assert {row["recipient_id"] for row in on.rows()} == {"a"}
    with on.context.database.transaction() as connection, pytest.raises(BadInputError, match="no recipient"):
        erase(connection, "nobody")


def test_a_channel_that_bounces_is_used_again_when_a_person_says_so(on: Desk) -> None:
    on.recipient("a")
    with on.context.database.transaction() as connection:
        bounced(connection, "a", "email")
        assert recipients_of(connection, "ha-nam", ON)[0].points["email"].state == "bounced"
        usable_again(connection, "a", "email")
        assert recipients_of(connection, "ha-nam", ON)[0].points["email"].state == "usable"
        with pytest.raises(BadInputError, match="no channel"):
            usable_again(connection, "a", "chat")


def test_a_new_key_seals_everything_or_nothing(on: Desk) -> None:
    on.recipient("a", channels=("email", "chat"))
    with on.context.database.snapshot() as connection:
        before = connection.execute(select(contact_points.c.sealed)).scalars().all()
    newer = new_key()
    old = on.context.settings.secret_key
    assert old is not None
    both = _with_keys(on.context, f"{newer},{old.get_secret_value()}")
    assert reseal(both) == 3
    with on.context.database.snapshot() as connection:
        opened = contact_of(_with_keys(on.context, newer), connection, "a", "email")
        assert opened is not None
        assert opened.address == "a@example.vn"
        after = connection.execute(select(contact_points.c.sealed)).scalars().all()
    assert set(before).isdisjoint(after)
    with pytest.raises(EnvironmentFaultError, match="another key"):
        reseal(_with_keys(on.context, Fernet.generate_key().decode()))
    with on.context.database.snapshot() as connection:
        assert connection.execute(select(contact_points.c.sealed)).scalars().all() == after


def _with_keys(context: Context, keys: str) -> Context:
    return replace(context, settings=context.settings.model_copy(update={"secret_key": SecretStr(keys)}))


def _as(context: Context, person: str | None) -> Context:
    return replace(context, settings=context.settings.model_copy(update={"person": person}))


def test_while_nobody_is_registered_the_account_acts(on: Desk) -> None:
    with on.context.database.transaction() as connection:
        assert people.acting(on.context, connection, "issue", "bo-noi-vu").startswith("account:")


def test_the_first_person_needs_all_rights(on: Desk) -> None:
    with on.context.database.transaction() as connection:
        for rights, issuers, last in (
            (["edit"], [], None),
            (people.RIGHTS, ["bo-noi-vu"], None),
            (people.RIGHTS, [], ON),
        ):
            with pytest.raises(BadInputError, match="first person"):
                people.add(on.context, connection, "a", rights, issuers, valid_to=last)
        with pytest.raises(BadInputError) as refused:
            people.add(on.context, connection, "a", [*people.RIGHTS, "sing"])
        assert said(refused.value) == [("--rights", "sing", "any of edit, approve, issue, send, separated by commas")]
        people.add(on.context, connection, "a", people.RIGHTS)


def test_only_registered_people_act_within_their_rights_and_days(on: Desk) -> None:
    with on.context.database.transaction() as connection:
        people.add(on.context, connection, "a", people.RIGHTS)
        people.add(on.context, connection, "b", ["approve"], ["bo-noi-vu"], valid_from=ON, valid_to=ON)
        people.add(on.context, connection, "c", ["approve"], valid_to=date(2026, 3, 1))
        assert people.acting(_as(on.context, "a"), connection, "send") == "a"
        assert people.acting(_as(on.context, "b"), connection, "approve", "bo-noi-vu") == "b"
        for person, right, issuer, told in (
            (None, "approve", None, "Say who you are"),
            ("x", "approve", None, "no person 'x'"),
            ("b", "issue", "bo-noi-vu", "no right to issue"),
            ("b", "approve", "ubnd-tinh-vi-du", "no right to approve"),
            ("c", "approve", None, "do not hold"),
        ):
            with pytest.raises(BadInputError, match=told):
                people.acting(_as(on.context, person), connection, right, issuer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    # the last one: what is written in two ways would be two persons
    ["", "policy:x", "account:root", "a b", "a,b", "a\n", "a\x1b[2J", "a\u202e", "a\u200b", "-a", "x" * 61, "a\u0309"],
)
def test_a_person_s_id_passes_for_nobody_else_and_for_no_policy(on: Desk, name: str) -> None:
    with on.context.database.transaction() as connection:
        with pytest.raises(BadInputError) as refused:
            people.add(on.context, connection, name, people.RIGHTS)
        expected = "an id of a person: letters, figures, and . _ - @ between them, 60 at most"
        assert said(refused.value) == [("PERSON", ascii(name)[1:-1], expected)]
        assert str(refused.value).isprintable()
        if name:
            with pytest.raises(BadInputError) as refused:
                people.acting(_as(on.context, name), connection, "approve")
            assert said(refused.value) == [("THAMMUU_PERSON, --as", ascii(name)[1:-1], expected)]
        people.add(on.context, connection, "nguyễn-văn.a@bộ_1", people.RIGHTS)


def test_everything_that_is_wrong_with_a_person_is_told_at_once(on: Desk) -> None:
    with on.context.database.transaction() as connection:
        people.add(on.context, connection, "a", people.RIGHTS)
        with pytest.raises(BadInputError) as refused:
            people.add(on.context, connection, "a b", ["sing"], valid_from=ON, valid_to=ON - timedelta(days=1))
        people.add(on.context, connection, "b", ["edit"], valid_from=ON, valid_to=ON)
    assert [one.code for one in refused.value.problems] == ["person-id", "person-rights", "person-days"]
    late = ("--to", str(ON - timedelta(days=1)), f"a day not before the first one, {ON}")
    assert said(refused.value)[-1] == late


def said(error: BadInputError) -> list[tuple[str, str | None, str]]:
    """Where what stood, and what was expected."""
    return [(str(one.place), one.value, one.expected) for one in error.problems]


def test_an_account_s_name_is_one_that_can_be_read(on: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ro\u202eot\x1b[2J\n")
    with on.context.database.transaction() as connection:
        assert people.acting(on.context, connection, "edit") == "account:root[2J"


def test_somebody_with_all_rights_always_remains(on: Desk) -> None:
    with on.context.database.transaction() as connection:
        people.add(on.context, connection, "a", people.RIGHTS)
        with pytest.raises(BadInputError, match="would remain"):
            people.end(on.context, connection, "a", ON)
        with pytest.raises(BadInputError, match="would remain"):
            people.add(on.context, connection, "a", ["edit"])
        people.add(on.context, connection, "b", people.RIGHTS)
        people.end(on.context, connection, "a", ON)
        with pytest.raises(BadInputError, match="would remain"):
            people.end(on.context, connection, "b", ON)


def test_what_is_sealed_is_json_with_the_address_alone(on: Desk, tmp_path: Path) -> None:
    take_over(on.context, entries(on, tmp_path, GOOD))
    vault = vault_of(on.context.settings)
    with on.context.database.snapshot() as connection:
        rows = connection.execute(select(contact_points.c.channel, contact_points.c.sealed)).all()
    assert {row.channel: json.loads(vault.open(row.sealed)) for row in rows} == {
        "email": {"address": "office@ha-nam.vn"},
        "webhook": {"address": "https://hook.vn/x", "secret": SECRET},
    }
