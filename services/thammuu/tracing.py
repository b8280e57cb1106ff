"""Traces that follow one publication through every process: OpenTelemetry, where an address for them is set.

A span's place in its trace travels in the event that it leads to, as CloudEvents' extension attribute ``traceparent``
(https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md, in the form of
https://www.w3.org/TR/trace-context/): the ledger is the outbox, so what is not in it is lost on the way. Without an
address nothing of OpenTelemetry is imported and every function here returns at once.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.trace import Span, Tracer

Kind = Literal["internal", "server", "client", "producer", "consumer"]
HEADER = "traceparent"
_ADDRESSES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
FORM = r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$"
_SAMPLED = 1


class _Tracing:
    tracer: Tracer | None = None


def wanted() -> bool:
    """Tell whether the environment names an address for traces."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and any(os.environ.get(name) for name in _ADDRESSES)


def configure(process: str) -> None:
    """Send spans to the address of the environment from now on; they are sent off when the process ends, too.

    Args:
        process: What this process is, such as ``worker``; the service's name is ``thammuu`` unless OTEL_SERVICE_NAME
            says otherwise.
    """
    if _Tracing.tracer is not None or not wanted():
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "thammuu"}
    provider = TracerProvider(resource=Resource.create({"thammuu.process": process, **named}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    _Tracing.tracer = provider.get_tracer("thammuu")


def on() -> bool:
    """Tell whether this process sends spans."""
    return _Tracing.tracer is not None


@contextmanager
def span(
    name: str,
    parent: str | None = None,
    kind: Kind = "internal",
    *,
    within: bool = True,
    **attributes: Any,  # noqa: ANN401  whatever a span may hold
) -> Iterator[None]:
    """Time a piece of work as a span: a child of the one around it, or else of the named one.

    Args:
        name: What is done, in few words that repeat.
        parent: A ``traceparent``; what is none is left out of account.
        kind: Its part in the trace.
        within: Whether the span around it counts more than the named one.
        attributes: What else a reader of the trace looks for.
    """
    if _Tracing.tracer is None:
        yield
        return
    from opentelemetry import trace

    around = trace.get_current_span().get_span_context().is_valid and (within or parent is None)
    context = None if around else _remote(parent)
    values = {key.replace("__", "."): value for key, value in attributes.items() if value is not None}
    with _Tracing.tracer.start_as_current_span(name, context, trace.SpanKind[kind.upper()], values):
        yield


def current() -> str | None:
    """Return the place of the span that is open here, None where there is none."""
    if _Tracing.tracer is None:
        return None
    from opentelemetry import trace

    return _written(trace.get_current_span())


def told(**attributes: Any) -> None:  # noqa: ANN401  whatever a span may hold
    """Add to the span that is open here what was not known when it began."""
    if _Tracing.tracer is None:
        return
    from opentelemetry import trace

    trace.get_current_span().set_attributes({key.replace("__", "."): value for key, value in attributes.items()})


def _written(span: Span) -> str | None:
    place = span.get_span_context()
    if not place.is_valid:
        return None
    return f"00-{place.trace_id:032x}-{place.span_id:016x}-{place.trace_flags:02x}"


def _remote(parent: str | None) -> Any:  # noqa: ANN401  a context of OpenTelemetry
    from opentelemetry import context, trace

    found = re.fullmatch(FORM, parent or "")
    if found is None:
        return context.Context()
    flags = trace.TraceFlags(int(found[3], 16) & _SAMPLED)
    place = trace.SpanContext(int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=flags)
    return trace.set_span_in_context(trace.NonRecordingSpan(place), context.Context())
