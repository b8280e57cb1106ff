"""The AsyncAPI document: current, valid, and true of every event and every way to submit scores."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from thammuu import pipeline
from thammuu.bus.asyncapi import document, text
from thammuu.bus.topics import Topics
from thammuu.cli.main import main
from thammuu.event_data import TYPES
from thammuu.events import Event
from thammuu.intake.submission_message import TYPE

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests" / "data" / "asyncapi" / "3.0.0.json").read_text("utf-8"))
COMMITTED = (ROOT / "docs" / "asyncapi.yaml").read_text("utf-8")
CSV = "period,entity_name\n"
IN_BASE64 = base64.b64encode(CSV.encode()).decode()
HASH = hashlib.sha256(CSV.encode()).hexdigest()


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(COMMITTED)
    return found


def faults(committed: dict[str, Any], kind: str, message: object) -> list[str]:
    payload = {"$ref": f"#/components/messages/{kind}/payload", "components": committed["components"]}
    return [error.message for error in Draft7Validator(payload).iter_errors(message)]


def submitted(file: dict[str, Any], **said: object) -> dict[str, Any]:
    data = {
        "submission_id": "one",
        "index": "papi",
        "period": "2022",
        "file": {"name": "a.csv", "format": "csv"} | file,
    }
    return {"specversion": "1.0", "id": "1", "source": "/x", "type": TYPE, "data": data | said}


def test_the_committed_document_is_what_the_program_prints(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THAMMUU_TOPIC_PREFIX", raising=False)
    assert main(["events", "asyncapi"]) == 0
    assert capfd.readouterr().out == COMMITTED


def test_the_document_follows_the_specification(committed: dict[str, Any]) -> None:
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(committed)] == []
    broken = committed | {"channels": {"a": {"address": 1}}}
    assert not Draft7Validator(SCHEMA).is_valid(broken)


def test_every_reference_leads_somewhere(committed: dict[str, Any]) -> None:
    for reference in set(re.findall(r"\$ref: '?#/([^'\n]+)", COMMITTED)):
        found: Any = committed
        for part in reference.split("/"):
            found = found[part]


def test_every_event_type_is_on_the_channel_that_the_relay_sends_it_to(committed: dict[str, Any]) -> None:
    there = {kind: name for name, channel in committed["channels"].items() for kind in channel["messages"]}
    assert there == {kind: Topics().of(kind) for kind in TYPES} | {TYPE: Topics().submitted}


def test_the_consumers_are_those_of_the_pipeline(committed: dict[str, Any]) -> None:
    received = {
        (name.partition(".")[0], one["$ref"].rpartition("/")[2])
        for name, operation in committed["operations"].items()
        if operation["action"] == "receive"
        for one in operation["messages"]
    }
    routes = {(route.consumer, route.event.event_type) for route in pipeline.ROUTES}
    assert received == routes | {("submissions", TYPE)}


def test_an_installation_with_a_prefix_has_it_in_every_address_and_group() -> None:
    mine = document(pipeline.ROUTES, Topics("hanam."))
    assert all(channel["address"].startswith("hanam.") for channel in mine["channels"].values())
    assert text(pipeline.ROUTES, Topics("hanam.")).count("hanam.thammuu.analysis") == 3
    assert Draft7Validator(SCHEMA).is_valid(mine)


def test_the_example_of_every_event_follows_the_document(committed: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    examples = [json.loads(one) for one in re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)]
    assert {one["type"] for one in examples} == set(TYPES)
    for one in examples:
        assert faults(committed, one["type"], json.loads(Event.model_validate(one).body())) == []
        assert faults(committed, one["type"], one | {"data": {}}) != []
        assert faults(committed, one["type"], one | {"type": "another"}) != []


@pytest.mark.parametrize(
    "file",
    [
        {"text": CSV},
        {"base64": IN_BASE64},
        {"part": {"number": 1, "of": 1, "base64": IN_BASE64}, "sha256": HASH},
        {"uri": "https://example.org/a.csv", "sha256": HASH},
    ],
)
def test_every_way_to_submit_follows_the_document(committed: dict[str, Any], file: dict[str, Any]) -> None:
    assert faults(committed, TYPE, submitted(file)) == []
    assert faults(committed, TYPE, submitted(file | {"more": 1})) != []
    assert faults(committed, TYPE, submitted(file, period=2022)) != []
