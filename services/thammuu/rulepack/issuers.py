"""Issuing bodies: who signs a memo, in whose name, and whether it asks or assigns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, field_validator

from thammuu.i18n import _
from thammuu.rulepack.agencies import Slug
from thammuu.rulepack.text import EitherText, Text
from thammuu.rulepack.yaml_positions import read_yaml, refuse, validate

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.errors import Problem
    from thammuu.rulepack.yaml_positions import Document

_ACADEMIC_TITLE = re.compile(r"\s*(?:GS|PGS|TSKH|TS|ThS|CN|KS|BS|Prof|Dr|MSc|PhD)\b[.\s]", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#@<>\"']+(?:/[^\s<>\"'?#]*)?")
_LONGEST_ADDRESS = 200


class SignatureLines(BaseModel):
    """The lines round the blank for the signature.

    Args:
        name: Who signs, without academic titles; left out where it is not known yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    authority: EitherText = Text(vi="")
    title: EitherText
    name: EitherText = Text(vi="")

    @field_validator("name")
    @classmethod
    def _bare(cls, name: Text) -> Text:
        """Refuse a title before a name, as documents print it.

        Raises:
            ValueError: If there is one.
        """
        if any(_ACADEMIC_TITLE.match(said) for said in (name.vi, name.en) if said):
            raise ValueError(_("the name without titles such as PGS.TS. or ThS.: documents print none before it"))
        return name


class Issuer(BaseModel):
    """An issuing body.

    Args:
        kind: A ministry asks a province; a provincial People's Committee assigns its own bodies.
        name: The body in sentences; ``{unit}`` becomes the unit's full name.
        governing_body: The line above the issuing body, empty when it has none.
        issuing_body: The letterhead's line; ``{UNIT}`` becomes the unit's full name in capitals.
        number_symbol: What follows the number of a công văn and the slash: the body and, after a hyphen, the
            division that drafts. Other forms put their own letters before the body.
        form: The form its memos are drafted in.
        place: Where it is signed; ``{place}`` becomes the unit's short name.
        recipients: The lines of "Nơi nhận", the filing line last; forms without ``Kính gửi`` name the addressee
            where a công văn says "Như trên".
        verify_address: Where a reader can verify the memo, a web address; the memo's id is added after a slash.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    kind: Literal["ministry", "committee"]
    name: Text
    governing_body: EitherText = Text(vi="")
    issuing_body: EitherText
    number_symbol: str
    form: Literal["cong-van", "thong-bao", "ke-hoach", "phieu-bao"] = "cong-van"
    place: EitherText
    signature: SignatureLines
    recipients: tuple[EitherText, ...]
    verify_address: str = ""

    @field_validator("verify_address")
    @classmethod
    def _on_the_web(cls, address: str) -> str:
        """Refuse an address that no reader can open or no code on paper can hold.

        Raises:
            ValueError: If it is one.
        """
        if address and (len(address) > _LONGEST_ADDRESS or not _WEB_ADDRESS.fullmatch(address)):
            raise ValueError(
                _("an address that begins with https:// or http://, of at most {n} letters").format(n=_LONGEST_ADDRESS)
            )
        return address

    @property
    def assigns(self) -> bool:
        """Whether the issuer assigns tasks; otherwise it asks for them to be assigned."""
        return self.kind == "committee"


def load_issuer(path: Path) -> Issuer:
    """Read one issuing body.

    Raises:
        BadInputError: With all problems of the file, each with line and column.
    """
    issuer, _document, problems = read_issuer(path)
    refuse(problems, lambda: _("{file} is not a valid issuer.").format(file=path.name))
    assert issuer is not None
    return issuer


def read_issuer(path: Path) -> tuple[Issuer | None, Document, list[Problem]]:
    """Return one issuing body with its file and all that is wrong with it.

    Raises:
        BadInputError: If the file cannot be read.
    """
    document = read_yaml(path)
    issuer, problems = validate(document, Issuer)
    if issuer and (not issuer.recipients or not issuer.recipients[-1].vi.startswith("Lưu: VT")):
        expected = _("recipients whose last line begins with Lưu: VT")
        problems.append(document.problem("issuer-recipients", expected, ("recipients",)))
    if issuer and issuer.form == "ke-hoach" and not issuer.assigns:
        expected = _("another form: a plan is the unit's own, so its issuer is of the kind committee")
        problems.append(document.problem("issuer-form", expected, ("form",), value=issuer.form))
    return issuer, document, problems
