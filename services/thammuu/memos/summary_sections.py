"""The sections of the publisher's own report on a round: results, the most common zeros, what was sent to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

from thammuu.memos import because
from thammuu.memos.model import Column, Paragraph, Row, Section, Sentence, Table
from thammuu.memos.sections.bands import band_name
from thammuu.memos.view import scale_of
from thammuu.memos.wording import capital, spelled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from thammuu.memos.numbering import Numbering
    from thammuu.memos.scope import Scope
    from thammuu.memos.view import PublicationView
    from thammuu.memos.wording import Words
    from thammuu.rulepack.frameworks import Node
    from thammuu.rulepack.units import Unit

_MOST_ZEROS = 10
_NAMED = 6
_NOTHING = "–"


@dataclass(frozen=True)
class UnitResult:
    """One unit's total row of a publication."""

    unit: Unit
    row: dict[str, Any]


@dataclass(frozen=True)
class Zero:
    """A criterion at which units scored nothing or the least there is."""

    node: Node
    units: tuple[Unit, ...]
    finding_ids: tuple[str, ...]


@dataclass(frozen=True)
class IndexRound:
    """One index of the round.

    Args:
        view: The publication, without a unit's facts.
        results: The units' totals in order of rank, those without a rank last.
        zeros: The most common first.
    """

    view: PublicationView
    results: tuple[UnitResult, ...]
    zeros: tuple[Zero, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """One memo of the round: what was issued, else the draft.

    Args:
        number: As the issued document has it; empty for a draft.
        replacing: Whether a draft waits to replace the issued document.
    """

    unit: Unit
    memo_id: str
    version: int
    dated: date
    findings: int
    tasks: int
    number: str = ""
    replacing: bool = False


@dataclass(frozen=True)
class RoundView:
    """What there is to tell of a round."""

    indices: tuple[IndexRound, ...]
    sent: tuple[Sent, ...] = field(default=())


def results_section(scope: Scope, told: RoundView, annex: str) -> Section | None:
    """Return the results of each index in one paragraph."""
    blocks = tuple(Paragraph(sentence=_result(scope, one)) for one in told.indices)
    if not blocks:
        return None
    where = scope.words.say("Kết quả từng địa phương tại {annex}.", "Each unit's result is in {annex}.", annex=annex)
    pointer = Paragraph(sentence=Sentence(text=where, because=(because.form(scope.form),)))
    heading = scope.words.say("Kết quả chung", "Results")
    return Section(kind="standing", heading=heading, blocks=(*blocks, pointer))


def _result(scope: Scope, one: IndexRound) -> Sentence:
    words, view = scope.words, one.view
    index, period = words.text(view.framework.short_title), words.period_name(view.period)
    ranked = [result for result in one.results if _rank(result, view) is not None]
    counted = words.counted(len(one.results), words.say("địa phương", "unit"))
    parts = [words.say("có số liệu của {n}", "figures of {n}", n=counted)]
    if view.complete and len(ranked) < len(one.results):
        left = len(one.results) - len(ranked)
        without = words.counted(left, words.say("địa phương", "unit"))
        parts.append(words.say("{n} không có tổng điểm", "{n} without a total", n=without))
    if not view.complete:
        parts.append(words.say("không đủ các tỉnh, thành phố để so sánh", "not all units, so no comparison"))
    totals = [result for result in ranked if _total(result) is not None]
    if view.complete and totals:
        parts += _spread(scope, view, totals)
    text = words.say(
        "{index} {period}: {told}.", "{index} {period}: {told}.", index=index, period=period, told="; ".join(parts)
    )
    sources = [because.peer(view, result.unit.id, view.framework.root.code) for result in totals[:1] + totals[-1:]]
    return Sentence(text=text, because=(because.publication(view), *dict.fromkeys(sources)))


def _spread(scope: Scope, view: PublicationView, totals: Sequence[UnitResult]) -> list[str]:
    words = scope.words
    # in order of rank, each on its own scale: a unit may be scored out of less than the others
    values = [float(_total(result) or 0) for result in totals]
    best, last = totals[0], totals[-1]
    changes = [float(result.row["delta"]) for result in totals if result.row.get("delta") is not None]
    told = [
        words.say(
            "cao nhất {best} ({high}), thấp nhất {last} ({low}), trung vị {middle}",
            "highest {best} ({high}), lowest {last} ({low}), median {middle}",
            best=words.unit_name(best.unit, scope.as_of),
            high=words.score_figure(values[0]),
            last=words.unit_name(last.unit, scope.as_of),
            low=words.score_figure(values[-1]),
            middle=words.figure(median(_on_full_scale(view, result) for result in totals)),
        )
    ]
    if changes:
        up, down = sum(one > 0 for one in changes), sum(one < 0 for one in changes)
        told.append(
            words.say(
                "{up} địa phương tăng điểm, {down} địa phương giảm điểm so với kỳ trước",
                "{up} up and {down} down on the period before",
                up=words.count(up),
                down=words.count(down),
            )
        )
    return told + _bands(scope, view, totals)


def _on_full_scale(view: PublicationView, result: UnitResult) -> float:
    """Return a total as ranks see it: totals out of different maxima have no median."""
    return float(_total(result) or 0) * scale_of(view.framework.root.max, result.row.get("max_score"))


def _bands(scope: Scope, view: PublicationView, totals: Sequence[UnitResult]) -> list[str]:
    held = [result.row.get("band") for result in totals]
    counts = [
        f"{scope.words.text(band.name)} {scope.words.count(held.count(band.name.vi))}"
        for band in view.framework.bands
        if held.count(band.name.vi)
    ]
    return (
        [scope.words.say("số địa phương theo nhóm: {n}", "units by group: {n}", n=", ".join(counts))] if counts else []
    )


def zeros_section(scope: Scope, told: RoundView, numbering: Numbering) -> Section | None:
    """Return the criteria at which most units scored nothing or the least there is."""
    tables = [_zeros_table(scope, one, numbering) for one in told.indices if one.zeros]
    if not tables:
        return None
    heading = scope.words.say("Nội dung không đạt điểm phổ biến nhất", "Most common zeros")
    return Section(kind="zeros", heading=heading, blocks=tuple(tables))


def _zeros_table(scope: Scope, one: IndexRound, numbering: Numbering) -> Table:
    words, framework = scope.words, one.view.framework
    level = words.text(framework.level_names[one.zeros[0].node.level])
    index, period = words.text(framework.short_title), words.period_name(one.view.period)
    rows = [
        Row(
            cells=(
                str(place),
                _criterion(scope, zero.node),
                words.count(len(zero.units)),
                _names(scope, zero.units),
            ),
            because=(because.publication(one.view), *(f"finding:{name}" for name in zero.finding_ids)),
        )
        for place, zero in enumerate(one.zeros[:_MOST_ZEROS], start=1)
    ]
    columns = (
        Column(title=words.say("STT", "No."), width=6, align="center"),
        Column(title=capital(level), width=40),
        Column(title=words.say("Số địa phương", "Units"), width=12, align="center"),
        Column(title=words.say("Địa phương", "Which"), width=42),
    )
    caption = words.say(
        "{table}. {index} {period}: {level} không đạt điểm hoặc ở mức thấp nhất",
        "{table}. {index} {period}: zero or the least possible score, by {level}",
        table=numbering.table(),
        index=index,
        period=period,
        level=level,
    )
    return Table(caption=caption, columns=columns, rows=tuple(rows))


def _criterion(scope: Scope, node: Node) -> str:
    name = spelled(scope.words.text(node.name))
    return name if node.own_code else f"{node.code}. {name}"


def _names(scope: Scope, units: Sequence[Unit]) -> str:
    names = [scope.words.unit_name(unit, scope.as_of) for unit in units[:_NAMED]]
    more = len(units) - len(names)
    left = scope.words.say(" và {n} địa phương khác", " and {n} more", n=scope.words.count(more)) if more > 0 else ""
    return f"{'; '.join(names)}{left}"


def sent_section(scope: Scope, told: RoundView, annex: str) -> Section | None:
    """Return how many memos there are and in which state."""
    if not told.sent:
        return None
    words = scope.words
    tasks, counts = sum(one.tasks for one in told.sent), "; ".join(_counts(words, told))
    text = words.say(
        "{counts}; tổng số {tasks} (chi tiết tại {annex}).",
        "Memos: {counts}; {tasks} in all (see {annex}).",
        counts=counts if words.language == "en" else capital(counts),
        tasks=words.counted(tasks, words.say("nhiệm vụ", "task")),
        annex=annex,
    )
    sources = tuple(because.memo(one.memo_id, one.version) for one in told.sent)
    heading = words.say("Văn bản gửi các địa phương", "Memos sent") if _any_issued(told) else sent_title(scope, told)
    return Section(kind="sent", heading=heading, blocks=(Paragraph(sentence=Sentence(text=text, because=sources)),))


def _any_issued(told: RoundView) -> bool:
    return any(one.number for one in told.sent)


def _counts(words: Words, told: RoundView) -> list[str]:
    """Return how many documents were issued, how many of them are being replaced, and how many are drafts."""
    issued = [one for one in told.sent if one.number]
    replaced = sum(one.replacing for one in issued)
    drafts = len(told.sent) - len(issued)
    counts = []
    if issued:
        given = words.say("đã ban hành {n} văn bản", "{n} issued", n=words.count(len(issued)))
        vi, en = " (trong đó {n} văn bản có dự thảo thay thế)", " (a replacement in draft for {n})"
        counts.append(f"{given}{words.say(vi, en, n=words.count(replaced)) if replaced else ''}")
    if drafts:
        counts.append(words.say("đang dự thảo {n} văn bản", "{n} in draft", n=words.count(drafts)))
    return counts


def sent_title(scope: Scope, told: RoundView) -> str:
    """Return what the list of documents is called: drafts are sent to nobody."""
    if _any_issued(told):
        return scope.words.say("Văn bản gửi các địa phương", "Memos by recipient")
    return scope.words.say("Văn bản dự thảo", "Draft memos")


def result_tables(scope: Scope, told: RoundView, numbering: Numbering) -> tuple[Table, ...]:
    """Return one table an index with every unit's result."""
    return tuple(_result_table(scope, one, numbering) for one in told.indices)


def _result_table(scope: Scope, one: IndexRound, numbering: Numbering) -> Table:
    words, view = scope.words, one.view
    columns = (
        Column(title=words.say("STT", "No."), width=6, align="center"),
        Column(title=words.say("Địa phương", "Unit"), width=40),
        Column(title=words.say("Tổng điểm", "Total"), width=14, align="center"),
        Column(title=words.say("Thứ hạng", "Rank"), width=12, align="center"),
        Column(title=words.say("Thay đổi thứ hạng", "Change of rank"), width=16, align="center"),
        Column(title=words.say("Nhóm", "Group"), width=18, align="center"),
    )
    rows = tuple(_result_row(scope, view, place, result) for place, result in enumerate(one.results, start=1))
    caption = f"{numbering.annex_table()}. {words.text(view.framework.short_title)} {words.period_name(view.period)}"
    note = None
    if view.complete and not view.framework.officially_ranked:
        text = words.say("Thứ hạng theo tính toán từ điểm đã công bố.", "Ranks are computed from the published scores.")
        note = Sentence(text=text, because=(because.publication(view),))
    return Table(caption=caption, columns=columns, rows=rows, note=note)


def _result_row(scope: Scope, view: PublicationView, place: int, result: UnitResult) -> Row:
    words, total, rank = scope.words, _total(result), _rank(result, view)
    places = result.row.get("rank_change")
    band = result.row.get("band")
    return Row(
        cells=(
            str(place),
            capital(words.unit_name(result.unit, scope.as_of)),
            words.figure(total) if total is not None else words.no_data,
            str(rank) if rank is not None else _NOTHING,
            _moved(words, places) if places is not None and rank is not None else _NOTHING,
            band_name(view.framework, band, words) if band else _NOTHING,
        ),
        because=(because.peer(view, result.unit.id, view.framework.root.code), because.publication(view)),
    )


def sent_table(scope: Scope, told: RoundView, numbering: Numbering) -> Table:
    """Return who was sent which document."""
    words = scope.words
    columns = (
        Column(title=words.say("STT", "No."), width=6, align="center"),
        Column(title=words.say("Nơi nhận", "Recipient"), width=40),
        Column(title=words.say("Văn bản", "Document"), width=22, align="center"),
        Column(title=words.say("Ngày", "Day"), width=14, align="center"),
        Column(title=words.say("Số nội dung", "Findings"), width=10, align="center"),
        Column(title=words.say("Số nhiệm vụ", "Tasks"), width=10, align="center"),
    )
    rows = tuple(
        Row(
            cells=(
                str(place),
                words.say(
                    "Ủy ban nhân dân {name}",
                    "People's Committee of {name}",
                    name=words.unit_name(one.unit, scope.as_of),
                ),
                _document(words, one),
                words.day(one.dated),
                words.count(one.findings),
                words.count(one.tasks),
            ),
            because=(because.memo(one.memo_id, one.version),),
        )
        for place, one in enumerate(told.sent, start=1)
    )
    caption = f"{numbering.annex_table()}. {sent_title(scope, told)}"
    return Table(caption=caption, columns=columns, rows=rows)


def _document(words: Words, one: Sent) -> str:
    if not one.number:
        return words.say("dự thảo", "draft")
    waiting = words.say("; có dự thảo thay thế", "; replacement in draft") if one.replacing else ""
    return f"{one.number}{waiting}"


def _moved(words: Words, places: float) -> str:
    return words.rank_change(int(places), "") if places else words.say("giữ nguyên", "unchanged")


def _total(result: UnitResult) -> float | None:
    total: float | None = result.row.get("total")
    published: float | None = result.row.get("published_total")
    return published if total is None else total


def _rank(result: UnitResult, view: PublicationView) -> int | None:
    rank: int | None = result.row.get("total_rank" if view.complete else "published_rank")
    return rank
