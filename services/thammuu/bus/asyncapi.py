"""The AsyncAPI 3 document: every topic, what is on it, and who reads it, from the models, the topics and the routes.

FastStream's own document does not know the bodies, since its handlers here take bytes.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from thammuu.bus.topics import CONTENT_TYPE, POSITION, SUBMISSIONS, Topics
from thammuu.event_data import TYPES
from thammuu.events import Event, SubmissionAnswered
from thammuu.intake.submission_message import TYPE, SubmittedMessage
from thammuu.tracing import FORM, HEADER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import BaseModel

    from thammuu.bus.routes import Route

_SCHEMAS = "#/components/schemas/"
_MESSAGES = "#/components/messages/"
_ABOUT = """\
What thammuu puts on Kafka and what it takes from there: CloudEvents 1.0 in structured mode, as JSON.
Messages may come more than once, with the same `id`; those with one key come in order.
Attributes and fields may be added: readers pass over those that they do not know."""
_PURPOSES = {
    "thammuu.intake": "Publications, and the answers to those who submit scores.",
    "thammuu.analysis": "What the rules found for each unit.",
    "thammuu.memos": "Drafts, issued memos and their PDFs, and who may approve and issue them.",
    "thammuu.delivery": "Memos on their way to recipients. Nothing is on it yet.",
    "thammuu.followup": "Tasks and their outcomes. Nothing is on it yet.",
    "thammuu.rejected": "What a consumer has set aside for good, and what was handed back to it.",
    TYPE: "Where other systems put scores. Messages of up to 2,000,000 bytes.",
}


def document(routes: Sequence[Route], topics: Topics) -> dict[str, Any]:
    """Return the document of one installation.

    Args:
        routes: The table of ``pipeline.py``.
        topics: The installation's topics.
    """
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "thammuu",
            "version": version("thammuu"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": CONTENT_TYPE,
        "channels": {topics.plain(one): _channel(one, topics) for one in topics.all()},
        "operations": _sending(topics) | _receiving(routes, topics) | _submitting(topics),
        "components": {"messages": _messages(), "schemas": _schemas()},
    }


def text(routes: Sequence[Route], topics: Topics) -> str:
    """Return the document as YAML."""
    import yaml

    written: str = yaml.safe_dump(document(routes, topics), sort_keys=False, allow_unicode=True, width=120)
    return written


def _on(topic: str, topics: Topics) -> list[str]:
    if topic == topics.submitted:
        return [TYPE]
    return [kind for kind in TYPES if topics.of(kind) == topic]


def _channel(topic: str, topics: Topics) -> dict[str, Any]:
    return {
        "address": topic,
        "description": _PURPOSES[topics.plain(topic)],
        "messages": {kind: {"$ref": _MESSAGES + kind} for kind in _on(topic, topics)},
        "bindings": {"kafka": {"topic": topic, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, topic: str, topics: Topics, kinds: Iterable[str], summary: str) -> dict[str, Any]:
    channel = f"#/channels/{topics.plain(topic)}"
    messages = [{"$ref": f"{channel}/messages/{kind}"} for kind in kinds]
    return {"action": action, "channel": {"$ref": channel}, "summary": summary, "messages": messages}


def _sending(topics: Topics) -> dict[str, Any]:
    found = {}
    for topic in topics.all():
        kinds = _on(topic, topics)
        if topic != topics.submitted and kinds:
            name = f"relay.{topics.plain(topic)}"
            found[name] = _operation("send", topic, topics, kinds, "The relay sends the ledger's events, in order.")
    return found


def _receiving(routes: Sequence[Route], topics: Topics) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for stage in dict.fromkeys(route.consumer for route in routes):
        kinds = [route.event.event_type for route in routes if route.consumer == stage]
        for topic in topics.of_all(kinds):
            here = [kind for kind in kinds if topics.of(kind) == topic]
            one = _operation("receive", topic, topics, here, f"The workers' stage {stage}.")
            found[f"{stage}.{topics.plain(topic)}"] = one | _group(stage, topics)
    return found


def _submitting(topics: Topics) -> dict[str, Any]:
    answer = f"#/channels/{topics.plain(topics.of(SubmissionAnswered.event_type))}"
    one = _operation("receive", topics.submitted, topics, [TYPE], "Scores are published, or refused with all errors.")
    reply = {
        "channel": {"$ref": answer},
        "messages": [{"$ref": f"{answer}/messages/{SubmissionAnswered.event_type}"}],
    }
    return {f"{SUBMISSIONS}.{TYPE}": one | {"reply": reply} | _group(SUBMISSIONS, topics)}


def _group(stage: str, topics: Topics) -> dict[str, Any]:
    group = {"type": "string", "enum": [topics.group_of(stage)]}
    return {"bindings": {"kafka": {"groupId": group, "bindingVersion": "0.5.0"}}}


def _messages() -> dict[str, Any]:
    submitted = {
        "name": TYPE,
        "title": SubmittedMessage.__name__,
        "summary": "Scores of one index and period, for publication.",
        "contentType": CONTENT_TYPE,
        "payload": {"$ref": _SCHEMAS + SubmittedMessage.__name__},
        "bindings": {"kafka": {"key": _key("any; the index keeps submissions of one index in order")}},
    }
    return {kind: _message(kind, data) for kind, data in TYPES.items()} | {TYPE: submitted}


def _message(kind: str, data: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": kind,
        "title": data.__name__,
        "summary": " ".join((data.__doc__ or "").split()),
        "contentType": CONTENT_TYPE,
        "headers": {"$ref": f"{_SCHEMAS}Headers"},
        "payload": {
            "allOf": [
                {"$ref": f"{_SCHEMAS}{Event.__name__}"},
                {"properties": {"type": {"const": kind}, "data": {"$ref": _SCHEMAS + data.__name__}}},
            ]
        },
        "bindings": {"kafka": {"key": _key("the subject")}},
    }


def _key(description: str) -> dict[str, str]:
    return {"type": "string", "description": description}


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["content-type", POSITION],
        "properties": {
            "content-type": {"type": "string", "const": CONTENT_TYPE},
            POSITION: {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "position in the ledger"},
            HEADER: {"type": "string", "pattern": FORM, "description": "place in a trace, where traces are kept"},
        },
    }


def _schemas() -> dict[str, Any]:
    models: list[type[BaseModel]] = [Event, *TYPES.values(), SubmittedMessage]
    _by_model, found = models_json_schema(
        [(model, "validation") for model in models], ref_template=_SCHEMAS + "{model}"
    )
    schemas: dict[str, Any] = {"Headers": _headers()} | found["$defs"]
    # each message says what its data are
    schemas[Event.__name__]["properties"]["data"] = {"type": "object"}
    schemas.pop("EventData", None)
    return {name: _open(schema) for name, schema in schemas.items()}


def _open(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a message that may get more fields; what is submitted must be exact."""
    exact = {"ScoresSubmitted", "SubmittedFile", "Part"}
    return schema if schema.get("title") in exact else {k: v for k, v in schema.items() if k != "additionalProperties"}
