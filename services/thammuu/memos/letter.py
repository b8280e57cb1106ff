"""The letter around the content: head, addressees, opening, closing, signature, recipients, provenance."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .clean import clean_text
from .model import Labels, Letterhead, Provenance, Signature, UnitLine
from .wording import capital, count, joined, long_day, period_name, vietnamese_day

if TYPE_CHECKING:
    from .model import Task
    from .scope import Scope

REPORT_AFTER_DAYS = 180
REPORT_MARGIN_DAYS = 10
"""Days between the last task's deadline and the report on all of them."""
BLANK_NUMBER = "\u00a0" * 6
"""Room for the clerk to write the number; no-break spaces survive every format."""

_ASSIGNED = (
    "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, các cơ quan, địa phương kịp thời báo cáo (qua Sở Nội vụ) "
    "để tổng hợp; báo cáo kết quả trước ngày {by}. Yêu cầu thủ trưởng các cơ quan, đơn vị, địa phương nghiêm túc "
    "triển khai thực hiện./."
)
_ASKED = (
    "Đề nghị {committee} quan tâm chỉ đạo thực hiện, gửi kết quả về {issuer} trước ngày {by} để tổng hợp, theo dõi./."
)
_MEND = "Yêu cầu thủ trưởng các cơ quan, đơn vị, địa phương rà soát, khắc phục các nội dung nêu trên./."
_ASK_TO_MEND = "Đề nghị {committee} quan tâm chỉ đạo rà soát, khắc phục các nội dung nêu trên./."

LABELS = Labels(
    state="CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    motto="Độc lập - Tự do - Hạnh phúc",
    draft="DỰ THẢO",
    addressed_to="Kính gửi:",
    recipients="Nơi nhận:",
)


def unit_line(scope: Scope) -> UnitLine:
    """Return who the memo is about."""
    return UnitLine(
        id=scope.unit.id,
        code=scope.unit.code,
        name=clean_text(scope.unit.name_on(scope.as_of), limit=120),
        full_name=scope.unit_name,
    )


def letterhead(scope: Scope, number: int | None, *, has_tasks: bool) -> Letterhead:
    """Return the head; without a number it stays blank."""
    issuer = scope.issuer
    place = issuer.place.replace("{place}", scope.body.name_on(scope.as_of))
    body = issuer.issuing_body.replace("{UNIT}", scope.body_name.upper())
    return Letterhead(
        governing_body=issuer.governing_body,
        issuing_body="\n".join(clean_text(line, limit=160) for line in body.split("\n")),
        number=f"Số: {_number(scope, number)}",
        subject=f"V/v {subject(scope, has_tasks=has_tasks)}",
        place_and_date=f"{clean_text(place, limit=80)}, {long_day(scope.as_of)}",
    )


def _number(scope: Scope, number: int | None) -> str:
    printed = BLANK_NUMBER if number is None else f"{number:02d}"
    return f"{printed}/{scope.issuer.number_symbol}"


def reference(scope: Scope, number: int | None) -> str:
    """Return the line under an annex's title that says which document it belongs to."""
    return f"(Kèm theo Công văn số {_number(scope, number)} {long_day(scope.as_of)} của {scope.issuer_name})"


def subject(scope: Scope, *, has_tasks: bool) -> str:
    """Return what the memo is about, in few words."""
    names = _indices(scope)
    about = f"Chỉ số {names[0]}" if len(names) == 1 else "các chỉ số"
    tasks = " và nhiệm vụ cần thực hiện" if has_tasks else ""
    return f"kết quả {about} công bố năm {scope.round[:4]} của {scope.unit_name}{tasks}"


def _indices(scope: Scope) -> list[str]:
    return list(dict.fromkeys(view.framework.short_title.vi for view in scope.views))


def addressees(scope: Scope, tasks: tuple[Task, ...]) -> tuple[str, ...]:
    """Return whom the letter goes to: the committee, or the leads of the tasks when the committee itself writes."""
    if not scope.issuer.assigns:
        return (scope.committee,)
    if not tasks:
        communes = scope.agencies.holder("local-government", scope.as_of).name_for(scope.kind)
        return (f"Các sở, ban, ngành của {scope.kind};", f"{communes}.")
    leads = list(dict.fromkeys(task.lead for task in tasks))
    if len(leads) == 1:
        return (leads[0],)
    return (*(f"{lead};" for lead in leads[:-1]), f"{leads[-1]}.")


def opening(scope: Scope, *, has_tasks: bool) -> tuple[str, ...]:
    """Return the paragraph before the first section."""
    told = f"Căn cứ {_results(scope)}, {scope.issuer_name} "
    if scope.issuer.assigns:
        verb = "thông báo kết quả và phân công nhiệm vụ như sau:" if has_tasks else "thông báo kết quả như sau:"
    elif has_tasks:
        verb = f"thông báo kết quả của {scope.unit_name} và đề nghị {scope.committee} quan tâm chỉ đạo như sau:"
    else:
        verb = f"thông báo kết quả của {scope.unit_name} như sau:"
    replaced = scope.since.replaces if scope.since else ""
    first = (f"Văn bản này thay thế văn bản {replaced}.",) if replaced else ()
    return (*first, clean_text(told + verb))


def _results(scope: Scope) -> str:
    """Return the results with who published them; the issuer does not name itself."""
    by_publisher: dict[str, list[str]] = {}
    for view in scope.views:
        results = by_publisher.setdefault(view.framework.publisher.vi, [])
        results.append(f"{view.framework.title.vi} {period_name(view.period)}")
    told = []
    for publisher, results in by_publisher.items():
        who = "đã" if publisher == scope.issuer_name else f"do {publisher}"
        told.append(f"kết quả {joined(results)} {who} công bố")
    return joined(told)


def closing(scope: Scope, tasks: tuple[Task, ...]) -> tuple[str, ...]:
    """Return the closing paragraph, ended as documents end; results are asked for after the last deadline."""
    issuer = scope.issuer_name
    if not tasks and any(one.finding.severity != "information" for one in scope.weighed):
        return ((_MEND if scope.issuer.assigns else _ASK_TO_MEND).format(committee=scope.committee),)
    if not tasks:
        told = "các cơ quan, địa phương" if scope.issuer.assigns else scope.committee
        keep = ", tiếp tục duy trì các kết quả đã đạt được" if _has_scores(scope) else ""
        return (f"{_all_clear(scope)}{capital(issuer)} thông báo để {told} biết{keep}./.",)
    last = max(task.deadline for task in tasks)
    wanted = max(scope.as_of + timedelta(days=REPORT_AFTER_DAYS), last + timedelta(days=REPORT_MARGIN_DAYS))
    by = vietnamese_day(scope.catalogue.calendar.working_day_by(wanted, after=scope.as_of))
    text = _ASSIGNED if scope.issuer.assigns else _ASKED
    return (text.format(committee=scope.committee, issuer=issuer, by=by),)


def _all_clear(scope: Scope) -> str:
    """Return a sentence that nothing was found in the criteria that have a score; empty where something was."""
    told = []
    for view in scope.views:
        leaves = view.framework.leaves
        scored = sum(view.row(node.code).get("score") is not None for node in leaves)
        if view.complete and scored and not view.findings:
            level = view.framework.level_names[leaves[0].level].vi
            which = level if scored == len(leaves) else f"{level} có điểm"
            told.append(f"{count(scored)} {which} của {view.framework.short_title.vi}")
    return f"Qua rà soát {joined(told)}, không có nội dung nào cần tập trung khắc phục. " if told else ""


def _has_scores(scope: Scope) -> bool:
    return any(row.get("score") is not None for view in scope.views for row in view.facts)


def signature(scope: Scope) -> Signature:
    """Return the lines above the blank for the signature."""
    lines = scope.issuer.signature
    return Signature(authority=lines.authority, title=lines.title)


def recipients(scope: Scope) -> tuple[str, ...]:
    """Return the lines of "Nơi nhận"."""
    return tuple(
        clean_text(line.replace("{unit}", scope.body_name).replace("{kind}", scope.kind), limit=160)
        for line in scope.issuer.recipients
    )


def provenance(scope: Scope, memo_id: str, checkpoint: str | None, templates_hash: str) -> Provenance:
    """Return the grey line at the foot of each page and what the code on the last page holds."""
    base = scope.issuer.verify_address.rstrip("/")
    address = f"{base}/{memo_id}" if base else ""
    mark = clean_text((checkpoint or "").replace("\n", " "), limit=160)
    parts = [f"Mã văn bản: {memo_id}"]
    parts += [f"Sổ cái: {mark}"] if mark else []
    parts += [f"Kiểm tra tại: {address}"] if address else []
    return Provenance(
        memo_id=memo_id,
        checkpoint=mark,
        verify_address=address,
        templates_hash=templates_hash,
        line="; ".join(parts),
        qr=address or f"thammuu:memo:{memo_id}",
        qr_alt=f"Mã phản hồi nhanh để kiểm tra văn bản {memo_id}",
    )
