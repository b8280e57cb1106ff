"""Which channels there are, by settings."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from thammuu.delivery.channels import channels_of
from thammuu.delivery.vocabulary import CHANNELS
from thammuu.errors import BadInputError
from thammuu.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def context(folder: Path, **chosen: Any) -> Any:  # noqa: ANN401  as much of a context as channels look at
    return SimpleNamespace(settings=Settings(data=folder, **chosen), clock=lambda: datetime(2026, 6, 22, tzinfo=UTC))


def test_every_channel_of_the_vocabulary_can_be_set_up_and_bears_its_name(tmp_path: Path) -> None:
    made = channels_of(
        context(tmp_path, smtp_host="localhost", smtp_from="a@thammuu.example", delivery_hosts="chat.example")
    )
    assert set(made) == set(CHANNELS)
    assert {name: one.name for name, one in made.items()} == {name: name for name in CHANNELS}
    assert {name for name, one in made.items() if one.one_server} == {"email", "file"}
    assert all(one.at_once >= 1 for one in made.values())
    for one in made.values():
        asyncio.run(one.close())


def test_what_nothing_is_set_for_is_not_there(tmp_path: Path) -> None:
    assert set(channels_of(context(tmp_path))) == {"file"}


def test_a_mail_server_without_a_sender_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        channels_of(context(tmp_path, smtp_host="localhost"))
