"""A draft: one unit, one round, built from the publications that the round answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu import __version__
from thammuu.canonical import content_hash
from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.ledger.schema import memos
from thammuu.memos.answering import answer_of, memo_id_of
from thammuu.memos.register import earlier_of, register_of
from thammuu.memos.wordings import kept_with, reworded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.memos.answering import Answer
    from thammuu.memos.model import Form, Language, MemoModel
    from thammuu.memos.view import PublicationView, SinceLast
    from thammuu.memos.wordings import Wording
    from thammuu.rulepack.issuers import Issuer


@dataclass(frozen=True, slots=True)
class Draft:
    """A memo's model, stored, with what the register of memos keeps of it.

    Args:
        own: Hash of what is the unit's own: a memo that was issued is corrected only if it changes.
        corrects: The issued version of its own that it would replace.
        replaces: Issued memos to units that have merged into this one, with their versions, that it would replace.
        replaced: Memos of units that have merged into this one, whose drafts it takes over.
        register: In which register of numbers it is issued.
        wordings: What persons changed in it.
        lost: What persons had changed and the draft does not say any more.
        worded_from: The version that these were read of; None where there was none.
        edited_by: Who changed its wording just now.
    """

    memo_id: str
    unit_id: str
    unit_code: str
    round: str
    dated: date
    model_blob: str
    publications: tuple[str, ...]
    findings: int
    tasks: int
    at: int
    pack: str
    own: str
    issuer: str
    form: str
    corrects: int | None
    replaces: tuple[tuple[str, int], ...]
    replaced: tuple[str, ...]
    register: str
    wordings: tuple[Wording, ...] = ()
    lost: tuple[Wording, ...] = ()
    worded_from: int | None = None
    edited_by: str | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """Which edition of a memo: None takes the issuing body of the settings, and its form."""

    language: Language = "vi"
    form: Form | None = None
    issuer: str | None = None
    number: int | None = None
    draft: bool = True


def draft_of(  # noqa: PLR0913, PLR0917  what a draft depends on
    context: Context, connection: Connection, unit_id: str, round_name: str, at: int, pack_hash: str
) -> Draft | None:
    """Build and store the memo model that tells of a unit; None where no publication of the round has it.

    Args:
        context: The program's parts.
        connection: A snapshot.
        unit_id: The unit.
        round_name: The round.
        at: As of this sequence number of the register of publications.
        pack_hash: The rule pack whose actions and offices the memo uses.
    """
    answer = answer_of(context, connection, unit_id, round_name, at, pack_hash)
    return None if answer is None else stored_draft(context, connection, answer, Edition())


def stored_draft(
    context: Context,
    connection: Connection,
    answer: Answer,
    edition: Edition,
    changed: Sequence[Wording] | None = None,
) -> Draft:
    """Build a memo's model, lay changed wording over it, and store it.

    Args:
        context: The program's parts.
        connection: A snapshot.
        answer: What the memo answers.
        edition: In which form and whose name.
        changed: What persons changed; what they changed in the memo's present version by default.
    """
    since = earlier_of(context, connection, answer)
    corrects, issuer = since.corrects if since else (), _issuer(context, answer, edition)
    present = connection.execute(select(memos.c.version).where(memos.c.memo_id == answer.memo_id)).scalar()
    if changed is None:
        changed = () if present is None else kept_with(connection, answer.memo_id, present)
    model, lost = reworded(_built(context, answer, edition, since, issuer), changed)
    return Draft(
        memo_id=answer.memo_id,
        unit_id=answer.body.id,
        unit_code=answer.body.code,
        round=answer.round,
        dated=answer.as_of,
        model_blob=context.blobs.put(context.renderer.json(model)),
        publications=model.provenance.publications,
        findings=sum(len(view.findings) for view in answer.views),
        tasks=len(model.tasks),
        at=answer.at,
        pack=answer.pack.hash,
        own=_own(answer, model),
        issuer=model.issuer,
        form=model.form,
        corrects=next((one.version for one in corrects if one.memo_id == answer.memo_id), None),
        replaces=tuple((one.memo_id, one.version) for one in corrects if one.memo_id != answer.memo_id),
        replaced=tuple(memo_id_of(unit.id, answer.round) for unit, _views in answer.parts if unit.id != answer.body.id),
        register=register_of(issuer, answer.body.id),
        wordings=tuple(one for one in changed if one not in lost),
        lost=lost,
        worded_from=present,
    )


def model_of(context: Context, answer: Answer, edition: Edition, since: SinceLast | None) -> MemoModel:
    """Build one edition of a memo; the same answer gives the same model.

    Raises:
        BadInputError: If the issuing body does not exist, or cannot write the form.
    """
    return _built(context, answer, edition, since, _issuer(context, answer, edition))


def _issuer(context: Context, answer: Answer, edition: Edition) -> Issuer:
    issuer = answer.pack.issuer(edition.issuer or context.settings.issuer)
    if edition.form == "ke-hoach" and not issuer.assigns:
        raise BadInputError(
            _("A plan (ke-hoach) is the unit's own: choose an issuer of the kind committee, not {issuer}.").format(
                issuer=issuer.id
            )
        )
    return issuer


def _built(context: Context, answer: Answer, edition: Edition, since: SinceLast | None, issuer: Issuer) -> MemoModel:
    from thammuu.memos.builder import build_memo

    pack = answer.pack
    return build_memo(
        body=answer.body,
        round_name=answer.round,
        as_of=answer.as_of,
        parts=answer.parts,
        catalogue=pack.actions,
        agencies=pack.agencies,
        issuer=issuer,
        memo_id=answer.memo_id,
        templates_hash=context.renderer.templates_hash,
        pack_hash=pack.hash,
        program=f"thammuu {__version__}",
        language=edition.language,
        form=edition.form,
        since=since,
        number=edition.number,
        draft=edition.draft,
    )


def _own(answer: Answer, model: MemoModel) -> str:
    """Return the hash of the unit's own scores, findings, tasks and published totals; peers' figures are not in it."""
    scores = [
        [unit.id, view.framework.index, view.period, _scores(view)] for unit, views in answer.parts for view in views
    ]
    found = [[view.unit_id, one.concept, one.rule, one.severity] for view in answer.views for one in view.findings]
    return content_hash({"scores": scores, "findings": found, "tasks": [one.action_id for one in model.tasks]})


def _scores(view: PublicationView) -> list[list[Any]]:
    names = ("code", "score", "published_rank", "published_total")
    return [[row.get(name) for name in names] for row in view.facts]
