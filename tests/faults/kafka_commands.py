"""``thammuu relay`` and ``thammuu worker`` as processes, asked for their health as a probe would ask."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from servers.ports import free_port
from servers.program import ready

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
    from pathlib import Path

    from kafka_stage import Stage


class Command:
    """One of the commands.

    Args:
        name: ``relay`` or ``worker``.
        environment: Its variables.
        folder: For what it says.
        program: What Python runs as the program.
    """

    def __init__(
        self, name: str, environment: dict[str, str], folder: Path, program: tuple[str, str] = ("-m", "thammuu")
    ) -> None:
        self.port = free_port()
        self.said = folder / f"{name}.log"
        with self.said.open("wb") as said:
            line = [sys.executable, *program, name, "--port", str(self.port)]
            self.process = subprocess.Popen(line, env=environment, stdout=said, stderr=said)

    def fault(self) -> str | None:
        """Return why /readyz says that it is not ready, empty if it is; None if nobody answers."""
        status, said = ready(self.port)
        return {0: None, 200: ""}.get(status, said)

    def ready(self) -> bool | None:
        """Return what /readyz says; None if nobody answers."""
        fault = self.fault()
        return None if fault is None else not fault

    def end(self, *signals: signal.Signals) -> int:
        """Send signals one after the other and return the exit code."""
        for number in signals:
            self.process.send_signal(number)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


def wait(reached: Callable[[], bool], within_s: float, what: str, *commands: Command) -> float:
    """Wait for something, or fail with what the commands said; return how long it took, in seconds."""
    begun = time.monotonic()
    while not reached():
        said = "\n".join(one.said.read_text(errors="replace")[-2_000:] for one in commands)
        assert time.monotonic() - begun < within_s, f"{what}: not within {within_s:.0f} s\n{said}"
        time.sleep(0.1)
    return time.monotonic() - begun


def environment_of(stage: Stage) -> dict[str, str]:
    """Return the variables of commands on a stage."""
    place = stage.place()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THAMMUU_")}
    return kept | {
        "THAMMUU_DATA": str(stage.folder),
        "THAMMUU_DATABASE_URL": place.database,
        "THAMMUU_KAFKA_URL": place.kafka,
        "THAMMUU_TOPIC_PREFIX": place.prefix,
    }
