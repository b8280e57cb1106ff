"""One publication is one trace, from whoever brought it to the last document and message, through every process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

from aiokafka import AIOKafkaProducer
from commands import EXAMPLES

from servers.deliveries import KEY, by_themselves, copies_in, recipient, settings
from servers.mail_sink import mail_sink
from servers.program import API, command, environment, running, served
from servers.traces import Span, sink
from thammuu import bootstrap
from thammuu.delivery.recipients_register import take_over

if TYPE_CHECKING:
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres
    from servers.program import Server

BY_HTTP, BY_KAFKA = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
CALLERS = {BY_HTTP: "00f067aa0ba902b7", BY_KAFKA: "b7ad6b7169203331"}
CLIENT, SERVER, PRODUCER, CONSUMER = 3, 2, 4, 5
SIMULATED = "# source: simulated\nperiod,entity_name,criterion_code,score\n2021,Hà Nội,total,80.5\n"
LOADED = """
import sys
from thammuu.cli.main import main
code = main(sys.argv[1:])
print([name for name in sys.modules if name.startswith("opentelemetry.")])
sys.exit(code)
"""


def chain(spans: list[Span], last: Span) -> list[Span]:
    """From a span up to the first of its trace."""
    by_id = {one.id: one for one in spans}
    found = [last]
    while found[-1].parent in by_id:
        found.append(by_id[found[-1].parent])
    return found


def named(spans: list[Span], name: str) -> list[Span]:
    return [one for one in spans if one.name == name]


def followed(spans: list[Span], name: str) -> bool:
    """Whether each trace has a span of that name by now, and all that led to it."""
    return {(one.trace, chain(spans, one)[-1].parent) for one in named(spans, name)} == set(CALLERS.items())


def steps(spans: list[Span], last: Span) -> list[tuple[str, str]]:
    return [(one.process, one.name) for one in reversed(chain(spans, last))]


def drafting(prefix: str, trace: str) -> list[tuple[str, str]]:
    """The way of a publication to its drafts."""
    return [
        ("serve", "POST /api/v1/publications") if trace == BY_HTTP else ("worker", "process submissions"),
        ("relay", f"send {prefix}thammuu.intake"),
        ("worker", "process analysis"),
        ("worker", "analysis transaction"),
        ("worker", "analysis handle"),
        ("relay", f"send {prefix}thammuu.analysis"),
        ("worker", "process memos"),
        ("worker", "memos transaction"),
        ("worker", "memos handle"),
    ]


def hand_in_by_http(server: Server) -> None:
    """PAPI 2022 of Cao Bằng."""
    lines = (EXAMPLES / "papi" / "papi-2022.csv").read_text("utf-8").splitlines(keepends=True)
    scores = "".join(line for line in lines if line.startswith(("#", "period,", "2022,04,"))).encode()
    headers = {"content-type": "text/csv", "traceparent": f"00-{BY_HTTP}-{CALLERS[BY_HTTP]}-01"}
    asked = {"index": "papi", "period": "2022", "published_on": "2023-04-12", "partial": "true"}
    answer = server.ask("POST", f"{API}/publications", scores, headers, **asked)
    assert answer.status == 202, answer.body


async def hand_in_by_kafka(servers: str, topic: str) -> None:
    """SIPAS 2021 of Hà Nội, simulated."""
    file = {"name": "sipas.csv", "format": "csv", "text": SIMULATED}
    said = {"index": "sipas", "period": "2021", "published_on": "2023-04-12", "partial": True}
    head = {"specversion": "1.0", "id": "m-1", "source": "/simulated", "type": "thammuu.scores.submitted"}
    body = json.dumps(head | {"data": said | {"submission_id": "one", "file": file}}).encode()
    place = f"00-{BY_KAFKA}-{CALLERS[BY_KAFKA]}-01".encode()
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        await producer.send_and_wait(topic, body, headers=[("traceparent", place)])


def test_what_is_handed_in_over_http_and_kafka_is_followed_to_the_documents_and_to_the_messages(
    tmp_path: Path, rules: Path, postgres: Postgres, kafka_broker: Kafka
) -> None:
    prefix, database = f"{tmp_path.name}.", postgres.new_database()
    by_themselves(rules, "email")
    with sink() as taken, mail_sink() as mails, ExitStack() as processes:
        env = environment(
            tmp_path / "data",
            THAMMUU_DATABASE_URL=database,
            THAMMUU_KAFKA_URL=kafka_broker.servers,
            THAMMUU_TOPIC_PREFIX=prefix,
            THAMMUU_KAFKA_PARTITIONS="2",
            THAMMUU_RULES=str(rules),
            THAMMUU_SECRET_KEY=KEY,
            THAMMUU_SMTP_HOST="127.0.0.1",
            THAMMUU_SMTP_PORT=str(mails.port),
            THAMMUU_SMTP_SECURITY="none",
            THAMMUU_SMTP_FROM="bao-cao@thammuu.example",
            OTEL_EXPORTER_OTLP_ENDPOINT=taken.address,
            OTEL_BSP_SCHEDULE_DELAY="200",
        )
        assert command(env, "db", "upgrade").returncode == 0
        with bootstrap.changing(settings(tmp_path / "data", database_url=database)) as program:
            take_over(program.context, [recipient(1), recipient(2, unit_id="ha-noi")])
        processes.enter_context(running(env, "relay"))
        processes.enter_context(running(env, "worker"))
        server = processes.enter_context(served(env))
        hand_in_by_http(server)
        asyncio.run(hand_in_by_kafka(kafka_broker.servers, f"{prefix}thammuu.scores.submitted"))
        drafted = taken.until(lambda found: followed(found, "rendering append"), within_s=180)
        # it looks for what is due when it starts, and then every half a minute
        processes.enter_context(running(env, "sender"))
        spans = taken.until(lambda found: followed(found, "send email"), within_s=180)
        events = [
            one["event"] for kind in ("memo.issued", "delivery.queued") for one in server.items("/events", type=kind)
        ]
    told = [(one["subject"], one["type"], one["traceparent"].split("-")[1]) for one in events]
    assert sorted(told) == [
        (unit, kind, trace)
        for unit, trace in (("cao-bang", BY_HTTP), ("ha-noi", BY_KAFKA))
        for kind in ("delivery.queued", "memo.issued")
    ]
    assert copies_in(mails) == Counter(one["data"]["delivery_id"] for one in events if one["type"] == "delivery.queued")
    for last in named(drafted, "rendering append"):
        assert steps(drafted, last) == [
            *drafting(prefix, last.trace),
            ("relay", f"send {prefix}thammuu.memos"),
            ("worker", "process rendering"),
            ("worker", "rendering transaction"),
            ("worker", "rendering append"),
        ]
    for last in named(spans, "send email"):
        assert steps(spans, last) == [
            *drafting(prefix, last.trace),
            ("sender", "issue by policy"),
            ("relay", f"send {prefix}thammuu.memos"),
            ("worker", "process delivery"),
            ("worker", "delivery transaction"),
            ("worker", "delivery handle"),
            ("sender", "send email"),
        ]
        kinds = {one.name: one.kind for one in chain(spans, last)}
        assert kinds["send email"] == CLIENT
        assert kinds[f"send {prefix}thammuu.memos"] == PRODUCER
        assert kinds["process delivery"] == CONSUMER
        assert chain(spans, last)[-1].kind == (SERVER if last.trace == BY_HTTP else CONSUMER)
    assert {chain(spans, one)[1].name for one in named(spans, "memos prepare")} == {"process memos"}


def publish(tmp_path: Path, **more: str) -> tuple[list[str], list[dict[str, str]]]:
    """Which modules of OpenTelemetry a command loads, and the events it leaves."""
    env = environment(tmp_path / "data", **more)
    file = EXAMPLES / "sipas" / "sipas-2021.csv"
    line = [sys.executable, "-c", LOADED, "publish", str(file), "--index", "sipas", "--period", "2021", "--partial"]
    done = subprocess.run(line, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    events = json.loads(command(env, "events", "--format", "json").stdout)
    return json.loads(done.stdout.splitlines()[-1].replace("'", '"')), events


def by_id(events: list[dict[str, str]]) -> dict[str, tuple[str, str, str]]:
    """What happened, in whatever order: consumers run side by side."""
    found = {one["id"]: (one["type"], one["subject"], one["data"]) for one in events}
    assert len(found) == len(events)
    return found


def test_without_an_address_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    loaded, events = publish(tmp_path)
    assert loaded == []
    assert events


def test_a_command_is_one_trace_and_the_events_are_the_same(tmp_path: Path) -> None:
    _loaded, without = publish(tmp_path / "without")
    with sink() as taken:
        _loaded, events = publish(tmp_path / "with", OTEL_EXPORTER_OTLP_ENDPOINT=taken.address)
        spans = taken.until(lambda found: any(one.name == "thammuu publish" for one in found))
    (root,) = [one for one in spans if one.name == "thammuu publish"]
    assert {one.trace for one in spans} == {root.trace}
    assert {chain(spans, one)[-1] for one in spans} == {root}
    assert by_id(events) == by_id(without)


def test_a_sink_that_is_not_there_holds_nobody_up_for_long(tmp_path: Path) -> None:
    _loaded, events = publish(
        tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_TIMEOUT="2"
    )
    assert events
