"""The headings of tables in the user's language; JSON and CSV keep the columns' own names."""

from __future__ import annotations

from thammuu.i18n import _


def heading(column: str) -> str:
    """Return the heading of a column, such as ``unit code`` for ``unit_code``."""
    return _headings().get(column, column.replace("_", " "))


def _headings() -> dict[str, str]:
    return {
        "attainment": _("attainment"),
        "check": _("check"),
        "code": _("code"),
        "complete": _("complete"),
        "concept": _("concept"),
        "data": _("data"),
        "delta": _("delta"),
        "detail": _("detail"),
        "explain": _("explain"),
        "findings": _("findings"),
        "level": _("level"),
        "memo_id": _("memo id"),
        "missing": _("missing"),
        "peer_median": _("peer median"),
        "position": _("position"),
        "possible_gain": _("possible gain"),
        "publication_id": _("publication id"),
        "published_on": _("published on"),
        "rank": _("rank"),
        "round": _("round"),
        "rule": _("rule"),
        "score": _("score"),
        "scores": _("scores"),
        "severity": _("severity"),
        "state": _("state"),
        "status": _("status"),
        "subject": _("subject"),
        "tasks": _("tasks"),
        "time": _("time"),
        "type": _("type"),
        "unit": _("unit"),
        "unit_code": _("unit code"),
        "unit_name": _("unit name"),
        "units": _("units"),
        "version": _("version"),
        "worst_findings": _("worst findings"),
    }
