"""Issuing bodies: who signs a memo, in whose name, and whether it asks or assigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from thammuu.i18n import _
from thammuu.rulepack.agencies import Slug
from thammuu.rulepack.text import EitherText, Text
from thammuu.rulepack.yaml_positions import read_yaml, refuse, validate

if TYPE_CHECKING:
    from pathlib import Path


class SignatureLines(BaseModel):
    """The lines above the blank for the signature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    authority: EitherText = Text(vi="")
    title: EitherText


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
        verify_address: Where a reader can verify the memo; the memo's id is added after a slash.
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

    @property
    def assigns(self) -> bool:
        """Whether the issuer assigns tasks; otherwise it asks for them to be assigned."""
        return self.kind == "committee"


def load_issuer(path: Path) -> Issuer:
    """Read one issuing body.

    Raises:
        BadInputError: With all problems of the file, each with line and column.
    """
    document = read_yaml(path)
    issuer, problems = validate(document, Issuer)
    if issuer and (not issuer.recipients or not issuer.recipients[-1].vi.startswith("Lưu: VT")):
        expected = _("recipients whose last line begins with Lưu: VT")
        problems.append(document.problem("issuer-recipients", expected, ("recipients",)))
    if issuer and issuer.form == "ke-hoach" and not issuer.assigns:
        expected = _("another form: a plan is the unit's own, so its issuer is of the kind committee")
        problems.append(document.problem("issuer-form", expected, ("form",), value=issuer.form))
    refuse(problems, lambda: _("{file} is not a valid issuer.").format(file=path.name))
    assert issuer is not None
    return issuer
