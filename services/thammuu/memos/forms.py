"""The forms a memo can take: its name, its letters in the number, what stands around the sections.

Source: Nghị định 30/2020/NĐ-CP, Phụ lục I and III (names of types of documents and their abbreviations).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from thammuu.memos.model import Labels
from thammuu.rulepack.text import Text

if TYPE_CHECKING:
    from thammuu.memos.model import Form, Language


@dataclass(frozen=True, slots=True)
class FormWords:
    """A form's name and the letters that stand in its number.

    Args:
        letters: Before the issuing body in the number; empty for a công văn, whose number names body and division.
        addressed: Whether it begins with ``Kính gửi``.
    """

    name: Text
    letters: str
    addressed: bool = False


FORMS: dict[Form, FormWords] = {
    "cong-van": FormWords(Text(vi="Công văn", en="Official letter"), "", addressed=True),
    "thong-bao": FormWords(Text(vi="Thông báo", en="Notice"), "TB"),
    "ke-hoach": FormWords(Text(vi="Kế hoạch", en="Plan"), "KH"),
    "phieu-bao": FormWords(Text(vi="Phiếu báo", en="Information slip"), "PB", addressed=True),
    "bao-cao": FormWords(Text(vi="Báo cáo", en="Report"), "BC"),
}

LABELS: dict[Language, Labels] = {
    "vi": Labels(
        state="CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        motto="Độc lập - Tự do - Hạnh phúc",
        draft="DỰ THẢO",
        addressed_to="Kính gửi:",
        recipients="Nơi nhận:",
        output="Sản phẩm",
        deadline="trước ngày",
        more="Xem toàn văn",
    ),
    "en": Labels(
        state="SOCIALIST REPUBLIC OF VIET NAM",
        motto="Independence - Freedom - Happiness",
        draft="DRAFT",
        addressed_to="To:",
        recipients="Recipients:",
        output="Output",
        deadline="before",
        more="Full text",
    ),
}
