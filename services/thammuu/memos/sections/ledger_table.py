"""The ledger of recoverable points as a memo prints it: a sentence, and a small table of causes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Column, Paragraph, Row, Sentence, Table
from thammuu.memos.sections.recoverable import points_ledger
from thammuu.memos.sections.standing import level_name, short_name
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from thammuu.memos.model import Block
    from thammuu.memos.numbering import Numbering
    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.sections.recoverable import CauseLine, PointsLedger
    from thammuu.memos.view import PublicationView
    from thammuu.memos.wording import Words

_CAUSES = {
    "no-evidence": ("hồ sơ kiểm chứng chưa đầy đủ", "evidence incomplete"),
    "filed-late": ("gửi báo cáo, tài liệu chậm", "reports or documents filed late"),
    "not-done": ("nhiệm vụ chưa thực hiện hoặc chưa đạt yêu cầu", "work not done or not to the required level"),
    "perception": ("kết quả điều tra xã hội học", "results of surveys"),
    "outside": ("ngoài thẩm quyền của địa phương", "outside the control of the locality"),
    None: ("chưa xác định", "not determined"),
}


def ledger_blocks(scope: Scope, part: Part, view: PublicationView, numbering: Numbering) -> list[Block]:
    """Return the sentence and the table; one cause needs no table, and no ledger gives no blocks."""
    ledger = points_ledger(view, scope.catalogue)
    if ledger is None or not ledger.below:
        return []
    of_unit = scope.words.say(" của {unit}", " of {unit}", unit=part.unit_name) if scope.merged else ""
    table = _table(view, ledger, scope.words, numbering, of_unit) if len(ledger.lines) > 1 else None
    blocks: list[Block] = [Paragraph(sentence=_sentence(view, ledger, scope.words, tabled=table is not None))]
    return [*blocks, table] if table else blocks


def _sentence(view: PublicationView, ledger: PointsLedger, words: Words, *, tabled: bool) -> Sentence:
    level = level_name(view, words)
    causes = (
        words.say(", phân theo nguyên nhân như sau", ", by cause as follows")
        if tabled
        else f" ({'; '.join(_cause(line, words) for line in ledger.lines)})"
    )
    unknown = (
        words.say(
            "; {n} chưa rõ điểm tối đa, không tính ở đây",
            "; {n} of unknown maximum not counted here",
            n=words.counted(len(ledger.unknown), level),
        )
        if ledger.unknown
        else ""
    )
    text = words.say(
        "Về {index}, trong {scored} có điểm, {below} chưa đạt điểm tối đa, có thể đạt thêm {points} điểm{causes}"
        "{unknown}.",
        "On {index}, of {scored} with a score, {n} {are} below the maximum and could gain {points} more points{causes}"
        "{unknown}.",
        index=short_name(view, words),
        scored=words.counted(ledger.scored, level),
        below=words.counted(ledger.below, level),
        n=ledger.below,
        are="is" if ledger.below == 1 else "are",
        points=words.figure(ledger.points),
        causes=causes,
        unknown=unknown,
    )
    codes = [code for line in ledger.lines for code in line.codes]
    return Sentence(text=text, because=(because.publication(view), *_facts(view, (*codes, *ledger.unknown))))


def _facts(view: PublicationView, codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(because.fact(view, code) for code in codes)


def _cause(line: CauseLine, words: Words) -> str:
    return words.say(*_CAUSES[line.cause])


def _table(view: PublicationView, ledger: PointsLedger, words: Words, numbering: Numbering, of_unit: str) -> Table:
    level = level_name(view, words)
    caption = words.say(
        "Điểm {index} {period}{of_unit} có thể đạt thêm theo nguyên nhân",
        "Points of {index} {period}{of_unit} still to gain, by cause",
        of_unit=of_unit,
        index=short_name(view, words),
        period=words.period_name(view.period),
    )
    columns = (
        Column(title=words.say("STT", "No."), width=6, align="center"),
        Column(title=words.say("Nguyên nhân", "Cause"), width=34),
        Column(title=words.say("Số {level}", "Number", level=level), width=12, align="center"),
        Column(title=words.say("Điểm có thể đạt thêm", "Points to gain"), width=14, align="center"),
        Column(title=capital(level), width=34),
    )
    return Table(
        caption=f"{numbering.table()}. {caption}",
        columns=columns,
        rows=tuple(_row(view, place, line, words) for place, line in enumerate(ledger.lines, start=1)),
        note=_method(words),
    )


def _row(view: PublicationView, place: int, line: CauseLine, words: Words) -> Row:
    nodes = [view.framework.node(code) for code in line.codes]
    names = "; ".join(words.text(node.name) if node.own_code else node.code for node in nodes)
    cells = (
        str(place),
        capital(_cause(line, words)),
        words.count(len(line.codes)),
        words.figure(line.points),
        names,
    )
    actions = (because.action(one) for one in line.actions)
    return Row(cells=cells, because=(because.publication(view), *_facts(view, line.codes), *actions))


def _method(words: Words) -> Sentence:
    return Sentence(
        text=words.say(
            "Nguyên nhân theo phân loại của danh mục nhiệm vụ; điểm có thể đạt thêm là điểm tối đa trừ điểm đạt được.",
            "Causes as the catalogue of tasks classes them; points to gain are the maximum less the score.",
        ),
        because=(because.form("recoverable-points"),),
    )
