"""The HTTP interface is what its description says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
import schemathesis
from cryptography.fernet import Fernet
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from servers.program import Server, command, environment, served
from thammuu.portal.description import description

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
schemathesis.serializer.alias(WORKBOOK, "application/octet-stream")
schema = schemathesis.openapi.from_dict(description())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one small publication."""
    key = Fernet.generate_key().decode()
    env = environment(tmp_path_factory.mktemp("described") / "data", THAMMUU_SECRET_KEY=key)
    file = ROOT / "examples" / "par-index" / "par-index-2021.csv"
    done = command(env, "publish", file, "--index", "par-index", "--period", "2021", "--partial")
    assert done.returncode == 0, done.stderr
    with served(env) as started:
        said = json.dumps({"unit": "Hà Nội", "role": "secretariat", "email": "office@example.vn"})
        assert started.ask("POST", "/api/v1/recipients", said).status == 201
        yield started


def test_the_committed_description_is_the_programs() -> None:
    kept = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
    assert kept == description(), "thammuu serve --openapi > docs/openapi.json"


def test_the_server_gives_the_same_description(server: Server) -> None:
    assert server.get("/openapi.json").json() == description()


@schema.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_the_answer_is_as_described(case: schemathesis.Case, server: Server) -> None:
    case.call_and_validate(base_url=server.address, checks=CHECKS)


@pytest.mark.parametrize(
    ("path", "asked", "document"),
    [
        ("/publications", {}, "Publications"),
        ("/publications/par-index-2021-r1", {}, "PublicationNow"),
        ("/publications/par-index-2021-r1/facts", {"limit": 5}, "FactsPage"),
        ("/findings", {"limit": 5}, "Findings"),
        ("/memos", {}, "Memos"),
        ("/recipients", {}, "Recipients"),
        ("/events", {"limit": 5}, "Events"),
        ("/publications/nothing", {}, "ProblemDetails"),
    ],
)
def test_real_answers_are_as_described(server: Server, path: str, asked: dict[str, int], document: str) -> None:
    parts = description()["components"]
    wanted = {"$ref": f"#/components/schemas/{document}", "components": parts}
    answer = server.get(path, **asked).json()
    jsonschema.Draft202012Validator(wanted).validate(answer)
    assert answer.get("items") != []
