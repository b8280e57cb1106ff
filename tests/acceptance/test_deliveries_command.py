"""``thammuu deliveries`` and ``thammuu sender``: what people see of messages and do with them."""

from __future__ import annotations

import shutil
import time
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from servers.deliveries import KEY, UNIT, copies_in, issued, queued, recipient, settings
from servers.mail_sink import mail_sink
from servers.program import environment, served
from thammuu import bootstrap

if TYPE_CHECKING:
    from commands import Thammuu


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A data folder with two messages for the channel ``file`` and one for e-mail."""
    folder = tmp_path_factory.mktemp("prepared")
    with bootstrap.changing(settings(folder / "data")) as program:
        issued(program, folder)
        names = queued(program.context, [recipient(1), recipient(2)], channel="file")
        names += queued(program.context, [recipient(3)])
    return folder / "data", names


@pytest.fixture
def waiting(
    prepared: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thammuu: Thammuu
) -> list[str]:
    del thammuu
    shutil.copytree(prepared[0], tmp_path / "data")
    for name, value in {"DATA": str(tmp_path / "data"), "SECRET_KEY": KEY, "PERSON": "nguyen-a"}.items():
        monkeypatch.setenv(f"THAMMUU_{name}", value)
    return prepared[1]


def listed(thammuu: Thammuu, *options: str) -> dict[str, Any]:
    found = thammuu("deliveries", "list", *options, "--format", "json")
    assert found.code == 0, found.err
    return {row["delivery_id"]: row for row in found.json()}


def test_a_dry_run_shows_what_would_go_out_and_sends_nothing(
    thammuu: Thammuu, waiting: list[str], tmp_path: Path
) -> None:
    shown = thammuu("deliveries", "send", "--dry-run", "--format", "json")
    assert {row["delivery_id"] for row in shown.json()} == set(waiting)
    assert "1 messages wait for the channel email, which is not set up." in shown.err
    assert not (tmp_path / "data" / "mail").exists()
    assert {row["state"] for row in listed(thammuu).values()} == {"queued"}


def test_what_is_sent_lies_in_the_folder_and_is_listed_as_accepted(
    thammuu: Thammuu, waiting: list[str], tmp_path: Path
) -> None:
    sent = thammuu("deliveries", "send")
    assert sent.code == 0, sent.err
    assert "2 accepted, 0 to be tried again, 0 refused, 0 with an unknown end." in sent.out
    files = sorted((tmp_path / "data" / "mail").glob("*.eml"))
    assert {one.stem for one in files} == set(waiting[:2])
    assert BytesParser(policy=policy.default).parsebytes(files[0].read_bytes())["Subject"]
    assert set(listed(thammuu, "--state", "accepted")) == set(waiting[:2])
    assert set(listed(thammuu, "--channel", "email", "--unit", UNIT)) == {waiting[2]}
    assert thammuu("deliveries", "send").out.startswith("0 accepted")


def test_a_message_is_shown_with_its_history(thammuu: Thammuu, waiting: list[str]) -> None:
    thammuu("deliveries", "send")
    shown = thammuu("deliveries", "show", waiting[0], "--format", "json").json()
    assert [one["type"] for one in shown["history"]] == ["delivery.queued", "delivery.attempted", "delivery.succeeded"]
    assert shown["memos"] == ["cao-bang-2023 v1"]
    assert "delivery.succeeded" in thammuu("deliveries", "show", waiting[0]).out
    unknown = thammuu("deliveries", "show", "nothing")
    assert unknown.code == 2
    assert "'nothing'" in unknown.err


def test_cancel_and_retry_say_who_and_refuse_all_or_nothing(thammuu: Thammuu, waiting: list[str]) -> None:
    cancelled = thammuu("deliveries", "cancel", waiting[0], "--reason", "wrong office", "--format", "json")
    assert cancelled.json() == [{"delivery_id": waiting[0], "by": "nguyen-a"}]
    thammuu("deliveries", "send")
    refused = thammuu("deliveries", "retry", waiting[1], waiting[0], "no-such")
    assert refused.code == 2
    assert "it has arrived" in refused.err
    assert "no delivery has this id" in refused.err
    assert listed(thammuu)[waiting[0]]["state"] == "cancelled"
    assert thammuu("deliveries", "retry", waiting[0]).out.strip() == "1 messages are sent again."
    assert thammuu("deliveries", "send").out.startswith("1 accepted")
    history = thammuu("deliveries", "show", waiting[0], "--format", "json").json()["history"]
    assert [one.get("by") for one in history if "by" in one] == ["nguyen-a", "nguyen-a"]


def test_whoever_has_no_right_to_send_changes_nothing(
    thammuu: Thammuu, waiting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert thammuu("people", "add", "nguyen-a", "--rights", "edit,approve,issue,send").code == 0
    assert thammuu("people", "add", "tran-b", "--rights", "edit").code == 0
    monkeypatch.setenv("THAMMUU_PERSON", "tran-b")
    for told in (("cancel", waiting[0], "--reason", "x"), ("retry", waiting[0]), ("send",)):
        assert thammuu("deliveries", *told).code == 2, told
    assert {row["state"] for row in listed(thammuu).values()} == {"queued"}


def test_without_the_key_nothing_is_tried(
    thammuu: Thammuu, waiting: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THAMMUU_SECRET_KEY")
    assert thammuu("deliveries", "send").code == 2
    assert {row["attempts"] for row in listed(thammuu).values()} == {0}
    assert len(waiting) == 3


def test_a_sender_of_its_own_needs_a_database_that_can_be_shared(thammuu: Thammuu, waiting: list[str]) -> None:
    del waiting
    refused = thammuu("sender")
    assert refused.code == 2
    assert "THAMMUU_DATABASE_URL" in refused.err


def test_the_doctor_tells_of_what_is_overdue_and_did_not_arrive(thammuu: Thammuu, waiting: list[str]) -> None:
    checks = {row["check"]: row for row in thammuu("doctor", "--format", "json").json()}
    assert checks["deliveries overdue"]["state"] == "ok"
    from datetime import UTC, datetime

    from thammuu.delivery.deliveries import news

    thammuu("deliveries", "send")
    later = bootstrap.changing(settings(Path(_data(thammuu))), lambda: datetime(2099, 1, 5, tzinfo=UTC))
    with later as program:
        assert news(program.context, waiting[0], "bounced", "550 unknown")
        from thammuu.delivery.recording import overdue
        from thammuu.ledger import log

        with program.context.database.transaction() as connection:
            log.append(connection, overdue(program.context, connection)[1])
    found = thammuu("doctor", "--format", "json")
    checks = {row["check"]: row for row in found.json()}
    assert (checks["deliveries overdue"]["state"], checks["deliveries overdue"]["detail"]) == ("fault", "1")
    assert checks["deliveries that did not arrive"]["detail"] == "bounced 1"
    assert found.code == 1
    assert set(listed(thammuu, "--overdue")) == {waiting[2]}


def _data(thammuu: Thammuu) -> str:
    rows = thammuu("doctor", "--format", "json").json()
    return next(str(row["detail"]) for row in rows if row["check"] == "data folder")


def test_a_server_sends_what_is_due(prepared: tuple[Path, list[str]], tmp_path: Path) -> None:
    shutil.copytree(prepared[0], tmp_path / "data")
    with mail_sink() as sink:
        server = {
            "THAMMUU_SMTP_HOST": "127.0.0.1",
            "THAMMUU_SMTP_PORT": str(sink.port),
            "THAMMUU_SMTP_SECURITY": "none",
        }
        more = server | {"THAMMUU_SECRET_KEY": KEY, "THAMMUU_SMTP_FROM": "bao-cao@thammuu.example"}
        with served(environment(tmp_path / "data", **more)):
            deadline = time.monotonic() + 60
            while len(list((tmp_path / "data").glob("mail/*.eml"))) < 2 or not copies_in(sink):
                assert time.monotonic() < deadline
                time.sleep(0.1)
        assert copies_in(sink) == {prepared[1][2]: 1}
