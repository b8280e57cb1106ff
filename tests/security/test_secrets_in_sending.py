"""Names, addresses, passwords and tokens, while everything is sent to servers that repeat all that they were told."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from servers.deliveries import KEY, issued, queued, recipient, rows, settings
from servers.http_sink import Reply, Request, http_sink
from servers.scripted_smtp import Script, scripted_smtp
from servers.traces import sink
from thammuu import bootstrap
from thammuu.cli.main import main
from thammuu.delivery.figures import DeliveryFigures

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME, ADDRESS, USER, PASSWORD = "Hoàng Yến", "hoang.yen@nest.example.com", "mail-canary", "pass-canary-4711"
TOKEN, WEBHOOK_SECRET = "tokencanary815", "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"
CANARIES = (NAME, ADDRESS, USER, PASSWORD, TOKEN, WEBHOOK_SECRET, KEY)


def forms(text: str) -> set[bytes]:
    """A text as it may be written down."""
    kinds = {text, quote(text), json.dumps(text).strip('"'), text.casefold(), b64encode(text.encode()).decode()}
    return {one.encode() for one in kinds} | {text.encode("utf-16-le")}


def found_in(content: bytes) -> set[str]:
    return {text for text in CANARIES for form in forms(text) if form in content}


def echo(request: Request) -> Reply:
    """Refuse in words that hold the whole request."""
    known = WEBHOOK_SECRET if "webhook-id" in request.headers else ""
    said = f"{request.path} {dict(request.headers)} {NAME} {TOKEN} {known}"
    return Reply(
        500, {"X-Echo": TOKEN, "Retry-After": TOKEN}, json.dumps({"error": said, "description": said}).encode()
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder with a message for each channel, and servers that repeat what they are told."""
    plain = b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    script = Script(
        rcpt=f"451 4.1.1 <{ADDRESS}> {NAME} AUTH PLAIN {plain} {PASSWORD} {USER}", extensions=("AUTH PLAIN",)
    )
    with ExitStack() as stack:
        web, smtp = stack.enter_context(http_sink(echo)), stack.enter_context(scripted_smtp(script))
        told = {
            "THAMMUU_LANG": "en", "THAMMUU_DATA": tmp_path / "data", "THAMMUU_SECRET_KEY": KEY, "COLUMNS": "400",
            "THAMMUU_SMTP_HOST": "127.0.0.1", "THAMMUU_SMTP_PORT": smtp.port, "THAMMUU_SMTP_SECURITY": "none",
            "THAMMUU_SMTP_FROM": "bao-cao@thammuu.example", "THAMMUU_SMTP_USER": USER,
            "THAMMUU_SMTP_PASSWORD": PASSWORD, "THAMMUU_DELIVERY_HOSTS": "localhost",
            "THAMMUU_DELIVERY_PRIVATE_HOSTS": "localhost",
        }  # fmt: skip
        for name, value in told.items():
            monkeypatch.setenv(name, str(value))
        at = f"http://localhost:{web.port}/{TOKEN}"
        with bootstrap.changing(settings(tmp_path / "data", secret_key=SecretStr(KEY))) as program:
            issued(program, tmp_path)
            for channel, address in {"email": ADDRESS, "chat": at.replace("http", "json"), "webhook": at}.items():
                secret = WEBHOOK_SECRET if channel == "webhook" else ""
                entry = replace(recipient(1), name=NAME, addresses={channel: address}, secret=secret)
                queued(program.context, [entry], channel)
        yield tmp_path / "data"
        assert (smtp.connections > 0, {one.path for one in web.requests}) == (True, {f"/{TOKEN}"})


def test_whatever_servers_repeat_nothing_of_it_is_in_a_trace(folder: Path) -> None:
    with sink() as taken:
        traced = os.environ | {"OTEL_EXPORTER_OTLP_ENDPOINT": taken.address}
        subprocess.run([sys.executable, "-m", "thammuu", "deliveries", "send"], env=traced, check=True)
    assert {one.name for one in taken.spans} >= {"send email", "send chat", "send webhook"}
    with bootstrap.reading(settings(folder, secret_key=SecretStr(KEY))) as program:
        sent = rows(program.context)
    whole = b"".join(taken.bodies)
    assert all(name.encode() in whole for name in sent)
    assert found_in(whole) == set()


def test_whatever_servers_repeat_nothing_of_it_is_written_down(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    assert main(["deliveries", "send"]) == 0
    with bootstrap.reading(settings(folder, secret_key=SecretStr(KEY))) as program:
        found = rows(program.context)
        registry = CollectorRegistry()
        registry.register(DeliveryFigures(program.context))
        figures = generate_latest(registry)
    assert {(one.channel, one.state) for one in found.values()} == {
        (name, "queued") for name in ("email", "chat", "webhook")
    }
    assert all(one.reason for one in found.values()), "what servers said is told"
    report = tmp_path / "bounce.eml"
    gone = next(one.delivery_id for one in found.values() if one.channel == "email")
    report.write_text(
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n"
        "Content-Type: message/delivery-status\r\n\r\n"
        f"Original-Envelope-Id: {gone}\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 <{ADDRESS}> is gone\r\n\r\n--b--\r\n"
    )
    for line in ("deliveries list", f"deliveries show {gone}", "events"):
        assert main([*line.split(), "--format", "json"]) == 0
    assert main(["deliveries", "bounces", str(report)]) == 0
    main(["doctor"])
    printed = "".join(capfd.readouterr())
    ours = "".join(one.getMessage() for one in caplog.records if not one.name.startswith("mail."))
    assert gone in printed
    told = [printed.encode(), ours.encode(), figures, *(one.read_bytes() for one in folder.rglob("*") if one.is_file())]
    assert [found_in(one) for one in told if found_in(one)] == []
    assert found_in(f"{NAME}{ADDRESS}{USER}{PASSWORD}{TOKEN}{WEBHOOK_SECRET}{KEY}".encode()) == set(CANARIES)
