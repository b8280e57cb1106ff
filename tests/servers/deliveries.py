"""A ledger with an issued memo and messages that wait, made by the program's own parts; the recipients are made up."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from sqlalchemy import select

from thammuu.bus.context import UnitOfWork
from thammuu.clock import VIETNAM
from thammuu.delivery.booking import book
from thammuu.delivery.mail import DELIVERY_HEADER
from thammuu.delivery.planning import Carried, Planned
from thammuu.delivery.recipients_entry import Entry
from thammuu.delivery.recipients_register import take_over
from thammuu.events import envelope
from thammuu.intake.publishing import Request, publish
from thammuu.ledger import log
from thammuu.ledger.schema import deliveries, issued_memos, recipients
from thammuu.memos.issuing import issue
from thammuu.memos.shelf import find
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from servers.mail_sink import Sink
    from thammuu.bootstrap import Program
    from thammuu.bus.context import Context

PAPI = Path(__file__).parents[2] / "examples" / "papi"
PROVINCES = ("01", "02", "04", "06")
KEY = "dGhpcyBpcyBhIGtleSBmb3IgdGVzdHMgb25seSwgMzI="
UNIT = "Cao Bằng"
MONDAY = datetime(2026, 6, 22, 2, 30, tzinfo=UTC)
"""A working day, 9:30 in Viet Nam."""


_NAMED = re.compile(rb"(?mi)^" + DELIVERY_HEADER.encode() + rb": (\S+)")


class Hands:
    """A clock that stands until it is moved."""

    def __init__(self, at: datetime = MONDAY) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def settings(data: Path, **more: Any) -> Settings:  # noqa: ANN401
    """Settings with a key and a sender."""
    chosen: dict[str, Any] = {"secret_key": SecretStr(KEY), "smtp_from": "bao-cao@thammuu.example", **more}
    return Settings(data=data, **chosen)


@lru_cache
def _scores(folder: Path) -> Path:
    lines = (PAPI / "papi-2022.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    head = [line for line in lines if line.startswith(("#", "period,"))]
    kept = [line for line in lines if line.startswith(tuple(f"2022,{code}," for code in PROVINCES))]
    path = folder / "papi-2022-cut.csv"
    path.write_text("".join([*head, *kept]), encoding="utf-8")
    return path


def by_themselves(rules: Path, channel: str) -> None:
    """Have memos issued, and sent to the secretariat by one channel, by themselves on whatever day a test runs."""
    to = f"route:\n  to:\n    - {{role: secretariat, channels: [{channel}]}}\n"
    (rules / "delivery" / "routes.yaml").write_text(to, "utf-8")
    automatic = "default: {approval: automatic, issue_after: 1s}\n"
    (rules / "delivery" / "policy.yaml").write_text(automatic, "utf-8")
    today = datetime.now(VIETNAM).date()
    days = [today, today + timedelta(days=1)]
    working = "".join(
        f'  "{year}": [{", ".join(str(one) for one in days if one.year == year)}]\n' for year in {d.year for d in days}
    )
    (rules / "days_off.yaml").write_text(f"source: made up\nyears: {{}}\nworking:\n{working}", "utf-8")


def issued(program: Program, folder: Path) -> None:
    """Publish the scores of four provinces, and issue one memo."""
    request = Request(_scores(folder), "papi", "2022", date(2023, 4, 12), partial=True)
    publish(program.context, request)
    program.run()
    issue(program.context, find(program.context, UNIT, None), dated=date(2023, 5, 4))
    program.run()


def recipient(number: int, channel: str = "email", **values: Any) -> Entry:  # noqa: ANN401
    """One line of a list of recipients."""
    told = {
        "unit_id": "cao-bang", "role": "secretariat", "turn": 1, "language": "vi", "formats": "", "agency": None,
        "quiet_from": None, "quiet_to": None, "digest_at": None, "valid_from": None, "valid_to": None,
    }  # fmt: skip
    return Entry(number, told | values, f"Người nhận {number}", {channel: f"nguoi-{number}@so-{number}.example"})


def queued(
    context: Context,
    entries: Sequence[Entry],
    channel: str = "email",
    due: datetime | None = None,
    **planned: Any,  # noqa: ANN401
) -> list[str]:
    """Register recipients and queue the issued memo to each; return the deliveries, by the recipients' turn."""
    with context.database.snapshot() as connection:
        before = set(connection.execute(select(recipients.c.recipient_id)).scalars())
        memo = connection.execute(select(issued_memos)).one()
    take_over(context, entries)
    with context.database.transaction() as connection:
        order = (recipients.c.turn, recipients.c.recipient_id)
        names = [
            one
            for one in connection.execute(select(recipients.c.recipient_id).order_by(*order)).scalars()
            if one not in before
        ]
        carried = Carried(memo.memo_id, memo.version)
        plan = [Planned(one, channel, due or context.clock(), 0, **planned) for one in names]
        new = book(UnitOfWork(connection, context), memo.unit_id, carried, "major", plan)
        log.append(connection, [envelope(one, f"queued-{one.data.delivery_id}", context.clock()) for one in new])  # type: ignore[attr-defined]
    return [one.data.delivery_id for one in new]  # type: ignore[attr-defined]


def rows(context: Context) -> dict[str, Row[Any]]:
    """Every delivery by id."""
    with context.database.snapshot() as connection:
        return {row.delivery_id: row for row in connection.execute(select(deliveries))}


def told(context: Context, delivery_id: str) -> list[str]:
    """What the ledger tells of a delivery, in its order."""
    with context.database.snapshot() as connection:
        assert log.verify(connection) == []
        found = [one.event for one in log.read(connection)]
    return [
        f"{one.type.removeprefix('delivery.')}{':' + state if (state := getattr(one.data, 'state', '')) else ''}"
        for one in found
        if getattr(one.data, "delivery_id", None) == delivery_id
    ]


def copies_in(sink: Sink) -> Counter[str]:
    """How often each delivery came to a mail server."""
    found = [_NAMED.search(one.content) for one in sink.received]
    return Counter(one[1].decode() for one in found if one)
