"""Workers that are killed amid a submission, a file store, a faulty rules folder, and a submission handed back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import structlog
from submitting import CSV, Producer, in_parts, message, producing, sha256

from thammuu.bus.inbox import set_aside
from thammuu.bus.replaying import replay, set_aside_now
from thammuu.bus.topics import SUBMISSIONS
from thammuu.errors import BadInputError, EnvironmentFaultError, PermanentRefusalError
from thammuu.events import EventReplayed, ScoresPublished
from thammuu.intake import acceptance
from thammuu.intake.submissions import take
from thammuu.ledger import log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres
    from servers.s3 import S3Server

pytest_plugins = ["servers.kafka", "servers.postgres", "servers.s3"]
PLACES = ("database.committed:2", "accept.row-written", "accept.accepted", "worker.handled:2")
"""With the last part kept, within the transaction that answers, after it, and before the acknowledgement."""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
def producer(tmp_path: Path, postgres: Postgres) -> Iterator[Producer]:
    """A database and no broker."""
    with producing(postgres.new_database(), None, tmp_path, submission_uris="s3://scores/of/") as one:
        yield one


def killed_at(place: str, producer: Producer) -> subprocess.Popen[bytes]:
    """Start a worker that ends itself at a place."""
    settings = producer.settings
    assert settings.database_url is not None
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THAMMUU_")}
    env = kept | {
        "THAMMUU_DATA": str(settings.data),
        "THAMMUU_DATABASE_URL": settings.database_url.get_secret_value(),
        "THAMMUU_KAFKA_URL": str(settings.kafka_url),
        "THAMMUU_TOPIC_PREFIX": settings.topic_prefix,
        "THAMMUU_FAIL_AT": place,
    }
    command = [sys.executable, "-m", "thammuu", "worker", "--stages", SUBMISSIONS]
    return subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL)


def test_a_worker_killed_anywhere_leaves_one_publication_and_one_answer(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka
) -> None:
    with ExitStack() as stack:
        producers = {}
        for number, place in enumerate(PLACES):
            folder = tmp_path / f"kill-{number}"
            folder.mkdir()
            one = stack.enter_context(producing(postgres.new_database(), kafka_broker.servers, folder))
            one.send(*in_parts("one", CSV.encode(), 2))
            producers[place] = one
        dying = [killed_at(place, one) for place, one in producers.items()]
        assert [process.wait(120) for process in dying] == [-signal.SIGKILL] * len(PLACES)
        for one in producers.values():
            # after the broker has missed the killed one for long enough
            one.send(message("last", {"text": CSV}))
            assert [answer.submission_id for answer in one.work_until(2)] == ["one", "last"]
            assert [answer.changed for answer in one.answers()] == [True, False]
            assert len(one.events(ScoresPublished.event_type)) == 1
            with one.context.database.snapshot() as connection:
                assert log.verify(connection) == []


def test_a_file_in_an_allowed_bucket_is_fetched_and_one_elsewhere_is_not(
    producer: Producer, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment.items():
        monkeypatch.setenv(name, value)
    folder = s3_server.bucket_folder("scores")
    (folder / "of").mkdir(parents=True)
    (folder / "of" / "papi.csv").write_text(CSV, "utf-8")
    (folder / "other.csv").write_text(CSV, "utf-8")
    for name in ("of/papi.csv", "of/none.csv", "other.csv", "of/../other.csv"):
        file = {"uri": f"s3://scores/{name}", "sha256": sha256(CSV.encode())}
        assert take(producer.context, message(name.replace("/", "-"), file))
    found = [(one.status, [problem["code"] for problem in one.problems]) for one in producer.answers()]
    assert found == [
        ("accepted", []),
        ("refused", ["uri-refused"]),
        ("refused", ["uri-not-allowed"]),
        ("refused", ["uri-not-allowed"]),
    ]


def test_a_bucket_that_cannot_be_reached_is_waited_for(producer: Producer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAMMUU_BLOBS_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    file = {"uri": "s3://scores/of/papi.csv", "sha256": sha256(CSV.encode())}
    with pytest.raises(EnvironmentFaultError):
        take(producer.context, message("one", file))
    assert producer.answers() == []


def test_a_fault_of_the_rules_folder_is_not_the_producers(producer: Producer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(context: object) -> None:
        del context
        raise BadInputError("a rule that is none")

    with monkeypatch.context() as patched:
        patched.setattr(acceptance, "check_pack", broken)
        with pytest.raises(EnvironmentFaultError, match="a rule that is none"):
            take(producer.context, message("one", {"text": CSV}))
    assert producer.answers() == []
    take(producer.context, message("one", {"text": CSV}))
    assert [one.status for one in producer.answers()] == ["accepted"]


def test_a_submission_that_was_set_aside_is_taken_once_it_is_handed_back(producer: Producer) -> None:
    context = producer.context
    set_aside(context, SUBMISSIONS, message("one", {"text": CSV}), "a fault of the program, mended since")
    set_aside(context, SUBMISSIONS, b"{", "no submission")
    mended, broken = set_aside_now(context)
    outputs = replay(context, (), mended.rejected)
    assert [event.type for event in outputs] == ["rules.activated", "scores.published", "submission.answered"]
    with pytest.raises(PermanentRefusalError, match="still no submission"):
        replay(context, (), broken.rejected)
    assert [one.rejected for one in set_aside_now(context)] == [broken.rejected]
    assert len(producer.events(EventReplayed.event_type)) == 1
