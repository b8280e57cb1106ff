"""The letter around the content: head, addressees, opening, closing, signature, recipients, provenance."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from .clean import clean_text
from .model import Labels, Letterhead, Provenance, Signature, UnitLine
from .wording import capital, joined, long_day, period_name, vietnamese_day

if TYPE_CHECKING:
    from .model import Task
    from .scope import Scope

REPORT_AFTER_DAYS = 180
BLANK_NUMBER = "\u00a0" * 6
"""Room for the clerk to write the number; no-break spaces survive every format."""

LABELS = Labels(
    state="CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
    motto="Độc lập - Tự do - Hạnh phúc",
    draft="DỰ THẢO",
    addressed_to="Kính gửi:",
    recipients="Nơi nhận:",
    table="Bảng",
    figure="Hình",
    annex="Phụ lục",
    output="Sản phẩm",
    basis="Căn cứ",
    note="Ghi chú",
)


def unit_line(scope: Scope) -> UnitLine:
    """Return who the memo is about."""
    return UnitLine(
        id=scope.unit.id,
        code=scope.unit.code,
        name=clean_text(scope.unit.name_on(scope.as_of), limit=120),
        full_name=clean_text(scope.unit_name, limit=160),
    )


def letterhead(scope: Scope, number: int | None) -> Letterhead:
    """Return the head; without a number it stays blank."""
    issuer, unit = scope.issuer, scope.unit
    printed = BLANK_NUMBER if number is None else f"{number:02d}"
    place = issuer.place.replace("{place}", unit.name_on(scope.as_of))
    body = issuer.issuing_body.replace("{UNIT}", unit.full_name_on(scope.as_of).upper())
    return Letterhead(
        governing_body=issuer.governing_body,
        issuing_body=clean_text(body, limit=160),
        number=f"Số: {printed}/{issuer.number_symbol}",
        subject=f"V/v {subject(scope)}",
        place_and_date=f"{clean_text(place, limit=80)}, {long_day(scope.as_of)}",
    )


def subject(scope: Scope) -> str:
    """Return what the memo is about, in few words."""
    names = _indices(scope)
    about = f"Chỉ số {names[0]}" if len(names) == 1 else "các chỉ số"
    return f"kết quả {about} công bố năm {scope.round[:4]} của {scope.unit_name} và nhiệm vụ cần thực hiện"


def _indices(scope: Scope) -> list[str]:
    return list(dict.fromkeys(view.framework.short_title.vi for view in scope.views))


def addressees(scope: Scope, tasks: tuple[Task, ...]) -> tuple[str, ...]:
    """Return whom the letter goes to: the committee, or the leads of the tasks when the committee itself writes."""
    if not scope.issuer.assigns or not tasks:
        return (scope.committee,)
    leads = list(dict.fromkeys(task.lead for task in tasks))
    if len(leads) == 1:
        return (leads[0],)
    return (*(f"{lead};" for lead in leads[:-1]), f"{leads[-1]}.")


def opening(scope: Scope, *, has_tasks: bool) -> tuple[str, ...]:
    """Return the paragraph before the first section."""
    results = [f"{view.framework.title.vi} {period_name(view.period)}" for view in scope.views]
    told = f"Căn cứ kết quả {joined(results)} đã công bố, {scope.issuer_name} "
    if scope.issuer.assigns:
        verb = "thông báo kết quả và phân công nhiệm vụ như sau:" if has_tasks else "thông báo kết quả như sau:"
    elif has_tasks:
        verb = f"thông báo kết quả của {scope.unit_name} và đề nghị {scope.committee} quan tâm chỉ đạo như sau:"
    else:
        verb = f"thông báo kết quả của {scope.unit_name} như sau:"
    replaced = scope.since.replaces if scope.since else ""
    first = (f"Văn bản này thay thế văn bản {replaced}.",) if replaced else ()
    return (*first, clean_text(told + verb))


def closing(scope: Scope, *, has_tasks: bool) -> tuple[str, ...]:
    """Return the closing paragraph, ended as documents end."""
    issuer = scope.issuer_name
    if not has_tasks:
        return (f"{capital(issuer)} thông báo để {scope.committee} biết, duy trì các kết quả đã đạt được./.",)
    wanted = scope.as_of + timedelta(days=REPORT_AFTER_DAYS)
    by = vietnamese_day(scope.catalogue.calendar.working_day_by(wanted, after=scope.as_of))
    if scope.issuer.assigns:
        return (
            "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, các cơ quan, địa phương kịp thời báo cáo "
            f"(qua Sở Nội vụ) để tổng hợp; báo cáo kết quả trước ngày {by}. Yêu cầu thủ trưởng các cơ quan, đơn vị, "
            f"địa phương nghiêm túc triển khai thực hiện./.",
        )
    return (
        f"Đề nghị {scope.committee} quan tâm chỉ đạo thực hiện, gửi kết quả về {issuer} trước ngày {by} "
        "để tổng hợp, theo dõi./.",
    )


def signature(scope: Scope) -> Signature:
    """Return the lines above the blank for the signature."""
    lines = scope.issuer.signature
    return Signature(authority=lines.authority, title=lines.title)


def recipients(scope: Scope) -> tuple[str, ...]:
    """Return the lines of "Nơi nhận"."""
    unit = scope.unit.full_name_on(scope.as_of)
    return tuple(
        clean_text(line.replace("{unit}", unit).replace("{kind}", scope.kind), limit=160)
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
