"""Who wrote an issued memo, as a later one cites it: the body of that day, which may not be the one that writes now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thammuu.memos.model import MemoModel
    from thammuu.memos.scope import Scope
    from thammuu.memos.view import Issued


def writer(scope: Scope, issued: Issued) -> str:
    """Return the issuing body of an issued memo; empty where its name in the memo's language is not known."""
    model, words = issued.model, scope.words
    same = model.language == words.language
    named = _named_in(model) if same else ""
    if named:
        return named
    if model.issuer == scope.issuer.id:
        return words.text(scope.issuer.name).replace("{unit}", _unit_then(scope, issued))
    return _letterhead(model) if same else ""


def _letterhead(model: MemoModel) -> str:
    return " ".join(model.letterhead.issuing_body.split())


def _named_in(model: MemoModel) -> str:
    """Return the letterhead's body as the memo's own sentences write it, in small letters; empty where none does."""
    body = _letterhead(model)
    if not body:
        return ""
    pattern = re.compile(rf"(?:\bthe )?{re.escape(body)}", re.IGNORECASE)
    sentences = [one.text for one in (*model.opening, *model.closing)] + [one.reference for one in model.annexes]
    found = [match.group() for text in sentences for match in pattern.finditer(text)]
    named = next((one for one in found if not one.isupper()), "")
    return f"the {named[4:]}" if named.startswith("The ") else named


def _unit_then(scope: Scope, issued: Issued) -> str:
    """Return the unit of an issued memo by its name of that day."""
    model, words = issued.model, scope.words
    if model.language == words.language:
        return model.unit.full_name
    units = [scope.body, *(part.unit for part in scope.parts)]
    units += [former.unit for view in scope.views for former in view.parts]
    then = next((words.unit_name(one, issued.dated) for one in units if one.id == model.unit.id), "")
    return then or scope.body_name
