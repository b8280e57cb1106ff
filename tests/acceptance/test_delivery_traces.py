"""One publication is one trace down to the message: drafted, issued by policy, queued and sent by one server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from servers.deliveries import KEY, PAPI, by_themselves, recipient, settings
from servers.program import environment, served
from servers.traces import Span, sink
from thammuu import bootstrap
from thammuu.delivery.recipients_register import take_over

if TYPE_CHECKING:
    from pathlib import Path

    from servers.program import Server

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CLIENT = 3


@pytest.fixture
def env(tmp_path: Path, rules: Path) -> dict[str, str]:
    """A server's surroundings: rules that issue and send by themselves on whatever day, and one recipient."""
    by_themselves(rules, "file")
    with bootstrap.changing(settings(tmp_path / "data")) as program:
        take_over(program.context, [recipient(1)])
    return environment(tmp_path / "data", THAMMUU_SECRET_KEY=KEY, THAMMUU_RULES=str(rules))


def scores() -> bytes:
    """PAPI 2022 of one province that has not merged, the recipient's."""
    lines = (PAPI / "papi-2022.csv").read_text("utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if line.startswith(("#", "period,", "2022,04,"))).encode()


def sent(spans: list[Span]) -> list[Span]:
    return [one for one in spans if one.name == "send file"]


def told(server: Server, kind: str) -> dict[str, Any]:
    (found,) = server.items("/events", type=kind)
    event: dict[str, Any] = found["event"]
    return event


def test_a_message_is_in_the_trace_of_its_publication_and_the_server_counts_it(
    tmp_path: Path, env: dict[str, str]
) -> None:
    with sink() as taken:
        traced = env | {"OTEL_EXPORTER_OTLP_ENDPOINT": taken.address, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        with served(traced) as server:
            headers = {"content-type": "text/csv", "traceparent": f"00-{TRACE}-{CALLER}-01"}
            asked = {"index": "papi", "period": "2022", "published_on": "2023-04-12", "partial": "true"}
            answer = server.ask("POST", "/api/v1/publications", scores(), headers, **asked)
            assert answer.status == 202, answer.body
            server.until_handled("papi-2022-r1")
        # a server looks for what is due when it starts, and then every half a minute
        with served(traced) as server:
            spans = taken.until(sent, within_s=180)
            events = [told(server, f"delivery.{kind}") for kind in ("queued", "attempted")]
        with served(env) as server:
            succeeded = told(server, "delivery.succeeded")
            figures = server.ask("GET", "/metrics").body.decode()
    (last,) = sent(spans)
    assert (last.trace, last.kind) == (TRACE, CLIENT)
    queued, attempted = (one["traceparent"].split("-")[1:3] for one in events)
    assert queued == attempted == [TRACE, last.parent]
    assert succeeded["traceparent"].split("-")[1:3] == [TRACE, last.id]
    (issued,) = [one for one in spans if one.name == "issue by policy"]
    assert issued.trace == TRACE
    assert len(list((tmp_path / "data" / "mail").glob("*.eml"))) == 1
    assert 'thammuu_deliveries{channel="file",state="accepted"} 1.0' in figures
    assert "thammuu_deliveries_overdue 0.0" in figures


def test_a_server_without_a_key_sends_nothing_and_has_no_figures_of_messages(env: dict[str, str]) -> None:
    del env["THAMMUU_SECRET_KEY"]
    with served(env) as server:
        figures = server.ask("GET", "/metrics").body.decode()
    assert "thammuu_http_requests_total" in figures
    assert "thammuu_deliveries" not in figures
