"""The words that score sheets use for their columns and for rows that are not units."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Role = Literal[
    "period",
    "index",
    "unit_code",
    "unit_name",
    "code",
    "name",
    "score",
    "min",
    "max",
    "status",
    "rank",
    "total",
    "note",
]


@lru_cache(maxsize=65_536)
def fold(text: str) -> str:
    """Return the text in lower case without accents or doubled spaces, for comparing words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).replace("–", "-").split())


_ROLES: dict[Role, str] = {
    "period": "period|ky|nam|year|ky danh gia|nam danh gia|ky cong bo",
    "index": "index|bo chi so|ten bo chi so",
    "unit_code": "entity_code|unit_code|province_code|gso_code|ma tinh|ma don vi|ma dia phuong|ma dvhc|ma",
    "unit_name": "entity_name|unit_name|entity|unit|province|province_name|tinh|tinh/thanh pho|tinh / thanh pho|"
    "tinh, thanh pho|tinh thanh|tinh thanh pho|tinh/tp|tinh, tp|dia phuong|don vi|ten tinh|ten don vi|ten dia phuong|"
    "ten tinh/thanh pho|ten tinh, thanh pho|co quan|ten co quan|bo, nganh",
    "code": "criterion_code|code|node|criterion|ma tieu chi|ma chi tieu|ma chi so|ma noi dung|tieu chi|part|phan",
    "name": "criterion_name|ten tieu chi|ten chi tieu|ten chi so|ten noi dung|noi dung",
    "score": "score|value|diem|diem so|gia tri|ket qua|diem dat duoc",
    "min": "min_score|diem toi thieu|thang thap nhat",
    "max": "max_score|diem toi da|diem chuan|thang cao nhat",
    "status": "status|trang thai|tinh trang|tinh trang du lieu",
    "rank": "rank|ranking|xep hang|hang|thu hang|xep thu|thu tu xep hang",
    "total": "total|total score|tong diem|tong|tong cong|tong so|diem tong|diem tong hop",
    "note": "stt|tt|so tt|no|no.|#|note|notes|ghi chu|level|cap|region|vung|khu vuc|vung kinh te|nhom|xep loai|"
    "group|band|rank_change|tang giam|tang/giam",
}
_ROLE_OF: dict[str, Role] = {word: role for role, words in _ROLES.items() for word in words.split("|")}

_AGGREGATE = re.compile(
    r"(?:min|max|mean|median|average|avg|std|national|nationwide|country|region|"
    r"trung binh|trung vi|binh quan|tb|cao nhat|thap nhat|lon nhat|nho nhat|diem trung binh|diem trung vi|"
    r"diem cao nhat|diem thap nhat|do lech chuan|gia tri (?:trung binh|trung vi|lon nhat|nho nhat|cao nhat|thap nhat)|"
    r"ca nuoc|toan quoc|vung|khu vuc|tong so|tong cong)(?:[\s(:.,].*)?"
)
_NOTE = re.compile(r"(?:ghi chu|nguon|note|notes|source|chu thich|luu y)\b.*|\*.*|\([0-9*]+\)\s.*")
_SOURCE = re.compile(r"\s*#?\s*(?:source|nguồn|nguon)\s*:\s*(?P<text>.+)", re.IGNORECASE)
_LONG_NOTE_WORDS = 8
_LONGEST_WORD = 60
_LONGEST_LABEL = 100


def role_of(header: str) -> Role | None:
    """Return what a column holds by its header, or None for a criterion or an unknown word."""
    return _ROLE_OF.get(fold(header).rstrip(" :")) if len(header) <= _LONGEST_WORD else None


@lru_cache(maxsize=4_096)
def is_aggregate(label: str) -> bool:
    """Tell whether a row's label names an aggregate: a mean, an extreme, the nation, a region."""
    return len(label) <= _LONGEST_LABEL and _AGGREGATE.fullmatch(fold(label)) is not None


def is_note(text: str) -> bool:
    """Tell whether a lone cell is a note below a table."""
    folded = fold(text[:_LONGEST_LABEL])
    return _NOTE.fullmatch(folded) is not None or len(folded.split()) > _LONG_NOTE_WORDS


def source_in(text: str) -> str | None:
    """Return the source named by a ``# source: …`` or ``Nguồn: …`` line."""
    found = _SOURCE.fullmatch(text)
    return found["text"].strip() if found else None
