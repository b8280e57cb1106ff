"""What handlers work with: the ports, the rule packs and the transaction they run in."""

from __future__ import annotations

import tempfile
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

from thammuu.rulepack.pack import RulePack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from thammuu.clock import Clock
    from thammuu.ledger.blobs import Blobs
    from thammuu.ledger.database import Database
    from thammuu.memos.printing.render import Renderer
    from thammuu.settings import Settings


class PackStore:
    """Rule packs by hash: the active folder, or an archived one that an event pinned."""

    def __init__(self, active: RulePack, blobs: Blobs) -> None:
        self.active = active
        self._blobs = blobs
        self._archived: dict[str, RulePack] = {}
        self._folders: list[tempfile.TemporaryDirectory[str]] = []
        self._lock = Lock()

    def get(self, pack_hash: str) -> RulePack:
        """Return the pack with that hash.

        Raises:
            EnvironmentFaultError: If it is neither active nor archived.
        """
        with self._lock:
            if pack_hash == self.active.hash:
                return self.active
            if pack_hash not in self._archived:
                folder = tempfile.TemporaryDirectory(prefix="thammuu-pack-")
                self._folders.append(folder)
                self._archived[pack_hash] = unpack(self._blobs.get(pack_hash), Path(folder.name))
            return self._archived[pack_hash]

    def close(self) -> None:
        """Remove the unpacked copies."""
        for folder in self._folders:
            folder.cleanup()


class Cache:
    """What several events need, kept by key; of each kind the last few, so that memory stays flat."""

    def __init__(self, kept: int = 24) -> None:
        self._kept = kept
        self._kinds: dict[str, OrderedDict[Any, Any]] = {}
        self._lock = RLock()

    def put(self, key: tuple[Any, ...], value: Any) -> None:  # noqa: ANN401
        """Keep a value; the kind's oldest one leaves when there are too many."""
        with self._lock:
            kind = self._kinds.setdefault(key[0], OrderedDict())
            kind[key] = value
            while len(kind) > self._kept:
                kind.popitem(last=False)

    def get_or_make(self, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Return the kept value, or make it while others who want one wait."""
        with self._lock:
            kind = self._kinds.get(key[0])
            if kind is not None and key in kind:
                return kind[key]
            value = make()
            self.put(key, value)
            return value


@dataclass(frozen=True)
class Context:
    """The program's parts, built once by ``bootstrap``."""

    database: Database
    blobs: Blobs
    packs: PackStore
    renderer: Renderer
    clock: Clock
    settings: Settings
    cache: Cache = field(default_factory=Cache)

    def close(self) -> None:
        """Close the database and drop temporary folders."""
        self.packs.close()
        self.database.close()


@dataclass(frozen=True)
class UnitOfWork:
    """One handler's transaction. What the handler returns is appended to the ledger, last."""

    connection: Connection
    context: Context
    prepared: Any = None
