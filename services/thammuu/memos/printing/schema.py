"""The published JSON Schema of memos."""

from __future__ import annotations

from typing import Any

from thammuu.memos.model import MemoModel


def memo_schema() -> dict[str, Any]:
    """Return the JSON Schema that every memo's JSON follows; a copy is ``rules/schema/memo.schema.json``."""
    schema = MemoModel.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
