"""One publication is one trace, from the request that brought it to the last document, through every process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from commands import EXAMPLES

from servers.program import API, command, environment, served
from servers.traces import Span, sink

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from servers.kafka import Kafka
    from servers.postgres import Postgres
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
MEMOS = 63
SERVER, PRODUCER, CONSUMER = 2, 4, 5
LOADED = """
import sys
from thammuu.cli.main import main
code = main(sys.argv[1:])
print([name for name in sys.modules if name.startswith("opentelemetry.")])
sys.exit(code)
"""


@contextmanager
def running(env: Mapping[str, str], *arguments: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", "thammuu", *arguments], env=env, stderr=subprocess.PIPE)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        _out, said = process.communicate(timeout=90)
    assert process.returncode == 0, said.decode()


def chain(spans: list[Span], last: Span) -> list[Span]:
    """From a span up to the first of its trace."""
    by_id = {one.id: one for one in spans}
    found = [last]
    while found[-1].parent in by_id:
        found.append(by_id[found[-1].parent])
    return found


def rendered(spans: list[Span]) -> list[Span]:
    return [one for one in spans if one.name == "rendering append"]


def test_a_publication_is_followed_from_the_request_through_kafka_to_the_document(
    tmp_path: Path, postgres: Postgres, kafka_broker: Kafka
) -> None:
    with sink() as taken, ExitStack() as processes:
        env = environment(
            tmp_path / "data",
            THAMMUU_DATABASE_URL=postgres.new_database(),
            THAMMUU_KAFKA_URL=kafka_broker.servers,
            THAMMUU_TOPIC_PREFIX=f"{tmp_path.name}.",
            THAMMUU_KAFKA_PARTITIONS="2",
            OTEL_EXPORTER_OTLP_ENDPOINT=taken.address,
            OTEL_BSP_SCHEDULE_DELAY="200",
        )
        assert command(env, "db", "upgrade").returncode == 0
        processes.enter_context(running(env, "relay"))
        processes.enter_context(running(env, "worker"))
        server = processes.enter_context(served(env))
        file = (EXAMPLES / "papi" / "papi-2022.csv").read_bytes()
        headers = {"content-type": "text/csv", "traceparent": f"00-{TRACE}-{CALLER}-01"}
        asked = {"index": "papi", "period": "2022", "published_on": "2023-04-12"}
        assert server.ask("POST", f"{API}/publications", file, headers, **asked).status == 202
        spans = taken.until(lambda found: len(rendered(found)) == MEMOS, within_s=300)
        events = [one["event"] for one in server.items("/events", type="memo.rendered")]
    assert all(one["traceparent"].split("-")[1] == TRACE for one in events)
    for last in rendered(spans):
        path = chain(spans, last)
        assert {one.trace for one in path} == {TRACE}
        assert [(one.process, one.name) for one in reversed(path)] == [
            ("serve", "POST /api/v1/publications"),
            ("relay", f"send {tmp_path.name}.thammuu.intake"),
            ("worker", "process analysis"),
            ("worker", "analysis transaction"),
            ("worker", "analysis handle"),
            ("relay", f"send {tmp_path.name}.thammuu.analysis"),
            ("worker", "process memos"),
            ("worker", "memos transaction"),
            ("worker", "memos handle"),
            ("relay", f"send {tmp_path.name}.thammuu.memos"),
            ("worker", "process rendering"),
            ("worker", "rendering transaction"),
            ("worker", "rendering append"),
        ]
        assert path[-1].parent == CALLER
        assert [path[-1].kind, path[-2].kind, path[-3].kind] == [SERVER, PRODUCER, CONSUMER]
    prepared = [one for one in spans if one.name == "memos prepare"]
    assert {chain(spans, one)[1].name for one in prepared} == {"process memos"}


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
