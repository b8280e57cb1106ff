"""The letter around the content: head, title, addressees, opening, signature, recipients, provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.forms import FORMS
from thammuu.memos.model import DocumentTitle, Letterhead, Provenance, Sentence, Signature, UnitLine
from thammuu.memos.sections.deadlines import kept_and_passed
from thammuu.memos.sections.writer import writer
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.memos.model import Task
    from thammuu.memos.scope import Scope
    from thammuu.memos.view import Issued, PublicationView
    from thammuu.memos.wording import Words

BLANK_NUMBER = "\u00a0" * 6
"""Room for the clerk to write the number; no-break spaces survive every format."""
_ABOVE = "Như trên;"


def fixed(scope: Scope, text: str, *more: str) -> Sentence:
    """Return a sentence that the form prescribes, with what else it rests on."""
    return Sentence(text=clean_text(text), because=(because.form(scope.form), *more))


def printing_order(view: PublicationView) -> tuple[bool, str]:
    """Return the sort key of indices: those with official ranks first."""
    return (not view.framework.officially_ranked, view.framework.index)


def unit_line(scope: Scope) -> UnitLine:
    """Return who the memo is about."""
    name = scope.body.name_on(scope.as_of) if scope.words.language == "vi" else scope.body.name_en_on(scope.as_of)
    return UnitLine(id=scope.body.id, code=scope.body.code, name=clean_text(name, limit=120), full_name=scope.body_name)


def letterhead(scope: Scope, number: int | None, *, has_tasks: bool) -> Letterhead:
    """Return the head; without a number it stays blank."""
    issuer, words = scope.issuer, scope.words
    here = unit_line(scope).name
    place = words.text(issuer.place).replace("{place}", here)
    body = words.text(issuer.issuing_body).replace("{UNIT}", scope.body_name.upper())
    about = words.say("V/v {about}", "Re: {about}", about=subject(scope, has_tasks=has_tasks))
    return Letterhead(
        governing_body=words.text(issuer.governing_body),
        issuing_body="\n".join(clean_text(line, limit=160) for line in body.split("\n")),
        number=words.say("Số: {number}", "No: {number}", number=numbered(scope, number)),
        subject="" if _titled(scope) else about,
        place_and_date=f"{clean_text(place, limit=80)}, {words.long_day(scope.as_of)}",
    )


def numbered(scope: Scope, number: int | None) -> str:
    """Return ``05/BNV-CCHC``, or ``05/KH-UBND`` where the form has letters of its own."""
    printed = BLANK_NUMBER if number is None else f"{number:02d}"
    letters, symbol = FORMS[scope.form].letters, scope.issuer.number_symbol
    return f"{printed}/{letters}-{symbol.partition('-')[0]}" if letters else f"{printed}/{symbol}"


def _titled(scope: Scope) -> bool:
    return scope.form != "cong-van"


def document_title(scope: Scope, *, has_tasks: bool) -> DocumentTitle | None:
    """Return the centred title; None for a công văn, which has a subject under its number instead."""
    if not _titled(scope):
        return None
    name = scope.words.text(FORMS[scope.form].name).upper()
    return DocumentTitle(name=name, about=capital(subject(scope, has_tasks=has_tasks)))


def title(scope: Scope, *, has_tasks: bool) -> str:
    """Return the document's title as files carry it."""
    name, about = scope.words.text(FORMS[scope.form].name), subject(scope, has_tasks=has_tasks)
    if scope.form in {"ke-hoach", "bao-cao"}:  # their subjects are verbs
        return scope.words.say("{name} {about}", "{name}: {about}", name=name, about=about)
    return scope.words.say("{name} về {about}", "{name}: {about}", name=name, about=about)


def reference(scope: Scope, number: int | None) -> str:
    """Return the line under an annex's title that says which document it belongs to."""
    return scope.words.say(
        "(Kèm theo {form} số {number} {day} của {issuer})",
        "(Attached to {form} No. {number} of {day} of {issuer})",
        form=scope.words.text(FORMS[scope.form].name),
        number=numbered(scope, number),
        day=scope.words.long_day(scope.as_of),
        issuer=scope.issuer_name,
    )


def subject(scope: Scope, *, has_tasks: bool) -> str:
    """Return what the memo is about, in few words."""
    names = list(dict.fromkeys(scope.words.text(view.framework.short_title) for view in scope.views))
    year, unit = scope.round[:4], about_whom(scope)
    if scope.form == "ke-hoach":
        told = scope.words.joined(names) if names else ""
        keep = "duy trì kết quả {names} công bố năm {year} của {unit}"
        mend = "khắc phục các nội dung mất điểm về {names} công bố năm {year} của {unit}"
        return scope.words.say(
            mend if scope.weighed else keep,
            "remedying what lost points in {names} published in {year}, {unit}"
            if scope.weighed
            else "keeping up the results of {names} published in {year}, {unit}",
            names=told,
            year=year,
            unit=unit,
        )
    if scope.form == "bao-cao":
        return scope.words.say(
            "tổng hợp kết quả {names} công bố năm {year}",
            "{names} results published in {year}",
            names=scope.words.joined(names),
            year=year,
        )
    indices = (
        scope.words.say("Chỉ số {name}", "the {name} results", name=names[0])
        if len(names) == 1
        else scope.words.say("các chỉ số", "the results of several indices")
    )
    tasks = scope.words.say(" và nhiệm vụ cần thực hiện", ", and tasks to be done") if has_tasks else ""
    return scope.words.say(
        "kết quả {indices} công bố năm {year} của {unit}{tasks}",
        "{indices} published in {year} for {unit}{tasks}",
        indices=indices,
        year=year,
        unit=unit,
        tasks=tasks,
    )


def about_whom(scope: Scope) -> str:
    """Return whose results they are: the unit, or those it was made of."""
    if len(scope.parts) == 1:
        return scope.parts[0].unit_name
    return scope.words.say(
        "các đơn vị hợp thành {name}", "the former units of {name}", name=scope.body_name
    ) if scope.merged else scope.body_name  # fmt: skip


def addressees(scope: Scope, tasks: tuple[Task, ...]) -> tuple[str, ...]:
    """Return whom the letter goes to: the committee, or the leads of the tasks when the committee itself writes."""
    return asked(scope, tasks) if FORMS[scope.form].addressed else ()


def asked(scope: Scope, tasks: tuple[Task, ...]) -> tuple[str, ...]:
    """Return whom the document speaks to, one a line."""
    if not scope.issuer.assigns:
        return (capital(scope.committee),)
    if not tasks:
        communes = scope.agency_name(scope.agencies.holder("local-government", scope.as_of).id)
        departments = scope.words.say(
            "Các sở, ban, ngành của {kind};", "Departments and agencies of the province;", kind=scope.kind
        )
        return (departments, f"{capital(communes)}.")
    leads = list(dict.fromkeys(task.lead for task in tasks))
    if len(leads) == 1:
        return (leads[0],)
    return (*(f"{lead};" for lead in leads[:-1]), f"{leads[-1]}.")


def opening(scope: Scope, tasks: tuple[Task, ...]) -> tuple[Sentence, ...]:
    """Return the paragraphs before the first section."""
    sources = tuple(because.publication(view) for view in scope.views)
    slip = scope.form == "phieu-bao"
    if scope.form == "ke-hoach":  # its grounds tell the results
        text = _why_planned(scope)
    else:
        text = _told_shortly(scope) if slip else f"{results(scope)}{_verb(scope, has_tasks=bool(tasks))}"
    told = fixed(scope, text, *sources, _issuer(scope))
    return (*_edition(scope), *_replaces(scope, tasks), told)


def _issuer(scope: Scope) -> str:
    return because.issuer(scope.issuer.id)


def _edition(scope: Scope) -> tuple[Sentence, ...]:
    if scope.words.language == "vi":
        return ()
    return (fixed(scope, "English edition for information; the Vietnamese text is the document that is issued."),)


def _replaces(scope: Scope, tasks: tuple[Task, ...]) -> tuple[Sentence, ...]:
    replaced = scope.since.corrects if scope.since else ()
    if not replaced:
        return ()
    text = scope.words.say(
        "Văn bản này thay thế {documents}.",
        "This document replaces {documents}.",
        documents=scope.words.joined([document(scope, old) for old in replaced]),
    )
    text += "".join(f" {told}" for told in _deadlines(scope, tasks))
    return (fixed(scope, text, *(because.memo(old.memo_id, old.version) for old in replaced)),)


def _deadlines(scope: Scope, tasks: tuple[Task, ...]) -> Iterator[str]:
    """Return what became of the deadlines of tasks that the replaced memo had already."""
    words = scope.words
    kept, passed = kept_and_passed(scope, tasks)
    if kept:
        yield words.say(
            "{n} nhiệm vụ đã nêu tại văn bản được thay thế giữ nguyên thời hạn.",
            "{tasks} of the document replaced {keep} the deadline set there.",
            n=words.count(len(kept)),
            tasks=words.counted(len(kept), "task"),
            keep="keeps" if len(kept) == 1 else "keep",
        )
    if passed:
        yield words.say(
            "{n} nhiệm vụ đã quá thời hạn nêu tại văn bản đó, thời hạn được tính lại từ ngày của văn bản này.",
            "The deadline set there has passed for {tasks}; it is counted anew from the day of this document.",
            n=words.count(len(passed)),
            tasks=words.counted(len(passed), "task"),
        )


def document(scope: Scope, issued: Issued) -> str:
    """Return an issued memo as sentences cite it: ``Công văn số 01/BNV-CCHC ngày 20/4/2023 của Bộ Nội vụ``."""
    named = scope.words.say(
        "{form} số {number} ngày {day}",
        "{form} No. {number} of {day}",
        form=scope.words.text(FORMS[issued.model.form].name),
        number=issued.model.letterhead.number.partition(": ")[2],
        day=scope.words.day(issued.dated),
    )
    wrote = writer(scope, issued)
    return scope.words.say("{named} của {wrote}", "{named} of {wrote}", named=named, wrote=wrote) if wrote else named


def _told_shortly(scope: Scope) -> str:
    """Return a slip's opening: its lines name each index and year themselves."""
    return scope.words.say(
        "{issuer} báo {about} như sau:",
        "{issuer} reports {about} as follows:",
        issuer=capital(scope.issuer_name),
        about=subject(scope, has_tasks=False),
    )


def _why_planned(scope: Scope) -> str:
    vi, en = ("khắc phục các nội dung mất điểm", "remedy what lost points")
    if not scope.weighed:
        vi, en = "duy trì các kết quả đã đạt được", "keep up the results"
    return scope.words.say(
        f"Để {vi}, {{issuer}} ban hành Kế hoạch, cụ thể như sau:",
        f"To {en}, {{issuer}} issues this plan:",
        issuer=scope.issuer_name,
    )


def _verb(scope: Scope, *, has_tasks: bool) -> str:
    words, issuer, unit = scope.words, scope.issuer_name, about_whom(scope)
    if scope.form == "bao-cao":
        vi, en = ", {issuer} báo cáo tổng hợp như sau:", ", {issuer} reports as follows:"
    elif scope.issuer.assigns:
        done = " và phân công nhiệm vụ" if has_tasks else ""
        vi = f", {{issuer}} thông báo kết quả{done} như sau:"
        en = f", {{issuer}} gives notice of the results{' and assigns tasks' if has_tasks else ''} as follows:"
    elif has_tasks:
        vi = ", {issuer} thông báo kết quả của {unit} và đề nghị {committee} quan tâm chỉ đạo như sau:"
        en = ", {issuer} gives notice of the results for {unit} and asks {committee} to direct the following:"
    else:
        vi = ", {issuer} thông báo kết quả của {unit} như sau:"
        en = ", {issuer} gives notice of the results for {unit} as follows:"
    return words.say(vi, en, issuer=issuer, unit=unit, committee=scope.committee)


def results(scope: Scope) -> str:
    """Return the results with who published them; the issuer does not name itself."""
    words = scope.words
    by_publisher: dict[str, list[str]] = {}
    for view in scope.views:
        of_publisher = by_publisher.setdefault(words.text(view.framework.publisher), [])
        result = f"{words.text(view.framework.title)} {words.period_name(view.period)}"
        if result not in of_publisher:
            of_publisher.append(result)
    told = []
    for publisher, published in by_publisher.items():
        own = publisher.removeprefix("the ") == scope.issuer_name.removeprefix("the ")
        vi = "kết quả {names} đã công bố" if own else "kết quả {names} do {publisher} công bố"
        en = "the results of the {names}, published by {publisher}"
        told.append(words.say(vi, en, names=words.joined(published), publisher=_with_article(publisher, words)))
    return words.say("Căn cứ {told}", "On the basis of {told}", told=words.joined(told))


def _with_article(publisher: str, words: Words) -> str:
    """Return a publisher in an English sentence: a ministry takes an article, abbreviations take none."""
    first = publisher.partition(" ")[0].rstrip(",")
    return publisher if words.language == "vi" or first == "the" or first.isupper() else f"the {publisher}"


def signature(scope: Scope) -> Signature:
    """Return the lines above the blank for the signature."""
    lines, words = scope.issuer.signature, scope.words
    return Signature(authority=words.text(lines.authority), title=words.text(lines.title), name=words.text(lines.name))


def recipients(scope: Scope, tasks: tuple[Task, ...]) -> tuple[str, ...]:
    """Return the lines of "Nơi nhận"; a form without addressees names them here.

    A report on a round is the body's own: no unit receives it.
    """
    lines: list[str] = []
    for line in scope.issuer.recipients:
        if scope.form == "bao-cao" and (line.vi == _ABOVE or "{" in line.vi):
            continue
        if line.vi == _ABOVE and not FORMS[scope.form].addressed:
            lines += [f"{one.rstrip(';.')};" for one in asked(scope, tasks)]
            if scope.issuer.assigns and any(task.coordinating for task in tasks):
                lines.append(scope.words.say("Các cơ quan, địa phương phối hợp;", "Coordinating agencies;"))
        else:
            lines.append(_filled(scope, scope.words.text(line)))
    return tuple(clean_text(line, limit=160) for line in lines)


def _filled(scope: Scope, line: str) -> str:
    """Return a line of the issuing body's file with the unit's name, its kind and its committee of the Party."""
    party = scope.words.say("Tỉnh ủy", "Provincial Party Committee")
    if scope.kind == "thành phố":
        party = scope.words.say("Thành ủy", "City Party Committee")
    named = line.replace("{unit}", scope.body_name).replace("{kind}", scope.kind)
    return named.replace("{party}", party)


def provenance(scope: Scope, memo_id: str, checkpoint: str | None, templates_hash: str, pack_hash: str) -> Provenance:
    """Return the grey line at the foot of each page and what the code on the last page holds."""
    words = scope.words
    base = scope.issuer.verify_address.rstrip("/")
    address = f"{base}/{memo_id}" if base else ""
    mark = clean_text((checkpoint or "").replace("\n", " "), limit=160)
    parts = [words.say("Mã văn bản: {id}", "Document: {id}", id=memo_id)]
    parts += [words.say("Sổ cái: {mark}", "Ledger: {mark}", mark=mark)] if mark else []
    parts += [words.say("Kiểm tra tại: {address}", "Verify at: {address}", address=address)] if address else []
    return Provenance(
        memo_id=memo_id,
        checkpoint=mark,
        verify_address=address,
        templates_hash=templates_hash,
        pack=pack_hash,
        publications=tuple(dict.fromkeys(view.publication_id for view in scope.views)),
        line="; ".join(parts),
        qr=address or f"thammuu:memo:{memo_id}",
        qr_alt=words.say("Mã phản hồi nhanh để kiểm tra văn bản {id}", "QR code to verify document {id}", id=memo_id),
    )
