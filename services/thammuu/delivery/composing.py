"""A delivery's row becomes a message: who it goes to, what it says, which files go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from thammuu.clock import today
from thammuu.delivery.enclosures import files_of, model_for
from thammuu.delivery.holders import stands
from thammuu.delivery.incident_letter import incident
from thammuu.delivery.incidents import KIND
from thammuu.delivery.letter import Enclosed, Occasion, Replaced, letter_of, number_of
from thammuu.delivery.mail import LONGEST_NAME, one_line
from thammuu.delivery.ports import MemoRef, Message, NothingStandsError
from thammuu.delivery.recipients import contact_of
from thammuu.delivery.vocabulary import ALL_UNITS
from thammuu.errors import PermanentRefusalError
from thammuu.i18n import _
from thammuu.ledger.schema import deliveries, delivery_memos, issued_memos, publications, recipients, signed_copies
from thammuu.memos.printing.chat import fitted
from thammuu.memos.shelf import kept_model
from thammuu.memos.wording import WORDS, capital

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Attachment, Language
    from thammuu.memos.model import MemoModel

_LONGEST_REASON = 500
_WITH_FILES = frozenset({"email", "file"})
"""Channels that carry attachments; for the others none are made."""
# made once: they run for every message
_ROW = select(deliveries).where(deliveries.c.delivery_id == bindparam("delivery"))
_PERSON = select(recipients).where(recipients.c.recipient_id == bindparam("recipient"))
_I, _S = issued_memos.c, signed_copies.c
_CARRIED = (
    select(issued_memos)
    .join(delivery_memos, (_I.memo_id == delivery_memos.c.memo_id) & (_I.version == delivery_memos.c.version))
    .where(delivery_memos.c.delivery_id == bindparam("delivery"))
    .distinct()
    .order_by(_I.register, _I.year, _I.number)
)
_STANDING = _CARRIED.where(stands(delivery_memos))
_BEFORE = (
    select(issued_memos)
    .where(_I.memo_id == bindparam("memo"), _I.version < bindparam("version"))
    .order_by(_I.version.desc())
    .limit(1)
)
_COPY = select(_S.pdf).where(_S.memo_id == bindparam("memo"), _S.version == bindparam("version"))


def compose(context: Context, connection: Connection, delivery_id: str) -> Message:
    """Return a delivery as a message.

    Args:
        context: The program's parts.
        connection: A snapshot.
        delivery_id: A row of ``deliveries``.

    Raises:
        PermanentRefusalError: If the recipient was erased or has no such channel any more.
        NothingStandsError: If nothing that the delivery carries stands any more.
    """
    row = _one(connection, delivery_id)
    to = contact_of(context, connection, row["recipient_id"], row["channel"])
    if to is None:
        raise PermanentRefusalError(_("The recipient has no address for this channel any more."))
    person = _person(connection, row["recipient_id"])
    language: Language = "en" if person["language"] == "en" else "vi"
    if row["kind"] == KIND:
        return incident(context, connection, row, to, language)
    issued = _issued(connection, delivery_id, row["kind"])
    enclosed = [_enclosed(context, connection, memo, row["kind"], language) for memo in issued]
    files, signed = _files(context, connection, row, person, issued, language)
    occasion = Occasion(
        words=WORDS[language],
        issuer=_issuer(context, issued[0], enclosed[0].model, language),
        to=one_line(to.name, LONGEST_NAME),
        kind=row["kind"],
        files=tuple(one.name for one in files),
        signed=signed,
        answers=context.settings.smtp_reply_to or "",
        delivery_id=delivery_id,
        today=today(context.clock),
    )
    letter = letter_of(occasion, enclosed)
    subject, text, html = context.renderer.message(letter)
    return Message(
        delivery_id=delivery_id,
        attempt=row["attempts"],
        to=to,
        language=language,
        subject=subject,
        text=text,
        html=html,
        chat="" if row["channel"] in _WITH_FILES else _chat(context, letter, enclosed),
        attachments=files,
        memos=tuple(
            MemoRef(memo["memo_id"], memo["version"], memo["number"], memo["dated"], one.link)
            for memo, one in zip(issued, enclosed, strict=True)
        ),
        kind=row["kind"],
        unsubscribe=_unsubscribe(context, person, row),
        sender=capital(occasion.issuer.removeprefix("the ")),
    )


def _one(connection: Connection, delivery_id: str) -> dict[str, Any]:
    return dict(connection.execute(_ROW, {"delivery": delivery_id}).mappings().one())


def _person(connection: Connection, recipient_id: str) -> dict[str, Any]:
    return dict(connection.execute(_PERSON, {"recipient": recipient_id}).mappings().one())


def _issued(connection: Connection, delivery_id: str, kind: str) -> list[dict[str, Any]]:
    """Return the documents of a delivery that still stand, of a withdrawal all, in the order of their register."""
    query = _STANDING if kind == "memo" else _CARRIED
    rows = connection.execute(query, {"delivery": delivery_id}).mappings().all()
    if not rows:
        raise NothingStandsError(_("The delivery carries no issued memo that still stands."))
    return [dict(row) for row in rows]


def _enclosed(context: Context, connection: Connection, row: dict[str, Any], kind: str, language: Language) -> Enclosed:
    model = model_for(context, row, language)
    base = context.settings.link_base.rstrip("/")
    return Enclosed(
        model=model,
        dated=row["dated"],
        link=f"{base}/memos/{row['memo_id']}" if base else "",
        replaces=_replaced(context, connection, row),
        reasons=_reasons(connection, model) if kind == "withdrawal" else (),
    )


def _replaced(context: Context, connection: Connection, row: dict[str, Any]) -> Replaced | None:
    old = connection.execute(_BEFORE, {"memo": row["memo_id"], "version": row["version"]}).one_or_none()
    if old is None:
        return None
    model = context.cache.get_or_make(
        ("sent-model", old.model, "vi"), lambda: kept_model(context, old.memo_id, old.model)
    )
    return Replaced(old.form, number_of(model), old.dated)


def _reasons(connection: Connection, model: MemoModel) -> tuple[str, ...]:
    """Return why publications that a memo answers were withdrawn."""
    c = publications.c
    query = select(c.withdrawn_reason).where(
        c.publication_id.in_(model.provenance.publications), c.withdrawn_reason.is_not(None)
    )
    found = connection.execute(query.order_by(c.publication_id)).scalars()
    return tuple(dict.fromkeys(one_line(why, _LONGEST_REASON) for why in found))


def _files(  # noqa: PLR0913, PLR0917  what files depend on
    context: Context,
    connection: Connection,
    row: dict[str, Any],
    person: dict[str, Any],
    issued: Sequence[dict[str, Any]],
    language: Language,
) -> tuple[tuple[Attachment, ...], bool]:
    """Return the attachments, and whether each PDF is the signed copy."""
    if row["channel"] not in _WITH_FILES or row["kind"] == "withdrawal":
        return (), False
    formats = frozenset(one.strip() for one in person["formats"].split(","))
    signed = [_signed(connection, memo) for memo in issued]
    files = tuple(
        file
        for memo, copy in zip(issued, signed, strict=True)
        for file in files_of(context, memo, formats, language, copy)
    )
    return files, "pdf" in formats and all(signed)


def _signed(connection: Connection, memo: dict[str, Any]) -> str | None:
    return connection.execute(_COPY, {"memo": memo["memo_id"], "version": memo["version"]}).scalar_one_or_none()


def _issuer(context: Context, row: dict[str, Any], model: MemoModel, language: Language) -> str:
    name = context.packs.get(row["pack"]).issuer(row["issuer"]).name
    return name.in_language(language).replace("{unit}", model.unit.full_name)


def _chat(context: Context, letter: dict[str, Any], enclosed: Sequence[Enclosed]) -> str:
    """Return a short message: of one memo its standing and first tasks, of several what they are and where."""
    if letter["kind"] == "withdrawal":
        reasons = [text for one in letter["documents"] for text in (one["heading"], *one["paragraphs"]) if text]
        return fitted("\n".join([*letter["opening"], *reasons, *letter["closing"]]))
    if len(enclosed) == 1:
        _title, _end, rest = context.renderer.chat(enclosed[0].model, enclosed[0].link).partition("\n")
        return fitted("\n".join([letter["subject"], *letter["opening"][1:], rest]))
    lines = [f"{one['heading']}{': ' if one['link'] else ''}{one['link']}" for one in letter["documents"]]
    return fitted("\n".join([letter["subject"], *lines]))


def _unsubscribe(context: Context, person: dict[str, Any], row: dict[str, Any]) -> str:
    """Return where one who follows every unit stops the messages; an office gets those of its unit as its duty."""
    answers = context.settings.smtp_reply_to
    if person["unit_id"] != ALL_UNITS or not answers or row["channel"] not in _WITH_FILES:
        return ""
    return f"mailto:{answers}?subject=unsubscribe%20{row['delivery_id']}"
