"""How long it takes to decide who is told of 3,321 issued memos and to queue the messages, beyond printing them.

Simulated communes, each with three made-up recipients; the memos' model is one of PAPI 2022, under each commune's name.
Only the consumer ``delivery`` runs: the rest of the flow has a benchmark of its own.

    python benchmarks/queueing.py [--units 3321] [--runs 3]
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, cast

from cryptography.fernet import Fernet
from pydantic import SecretStr
from simulated_communes import CHECKOUT, simulated_rules
from sqlalchemy import func, insert, select

from thammuu import pipeline
from thammuu.bus.context import Context, PackStore
from thammuu.bus.embedded import EmbeddedBus
from thammuu.clock import system_clock
from thammuu.delivery.vault import vault_of
from thammuu.events import DeliveryQueued, MemoIssued, NewEvent, envelope
from thammuu.ledger import log
from thammuu.ledger.blobs import open_blobs
from thammuu.ledger.schema import contact_points, deliveries, events, issued_memos, memos, recipients
from thammuu.ledger.sqlite import SqliteDatabase
from thammuu.rulepack.pack import RulePack
from thammuu.settings import Settings

if TYPE_CHECKING:
    from thammuu.events import Event
    from thammuu.memos.printing.render import Renderer

LIMIT_S = 5.0
ROLES = ("steering-committee", "secretariat", "secretariat")
SCORES = CHECKOUT / "examples" / "papi" / "papi-2022.csv"
ON = date(2026, 3, 2)


def a_model(folder: Path) -> bytes:
    """Return the model of a real memo, of the size that they have."""
    data = folder / "papi"
    told = ["--index", "papi", "--period", "2022", "--published-on", "2023-04-12", "--data", str(data)]
    command = [sys.executable, "-m", "thammuu", "publish", str(SCORES), *told]
    subprocess.run(command, check=True, capture_output=True)
    command = [sys.executable, "-m", "thammuu", "memos", "show", "Hà Nam", "--format", "json", "--data", str(data)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


def fill(context: Context, model: bytes) -> int:
    """Issue a memo to every unit, register its recipients, and leave the events to the consumer; return how many."""
    vault = vault_of(context.settings)
    told: list[Event] = []
    rows, documents, people, points = [], [], [], []
    sealed = vault.seal(b'{"address": "office@example.invalid"}')
    plain = json.loads(model)
    for number, unit in enumerate(context.packs.active.units.units, 1):
        plain["memo_id"] = f"{unit.id}-2026"
        blob = context.blobs.put(json.dumps(plain, ensure_ascii=False).encode())
        memo = {"memo_id": f"{unit.id}-2026", "unit_id": unit.id, "round": "2026", "version": 1, "dated": ON}
        memo |= {"issuer": "bo-noi-vu", "form": "cong-van", "model": blob, "pdf": blob, "findings": 3, "tasks": 3}
        memo |= {"at": 1, "pack": "p", "own": "o"}
        rows.append(memo | {"unit_code": unit.code, "status": "issued", "versions": 1})
        documents.append(memo | {"register": "bo-noi-vu", "year": 2026, "number": number})
        data = MemoIssued.model_validate(memo | {"number": number}, extra="ignore")
        told.append(envelope(NewEvent(subject=unit.id, data=data), f"issued-{number}", context.clock()))
        for place, role in enumerate(ROLES):
            name = f"{unit.id}-r{place}"
            person = {"recipient_id": name, "unit_id": unit.id, "role": role, "turn": 1, "language": "vi"}
            people.append(person | {"formats": "pdf", "sealed_name": sealed, "erased": False})
            mark = vault.mark("email", f"{name}@example.invalid")
            point = {"recipient_id": name, "channel": "email", "sealed": sealed, "address_mark": mark}
            points.append(point | {"state": "usable"})
    with context.database.transaction() as connection:
        for table, values in ((memos, rows), (issued_memos, documents), (recipients, people), (contact_points, points)):
            connection.execute(insert(table), values)
        log.append(connection, told)
    return len(told)


def measured(folder: Path, rules: Path, model: bytes) -> tuple[float, float]:
    """Return how long the consumer took, by the clock and of the processor, in seconds."""
    (folder / "blobs").mkdir(parents=True)
    chosen = Settings(data=folder, secret_key=SecretStr(Fernet.generate_key().decode()))
    blobs = open_blobs(None, folder / "blobs")
    database = SqliteDatabase(folder / "ledger.sqlite3", writable=True)
    context = Context(database, blobs, PackStore(RulePack(rules), blobs), cast("Renderer", None), system_clock, chosen)
    units = fill(context, model)
    bus = EmbeddedBus(context, [route for route in pipeline.ROUTES if route.consumer == "delivery"])
    started, used = time.perf_counter(), time.process_time()
    bus.run()
    took = time.perf_counter() - started, time.process_time() - used
    with database.snapshot() as connection:
        queued = connection.execute(select(func.count()).select_from(deliveries)).scalar_one()
        of_type = events.c.type == DeliveryQueued.event_type
        recorded = connection.execute(select(func.count()).select_from(events).where(of_type)).scalar_one()
    context.close()
    assert queued == recorded == units * len(ROLES), (queued, recorded)
    return took


def main() -> int:
    """Print each run and the best; return 1 if the limit is broken."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--units", type=int, default=3_321)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    gc.set_threshold(50_000)  # as the program itself does
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        model, rules = a_model(folder), simulated_rules(folder, chosen.units)
        took = [measured(folder / f"run-{run}", rules, model) for run in range(chosen.runs)]
    print(
        f"simulated: {chosen.units:,} memos, {chosen.units * len(ROLES):,} messages, model {len(model) / 1024:.0f} kB"
    )
    print("seconds: " + ", ".join(f"{wall:.2f} (processor {busy:.2f})" for wall, busy in took))
    best = min(wall for wall, _busy in took)
    print(f"best {best:.2f} s, limit {LIMIT_S:g} s, {'ok' if best <= LIMIT_S else 'BROKEN'}")
    return int(best > LIMIT_S)


if __name__ == "__main__":
    raise SystemExit(main())
