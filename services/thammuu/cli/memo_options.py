"""Options of the commands on memos."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from thammuu.cli.options import settings
from thammuu.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.settings import Settings

RoundOption = Annotated[
    str | None, typer.Option("--round", metavar="ROUND", help=_("Only this round; show takes the newest."))
]


class MemoFormat(StrEnum):
    """How one memo is printed."""

    text = "text"
    txt = "txt"
    chat = "chat"
    html = "html"
    json = "json"
    pdf = "pdf"
    docx = "docx"


class MemoLanguage(StrEnum):
    """The languages there are editions in."""

    vi = "vi"
    en = "en"


class MemoForm(StrEnum):
    """The forms a memo can take."""

    cong_van = "cong-van"
    thong_bao = "thong-bao"
    ke_hoach = "ke-hoach"
    phieu_bao = "phieu-bao"


LanguageOption = Annotated[
    MemoLanguage, typer.Option("--language", help=_("The edition's language; Vietnamese is the one that is issued."))
]
FormOption = Annotated[
    MemoForm | None,
    typer.Option("--form", help=_("cong-van, thong-bao, ke-hoach or phieu-bao; the issuer's own if not given.")),
]
IssuerOption = Annotated[
    str | None,
    typer.Option("--issuer", metavar="NAME", help=_("In the name of this body of rules/issuers; also THAMMUU_ISSUER.")),
]
AsOption = Annotated[
    str | None,
    typer.Option("--as", metavar="PERSON", help=_("Who acts, as registered by `thammuu people`; also THAMMUU_PERSON.")),
]


def settings_as(ctx: typer.Context, data: Path | None, person: str | None) -> Settings:
    """Return the settings with who acts."""
    chosen = settings(ctx, data)
    return chosen if person is None else chosen.model_copy(update={"person": person})
