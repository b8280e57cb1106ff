"""Issuing bodies: who signs a memo, in whose name, and whether it asks or assigns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from thammuu.i18n import _
from thammuu.rulepack.agencies import Slug
from thammuu.rulepack.text import Text
from thammuu.rulepack.yaml_positions import read_yaml, refuse, validate

if TYPE_CHECKING:
    from pathlib import Path


class SignatureLines(BaseModel):
    """The lines above the blank for the signature."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    authority: str = ""
    title: str


class Issuer(BaseModel):
    """An issuing body.

    Args:
        kind: A ministry asks a province; a provincial People's Committee assigns its own bodies.
        name: The body in sentences; ``{unit}`` becomes the unit's full name.
        governing_body: The line above the issuing body, empty when it has none.
        issuing_body: The letterhead's line; ``{UNIT}`` becomes the unit's full name in capitals.
        number_symbol: What follows the number and the slash.
        place: Where it is signed; ``{place}`` becomes the unit's short name.
        recipients: The lines of "Nơi nhận", the filing line last.
        verify_address: Where a reader can verify the memo; the memo's id is added after a slash.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    kind: Literal["ministry", "committee"]
    name: Text
    governing_body: str = ""
    issuing_body: str
    number_symbol: str
    place: str
    signature: SignatureLines
    recipients: tuple[str, ...]
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
    if issuer and (not issuer.recipients or not issuer.recipients[-1].startswith("Lưu: VT")):
        expected = _("recipients whose last line begins with Lưu: VT")
        problems.append(document.problem("issuer-recipients", expected, ("recipients",)))
    refuse(problems, lambda: _("{file} is not a valid issuer.").format(file=path.name))
    assert issuer is not None
    return issuer
