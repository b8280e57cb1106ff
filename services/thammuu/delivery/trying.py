"""What routes and recipients would do with a memo, real or imagined; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.clock import VIETNAM
from thammuu.delivery.occasions import calendar_of, occasion_of, routes_of
from thammuu.delivery.planning import Plan, plan
from thammuu.delivery.recipients import recipients_of
from thammuu.delivery.routes import Occasion
from thammuu.delivery.vocabulary import SEVERITIES, Severity
from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _
from thammuu.ledger.schema import memos
from thammuu.rulepack.yaml_positions import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.delivery.recipients import Recipient


@dataclass(frozen=True, slots=True)
class Imagined:
    """A memo to try routes with.

    Args:
        unit: To whom, by name or code; None is everybody in the round.
        round_name: The memos of this round are meant; None imagines one of what follows.
        indices: Which it answers.
        severity: Of its worst finding.
        issuer: Who writes it; None is the configured one.
        correction: Whether it replaces an issued memo.
    """

    unit: str | None
    round_name: str | None
    indices: tuple[str, ...]
    severity: str
    issuer: str | None
    correction: bool


def would_be_told(
    context: Context, imagined: Imagined, at: datetime
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return who would be told of memos by which channel, when and why; and in which roles nobody would be.

    Args:
        context: The program's parts.
        imagined: Which memos.
        at: When they would be issued.

    Raises:
        BadInputError: If a name is unknown, with all that are; or if the routes are wrong.
    """
    rows: list[dict[str, Any]] = []
    nobody: list[dict[str, Any]] = []
    on = at.astimezone(VIETNAM).date()
    with context.database.snapshot() as connection:
        for occasion in _occasions(context, connection, imagined, at):
            targets = routes_of(context).targets(occasion)
            people = recipients_of(connection, occasion.unit_id, on)
            made = plan(targets, people, at, calendar_of(context).works)
            name = context.packs.active.units.get(occasion.unit_id).name_on(on)
            rows += _told(made, people, name)
            nobody += [{"unit": name, "role": role} for role in made.unreached]
            if not targets:
                nobody.append({"unit": name, "role": None})
    return rows, nobody


def _told(made: Plan, people: Sequence[Recipient], unit: str) -> Iterator[dict[str, Any]]:
    roles = {one.recipient_id: one.role for one in people}
    for one in made.messages:
        yield {
            "unit": unit,
            "role": roles[one.recipient_id],
            "recipient": one.recipient_id,
            "channel": one.channel,
            "due": one.due.astimezone(VIETNAM).isoformat(timespec="minutes"),
            "repetition": one.repetition,
            "shares": ", ".join(one.shares),
            "why": one.why,
        }


def _occasions(context: Context, connection: Connection, imagined: Imagined, at: datetime) -> Iterator[Occasion]:
    units, day = context.packs.active.units, at.astimezone(VIETNAM).date()
    unit = None if imagined.unit is None else units.resolve(imagined.unit, on=day)
    if imagined.round_name is None:
        if unit is None:
            raise BadInputError(_("Say which memo is meant: --unit UNIT, --round ROUND, or both."))
        _refuse_unknown(context, imagined)
        severity: Severity = next(one for one in SEVERITIES if one == imagined.severity)
        issuer = imagined.issuer or context.settings.issuer
        indices = frozenset(imagined.indices)
        yield Occasion(indices, unit.id, unit.level, severity, issuer, imagined.correction)
        return
    query = select(memos).where(memos.c.round == imagined.round_name, memos.c.status != "superseded")
    if unit is not None:
        query = query.where(memos.c.unit_id == unit.id)
    rows = connection.execute(query.order_by(memos.c.unit_code, memos.c.memo_id)).all()
    if not rows:
        raise BadInputError(_("There is no such memo in round {name}.").format(name=imagined.round_name))
    for row in rows:
        yield occasion_of(context, connection, row)


def _refuse_unknown(context: Context, imagined: Imagined) -> None:
    pack = context.packs.active
    indices = sorted({one.index for one in pack.frameworks.frameworks})
    issuers = sorted(path.stem for path in (pack.folder / "issuers").glob("*.yaml"))
    asked = [(one, indices, "index") for one in imagined.indices]
    asked.append((imagined.severity, list(SEVERITIES), "severity"))
    if imagined.issuer is not None:
        asked.append((imagined.issuer, issuers, "issuer"))
    problems = [
        Problem(f"route-{what}", _("a known name; nearest: {near}").format(near=_near(value, known)), value=value)
        for value, known, what in asked
        if value not in known
    ]
    if problems:
        raise BadInputError(_("The routes cannot be tried with this."), problems)


def _near(value: str, known: Sequence[str]) -> str:
    return ", ".join(nearest(value, known)) or ", ".join(known)
