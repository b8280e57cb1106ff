"""A round at a glance: each unit's ranks, worst findings, tasks and possible gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thammuu.intake import register
from thammuu.memos import round as rounds
from thammuu.memos.gain import shortest_path
from thammuu.memos.published import board_of, published_view
from thammuu.memos.shelf import listing
from thammuu.memos.weighing import weighed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.bus.context import Context
    from thammuu.memos.view import PublicationView
    from thammuu.memos.weighing import Weighed

_WORST = 2
_NAME_LENGTH = 40
_SEVERE = ("critical", "major")


def round_overview(context: Context, round_name: str, language: str) -> list[dict[str, Any]]:
    """Return one row a memo of a round, by unit code.

    Args:
        context: The program's parts.
        round_name: The round.
        language: Of the criteria's names, ``vi`` or ``en``.
    """
    with context.database.snapshot() as connection:
        last = register.next_sequence(connection) - 1
        answered = rounds.answered(register.as_of(context, connection, last), round_name, last)
        rows = []
        for memo in listing(context, round_name):
            mine = [row for row in answered if memo["unit_id"] in board_of(context, connection, row).spans]
            as_of = max((row.published_on for row in mine), default=context.clock().date())
            views = [published_view(context, connection, row, memo["unit_id"], as_of) for row in mine]
            rows.append(_row(memo, views, language))
    return rows


def _row(memo: dict[str, Any], views: Sequence[PublicationView], language: str) -> dict[str, Any]:
    gains = [path[2] - path[1] for path in map(shortest_path, views) if path[0]]
    return {
        "unit_code": memo["unit_code"],
        "unit": memo["unit_name"],
        "rank": ", ".join(filter(None, (_rank(view, language) for view in views))),
        "worst_findings": "; ".join(_worst(views, language)),
        "tasks": memo["tasks"],
        "possible_gain": round(sum(gains), 2) if gains else None,
    }


def _worst(views: Sequence[PublicationView], language: str) -> list[str]:
    severe = [one for one in weighed(views) if one.finding.severity in _SEVERE]
    named = [_named(one, language) for one in sorted(severe, key=_leaves_first)[:_WORST]]
    return [*named, f"+{len(severe) - _WORST}"] if len(severe) > _WORST else named


def _leaves_first(one: Weighed) -> bool:
    return not one.view.framework.is_leaf(one.node.code)


def _named(one: Weighed, language: str) -> str:
    code = "" if one.node.own_code else f"{one.node.code} "
    name = one.node.name.in_language(language)
    return f"{code}{name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + '…'}"


def _rank(view: PublicationView, language: str) -> str:
    total = view.total_row
    rank = total.get("total_rank") if view.complete else total.get("published_rank")
    if rank is None:
        return ""
    of = f"/{total['total_n']}" if view.complete else ""
    return f"{view.framework.short_title.in_language(language)} {rank}{of}"
