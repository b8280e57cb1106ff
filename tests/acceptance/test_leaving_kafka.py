"""A ledger whose events Kafka's workers handle: commands keep away from it, until it is handed over on purpose."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from commands import EXAMPLES, Thammuu, corrected
from sqlalchemy import delete, func, insert, select

from servers.deliveries import KEY
from thammuu import bootstrap, pipeline
from thammuu.bus.embedded import EmbeddedBus
from thammuu.bus.handover import is_workers, left_to_workers
from thammuu.bus.inbox import handle_once
from thammuu.bus.outbox import Outbox, rewind
from thammuu.bus.routes import Route
from thammuu.errors import BadInputError
from thammuu.events import ScoresPublished
from thammuu.ledger import log, progress
from thammuu.ledger.schema import metadata, submission_parts
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.bus.context import Context

URL, PLACE = "THAMMUU_KAFKA_URL", "127.0.0.1:9"
"""Nobody has to be there: a command that publishes does not ask Kafka."""
PART = {
    "answer": "a", "number": 1, "source": "s", "submission_id": "i", "index_id": "papi", "period": "2022",
    "received_at": 1.0, "size": 1, "content": b"x",
}  # fmt: skip
ASKED = ("--index", "papi", "--period", "2022", "--published-on", "2023-04-12", "--partial")
STARTS = tuple(f"2022,{code}," for code in ("01", "02", "04", "06"))


def four(file: Path, to: Path) -> Path:
    """PAPI 2022 of four provinces."""
    lines = file.read_text("utf-8").splitlines(keepends=True)
    to.write_text("".join(line for line in lines if line.startswith(("#", "period,", *STARTS))), "utf-8")
    return to


@pytest.fixture
def scores(tmp_path: Path) -> Path:
    return four(EXAMPLES / "papi" / "papi-2022.csv", tmp_path / "first.csv")


@pytest.fixture(autouse=True)
def database(postgres: Postgres, monkeypatch: pytest.MonkeyPatch, thammuu: Thammuu) -> None:
    """Have all commands use an empty PostgreSQL database."""
    monkeypatch.setenv("THAMMUU_DATABASE_URL", postgres.new_database())
    monkeypatch.setenv("THAMMUU_SECRET_KEY", KEY)
    assert thammuu("db", "upgrade").code == 0


@contextmanager
def with_kafka(kafka_url: str | None = PLACE) -> Iterator[Context]:
    with bootstrap.sharing(Settings(kafka_url=kafka_url)) as program:
        yield program.context


def relay(context: Context) -> Outbox:
    """Send everything, as a relay does, and stay at work."""
    outbox = Outbox(context, "one")
    assert outbox.lead()
    if waiting := outbox.waiting():
        assert outbox.sent(waiting[0].position, waiting[-1].position)
    return outbox


def work(context: Context) -> int:
    """Handle everything that is in the ledger and what follows, as workers do; return how much was new to them."""
    done = position = 0
    while True:
        with context.database.snapshot() as connection:
            found = list(log.read(connection, after=position, limit=50))
        if not found:
            return done
        position = found[-1].position
        for one in found:
            mine = [route for route in pipeline.ROUTES if route.event.event_type == one.event.type]
            done += sum(handle_once(context, route, one.event, one.position) for route in mine)


def published_for_workers(thammuu: Thammuu, scores: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv(URL, PLACE)
        assert thammuu("publish", scores, *ASKED).code == 0


def rows() -> dict[str, int]:
    """How many rows each table has."""
    with with_kafka() as context, context.database.snapshot() as connection:
        counted = {one.name: select(func.count()).select_from(one) for one in metadata.sorted_tables}
        return {name: connection.execute(query).scalar_one() for name, query in counted.items()}


def told(thammuu: Thammuu) -> dict[str, Any]:
    found = thammuu("events", "--format", "json").json()
    return {one["id"]: (one["type"], one["subject"], one["data"]) for one in found}


def test_nothing_is_written_without_the_address_that_workers_have(
    thammuu: Thammuu, scores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_for_workers(thammuu, scores, monkeypatch)
    with with_kafka() as context:
        relay(context).give_up()
    before = rows()
    other = corrected(tmp_path, "Hà Nội", "1.1", "2.0")
    for line in (
        ("publish", other, *ASKED),
        ("publish", "--withdraw", "papi-2022-r1", "--reason", "simulated"),
        ("doctor", "--finish"),
        ("memos", "issue", "Hà Nội"),
        ("people", "add", "a", "--rights", "edit,approve,issue,send"),
        ("serve", "--port", "0"),
        ("sender",),
    ):
        refused = thammuu(*line)
        assert refused.code == 2, (line, refused)
        assert f"{URL}: the address that relay and workers have" in refused.err
        assert "thammuu events leave-kafka" in refused.err
    assert rows() == before
    listed = thammuu("publications", "--format", "json")
    assert [one["publication_id"] for one in listed.json()] == ["papi-2022-r1"]
    assert "1 events wait for Kafka's workers." in listed.err


def test_a_ledger_is_handed_over_once_all_is_handled_and_goes_back_to_workers_who_know_it(
    thammuu: Thammuu, scores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = four(corrected(tmp_path, "Hà Nội", "1.1", "2.0"), tmp_path / "second.csv")
    with monkeypatch.context() as patched:
        patched.delenv("THAMMUU_DATABASE_URL")
        for file in (scores, again):
            assert thammuu("publish", file, *ASKED).code == 0
        undisturbed = told(thammuu)
    published_for_workers(thammuu, scores, monkeypatch)
    with with_kafka() as context:
        outbox = relay(context)
        refused = thammuu("events", "leave-kafka")
        assert refused.code == 2
        assert "relay: a relay that has stopped" in refused.err
        assert "analysis: '1': none that waits" in refused.err
        work(context)
        outbox.give_up()
        with context.database.transaction() as connection:
            connection.execute(insert(submission_parts).values(PART))
        refused = thammuu("events", "leave-kafka")
        assert (refused.code, "submissions: '1': none that is incomplete" in refused.err) == (2, True), refused
        # as after `events replay --from 0`: what workers have done is theirs, whatever the relay sends again
        with context.database.transaction() as connection:
            connection.execute(delete(submission_parts))
            rewind(connection, 0)
    before = rows()
    assert thammuu("publish", again, *ASKED).code == 2
    assert rows() == before
    assert f"after position {before['events']}." in thammuu("events", "leave-kafka").out
    assert thammuu("publish", again, *ASKED).code == 0
    assert told(thammuu) == undisturbed
    assert thammuu("doctor", "--format", "json").code == 0
    with with_kafka() as context:
        relay(context).give_up()
        assert work(context) == 0
    assert told(thammuu) == undisturbed
    assert thammuu("doctor", "--finish").code == 0, "all that was sent is known to commands too"


def test_a_consumer_that_a_newer_version_brings_does_not_bring_workers_back(
    thammuu: Thammuu, scores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_for_workers(thammuu, scores, monkeypatch)
    with with_kafka() as context:
        relay(context).give_up()
        work(context)
        assert thammuu("events", "leave-kafka").code == 0
        newer = (*pipeline.ROUTES, Route("newer", ScoresPublished, lambda _event, _work: []))
        with context.database.snapshot() as connection:
            assert not is_workers(connection, newer)
            assert left_to_workers(connection, newer) == {}


def test_a_run_that_began_before_workers_did_does_nothing_beside_them(scores: Path, thammuu: Thammuu) -> None:
    assert thammuu("publish", scores, *ASKED, "--history").code == 0
    with bootstrap.sharing(Settings()) as program:
        bus = EmbeddedBus(program.context, (Route("newer", ScoresPublished, lambda _event, _work: []),))
        outbox = relay(program.context)
        with pytest.raises(BadInputError, match="Kafka's workers"):
            bus.run()
        outbox.give_up()
        with program.context.database.snapshot() as connection:
            assert progress.position(connection, "newer") == 0


def test_a_server_without_the_address_stops_handling_when_a_relay_begins() -> None:
    with bootstrap.sharing(Settings()) as program, with_kafka() as context:
        assert program.run() == 0
        outbox = relay(context)
        for handling in (program.run, program.issue_due):
            with pytest.raises(BadInputError, match="Kafka's workers"):
                handling()
        outbox.give_up()
        assert program.run() == 0


def test_a_backup_of_it_is_left_alone_as_well(
    thammuu: Thammuu, scores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published_for_workers(thammuu, scores, monkeypatch)
    with with_kafka() as context:
        relay(context)
        assert thammuu("backup", tmp_path / "backup").code == 0
    monkeypatch.delenv("THAMMUU_DATABASE_URL")
    assert thammuu("--data", tmp_path / "restored", "restore", tmp_path / "backup").code == 0
    for line in (("publish", scores, *ASKED), ("serve", "--port", "0")):
        refused = thammuu("--data", tmp_path / "restored", *line)
        assert (refused.code, URL in refused.err) == (2, True)
    kept = json.loads(thammuu("--data", tmp_path / "restored", "events", "--format", "json").out)
    assert [one["type"] for one in kept] == ["rules.activated", "scores.published"]
