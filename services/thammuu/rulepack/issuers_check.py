"""Whether every issuing body of a rules folder can sign: its id, its symbol, and nothing left to fill."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError
from thammuu.i18n import _
from thammuu.rulepack.issuers import read_issuer
from thammuu.rulepack.yaml_positions import in_file_order, yaml_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.errors import Problem
    from thammuu.rulepack.issuers import Issuer
    from thammuu.rulepack.text import Text
    from thammuu.rulepack.yaml_positions import Document, Steps

_SYMBOL = re.compile(r"[A-ZĐ][A-ZĐ0-9]*(?:[-.&][A-ZĐ0-9]+)*")
_LONGEST_SYMBOL = 40
_BLANK = re.compile(r"\{[^{}]*\}|[{}]")
_FILLED = {
    "name": {"{unit}"},
    "issuing_body": {"{UNIT}"},
    "place": {"{place}"},
    "recipients": {"{unit}", "{kind}", "{party}"},
}
"""What the letter fills in, by key; no other text has anything filled in."""


def check_issuers(folder: Path) -> list[Problem]:
    """Return what is wrong with the issuing bodies of a folder, in file order.

    Args:
        folder: ``issuers/`` of a rules folder.
    """
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for path in yaml_files(folder):
        try:
            issuer, document, found = read_issuer(path)
        except BadInputError as unreadable:
            problems += unreadable.problems
            continue
        problems += found
        if issuer:
            problems += _problems(issuer, document, path, seen)
            seen.setdefault(issuer.id, path.name)
    return in_file_order(problems)


def _problems(issuer: Issuer, document: Document, path: Path, seen: dict[str, str]) -> Iterator[Problem]:
    if issuer.id in seen:
        expected = _("each id once; {file} has it already").format(file=seen[issuer.id])
        yield document.problem("issuer-twice", expected, ("id",), value=issuer.id)
    if issuer.id != path.stem:
        expected = _("the name of its file: {name}").format(name=path.stem)
        yield document.problem("issuer-id", expected, ("id",), value=issuer.id)
    if len(issuer.number_symbol) > _LONGEST_SYMBOL or not _SYMBOL.fullmatch(issuer.number_symbol):
        expected = _("capital letters, the body and after a hyphen the division that drafts, such as BNV-CCHC")
        yield document.problem("issuer-symbol", expected, ("number_symbol",), value=issuer.number_symbol)
    for steps, text in _texts(issuer):
        known = _FILLED.get(str(steps[0]), set())
        for said in (text.vi, text.en or ""):
            for blank in _BLANK.findall(said):
                if blank not in known:
                    expected = (
                        _("only {known} in braces").format(known=", ".join(sorted(known))) if known else _("no braces")
                    )
                    yield document.problem("issuer-blank", expected, steps, value=blank)


def _texts(issuer: Issuer) -> Iterator[tuple[Steps, Text]]:
    for key in ("name", "governing_body", "issuing_body", "place"):
        yield (key,), getattr(issuer, key)
    for key in ("authority", "title", "name"):
        yield ("signature", key), getattr(issuer.signature, key)
    for place, line in enumerate(issuer.recipients):
        yield ("recipients", place), line
