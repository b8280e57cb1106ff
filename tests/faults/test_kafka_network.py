"""Kafka and PostgreSQL under duplicates, comings and goings, crashes and cut networks: nothing missing, nothing double."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaProducer
from kafka_stage import Stage, submit

from thammuu.bus.topics import CONTENT_TYPE, POSITION
from thammuu.ledger import log

if TYPE_CHECKING:
    from collections.abc import Callable

pytest_plugins = ["kafka_fixtures"]
SHORT, LONG = 1_000, 10_000
SEED = int(os.environ.get("SEED", "20221105"))


@pytest.fixture
def chance() -> random.Random:
    sys.stdout.write(f"seed {SEED}\n")
    return random.Random(SEED)  # noqa: S311  a repeatable draw, no secret


def test_a_stage_of_one_worker_and_one_relay(stage: Stage) -> None:
    stage.worker()
    stage.relay()
    t = time.monotonic()
    submit(stage.database, 0, 300)
    stage.settled(300, 60)
    print(time.monotonic() - t)
    stage.check(300)
    assert stage.end() == [0, 0]
    print(time.monotonic() - t)
