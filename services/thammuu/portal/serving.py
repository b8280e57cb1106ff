"""What the API works with, built once for a server."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from thammuu.bus.probes import probes_of
from thammuu.delivery.beside import SenderBeside
from thammuu.errors import BadInputError, EnvironmentFaultError
from thammuu.i18n import _
from thammuu.intake import acceptance
from thammuu.portal.following import Follower
from thammuu.portal.measuring import HttpFigures
from thammuu.portal.stopping import Stopping
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.bootstrap import Program
    from thammuu.bus.context import Context
    from thammuu.bus.probes import Probe
    from thammuu.bus.status import Status
    from thammuu.portal.access import Access

MB = 1_000_000


@dataclass
class Serving:
    """A program that is asked over HTTP.

    Args:
        program: The program.
        status: What its consumers tell of themselves.
        access: Who may ask.
        follower: Runs the bus; None where Kafka's workers do.
        probes: Whether what the program needs answers.
        sender: Sends messages; None where none can be, or `thammuu sender` does.
        stopping: The end of the server.
        figures: What was asked and how long it took.
    """

    program: Program
    status: Status
    access: Access
    follower: Follower | None
    probes: list[Probe]
    sender: SenderBeside | None = None
    stopping: Stopping = field(default_factory=Stopping)
    figures: HttpFigures = field(default_factory=HttpFigures)
    _intake: Lock = field(default_factory=Lock)

    @property
    def context(self) -> Context:
        """The program's parts."""
        return self.program.context

    @property
    def upload_bytes(self) -> int:
        """How large a score file may be."""
        return self.context.settings.api_upload_mb * MB

    def away(self) -> dict[str, str]:
        """Return, by name, what does not answer now; waits for nothing."""
        found = {probe.name: probe.fault() for probe in self.probes}
        return {name: fault for name, fault in found.items() if fault}

    def faults(self) -> dict[str, str]:
        """Return why the server is not ready; empty if it is."""
        return {**self.away(), **self.status.faults()}

    def accepted(self) -> None:
        """Let what was accepted be handled."""
        if self.follower is not None:
            self.follower.wake()

    @contextmanager
    def current_rules(self) -> Iterator[None]:
        """Take a turn at the intake, with the rules folder as it is now.

        Raises:
            EnvironmentFaultError: If its files are wrong; what is there already goes on with the rules it was
                accepted with.
        """
        with self._intake:
            packs = self.context.packs
            folder = packs.active.folder
            now = RulePack(folder)
            if now.hash != packs.active.hash:
                packs.active = now
            try:
                acceptance.check_pack(self.context)
            except BadInputError as error:
                listed = "; ".join(f"{one.place} {one.expected}" for one in error.problems[:20])
                told = _("The rules of the server must be mended first: {fault} {listed}")
                raise EnvironmentFaultError(told.format(fault=error, listed=listed)) from error
            yield


def serving_of(program: Program, status: Status, access: Access) -> Serving:
    """Return what a server works with; nothing is started."""
    follower = None if program.context.settings.kafka_url else Follower(program, status)
    return Serving(program, status, access, follower, probes_of(program.context), _sender_of(program, status))


def _sender_of(program: Program, status: Status) -> SenderBeside | None:
    """Return what sends; None without a key to open addresses with, or where other processes do the work."""
    chosen = program.context.settings
    if chosen.kafka_url or not (chosen.secret_key or chosen.secret_key_file):
        return None
    return SenderBeside(program.context, status, alone=chosen.database_url is None)
