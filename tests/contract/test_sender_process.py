"""``thammuu sender`` as a process: it sends, tells its health and figures, and ends in order."""

from __future__ import annotations

import http.client
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

from servers.deliveries import KEY, copies_in, issued, queued, recipient, rows, settings
from servers.mail_sink import mail_sink
from servers.ports import free_port
from servers.program import environment, running
from thammuu import bootstrap
from thammuu.ledger.postgres import PostgresDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from servers.postgres import Postgres

UP_WITHIN_S = 120.0
SENDERS = 2


def asked(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    except ConnectionRefusedError:
        return 0, ""
    finally:
        connection.close()


def test_senders_share_the_work_and_tell_how_it_stands(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.new_database()
    database = PostgresDatabase(url)
    database.upgrade()
    database.close()
    chosen = settings(tmp_path / "data", database_url=url)
    with bootstrap.changing(chosen) as program:
        issued(program, tmp_path)
        names = queued(program.context, [recipient(one) for one in range(60)])
        queued(program.context, [recipient(100, "chat")], channel="chat")
    ports = [free_port() for _turn in range(SENDERS)]
    with mail_sink() as sink, bootstrap.reading(chosen) as program:
        server = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port), "SMTP_SECURITY": "none", "DATABASE_URL": url}
        named = server | {"SECRET_KEY": KEY, "SMTP_FROM": "bao-cao@thammuu.example"}
        env = environment(tmp_path / "data", **{f"THAMMUU_{name}": value for name, value in named.items()})
        with ExitStack() as senders:
            for port in ports:
                senders.enter_context(running(env, "sender", "--port", port))
            deadline = time.monotonic() + UP_WITHIN_S
            while Counter(row.state for row in rows(program.context).values()) != Counter(accepted=60, queued=1):
                assert time.monotonic() < deadline, rows(program.context)
                time.sleep(0.2)
            for port in ports:
                while asked(port, "/readyz")[0] != 200:
                    assert time.monotonic() < deadline, asked(port, "/readyz")
                    time.sleep(0.2)
                figures = asked(port, "/metrics")[1]
                assert 'thammuu_deliveries{channel="email",state="accepted"} 60.0' in figures
                assert 'thammuu_deliveries{channel="chat",state="queued"} 1.0' in figures
                assert "thammuu_deliveries_overdue 0.0" in figures
        assert copies_in(sink) == Counter(names)
