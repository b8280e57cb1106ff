"""A round at a glance: each unit's ranks, worst findings, tasks and possible gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thammuu.intake import register
from thammuu.memos.answering import answer_of
from thammuu.memos.sections.gain import shortest_path
from thammuu.memos.shelf import listing
from thammuu.memos.weighing import weighed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.bus.context import Context
    from thammuu.memos.view import PublicationView
    from thammuu.memos.weighing import Weighed
    from thammuu.rulepack.units import Unit

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
        pack = context.packs.active.hash
        rows = []
        for memo in listing(context, round_name):
            answer = answer_of(context, connection, memo["unit_id"], round_name, last, pack, memo["dated"])
            rows.append(_row(memo, answer.parts if answer else (), language))
    return rows


def _row(
    memo: dict[str, Any], parts: Sequence[tuple[Unit, Sequence[PublicationView]]], language: str
) -> dict[str, Any]:
    views = [view for _unit, mine in parts for view in mine]
    gains = [step.gain_points for view in views if (path := shortest_path(view)) for step in path.steps]
    return {
        "unit_code": memo["unit_code"],
        "unit": memo["unit_name"],
        "rank": "; ".join(filter(None, (_ranks(unit, mine, memo, language) for unit, mine in parts))),
        "worst_findings": "; ".join(_worst(views, language)),
        "tasks": memo["tasks"],
        # the points of units that have merged since are never added up
        "possible_gain": round(sum(gains), 2) if gains and len(parts) == 1 else None,
    }


def _ranks(unit: Unit, views: Sequence[PublicationView], memo: dict[str, Any], language: str) -> str:
    """Return the unit's ranks, with its name where it has merged into the memo's unit since."""
    told = ", ".join(filter(None, (_rank(view, language) for view in views)))
    if not told or unit.id == memo["unit_id"]:
        return told
    return f"{unit.name_on(memo['dated'])}: {told}"


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
