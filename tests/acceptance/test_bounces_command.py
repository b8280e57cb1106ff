"""``thammuu deliveries bounces`` as a mail server's pipe calls it."""

import io
import json
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from commands import Thammuu

RETURNED = (
    b"From: MAILER-DAEMON@mx.example\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
    b"Final-Recipient: rfc822; canary-4711@hanam.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 <canary-4711@hanam.example> unknown\r\n\r\n"
    b"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <d-1@moha.example>\r\n\r\n--b--\r\n"
)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str, bool]]:
    """What is recorded of deliveries."""
    known: list[tuple[str, str, str, bool]] = []

    def news(_context: object, delivery_id: str, state: str, reason: str, *, answered: bool) -> bool:
        known.append((delivery_id, state, reason, answered))
        return True

    module = ModuleType("thammuu.delivery.deliveries")
    module.news = news  # type: ignore[attr-defined]  # a module's own names
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setenv("THAMMUU_SMTP_FROM", "bao-cao@moha.example")
    return known


def piped(monkeypatch: pytest.MonkeyPatch, mail: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(mail)))


def test_a_mail_from_a_pipe_is_recorded(
    thammuu: Thammuu, told: list[tuple[str, str, str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, RETURNED + b"x" * 1_000_000)
    done = thammuu("deliveries", "bounces", "--format", "json")
    assert done.code == 0, done.err
    assert told == [("d-1", "bounced", "5.1.1 550 <…> unknown", False)]
    assert done.json() == [
        {"kind": "bounce", "delivery": "d-1", "state": "bounced", "recorded": True, "reason": "5.1.1 550 <…> unknown"}
    ]
    assert "canary" not in done.out + done.err + json.dumps(told)
    assert sys.stdin.buffer.read() == b""


def test_mails_in_files_are_read_and_foreign_ones_change_nothing(
    thammuu: Thammuu, told: list[tuple[str, str, str, bool]], tmp_path: Path
) -> None:
    (tmp_path / "a.eml").write_bytes(RETURNED)
    (tmp_path / "b.eml").write_bytes(b"Subject: hello\r\n\r\nhello\r\n")
    done = thammuu("deliveries", "bounces", tmp_path / "a.eml", tmp_path / "b.eml", "--format", "json")
    assert [(row["kind"], row["recorded"]) for row in done.json()] == [("bounce", True), ("foreign", False)]
    assert len(told) == 1


def test_what_a_person_answered_is_told_apart_from_what_a_program_did(
    thammuu: Thammuu, told: list[tuple[str, str, str, bool]], tmp_path: Path
) -> None:
    answer = b"From: a@b.example\r\nIn-Reply-To: <d-1@moha.example>\r\n\r\nYes.\r\n"
    (tmp_path / "a.eml").write_bytes(answer)
    (tmp_path / "b.eml").write_bytes(b"Auto-Submitted: auto-replied\r\n" + answer)
    thammuu("deliveries", "bounces", tmp_path / "a.eml", tmp_path / "b.eml")
    assert [(state, answered) for _id, state, _reason, answered in told] == [("delivered", True), ("delivered", False)]


def test_without_a_sender_nobody_knows_which_mails_are_ours(thammuu: Thammuu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THAMMUU_SMTP_FROM", raising=False)
    piped(monkeypatch, RETURNED)
    done = thammuu("deliveries", "bounces")
    assert done.code == 2
    assert "THAMMUU_SMTP_FROM" in done.err


def test_a_mail_server_is_asked_to_try_again_when_the_ledger_cannot_be_written(
    thammuu: Thammuu, told: list[tuple[str, str, str, bool]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("THAMMUU_DATA", str(tmp_path / "file" / "data"))
    piped(monkeypatch, RETURNED)
    assert thammuu("deliveries", "bounces").code == os.EX_TEMPFAIL
    assert told == []
