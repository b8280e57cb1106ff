"""Settings that all tests share."""

import os
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

pytest_plugins = ["servers.kafka", "servers.postgres", "servers.s3"]

# Machines are shared: a slow example is no failure, and CI must draw the same examples every time.
settings.register_profile("thammuu", deadline=None, derandomize=True)
settings.load_profile("thammuu")

# Tests read the English sentences, whatever the language of the machine; help texts are translated at import.
os.environ["THAMMUU_LANG"] = "en"


@pytest.fixture(autouse=True)
def _logs_of_this_test() -> Iterator[None]:
    """Let no test log into what was captured for another one."""
    yield
    structlog.reset_defaults()
