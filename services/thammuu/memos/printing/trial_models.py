"""Made-up memos that try templates: every form, both languages, and the texts that templates break on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from thammuu.memos.forms import FORMS, LABELS
from thammuu.memos.model import (
    Annex,
    Bar,
    Chart,
    Column,
    DocumentTitle,
    Item,
    Letterhead,
    MemoModel,
    Note,
    Paragraph,
    Point,
    Provenance,
    Row,
    Section,
    Sentence,
    Series,
    Signature,
    Table,
    Task,
    UnitLine,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.memos.model import Block, Form, Language

LANGUAGES: tuple[Language, ...] = ("vi", "en")
_WHY = ("form:trial",)
_DAY = date(2022, 6, 20)
_LONG = "tên gọi rất dài " * 250
_SHORT = "tỉnh Thử Nghiệm"


@dataclass(frozen=True)
class Trial:
    """What to make up: a text that stands wherever a memo prints data, and how much of everything.

    Args:
        text: The name used everywhere.
        rows: Of each table; none at all leaves the memo without sections.
        paragraphs: Of the opening.
        full: Whether maxima, pictures and annexes are there.
    """

    text: str = _SHORT
    rows: int = 3
    paragraphs: int = 1
    full: bool = True
    form: Form = "cong-van"
    language: Language = "vi"
    draft: bool = True


def trials() -> Iterator[tuple[str, Trial]]:
    """Yield the memos every template must print, each with its name."""
    for language in LANGUAGES:
        for form in FORMS:
            yield f"{form} {language}", Trial(form=form, language=language, draft=form != "ke-hoach")
    yield "nothing found", Trial(rows=0)
    yield "200 findings", Trial(rows=200)
    yield "4,000-character names", Trial(text=_LONG)
    yield "no maxima, no pictures", Trial(full=False)
    yield "one unit", Trial(rows=1)
    yield "emoji", Trial(text="tỉnh 🚀 漢字 \u202eABC\u200b")
    yield "markup", Trial(text='<b>&amp;</b> #read("x") {{ 7 * 7 }} {% raw %} $x$ "MERGEFIELD" \\ {_{ x }_}')


def trial_memo(trial: Trial) -> MemoModel:
    """Return the memo of a trial."""
    titled = trial.form != "cong-van"
    text = trial.text
    return MemoModel(
        form=trial.form,
        language=trial.language,
        draft=trial.draft,
        round="2022",
        dated=_DAY,
        issuer="trial",
        title=f"{trial.form}: {text}"[:400],
        unit=UnitLine(id="trial", code="00", name=text, full_name=text),
        labels=LABELS[trial.language],
        letterhead=Letterhead(
            governing_body="" if trial.form == "cong-van" else "CƠ QUAN CHỦ QUẢN",
            issuing_body="CƠ QUAN\nBAN HÀNH",
            number="Số: 05/CQBH-VP",
            subject="" if titled else f"V/v {text}",
            place_and_date="Nơi Thử, ngày 20 tháng 6 năm 2022",
        ),
        document_title=DocumentTitle(name=trial.form.upper(), about=text) if titled else None,
        addressees=() if titled else (f"{text};", f"{text}."),
        grounds=(_says(f"Căn cứ {text};"),) if trial.form == "ke-hoach" else (),
        opening=tuple(_says(f"{text} ({place + 1})") for place in range(trial.paragraphs)),
        sections=tuple(_sections(trial)) if trial.rows else (),
        closing=(_says("Đề nghị thực hiện./."),),
        signature=Signature(authority="TL. THỦ TRƯỞNG", title="CHÁNH VĂN PHÒNG", name="" if trial.draft else text[:60]),
        recipients=("Như trên;", "Lưu: VT, VP."),
        annexes=tuple(_annexes(trial)) if trial.rows and trial.full else (),
        tasks=tuple(_task(trial, place + 1) for place in range(trial.rows)),
        provenance=Provenance(
            memo_id="trial-2022",
            checkpoint="",
            verify_address="",
            templates_hash="0" * 64,
            pack="0" * 64,
            publications=("trial",),
            line="Mã văn bản: trial-2022",
            qr="thammuu:memo:trial-2022",
            qr_alt="Mã phản hồi nhanh",
        ),
    )


def _says(text: str) -> Sentence:
    return Sentence(text=text, because=_WHY)


def _sections(trial: Trial) -> Iterator[Section]:
    yield Section(kind="unit", heading="I. TÌNH HÌNH", blocks=())
    standing: list[Block] = [
        Paragraph(sentence=_says(f"{trial.text} đạt 43,29 điểm."), note_number=1),
        Item(sentence=_says(trial.text)),
        Note(number=1, sentence=_says(f"Ghi chú: {trial.text}")),
    ]
    yield Section(
        kind="standing", heading="1. Kết quả", level=2, unit_id="trial", blocks=(*standing, *_pictures(trial))
    )
    yield Section(kind="findings", heading="II. NỘI DUNG", blocks=(_table(trial, "Bảng 1"),))
    yield Section(kind="gain", heading="III. HIỆU QUẢ", blocks=(Paragraph(sentence=_says(trial.text)),))


def _pictures(trial: Trial) -> Iterator[Chart]:
    if not trial.full:
        return
    points = tuple(Point(label=str(2022 - back), rank=1 + back, n=63, text=f"{1 + back}/63") for back in (2, 1, 0))
    series = (Series(name=trial.text[:24], points=points), Series(name="PAR", points=points[:1]))
    yield Chart(kind="chart", shows="ranks", caption="Hình 1. Thứ hạng", alt=trial.text, series=series, because=_WHY)
    bars = tuple(
        Bar(label=trial.text[:60], value=-float(size), text=f"-{size},00") for size in range(min(trial.rows, 15))
    )
    yield Chart(kind="chart", shows="gaps", caption="Hình 2. Khoảng cách", alt=trial.text, bars=bars, because=_WHY)


def _table(trial: Trial, name: str) -> Table:
    columns = (
        Column(title="STT", width=6, align="center"),
        Column(title="Nhiệm vụ", width=30),
        Column(title="Điểm/tối đa" if trial.full else "Điểm", width=9, align="center"),
    )
    rows = [Row(cells=(trial.text[:300],), because=_WHY)]
    rows += [Row(cells=(str(n + 1), f"{trial.text}\n- {n}", ""), because=_WHY) for n in range(trial.rows)]
    note = _says("Nguồn: thử.") if trial.full else None
    return Table(caption=f"{name}. {trial.text[:80]}", columns=columns, rows=tuple(rows), note=note)


def _annexes(trial: Trial) -> Iterator[Annex]:
    for number, landscape in (("I", True), ("II", False)):
        blocks = (Paragraph(sentence=_says(trial.text)), _table(trial, f"Bảng PL {number}"))
        yield Annex(
            number=f"Phụ lục {number}", title=trial.text, reference="(Kèm theo)", blocks=blocks, landscape=landscape
        )


def _task(trial: Trial, number: int) -> Task:
    return Task(
        number=number,
        id=f"task-{number}",
        action_id="trial",
        lead_id="trial",
        lead=f"Sở {trial.text}",
        coordinating=(),
        sentence=f"Hoàn thành {trial.text}.",
        output="Báo cáo",
        basis="",
        criteria=trial.text,
        concepts=("trial",),
        finding_ids=("trial",),
        deadline=date(2022, 9, 30),
        deadline_text="30/9/2022",
        effort=1,
        gain_points=None,
    )
