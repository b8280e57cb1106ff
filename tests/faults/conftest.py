"""Fixtures of the faults on Kafka and PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from kafka_stage import Servers, Stage, new_stage

from servers.kafka import Kafka
from servers.ports import free_port
from servers.postgres import running as running_postgres
from servers.proxy import before
from thammuu.ledger.postgres import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Give servers of its own to the faults: others' tests would not like what happens to these."""
    folder = Path(tempfile.mkdtemp(prefix="thammuu-faults-"))
    doors = {"WORKERS": (free_port(), free_port()), "RELAYS": (free_port(), free_port())}
    kafka = Kafka(folder / "kafka", doors=doors, settings={"group.min.session.timeout.ms": "1000"})
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        postgres = stack.enter_context(running_postgres())
        stack.callback(kafka.stop)
        kafka.start()
        proxies = {
            "worker-kafka": stack.enter_context(before(*doors["WORKERS"])),
            "relay-kafka": stack.enter_context(before(*doors["RELAYS"])),
            "worker-postgres": stack.enter_context(before(postgres.port)),
            "relay-postgres": stack.enter_context(before(postgres.port)),
        }
        yield Servers(kafka, postgres, proxies)


@pytest.fixture
def stage(servers: Servers, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Give a test its own database and topics on the servers of the faults."""
    made = new_stage(servers, tmp_path, getattr(request, "param", None) or Limits())
    try:
        yield made
    finally:
        for proxy in servers.proxies.values():
            proxy.heal(reset=True)
        made.end()
        made.database.close()
