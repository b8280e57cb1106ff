"""Why a memo says what it says: from a printed line back to scores, facts, rules, actions and files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from thammuu.analysis.findings import Finding
from thammuu.canonical import sha256_hex
from thammuu.errors import BadInputError
from thammuu.events import FindingsRaised, MemoDrafted, MemoIssued, ScoresPublished
from thammuu.i18n import _
from thammuu.intake import register
from thammuu.ledger.schema import events, findings
from thammuu.memos.model import Chart, Item, Note, Paragraph, Row, Sentence, Table
from thammuu.memos.published import board_of
from thammuu.memos.wordings import written_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from thammuu.bus.context import Context
    from thammuu.memos.model import Block, MemoModel
    from thammuu.rulepack.pack import RulePack

Part = Sentence | Row | Chart
"""What a line is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One printed text with what it rests on; lines are numbered from 1 in printing order."""

    number: int
    place: str
    text: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Where one reference leads: what it is, and what was found there."""

    reference: str
    told: dict[str, Any] = field(default_factory=dict)


def lines_of(model: MemoModel) -> list[Line]:
    """Return every sentence, row and chart of a memo, numbered."""
    return [
        Line(number, place, text_of(part), part.because)
        for number, (place, part) in enumerate(parts_of(model), start=1)
    ]


def parts_of(model: MemoModel) -> Iterator[tuple[str, Part]]:
    """Yield what the lines of a memo are, in printing order, each with the place it stands at."""
    for place, sentences in (("grounds", model.grounds), ("opening", model.opening)):
        yield from ((place, one) for one in sentences)
    for section in model.sections:
        for block in section.blocks:
            yield from ((section.kind, one) for one in _block(block))
    yield from (("closing", one) for one in model.closing)
    for annex in model.annexes:
        for block in annex.blocks:
            yield from ((annex.number, one) for one in _block(block))


def _block(block: Block) -> Iterator[Part]:
    match block:
        case Paragraph() | Item() | Note():
            yield block.sentence
        case Table():
            yield from block.rows
            if block.note:
                yield block.note
        case Chart():
            yield block


def text_of(part: Part) -> str:
    """Return what a line says."""
    match part:
        case Row():
            return " | ".join(cell.replace("\n", " ") for cell in part.cells)
        case Chart():
            return part.alt
    return part.text


def text_of_all(model: MemoModel) -> str:
    """Return all lines of a memo."""
    return "\n".join(line.text for line in lines_of(model))


def line_at(model: MemoModel, number: int) -> Line:
    """Return one line.

    Raises:
        BadInputError: If the memo has no such line.
    """
    lines = lines_of(model)
    if not 1 <= number <= len(lines):
        raise BadInputError(_("The memo has lines 1 to {n}, not {number}.").format(n=len(lines), number=number))
    return lines[number - 1]


@dataclass
class Trail:
    """Follows references of one memo.

    Args:
        context: The program's parts.
        connection: A snapshot.
        model: The memo.
    """

    context: Context
    connection: Connection
    model: MemoModel

    def follow(self, reference: str) -> Reason:
        """Return where a reference leads."""
        kind, _colon, name = reference.partition(":")
        ways: dict[str, Callable[[str], dict[str, Any]]] = {
            "publication": self._publication,
            "score": self._score,
            "fact": self._fact,
            "aggregate": self._aggregate,
            "finding": self._finding,
            "action": lambda one: self._entry("actions/", one),
            "practice": lambda one: self._entry("practices.yaml", one),
            "legal": lambda one: self._entry("legal_bases.yaml", one),
            "agency": lambda one: self._entry("agencies.yaml", one),
            "unit": lambda one: self._entry("units/", one),
            "issuer": lambda one: self._entry(f"issuers/{one}.yaml", one),
            "calendar": lambda _one: self._entry("days_off.yaml", ""),
            "memo": self._memo,
            "form": self._form,
            "person": self._person,
        }
        way = ways.get(kind)
        return Reason(reference, way(name) if way else {"name": name})

    @property
    def _pack(self) -> RulePack:
        return self.context.packs.get(self.model.provenance.pack)

    def _publication(self, name: str) -> dict[str, Any]:
        row = register.get(self.connection, name)
        event = self._event(ScoresPublished.event_type, row.index_id, publication_id=name)
        return {
            "event": event,
            "index": row.index_id,
            "period": row.period,
            "revision": row.revision,
            "published_on": row.published_on.isoformat(),
            "scores": row.content,
            "framework": row.framework_id,
            "framework_file": self._hash_of(f"frameworks/{row.framework_id}.yaml"),
        }

    def _score(self, name: str) -> dict[str, Any]:
        publication, unit, code = name.split("/", 2)
        row = register.get(self.connection, publication)
        payload = json.loads(self.context.blobs.get(row.content))
        scores = payload["scores"]
        columns = zip(scores["unit_id"], scores["code"], scores["score"], scores["rank"], strict=True)
        found = next(((score, rank) for one, node, score, rank in columns if (one, node) == (unit, code)), (None, None))
        return {"printed_score": found[0], "printed_rank": found[1], **self._publication(publication)}

    def _fact(self, name: str) -> dict[str, Any]:
        publication, unit, code = name.split("/", 2)
        row = register.get(self.connection, publication)
        rows = board_of(self.context, self.connection, row).rows(unit)
        facts = next((one for one in rows if one["code"] == code), {})
        event = self._event(ScoresPublished.event_type, row.index_id, publication_id=publication)
        return {"event": event, **{key: value for key, value in facts.items() if value is not None}}

    def _aggregate(self, name: str) -> dict[str, Any]:
        publication, _slash, label = name.partition("/")
        columns = json.loads(self.context.blobs.get(register.get(self.connection, publication).content))["aggregates"]
        rows = zip(columns["label"], columns["code"], columns["score"], strict=True)
        printed = {code: score for one, code, score in rows if one == label}
        return {"label": label, "printed_scores": printed, **self._publication(publication)}

    def _finding(self, name: str) -> dict[str, Any]:
        body = self.connection.execute(select(findings.c.body).where(findings.c.finding_id == name)).scalar()
        if body is None:
            return {"finding": name}
        one = Finding.from_dict(json.loads(body))
        event = self._event(FindingsRaised.event_type, one.unit_id, publication_id=one.publication_id)
        return {
            "event": event,
            "rule": one.rule,
            "rule_file": self._hash_of(f"{one.rule}.yaml"),
            "severity": one.severity,
            "raised_by": ", ".join(one.raised_by),
            "concept": one.concept,
            "explain": one.explain,
            "facts": one.facts,
            "covers": [cover["rule"] for cover in one.covers],
        }

    def _entry(self, where: str, name: str) -> dict[str, Any]:
        """Return the file of the rule pack that holds an entry, with its hash and the line it begins at."""
        for path, text in self._files.items():
            if not path.startswith(where):
                continue
            lines = text.splitlines()
            at = next((n for n, line in enumerate(lines, 1) if name and _names(line, name)), None)
            if at is not None or not name or path == where:
                return {"file": path, "line": at or 1, "hash": sha256_hex(text.encode()), "pack": self._pack.hash}
        return {"name": name, "pack": self._pack.hash}

    @property
    def _files(self) -> dict[str, str]:
        files: dict[str, str] = json.loads(self._pack.archive)
        return files

    def _hash_of(self, path: str) -> str | None:
        text = self._files.get(path)
        return None if text is None else sha256_hex(text.encode())

    def _memo(self, name: str) -> dict[str, Any]:
        memo_id, _at, version = name.partition("@")
        for kind in (MemoIssued, MemoDrafted):
            if event := self._event(kind.event_type, None, memo_id=memo_id, version=int(version)):
                return {"event": event, "memo": memo_id, "version": int(version)}
        return {"memo": memo_id, "version": int(version)}

    def _person(self, name: str) -> dict[str, Any]:
        memo_id = self.model.provenance.memo_id
        return {"person": name, "wrote": written_by(self.connection, memo_id, name, text_of_all(self.model))}

    def _form(self, name: str) -> dict[str, Any]:
        return {"form": name, **self._written_with}

    @property
    def _written_with(self) -> dict[str, str]:
        made = self.model.provenance
        return {"templates": made.templates_hash, "program": made.program or _("not recorded")}

    def _event(self, kind: str, subject: str | None, **wanted: Any) -> dict[str, Any] | None:  # noqa: ANN401  event data
        """Return position and id of the newest event of a type whose data holds some values."""
        query = select(events.c.position, events.c.id, events.c.body).where(events.c.type == kind)
        if subject is not None:
            query = query.where(events.c.subject == subject)
        for position, event_id, body in self.connection.execute(query.order_by(events.c.position.desc())):
            data = json.loads(body)["data"]
            if all(data.get(key) == value for key, value in wanted.items()):
                return {"position": position, "id": event_id, "type": kind}
        return None


def _names(line: str, name: str) -> bool:
    text = line.strip()
    return text in {f"- id: {name}", f"id: {name}"} or text.startswith((f"- {{id: {name},", f"{{id: {name},"))
