"""What a sentence rests on: short references that ``memos why`` follows back to events, rules and files.

A reference is ``kind:name``. Kinds: ``publication`` (its event and source lines), ``score`` and ``fact``
(``publication/unit/code``: the printed score, the computed figures), ``finding`` (its rule and facts), ``action``,
``practice``, ``legal``, ``agency`` and ``calendar`` (entries of the rule pack), ``unit``, ``issuer`` (its file),
``aggregate`` (``publication/label``: a printed row that is no unit, such as the national mean), ``memo``
(``memo@version``: an earlier memo), ``person`` (what somebody wrote) and ``form`` (fixed words of a form).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thammuu.memos.view import HistoryPoint, PartResult, PublicationView
    from thammuu.memos.weighing import Weighed

KINDS = frozenset(
    {
        "publication",
        "score",
        "fact",
        "finding",
        "action",
        "practice",
        "legal",
        "agency",
        "calendar",
        "unit",
        "issuer",
        "memo",
        "person",
        "form",
        "aggregate",
    }
)


def publication(view: PublicationView) -> str:
    """Refer to a publication."""
    return f"publication:{view.publication_id}"


def score(view: PublicationView, code: str) -> str:
    """Refer to the printed score of the view's unit on a node."""
    return f"score:{view.publication_id}/{view.unit_id}/{code}"


def fact(view: PublicationView, code: str) -> str:
    """Refer to the computed facts of the view's unit on a node."""
    return f"fact:{view.publication_id}/{view.unit_id}/{code}"


def peer(view: PublicationView, unit_id: str, code: str) -> str:
    """Refer to another unit's facts on a node."""
    return f"fact:{view.publication_id}/{unit_id}/{code}"


def earlier(point: HistoryPoint | PartResult, unit_id: str, code: str) -> tuple[str, ...]:
    """Refer to a unit's facts in the publication of another period; to none where that is not known."""
    return (f"fact:{point.publication_id}/{unit_id}/{code}",) if point.publication_id else ()


def aggregate(view: PublicationView, label: str) -> str:
    """Refer to a printed row that is no unit, by its label."""
    return f"aggregate:{view.publication_id}/{label}"


def finding(one: Weighed) -> str:
    """Refer to a finding."""
    return f"finding:{one.finding.id}"


def action(name: str) -> str:
    """Refer to an action of the catalogue."""
    return f"action:{name}"


def practice(name: str) -> str:
    """Refer to a practice of the rule pack."""
    return f"practice:{name}"


def legal(name: str) -> str:
    """Refer to a legal text of the rule pack."""
    return f"legal:{name}"


def agency(name: str) -> str:
    """Refer to an office of the rule pack."""
    return f"agency:{name}"


def unit(name: str) -> str:
    """Refer to a unit."""
    return f"unit:{name}"


def issuer(name: str) -> str:
    """Refer to an issuing body's file."""
    return f"issuer:{name}"


def memo(memo_id: str, version: int) -> str:
    """Refer to a version of a memo."""
    return f"memo:{memo_id}@{version}"


def form(name: str) -> str:
    """Refer to the fixed words of a form."""
    return f"form:{name}"


CALENDAR = "calendar:working-days"
