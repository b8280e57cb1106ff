"""Workers that are killed amid a submission, a file store, a faulty rules folder, and a submission handed back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import structlog
from submitting import CSV, Producer, in_parts, message, producing, sha256

from thammuu.bus.aside import set_aside_now
from thammuu.bus.inbox import set_aside
from thammuu.bus.replaying import replay
from thammuu.bus.topics import SUBMISSIONS
from thammuu.errors import BadInputError, EnvironmentFaultError, PermanentRefusalError
from thammuu.events import EventReplayed, ScoresPublished
from thammuu.intake import acceptance
from thammuu.intake.submission_answers import Asked
from thammuu.intake.submission_message import SubmittedMessage
from thammuu.intake.submission_parts import PartLimits, keep
from thammuu.intake.submissions import take
from thammuu.ledger import log
from thammuu.ledger.database import TryAgainError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres
    from servers.s3 import S3Server
MANY = PartLimits(incomplete=100)
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


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"index": "pappi"}, "There is no index pappi"),
        ({"period": "1999"}, "No framework of papi covers 1999"),
        ({"period": "2022-13"}, "'2022-13' is not a period"),
        ({"round": "no/name"}, "The request was refused"),
        ({"published_on": "2001-01-01"}, "The request was refused"),
    ],
)
def test_a_submission_that_asks_for_what_is_not_there_is_refused(
    producer: Producer, said: dict[str, str], told: str
) -> None:
    assert take(producer.context, message("one", {"text": CSV}, **said))
    (answer,) = producer.answers()
    assert answer.status == "refused"
    assert told in f"{answer.message} {answer.problems}"


def test_only_so_many_submissions_wait_for_parts(producer: Producer) -> None:
    context, limits = producer.context, PartLimits(whole_bytes=60, incomplete=2, all_incomplete=3, all_bytes=200)
    content = CSV.encode()

    def kept(submission_id: str, source: str, of: int = 4) -> str:
        body = in_parts(submission_id, content, of)[0].replace(b"/simulated/producer", source.encode())
        sent = SubmittedMessage.model_validate_json(body)
        assert sent.data.file.part is not None
        try:
            keep(context, Asked.by(sent), sent.data.file.part, limits)
        except BadInputError as error:
            return error.problems[0].code
        return ""

    assert kept("large", "/a", of=1) == "too-large"
    assert [kept(name, "/a") for name in ("one", "two", "three", "one")] == ["", "", "too-many-incomplete", ""]
    assert [kept(name, "/b") for name in ("one", "two")] == ["", "no-room-for-parts"]


def test_of_two_workers_with_the_last_two_parts_one_sees_all(producer: Producer) -> None:
    with ThreadPoolExecutor(2) as threads:
        for number in range(15):
            bodies = in_parts(f"parts-{number}", CSV.encode(), 2)
            both = [SubmittedMessage.model_validate_json(body) for body in bodies]
            there = threads.map(lambda one: keep(producer.context, Asked.by(one), one.data.file.part, MANY), both)
            assert sorted(there) == [False, True]


def test_workers_that_have_the_same_id_at_once_publish_once(producer: Producer) -> None:
    def until_taken(body: bytes) -> None:
        while True:
            try:
                take(producer.context, body)
            except TryAgainError:
                continue
            else:
                return

    same, other = message("one", {"text": CSV}), message("one", {"text": CSV.replace("1.29", "1.30")})
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(until_taken, [same, other, same, other]))
    assert sorted(one.status for one in producer.answers()) == ["accepted", "refused"]
    assert len(producer.events(ScoresPublished.event_type)) == 1


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


def test_a_submission_that_was_set_aside_and_came_again_is_not_listed_any_more(producer: Producer) -> None:
    context, body = producer.context, message("one", {"text": CSV})
    set_aside(context, SUBMISSIONS, body, "a fault of the program, mended since")
    assert len(set_aside_now(context)) == 1
    assert take(context, body)
    assert set_aside_now(context) == []
