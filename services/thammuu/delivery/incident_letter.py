"""What operators are told of overdue messages: how many by which channel, since when, why and about which units.

Nothing of persons.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import select

from thammuu.clock import VIETNAM
from thammuu.delivery.incidents import KIND
from thammuu.delivery.late import LATE, units_of_late
from thammuu.delivery.letter import no_parts
from thammuu.delivery.mail import LONGEST_NAME, one_line
from thammuu.delivery.ports import ContactPoint, Message, NothingStandsError
from thammuu.delivery.vocabulary import ALL_UNITS
from thammuu.i18n import _
from thammuu.ledger.schema import deliveries
from thammuu.memos.printing.chat import fitted
from thammuu.memos.wording import WORDS
from thammuu.rulepack.units import UnitNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection, Row

    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Language
    from thammuu.memos.wording import Words
    from thammuu.rulepack.units import UnitRegistry

_NAMED: Final = 5
_UNITS_NAMED: Final = 50
_LONGEST_REASON: Final = 200
_COMMAND: Final = "thammuu deliveries list --overdue"


def incident(
    context: Context, connection: Connection, row: Mapping[str, Any], to: ContactPoint, language: Language
) -> Message:
    """Return a message to an operator about what is overdue at this moment.

    Args:
        context: The program's parts.
        connection: A snapshot.
        row: Its row of ``deliveries``.
        to: Where it goes.
        language: In which language.

    Raises:
        NothingStandsError: If nothing is overdue any more.
    """
    about = units_of_late(connection)
    late = _late(connection, row["subject"], about)
    if not late:
        raise NothingStandsError(_("Nothing is overdue any more."))
    units = {name: _names(context, [about[one.delivery_id] for one in rows]) for name, rows in late.items()}
    letter = _letter(WORDS[language], late, units, one_line(to.name, LONGEST_NAME), row["delivery_id"])
    subject, text, html = context.renderer.message(letter)
    shown = [text for one in letter["documents"] for text in (one["heading"], *one["paragraphs"])]
    return Message(
        delivery_id=row["delivery_id"],
        attempt=row["attempts"],
        to=to,
        language=language,
        subject=subject,
        text=text,
        html=html,
        chat=fitted("\n".join([letter["subject"], *letter["closing"], *shown])),
        attachments=(),
        memos=(),
        kind=KIND,
    )


def _late(connection: Connection, unit_id: str, about: Mapping[str, Mapping[str, date]]) -> dict[str, list[Row[Any]]]:
    """Return what is overdue by channel, the earliest first: of every unit, or what is about one."""
    c = deliveries.c
    query = select(deliveries).where(LATE).order_by(c.channel, c.deadline, c.delivery_id)
    found: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(query):
        units = about.get(row.delivery_id, {})
        if unit_id in units or (units and unit_id == ALL_UNITS):
            found.setdefault(row.channel, []).append(row)
    return found


def _names(context: Context, about: Iterable[Mapping[str, date]]) -> list[str]:
    """Return the names of the units that messages are about, those of the first message first."""
    units = context.packs.active.units
    return list(dict.fromkeys(_name(units, unit, dated) for one in about for unit, dated in one.items()))


def _name(units: UnitRegistry, unit_id: str, dated: date) -> str:
    try:
        return units.get(unit_id).name_on(dated)
    except UnitNotFoundError:
        # rules that do not know a unit any more must not silence this
        return unit_id


def _letter(
    words: Words, late: Mapping[str, Sequence[Row[Any]]], units: Mapping[str, list[str]], to: str, delivery_id: str
) -> dict[str, Any]:
    number = words.count(sum(map(len, late.values())))
    return {
        "language": words.language,
        "kind": KIND,
        "subject": words.say("Sự cố: {n} thư quá hạn chưa gửi được", "Incident: {n} overdue messages", n=number),
        "issuer": "thammuu",
        "greeting": words.say("Kính gửi: {to}", "To: {to}", to=to) if to else "",
        "opening": [
            words.say(
                "Có {n} thư đã quá hạn mà chưa gửi được. Mỗi lần gửi thư, hệ thống lại thử gửi các thư này.",
                "{n} messages had come to no end by their deadline. They are tried again whenever messages are sent.",
                n=number,
            )
        ],
        "documents": [no_parts() | _channel(words, name, rows, units[name]) for name, rows in late.items()],
        "files_label": "",
        "files": [],
        "closing": [words.say("Danh sách: {command}", "All of them: {command}", command=_COMMAND)],
        "foot": [words.say("Mã thư: {id}.", "Message: {id}.", id=delivery_id)],
    }


def _channel(words: Words, name: str, rows: Sequence[Row[Any]], units: Sequence[str]) -> dict[str, Any]:
    since = datetime.fromtimestamp(rows[0].deadline, VIETNAM)
    # before the first try the reason is that of the decision to send
    reasons = Counter(row.reason if row.attempts else words.say("chưa gửi lần nào", "not tried yet") for row in rows)
    (reason, _number), *_rest = reasons.most_common()
    ids = ", ".join(row.delivery_id for row in rows[:_NAMED])
    more = " …" if len(rows) > _NAMED else ""
    about = ", ".join(units[:_UNITS_NAMED]) + (" …" if len(units) > _UNITS_NAMED else "")
    told = [
        words.say(
            "Quá hạn từ {time} ngày {day}.", "Overdue since {time}, {day}.", time=f"{since:%H:%M}", day=words.day(since)
        ),
        words.say("Lý do: {why}", "Reason: {why}", why=one_line(reason, _LONGEST_REASON)) if reason else "",
        words.say("Mã thư: {ids}", "Messages: {ids}", ids=ids + more),
        words.say("Đơn vị: {units}", "Units: {units}", units=about),
    ]
    return {
        "heading": words.say("Kênh {name}: {n} thư", "{name}: {n} messages", name=name, n=words.count(len(rows))),
        "paragraphs": [one for one in told if one],
    }
