"""Messages made up for tests of channels."""

from datetime import UTC, date, datetime
from typing import Any

from thammuu.delivery.ports import Attachment, ContactPoint, MemoRef, Message

NOW = datetime(2026, 6, 22, 2, 30, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def message(**changed: Any) -> Message:  # noqa: ANN401
    """A memo to an office, as a delivery."""
    to = {"name": "Văn phòng UBND tỉnh Hà Nam", "address": "vanphong@hanam.example"} | changed.pop("to", {})
    whole: dict[str, Any] = {
        "delivery_id": "d-0123456789abcdef",
        "attempt": 1,
        "to": ContactPoint(**to),
        "language": "vi",
        "subject": "Công văn số 05/BNV-CCHC về kết quả các chỉ số của tỉnh Hà Nam",
        "text": "Kính gửi: Ủy ban nhân dân tỉnh Hà Nam.\n.\nDòng sau một dấu chấm.\n",
        "html": "<!doctype html><html lang=vi><body><p>Kính gửi</p></body></html>\n",
        "chat": "Công văn số 05/BNV-CCHC",
        "attachments": (Attachment("ha-nam-2022.pdf", "application/pdf", b"%PDF-1.7 made up\x00\r\n\xff"),),
        "memos": (MemoRef("ha-nam-2022", 1, 5, date(2026, 6, 22)),),
    }
    return Message(**whole | changed)
