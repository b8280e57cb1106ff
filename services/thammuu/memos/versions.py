"""Earlier versions of memos, from the ledger: no version is ever lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from thammuu.errors import BadInputError
from thammuu.events import MemoDrafted, MemoIssued
from thammuu.i18n import _
from thammuu.ledger.schema import events
from thammuu.memos.shelf import find, kept_model

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.memos.model import MemoModel


def model_at(context: Context, named: str, round_name: str | None = None) -> MemoModel:
    """Return the model of a memo: ``ha-nam-2022`` the newest, ``ha-nam-2022@1`` that version as it stood last.

    Raises:
        BadInputError: If there is no such memo or version; its versions are named.
    """
    name, _at, version = named.partition("@")
    row = find(context, name, round_name)
    if not version:
        return kept_model(context, row["memo_id"], row["model"])
    models = versions_of(context, row["memo_id"], row["unit_id"])
    if not (version.isascii() and version.isdigit()) or int(version) not in models:
        raise BadInputError(
            _("{memo} has versions {known}, not {version}.").format(
                memo=row["memo_id"], known=", ".join(map(str, sorted(models))), version=version
            )
        )
    return kept_model(context, row["memo_id"], models[int(version)])


def versions_of(context: Context, memo_id: str, unit_id: str) -> dict[int, str]:
    """Return the model of each version: the issued one where it was issued, else the draft."""
    kinds = (MemoDrafted.event_type, MemoIssued.event_type)
    query = (
        select(events.c.body).where(events.c.subject == unit_id, events.c.type.in_(kinds)).order_by(events.c.position)
    )
    with context.database.snapshot() as connection:
        bodies = [json.loads(body)["data"] for (body,) in connection.execute(query)]
    return {data["version"]: data["model"] for data in bodies if data["memo_id"] == memo_id}
