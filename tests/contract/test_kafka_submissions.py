"""Scores that other systems put on Kafka, on a real broker: each is answered once, whatever way they come."""

from __future__ import annotations

import asyncio
import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from sqlalchemy import func, select
from submitting import CSV, HEADER, ROWS, Producer, encoded, in_parts, message, producing, sha256

from thammuu.bus.kafka.connection import SUBMITTED_TOPIC, connection_of
from thammuu.events import EventRejected, ScoresPublished, SubmissionAnswered
from thammuu.intake import submissions
from thammuu.intake.submission_fetch import FetchLimits
from thammuu.intake.submission_parts import PartLimits, expire
from thammuu.ledger import log
from thammuu.ledger.schema import submission_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres


class Files(BaseHTTPRequestHandler):
    """A host of files: one is there, one leads elsewhere, some do not come."""

    waited_for: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if self.path.startswith("/scores/never"):
            self.waited_for.append(self.path)
            threading.Event().wait(20)
            return
        if self.path == "/scores/moved.csv":
            self.send_response(302)
            self.send_header("Location", "/scores/scores.csv")
            self.end_headers()
            return
        if self.path not in {"/scores/scores.csv", "/secret.csv"}:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CSV.encode())))
        self.end_headers()
        self.wfile.write(CSV.encode())

    def log_message(self, *said: object) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Files)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def producer(tmp_path: Path, postgres: Postgres, kafka_broker: Kafka, host: str) -> Iterator[Producer]:
    places = f"internal+{host}/scores/"
    with (
        structlog.testing.capture_logs(),
        producing(postgres.new_database(), kafka_broker.servers, tmp_path, submission_uris=places) as one,
    ):
        yield one
        with one.context.database.snapshot() as connection:
            assert log.verify(connection) == []


def published(producer: Producer) -> list[str]:
    found = [event.data for event in producer.events(ScoresPublished.event_type)]
    return [data.publication_id for data in found if isinstance(data, ScoresPublished)]


def kept(producer: Producer) -> int:
    with producer.context.database.snapshot() as connection:
        return connection.execute(select(func.count()).select_from(submission_parts)).scalar_one()


def codes(answer: SubmissionAnswered) -> list[str]:
    assert answer.status == "refused"
    assert answer.problems_count >= len(answer.problems)
    return [problem["code"] for problem in answer.problems]


def test_text_base64_parts_and_an_address_give_one_publication_with_the_same_content(
    producer: Producer, host: str
) -> None:
    content = CSV.encode()
    parts = in_parts("in-parts", content, 5)
    address = {"uri": f"{host}/scores/scores.csv", "sha256": sha256(content)}
    producer.send(
        message("text", {"text": CSV}),
        message("base64", {"base64": encoded(content)}),
        parts[3], parts[1], parts[3], parts[4], parts[0], parts[1], parts[2],
        message("address", address),
    )  # fmt: skip
    answers = producer.work_until(4)
    assert [one.submission_id for one in answers] == ["text", "base64", "in-parts", "address"]
    assert [one.status for one in answers] == ["accepted"] * 4
    assert [one.changed for one in answers] == [True, False, False, False]
    assert {(one.publication_id, one.revision) for one in answers} == {("papi-2022-r1", 1)}
    assert {event.subject for event in producer.events(SubmissionAnswered.event_type)} == {"papi"}
    assert published(producer) == ["papi-2022-r1"]
    assert kept(producer) == 0


def test_the_topic_takes_large_messages_and_is_compressed_in_a_way_that_workers_read(producer: Producer) -> None:
    async def configured() -> dict[str, str]:
        kafka = connection_of(producer.settings)
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
        await admin.start()
        try:
            (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, kafka.topics.submitted)])
        finally:
            await admin.close()
        return {entry[0]: entry[1] for entry in answer.resources[0][4]}

    assert SUBMITTED_TOPIC.items() <= asyncio.run(configured()).items()


def test_the_same_submission_twice_is_answered_once(producer: Producer) -> None:
    producer.send(*[message("one", {"text": CSV})] * 3, message("last", {"text": CSV + "2022,04,Cao Bằng,1.1,1.1\n"}))
    producer.work_until(2)
    first, last = producer.events(SubmissionAnswered.event_type)
    producer.send(message("one", {"base64": encoded(CSV.encode())}), *in_parts("one", CSV.encode(), 2))
    producer.send(message("after", {"text": CSV}))
    assert [event.id for event in (first, last)] == [
        event.id for event in producer.events(SubmissionAnswered.event_type)
    ][:2]
    assert [one.submission_id for one in producer.work_until(3)] == ["one", "last", "after"]
    assert published(producer) == ["papi-2022-r1", "papi-2022-r2", "papi-2022-r3"]
    assert kept(producer) == 0


def test_an_id_that_stands_for_other_content_is_refused(producer: Producer) -> None:
    assert producer.answered(message("one", {"text": CSV})).status == "accepted"
    other = message("one", {"text": CSV.replace("1.29", "1.30")})
    assert codes(producer.answered(other, other)) == ["submission-id-used"]
    assert codes(producer.answered(message("one", {"text": CSV}, history=True))) == ["submission-id-used"]
    assert published(producer) == ["papi-2022-r1"]


def test_every_error_of_a_file_is_in_the_answer(producer: Producer) -> None:
    bad = HEADER + "2022,99,Nowhere,1.1,1.2\n2022,01,Hà Nội,9.9,1.2\n2022,02,Hà Giang,1.1,many\n"
    answer = producer.answered(message("bad", {"text": bad, "name": "điểm PAPI.csv"}))
    assert len(codes(answer)) == answer.problems_count == 4
    assert [problem["row"] for problem in answer.problems] == [2, 2, 3, 4]
    assert {problem["file"] for problem in answer.problems} == {"điểm PAPI.csv"}
    assert "điểm PAPI.csv" in str(answer.message)
    assert "/" not in str(answer.message)
    assert published(producer) == []


def test_errors_that_no_event_holds_are_in_a_stored_file(producer: Producer) -> None:
    rows = "".join(f"2022,01,Hà Nội,1.1,many-{n}-{'x' * 60}\n" for n in range(900))
    answer = producer.answered(message("bad", {"text": HEADER + rows}))
    assert 0 < len(answer.problems) < answer.problems_count
    stored = json.loads(producer.context.blobs.get(str(answer.problems_blob)))
    assert len(stored) == answer.problems_count >= 900
    assert stored[: len(answer.problems)] == list(answer.problems)


def test_what_is_too_large_is_refused(producer: Producer) -> None:
    large = "x" * 1_000_001
    answer = producer.answered(message("inline", {"text": large}))
    assert codes(answer) == ["bad-message"]
    assert "1000000" in answer.problems[0]["expected"]
    assert codes(producer.answered(message("base64", {"base64": encoded(large.encode())}))) == ["bad-message"]
    rows, rest = divmod(1_000_000 - len(CSV.encode()), 100)
    just = CSV.encode() + (b" " * 99 + b"\n") * rows + b" " * rest
    assert producer.answered(message("just", {"base64": encoded(just)})).status == "accepted"


def test_parts_that_are_not_those_of_the_file_are_refused(producer: Producer) -> None:
    wrong = in_parts("wrong", CSV.encode(), 3, sha256=sha256(b"another file"))
    answer = producer.answered(*wrong)
    assert codes(answer) == ["wrong-hash"]
    first, second = in_parts("differs", CSV.encode(), 2)
    other, _second = in_parts("differs", CSV.upper().encode(), 2, sha256=sha256(CSV.encode()))
    assert codes(producer.answered(first, other, second)) == ["part-differs"]
    assert kept(producer) == 0
    assert published(producer) == []


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/secret.csv", "uri-not-allowed"),
        ("/scores/../secret.csv", "uri-not-allowed"),
        ("/scores/%2e%2e/secret.csv", "uri-not-allowed"),
        ("/scores/moved.csv", "uri-refused"),
        ("/scores/none.csv", "uri-refused"),
    ],
)
def test_an_address_that_may_not_be_fetched_is_refused(producer: Producer, host: str, path: str, code: str) -> None:
    file = {"uri": host + path, "sha256": sha256(CSV.encode())}
    assert codes(producer.answered(message("address", file))) == [code]


def test_a_file_that_changed_at_its_address_is_refused(producer: Producer, host: str) -> None:
    file = {"uri": f"{host}/scores/scores.csv", "sha256": sha256(b"before")}
    assert codes(producer.answered(message("address", file))) == ["wrong-hash"]


def test_a_message_of_the_wrong_form_is_answered_with_every_fault_and_may_be_sent_again(producer: Producer) -> None:
    answer = producer.answered(message("one", {"text": CSV}, period=2022, published_on="2023-02-30", why="no"))
    assert codes(answer) == ["bad-message"] * 3
    assert [problem["expected"].split(":")[0] for problem in answer.problems] == [
        "data.period", "data.published_on", "data.why",
    ]  # fmt: skip
    assert producer.answered(message("one", {"text": CSV})).status == "accepted"


def test_a_message_that_nobody_can_be_told_of_is_set_aside_with_its_bytes(producer: Producer) -> None:
    poison = [b"{not json", b"", b"[]", b"null", b'{"source":"/x","data":{"submission_id":"a b","index":"papi"}}']
    poison += [b"[" * 100_000, message("a", {"text": CSV}).replace(SOURCE, b"two words")]
    producer.send(*poison, message("good", {"text": CSV}))
    (answer,) = producer.work_until(1)
    assert answer.submission_id == "good"
    found = [event.data for event in producer.events(EventRejected.event_type)]
    raw = [data.raw for data in found if isinstance(data, EventRejected)]
    assert [producer.context.blobs.get(str(name)) for name in raw] == poison


SOURCE = b"/simulated/producer"


def test_a_submission_whose_parts_do_not_come_is_refused_in_the_end(producer: Producer) -> None:
    first, second = in_parts("late", CSV.encode(), 2)
    other = message("other", {"text": CSV})
    producer.send(first, other)
    producer.work_until(1)
    assert expire(producer.context) == 0
    assert expire(producer.context, PartLimits(lifetime_s=-1.0)) == 1
    assert codes(producer.answers()[1]) == ["parts-missing"]
    assert kept(producer) == 0
    producer.send(second, message("end", {"text": CSV + ROWS.replace("1.1", "1.2")}))
    assert [one.submission_id for one in producer.work_until(3)] == ["other", "late", "end"]
    assert kept(producer) == 0


def test_a_host_that_hangs_keeps_others_waiting_once_however_many_files_it_should_give(
    producer: Producer, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "FETCH_LIMITS", FetchLimits(answer_s=0.5, in_all_s=1.2, pause_s=0.01))
    Files.waited_for.clear()
    names = [f"never-{n}" for n in range(5)]
    of = {name: {"uri": f"{host}/scores/{name}.csv", "sha256": sha256(CSV.encode())} for name in names}
    producer.send(*(message(name, file) for name, file in of.items()), message("text", {"text": CSV}))
    answers = producer.work_until(6)
    assert [one.submission_id for one in answers] == [*names, "text"]
    assert [one.status for one in answers] == [*["refused"] * 5, "accepted"]
    told = [one.problems[0]["expected"] for one in answers[:5]]
    assert "not all of it within 1 s" in told[0]
    assert all("it has kept others waiting" in one for one in told[1:])
    assert set(Files.waited_for) == {"/scores/never-0.csv"}
