"""The headings of tables in the user's language; JSON and CSV keep the columns' own names."""

from __future__ import annotations

from thammuu.i18n import _


def heading(column: str) -> str:
    """Return the heading of a column, such as ``unit code`` for ``unit_code``."""
    return _headings().get(column, column.replace("_", " "))


def _headings() -> dict[str, str]:
    return {
        "after": _("after"),
        "attainment": _("attainment"),
        "attempt": _("try"),
        "attempts": _("tries"),
        "before": _("before"),
        "by": _("by"),
        "channel": _("channel"),
        "check": _("check"),
        "code": _("code"),
        "complete": _("complete"),
        "concept": _("concept"),
        "data": _("data"),
        "deadline": _("deadline"),
        "delivery_id": _("delivery"),
        "delta": _("delta"),
        "detail": _("detail"),
        "due": _("due"),
        "explain": _("explain"),
        "field": _("field"),
        "findings": _("findings"),
        "gain_points": _("gain (points)"),
        "level": _("level"),
        "line": _("line"),
        "memo_id": _("memo id"),
        "memos": _("memos"),
        "missing": _("missing"),
        "name": _("name"),
        "number": _("number"),
        "overdue": _("overdue"),
        "peer_median": _("peer median"),
        "place": _("place"),
        "position": _("position"),
        "possible_gain": _("possible gain"),
        "publication_id": _("publication id"),
        "published_on": _("published on"),
        "rank": _("rank"),
        "rank_after": _("rank after"),
        "reason": _("reason"),
        "recipient_id": _("recipient"),
        "rests_on": _("rests on"),
        "round": _("round"),
        "rule": _("rule"),
        "score": _("score"),
        "scores": _("scores"),
        "severity": _("severity"),
        "state": _("state"),
        "status": _("status"),
        "step": _("step"),
        "subject": _("subject"),
        "tasks": _("tasks"),
        "text": _("text"),
        "time": _("time"),
        "total_after": _("total after"),
        "type": _("type"),
        "unit": _("unit"),
        "unit_code": _("unit code"),
        "unit_name": _("unit name"),
        "units": _("units"),
        "unknowns": _("possible second copies"),
        "value": _("value"),
        "version": _("version"),
        "what": _("what"),
        "where": _("where"),
        "worst_findings": _("worst findings"),
    }
