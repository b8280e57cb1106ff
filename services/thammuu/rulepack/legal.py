"""Legal texts that a task may cite, each with the span of time it was verified for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from thammuu.i18n import _
from thammuu.rulepack.agencies import Basis, Slug
from thammuu.rulepack.text import EitherText
from thammuu.rulepack.yaml_positions import read_yaml, refuse, validate

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["Luật", "Pháp lệnh", "Nghị quyết", "Nghị định", "Quyết định", "Chỉ thị", "Thông tư", "Thông báo"]
"""Kinds of legal texts, from the highest rank."""

_ENGLISH_KINDS = {
    "Luật": "Law",
    "Pháp lệnh": "Ordinance",
    "Nghị quyết": "Resolution",
    "Nghị định": "Decree",
    "Quyết định": "Decision",
    "Chỉ thị": "Directive",
    "Thông tư": "Circular",
    "Thông báo": "Notice",
}
_RANKS = tuple(_ENGLISH_KINDS)
_NAMED_ONLY = ("Luật", "Pháp lệnh")
"""Laws and ordinances are cited by name: Nghị định 30/2020/NĐ-CP, Phụ lục I."""


def vietnamese_day(day: date) -> str:
    """Return a day as documents print it: a zero before days under 10 and before months 1 and 2 only."""
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)  # noqa: PLR2004  January and February
    return f"{day.day:02d}/{month}/{day.year}"


def _english_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


class LegalText(BaseModel):
    """A legal text.

    Args:
        valid_from: First day of the span the text was verified to apply in.
        valid_to: Last day of that span; None while it applies.
        basis: ``read`` when number, date and span were read in the source.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: Slug
    kind: Kind
    number: str
    dated: date | None = Field(None, alias="date")
    issuer: EitherText
    title: EitherText | None = None
    valid_from: date | None = Field(None, alias="from")
    valid_to: date | None = Field(None, alias="to")
    basis: Basis
    note: str = ""
    source: str

    def may_be_cited(self, on: date) -> bool:
        """Return whether a document of that day may cite the text."""
        if self.basis != "read" or self.dated is None or self.valid_from is None:
            return False
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def citation(self, language: str = "vi") -> str:
        """Return the full citation in the order of Nghị định 30/2020/NĐ-CP, for the first mention."""
        assert self.dated is not None
        named = self._named(language)
        if language == "en":
            about = f" {self.title.in_language(language)}" if self.title else ""
            issuer = "" if self.kind in _NAMED_ONLY else f" of {self.issuer.in_language(language)}"
            return f"{named}{issuer} dated {_english_day(self.dated)}{'' if self.kind in _NAMED_ONLY else about}"
        day = vietnamese_day(self.dated)
        if self.kind in _NAMED_ONLY:
            return f"{named} ngày {day}"
        about = f" {self.title.vi[:1].lower()}{self.title.vi[1:]}" if self.title else ""
        return f"{named} ngày {day} của {self.issuer.vi}{about}"

    def short(self, language: str = "vi") -> str:
        """Return the citation for later mentions; a number without a year keeps its date, for it returns each year."""
        assert self.dated is not None
        named = self._named(language)
        if self.kind in _NAMED_ONLY or self.number.count("/") > 1:
            return named
        return (
            f"{named} dated {_english_day(self.dated)}"
            if language == "en"
            else f"{named} ngày {vietnamese_day(self.dated)}"
        )

    def _named(self, language: str) -> str:
        """Return the kind with the number; laws and ordinances with their name."""
        kind = _ENGLISH_KINDS[self.kind] if language == "en" else self.kind
        if self.kind in _NAMED_ONLY:
            return f"{kind} {self.title.in_language(language) if self.title else self.number}"
        return f"{kind} No. {self.number.replace('Đ', 'D')}" if language == "en" else f"{kind} số {self.number}"

    def order(self) -> tuple[int, date, str]:
        """Return the sort key of a list of citations: rank of the text, then its date."""
        assert self.dated is not None
        return (_RANKS.index(self.kind), self.dated, self.id)


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: tuple[LegalText, ...]


@dataclass(frozen=True)
class LegalRegister:
    """All legal texts by id."""

    texts: dict[str, LegalText]

    def citable(self, ids: tuple[str, ...], on: date) -> tuple[LegalText, ...]:
        """Return those of some texts that a document of that day may cite, in their order."""
        return tuple(self.texts[one] for one in ids if self.texts[one].may_be_cited(on))


def load_legal_texts(path: Path) -> LegalRegister:
    """Read the register of legal texts.

    Raises:
        BadInputError: With all problems of the file, each with line and column.
    """
    document = read_yaml(path)
    file, problems = validate(document, _File)
    seen: set[str] = set()
    for place, text in enumerate(file.texts if file else ()):
        if text.id in seen:
            problems.append(document.problem("legal-twice", _("each id once"), ("texts", place, "id"), value=text.id))
        seen.add(text.id)
        if text.basis == "read" and (text.dated is None or text.valid_from is None):
            expected = _("a text that was read has a date and a first day")
            problems.append(document.problem("legal-undated", expected, ("texts", place), value=text.id))
    refuse(problems, lambda: _("{file} is not a valid register of legal texts.").format(file=path.name))
    assert file is not None
    return LegalRegister({text.id: text for text in file.texts})
