"""The publisher's own report on a round, built from the ledger's read models."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sqlalchemy import select

from thammuu.analysis.findings import Finding
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.intake import register
from thammuu.ledger.schema import findings
from thammuu.memos import because
from thammuu.memos import round as rounds
from thammuu.memos.forms import LABELS
from thammuu.memos.model import Annex, MemoModel, Sentence
from thammuu.memos.numbering import Numbering, numbered_headings
from thammuu.memos.published import board_of
from thammuu.memos.register import last_issued
from thammuu.memos.scope import Part, Scope
from thammuu.memos.sections import letter
from thammuu.memos.shelf import kept_model, listing
from thammuu.memos.summary_sections import (
    IndexRound,
    RoundView,
    Sent,
    UnitResult,
    Zero,
    result_tables,
    results_section,
    sent_section,
    sent_table,
    sent_title,
    zeros_section,
)
from thammuu.memos.view import PublicationView
from thammuu.memos.wording import WORDS
from thammuu.rulepack.units import Unit, UnitName

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.intake.register import Registered
    from thammuu.memos.model import Language, Table

COUNTRY = Unit("viet-nam", "", "country", (UnitName("Việt Nam", "Viet Nam", "", "cả nước"),))
FORMATS = ("text", "html", "json", "pdf", "docx")


def summary_of(context: Context, round_name: str, fmt: str, language: str) -> bytes:
    """Return the report on a round in one format.

    Raises:
        BadInputError: If format or language are unknown, the round has no publications, or the issuing body writes
            in the name of one province.
    """
    if fmt not in FORMATS or language not in WORDS:
        known = ", ".join((*FORMATS, *WORDS))
        raise BadInputError(
            _("Unknown format or language: {asked}. Known: {known}.").format(asked=f"{fmt}, {language}", known=known)
        )
    model = summary_model(context, round_name, "en" if language == "en" else "vi")
    return context.renderer.printed(model, fmt)


def summary_model(context: Context, round_name: str, language: Language) -> MemoModel:
    """Return the report as a model."""
    pack = context.packs.active
    issuer = pack.issuer(context.settings.issuer)
    if "{unit}" in issuer.name.vi:
        raise BadInputError(
            _("{issuer} writes in the name of one province; a report on a round needs another issuer.").format(
                issuer=issuer.id
            )
        )
    with context.database.snapshot() as connection:
        last = register.next_sequence(connection) - 1
        answered = rounds.answered(register.as_of(context, connection, last), round_name, last)
        if not answered:
            raise BadInputError(_("No publication of round {round} drafts memos.").format(round=round_name))
        found = [_index_round(context, connection, row) for row in answered]
    indices = tuple(sorted(found, key=lambda one: letter.printing_order(one.view)))
    scope = Scope(
        body=COUNTRY,
        round=round_name,
        as_of=max(row.published_on for row in answered),
        parts=[
            Part(COUNTRY, [one.view for one in indices], max(row.published_on for row in answered), WORDS[language])
        ],
        catalogue=pack.actions,
        agencies=pack.agencies,
        issuer=issuer,
        words=WORDS[language],
        form="bao-cao",
    )
    return _model(
        scope, RoundView(indices, tuple(_sent(context, round_name))), context.renderer.templates_hash, pack.hash
    )


def _model(scope: Scope, told: RoundView, templates_hash: str, pack_hash: str) -> MemoModel:
    numbering, words = Numbering(scope.words), scope.words
    first, second = words.say("Phụ lục I", "Annex I"), words.say("Phụ lục II", "Annex II")
    sections = (
        results_section(scope, told, first),
        zeros_section(scope, told, numbering),
        sent_section(scope, told, second),
    )
    annexes = [(words.say("Kết quả của các địa phương", "Results by unit"), result_tables(scope, told, numbering))]
    if told.sent:
        annexes.append((sent_title(scope, told), (sent_table(scope, told, numbering),)))
    memo_id = f"{scope.form}-{scope.round}"
    closing = words.say(
        "Trên đây là tổng hợp kết quả, {issuer} báo cáo để theo dõi, chỉ đạo./.",
        "{issuer} reports the above for follow-up and direction.",
        issuer=scope.issuer_name,
    )
    return MemoModel(
        form=scope.form,
        language=words.language,
        draft=True,
        round=scope.round,
        dated=scope.as_of,
        issuer=scope.issuer.id,
        title=letter.title(scope, has_tasks=False),
        unit=letter.unit_line(scope),
        labels=LABELS[words.language],
        letterhead=letter.letterhead(scope, None, has_tasks=False),
        document_title=letter.document_title(scope, has_tasks=False),
        opening=letter.opening(scope, ()),
        sections=numbered_headings([section for section in sections if section]),
        closing=(Sentence(text=closing, because=(because.form(scope.form),)),),
        signature=letter.signature(scope),
        recipients=letter.recipients(scope, ()),
        annexes=tuple(_annex(scope, place, *one) for place, one in enumerate(annexes, start=1)),
        provenance=letter.provenance(scope, memo_id, None, templates_hash, pack_hash),
    )


def _annex(scope: Scope, place: int, title: str, tables: tuple[Table, ...]) -> Annex:
    number = scope.words.say("Phụ lục {n}", "Annex {n}", n="I" * place)
    return Annex(
        number=number, title=title.upper(), reference=letter.reference(scope, None), blocks=tables, landscape=False
    )


def _index_round(context: Context, connection: Connection, row: Registered) -> IndexRound:
    pack = context.packs.get(row.pack)
    framework = pack.frameworks.get(row.framework_id)
    board = board_of(context, connection, row)
    view = PublicationView(
        framework=framework,
        unit_id=COUNTRY.id,
        publication_id=row.publication_id,
        period=row.period,
        revision=row.revision,
        complete=row.complete,
        published_on=row.published_on,
        facts=(),
        findings=(),
    )
    results = [UnitResult(pack.units.get(one["unit_id"]), one) for one in board.roots.to_dicts()]
    results.sort(key=lambda one: _order(one.row, complete=row.complete))
    return IndexRound(view, tuple(results), tuple(_zeros(context, connection, row)))


def _order(row: dict[str, Any], *, complete: bool) -> tuple[bool, int, str]:
    rank = row["total_rank" if complete else "published_rank"]
    return (rank is None, rank or 0, row["unit_code"])


def _zeros(context: Context, connection: Connection, row: Registered) -> Iterator[Zero]:
    pack = context.packs.get(row.pack)
    framework = pack.frameworks.get(row.framework_id)
    query = select(findings.c.body).where(
        findings.c.publication_id == row.publication_id, findings.c.severity == "critical"
    )
    by_code: dict[str, list[Finding]] = {}
    for (body,) in connection.execute(query):
        one = Finding.from_dict(json.loads(body))
        if framework.is_leaf(one.code) and one.rule in {"zero-score", "at-floor"}:
            by_code.setdefault(one.code, []).append(one)
    for code, found in sorted(by_code.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        units = sorted((pack.units.get(one.unit_id) for one in found), key=lambda unit: unit.code)
        yield Zero(framework.node(code), tuple(units), tuple(one.id for one in found))


def _sent(context: Context, round_name: str) -> Iterator[Sent]:
    """Return the memos that stand: the issued ones by what was issued, though a draft to replace one may wait."""
    units = context.packs.active.units
    rows = listing(context, round_name)
    with context.database.snapshot() as connection:
        issued = {row["memo_id"]: last_issued(connection, row["memo_id"]) for row in rows}
    for row in rows:
        given = issued[row["memo_id"]]
        if given is not None:
            model = kept_model(context, row["memo_id"], given.model)
            yield Sent(
                units.get(row["unit_id"]),
                row["memo_id"],
                given.version,
                given.dated,
                len(model.findings),
                len(model.tasks),
                number=model.letterhead.number.partition(": ")[2],
                replacing=row["status"] == "draft",
            )
        elif row["status"] == "draft":
            yield Sent(
                units.get(row["unit_id"]), row["memo_id"], row["version"], row["dated"], row["findings"], row["tasks"]
            )
