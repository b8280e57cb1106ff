"""What the consumer ``delivery`` decides: who is told of a memo, once, and what becomes of it when the memo falls."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from delivery_parts import MONDAY, Desk, desk
from thammuu.delivery.booking import MOST_MEMOS
from thammuu.delivery.deliveries import cancel, news
from thammuu.delivery.listing import Wanted, listed, shown
from thammuu.delivery.recipients_register import erase
from thammuu.delivery.vocabulary import ROLES
from thammuu.events import DeliveryCancelled, DeliveryQueued, DeliveryUnaddressed, envelope
from thammuu.ledger import log
from thammuu.ledger.schema import contact_points, recipients
from thammuu.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONE_ROLE = "route:\n  to:\n    - {role: secretariat, channels: [email, chat]}\n"
WINDOW = ONE_ROLE + "  group_window: 10m\n"
REPEATED = ONE_ROLE + "  repeat_every: 7d\n  repeats: 2\n"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    """Open a desk with a tree of routes."""
    stack = []

    def opening(routes: str = ONE_ROLE, policy: str | None = None) -> Desk:
        rules = tmp_path / "rules"
        shutil.copytree(rules_folder(), rules)
        (rules / "delivery" / "routes.yaml").write_text(routes, "utf-8")
        if policy is not None:
            (rules / "delivery" / "policy.yaml").write_text(policy, "utf-8")
        stack.append(desk(tmp_path / "data", rules))
        return stack[-1].__enter__()

    yield opening
    for one in stack:
        one.__exit__(None, None, None)


def test_an_issued_memo_is_queued_for_each_channel_of_a_recipient(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a", channels=("email", "chat"))
    on.recipient("b", role="lead-agency")
    queued = on.handle(on.issued("m"))
    assert [(one.recipient, one.channel) for one in queued if isinstance(one, DeliveryQueued)] == [
        ("a", "email"),
        ("a", "chat"),
    ]
    assert [(row["recipient_id"], row["channel"], row["state"]) for row in on.rows()] == [
        ("a", "chat", "queued"),
        ("a", "email", "queued"),
    ]
    assert "route (routes.yaml:" in on.rows()[0]["reason"]


def test_the_same_event_again_queues_nothing(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a")
    event = on.issued("m")
    on.handle(event)
    on.becomes("accepted")
    assert on.handle(event) == []


def test_a_role_that_nobody_can_be_reached_in_is_told(opened: Callable[..., Desk]) -> None:
    on = opened("route:\n  to:\n" + "".join(f"    - {{role: {role}, channels: [email]}}\n" for role in ROLES))
    on.recipient("a", role="secretariat", channels=("chat",))
    on.recipient("b", role="lead-agency")
    told = on.handle(on.issued("m"))
    missing = [one.role for one in told if isinstance(one, DeliveryUnaddressed)]
    assert missing == ["steering-committee", "secretariat", "operator"]


def test_those_of_the_lowest_turn_are_told(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a", turn=2)
    on.recipient("b", turn=1)
    on.recipient("c", turn=1)
    on.handle(on.issued("m"))
    assert [row["recipient_id"] for row in on.rows()] == ["b", "c"]


def test_an_address_in_two_roles_gets_one_message(opened: Callable[..., Desk]) -> None:
    both = "    - {role: secretariat, channels: [email]}\n    - {role: lead-agency, channels: [email]}\n"
    on = opened("route:\n  to:\n" + both)
    on.recipient("a", role="secretariat", address="Office@example.vn")
    on.recipient("b", role="lead-agency", address="office@example.vn ")
    assert len(on.handle(on.issued("m"))) == 1
    assert on.carried() == {("m", 1, "a", "email", 0), ("m", 1, "b", "email", 0)}


def test_ten_memos_to_an_office_within_the_window_are_one_message(opened: Callable[..., Desk]) -> None:
    on = opened(WINDOW)
    for number, unit in enumerate(("ha-nam", "ha-noi", "cao-bang")):
        on.recipient(f"r{number}", unit_id=unit, address="one@example.vn")
    for number in range(10):
        on.handle(on.issued(f"m{number}", unit_id=("ha-nam", "ha-noi", "cao-bang")[number % 3]))
    (row,) = on.rows()
    assert row["due"] == (MONDAY + timedelta(minutes=10)).timestamp()
    assert len(on.carried()) == 10
    assert {one.data.delivery_id for one in on.told if isinstance(one.data, DeliveryQueued)} == {row["delivery_id"]}


def test_one_message_with_memos_to_several_units_is_found_under_each_with_all_that_happened(
    opened: Callable[..., Desk],
) -> None:
    on = opened(WINDOW)
    units = ("ha-nam", "ha-noi")
    for unit in units:
        on.recipient(f"of-{unit}", unit_id=unit, address="one@example.vn")
        on.recipient(f"only-{unit}", unit_id=unit)
        on.handle(on.issued(f"m-{unit}", unit_id=unit))
    with on.context.database.transaction() as connection:
        log.append(connection, [envelope(new, f"told-{number}", on.now) for number, new in enumerate(on.told)])
        found = {unit: {one["recipient_id"] for one in listed(connection, Wanted(unit_id=unit))} for unit in units}
        (shared,) = listed(connection, Wanted(recipient="of-ha-nam"))
        history = shown(connection, shared["delivery_id"])["history"]
    assert found == {"ha-nam": {"of-ha-nam", "only-ha-nam"}, "ha-noi": {"of-ha-nam", "only-ha-noi"}}
    assert [one["memos"][0]["memo_id"] for one in history] == ["m-ha-nam", "m-ha-noi"]


def test_a_message_that_was_tried_is_joined_by_nothing(opened: Callable[..., Desk]) -> None:
    on = opened(WINDOW)
    on.recipient("a")
    on.handle(on.issued("m1"))
    on.becomes("attempting")
    on.handle(on.issued("m2"))
    assert len(on.rows()) == 2


def test_a_message_takes_a_limited_number_of_memos(opened: Callable[..., Desk]) -> None:
    on = opened(WINDOW)
    on.recipient("a")
    on.handle(*(on.issued(f"m{number}") for number in range(MOST_MEMOS + 1)))
    assert len(on.rows()) == 2


def test_without_a_window_each_memo_is_a_message(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a")
    on.handle(on.issued("m1"), on.issued("m2"))
    assert len(on.rows()) == 2


def test_a_critical_memo_takes_the_message_that_it_joins_with_it(opened: Callable[..., Desk]) -> None:
    on = opened(WINDOW + "  critical_passes: true\n")
    on.recipient("a", quiet_from="08:00", quiet_to="16:00")
    on.handle(on.issued("m1", severity="minor"))
    assert on.rows()[0]["due"] == (MONDAY + timedelta(hours=6)).timestamp()
    on.handle(on.issued("m2", severity="critical"))
    (row,) = on.rows()
    assert (row["due"], row["severity"]) == ((MONDAY + timedelta(minutes=10)).timestamp(), "critical")


def test_repeats_are_queued_and_stop_when_the_memo_is_replaced(opened: Callable[..., Desk]) -> None:
    on = opened(REPEATED)
    on.recipient("a")
    on.handle(on.issued("m"))
    assert [row["due"] for row in on.rows()] == [(MONDAY + timedelta(days=7 * n)).timestamp() for n in range(3)]
    on.becomes("delivered", delivery_id=on.rows()[0]["delivery_id"])
    on.handle(on.issued("m", 2), on.superseded("m", 1, "corrected"))
    assert [row["state"] for row in on.rows() if row["repetition"] > 0] == ["cancelled", "cancelled"]


def first_of(on: Desk, recipient_id: str) -> str:
    return next(
        row["delivery_id"] for row in on.rows() if (row["repetition"], row["recipient_id"]) == (0, recipient_id)
    )


def states_of(on: Desk) -> dict[tuple[str, int], str]:
    return {(row["recipient_id"], row["repetition"]): row["state"] for row in on.rows()}


def test_repeats_stop_once_the_recipient_has_answered_and_those_to_others_go_on(opened: Callable[..., Desk]) -> None:
    on = opened(REPEATED)
    on.recipient("a")
    on.recipient("b")
    on.handle(on.issued("m"))
    name = first_of(on, "a")
    news(on.context, name, "delivered", "it was answered", answered=True)
    assert set(states_of(on).values()) == {"queued"}, "nobody can answer what was not sent"
    on.becomes("accepted", delivery_id=name)
    assert news(on.context, name, "delivered", "a receipt came")
    assert states_of(on)["a", 1] == "queued", "a receipt is no answer"
    assert not news(on.context, name, "delivered", "it was answered", answered=True)
    assert states_of(on) == {
        ("a", 0): "delivered", ("a", 1): "cancelled", ("a", 2): "cancelled",
        ("b", 0): "queued", ("b", 1): "queued", ("b", 2): "queued",
    }  # fmt: skip
    with on.context.database.snapshot() as connection:
        told = [one.event.data for one in log.read(connection)]
    assert [one.by for one in told if isinstance(one, DeliveryCancelled)] == ["answered", "answered"]


def test_a_person_who_cancels_a_message_cancels_its_repeats(opened: Callable[..., Desk]) -> None:
    on = opened(REPEATED)
    on.recipient("a")
    on.recipient("b")
    on.handle(on.issued("m"))
    with on.context.database.transaction() as connection:
        stopped = cancel(on.context, connection, [first_of(on, "a")], "nguyen-a", "not theirs")
    assert len(stopped) == len(set(stopped)) == 3
    assert Counter(states_of(on).values()) == {"cancelled": 3, "queued": 3}
    with on.context.database.transaction() as connection:
        everything = [row["delivery_id"] for row in on.rows() if row["recipient_id"] == "b"]
        assert sorted(cancel(on.context, connection, everything, "nguyen-a", "nor theirs")) == sorted(everything)


def test_a_repeat_that_another_memo_has_joined_goes_out(opened: Callable[..., Desk]) -> None:
    on = opened(REPEATED + "  group_window: 10m\n")
    on.recipient("a")
    on.handle(on.issued("m1"))
    on.becomes("accepted", delivery_id=first_of(on, "a"))
    on.handle(on.issued("m2"))
    assert news(on.context, on.rows()[0]["delivery_id"], "delivered", "it was answered", answered=True)
    assert states_of(on)["a", 1] == states_of(on)["a", 2] == "queued"


def test_a_correction_goes_to_exactly_those_who_were_told(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a", channels=("email", "chat"))
    on.handle(on.issued("m"))
    on.becomes("accepted")
    on.recipient("late")
    on.handle(on.issued("m", 2), on.superseded("m", 1, "corrected"))
    assert {one[2:4] for one in on.carried() if one[1] == 2} == {("a", "email"), ("a", "chat")}
    assert [row["state"] for row in on.rows()] == ["accepted", "queued"] * 2


def test_a_correction_replaces_what_had_not_been_sent(opened: Callable[..., Desk]) -> None:
    on = opened(WINDOW)
    on.recipient("a")
    on.handle(on.issued("m"))
    told = on.handle(on.issued("m", 2), on.superseded("m", 1, "corrected"))
    # the correction joined the message: it goes out with what stands alone
    assert [row["state"] for row in on.rows()] == ["queued"]
    assert not any(isinstance(one, DeliveryCancelled) for one in told)
    on.handle(on.superseded("m", 2, "publication-withdrawn"))
    assert [row["state"] for row in on.rows()] == ["cancelled"]
    assert on.carried("withdrawal") == set()


def test_a_correction_skips_those_who_left_and_says_which_role_is_left_without_anybody(
    opened: Callable[..., Desk],
) -> None:
    on = opened(
        "route:\n  to:\n    - {role: secretariat, channels: [email]}\n    - {role: operator, channels: [email]}\n"
    )
    on.recipient("a")
    on.recipient("b", role="operator")
    on.handle(on.issued("m"))
    on.becomes("accepted")
    with on.context.database.transaction() as connection:
        erase(connection, "a")
    told = on.handle(on.issued("m", 2))
    assert [(type(one), getattr(one, "role", None)) for one in told] == [
        (DeliveryQueued, None),
        (DeliveryUnaddressed, "secretariat"),
    ]


def test_a_version_that_was_replaced_before_it_was_looked_at_is_not_sent(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a")
    first, second = on.issued("m"), on.issued("m", 2)
    assert on.handle(first) == []
    on.handle(second, on.superseded("m", 1, "corrected"))
    assert on.carried() == {("m", 2, "a", "email", 0)}


def test_a_withdrawal_goes_to_exactly_those_who_may_have_the_memo(opened: Callable[..., Desk]) -> None:
    on = opened()
    states = ("accepted", "delivered", "unknown", "attempting", "queued", "failed", "bounced")
    for state in states:
        on.recipient(state)
    on.handle(on.issued("m"))
    for state in states:
        on.becomes(state, recipient_id=state)
    on.recipient("late")
    on.handle(on.superseded("m", 1, "publication-withdrawn"))
    assert {one[2] for one in on.carried("withdrawal")} == {"accepted", "delivered", "unknown", "attempting"}
    after = {row["recipient_id"]: row["state"] for row in on.rows() if row["kind"] == "memo"}
    assert (after["queued"], after["unknown"], after["attempting"]) == ("cancelled", "cancelled", "attempting")


def test_a_withdrawal_tells_each_of_the_version_that_it_has(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a")
    on.recipient("b")
    on.handle(on.issued("m"))
    on.becomes("accepted")
    on.handle(on.issued("m", 2), on.superseded("m", 1, "corrected"))
    second = next(row for row in on.rows() if row["recipient_id"] == "a" and row["state"] == "queued")
    on.becomes("accepted", delivery_id=second["delivery_id"])
    # what loses its ground is the draft after the issued versions
    on.handle(on.superseded("m", 3, "publication-withdrawn"))
    assert {one[:3] for one in on.carried("withdrawal")} == {("m", 2, "a"), ("m", 1, "b")}


def test_a_withdrawal_waits_for_quiet_hours_to_end_but_for_no_digest(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a", quiet_from="09:00", quiet_to="11:00", digest_at="15:00")
    on.handle(on.issued("m"))
    assert on.rows()[0]["due"] == (MONDAY + timedelta(hours=5)).timestamp()
    on.becomes("accepted")
    on.handle(on.superseded("m", 1, "publication-withdrawn"))
    (row,) = (one for one in on.rows() if one["kind"] == "withdrawal")
    assert row["due"] == (MONDAY + timedelta(hours=1)).timestamp()


def test_a_shared_message_stays_for_the_memo_that_stands(opened: Callable[..., Desk]) -> None:
    on = opened(WINDOW)
    on.recipient("a")
    on.handle(on.issued("m1"), on.issued("m2"))
    on.handle(on.superseded("m1", 1, "publication-withdrawn"))
    assert [row["state"] for row in on.rows()] == ["queued"]
    told = on.handle(on.superseded("m2", 1, "publication-withdrawn"))
    assert [one.reason for one in told if isinstance(one, DeliveryCancelled)] == ["publication-withdrawn"]


def test_a_memo_whose_issuer_signs_waits_for_its_signed_copy(opened: Callable[..., Desk]) -> None:
    on = opened(policy="default: {approval: required, send: signed}\n")
    on.recipient("a")
    issued = on.issued("m")
    assert on.handle(issued) == []
    assert len(on.handle(on.signed(issued))) == 1
    assert on.handle(on.signed(issued)) == []


def test_a_signed_copy_of_a_memo_that_was_sent_sends_nothing(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a")
    issued = on.issued("m")
    on.handle(issued)
    on.recipient("late")
    assert on.handle(on.signed(issued)) == []


def test_a_memo_that_waited_when_the_policy_changed_is_sent_with_its_signed_copy(opened: Callable[..., Desk]) -> None:
    on = opened(policy="default: {approval: required, send: signed}\n")
    on.recipient("a")
    issued = on.issued("m")
    on.handle(issued)
    file = on.context.packs.active.folder / "delivery" / "policy.yaml"
    file.write_text("default: {approval: required, send: issued}\n\n", "utf-8")
    assert len(on.handle(on.signed(issued))) == 1


def test_routes_hold_from_the_moment_that_they_are_saved(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a", role="operator")
    assert isinstance(on.handle(on.issued("m1"))[0], DeliveryUnaddressed)
    saved = ONE_ROLE.replace("secretariat", "operator") + "# saved anew\n"
    (on.context.packs.active.folder / "delivery" / "routes.yaml").write_text(saved, "utf-8")
    assert isinstance(on.handle(on.issued("m2"))[0], DeliveryQueued)


def test_bounced_channels_and_ended_recipients_get_nothing(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("a")
    on.recipient("b")
    on.recipient("c", channels=("email", "chat"))
    yesterday = MONDAY.date() - timedelta(days=1)
    with on.context.database.transaction() as connection:
        connection.execute(update(recipients).where(recipients.c.recipient_id == "a").values(valid_to=yesterday))
        bad = (contact_points.c.recipient_id == "c") & (contact_points.c.channel == "email")
        connection.execute(update(contact_points).where(bad).values(state="bounced"))
    on.handle(on.issued("m"))
    assert {one[2:4] for one in on.carried()} == {("b", "email"), ("c", "chat")}


def test_the_channel_file_writes_to_the_mail_address(opened: Callable[..., Desk]) -> None:
    on = opened("route:\n  to:\n    - {role: secretariat, channels: [file]}\n")
    on.recipient("a")
    on.recipient("b", channels=("chat",))
    on.handle(on.issued("m"))
    assert [(row["recipient_id"], row["channel"]) for row in on.rows()] == [("a", "file")]


def test_who_is_told_of_every_unit_is_told_of_this_one(opened: Callable[..., Desk]) -> None:
    on = opened()
    on.recipient("everywhere", unit_id="*")
    on.recipient("elsewhere", unit_id="ha-noi")
    on.handle(on.issued("m"))
    assert [row["recipient_id"] for row in on.rows()] == ["everywhere"]
