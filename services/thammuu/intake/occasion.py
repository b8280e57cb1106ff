"""When and for what scores are published."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError, Problem
from thammuu.i18n import _

if TYPE_CHECKING:
    from datetime import date

    from thammuu.intake.register import Registered
    from thammuu.period import Period

MAX_REASON = 1_000
_ROUND = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,38}[A-Za-z0-9])?")
_AHEAD = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and for what a submission is published.

    Args:
        published_on: Date of publication; memos of the round follow the law and offices of that date.
        round: Name of the round that answers it.
        history: Load for trends only, without memos.
    """

    published_on: date
    round: str
    history: bool = False


def occasion_for(  # noqa: PLR0913  what a publisher may say
    *,
    period: Period,
    today: date,
    published_on: date | None,
    round_name: str | None,
    history: bool,
    standing: Registered | None,
) -> Occasion:
    """Return the occasion of a publication, with the defaults that the command's help states.

    Args:
        period: The scored period.
        today: The date in Viet Nam.
        published_on: As asked for; today if None.
        round_name: As asked for; that of the standing revision, else the year of publication, if None.
        history: Load for trends only.
        standing: The latest standing revision of the same period: a correction stays in its round.

    Raises:
        BadInputError: With every problem of the date and the round.
    """
    day = published_on or today
    answered = standing.round if standing and not standing.history else None
    name = round_name or answered or str(day.year)
    problems = [*_date_problems(day, period, today), *_round_problems(name, answered)]
    if answered and history:
        expected = _("no --history: memos of round {round} answer this period; withdraw it first").format(
            round=answered
        )
        problems.append(Problem("history-of-answered-period", expected, value="--history"))
    if problems:
        raise BadInputError(_("The request was refused; nothing was written."), problems)
    return Occasion(day, name, history)


def checked_reason(reason: str) -> str:
    """Return the reason of a withdrawal as the ledger may keep it.

    Raises:
        BadInputError: If it is empty, too long or holds characters that nobody sees.
    """
    text = unicodedata.normalize("NFC", reason).strip()
    if not text or len(text) > MAX_REASON or any(unicodedata.category(letter)[0] == "C" for letter in text):
        expected = _("1 to {n} visible characters").format(n=MAX_REASON)
        raise BadInputError(_("The reason was refused."), [Problem("bad-reason", expected, value=repr(text[:60]))])
    return text


def _date_problems(day: date, period: Period, today: date) -> list[Problem]:
    if day < period.start:
        expected = _("a day in or after the period {period}").format(period=period)
        return [Problem("published-before-period", expected, value=str(day))]
    if day > today + _AHEAD:
        return [Problem("published-far-ahead", _("a day at most a year ahead"), value=str(day))]
    return []


def _round_problems(name: str, answered: str | None) -> list[Problem]:
    if not _ROUND.fullmatch(name):
        expected = _("1 to 40 letters, digits, dots, hyphens or underscores; it names files")
        return [Problem("bad-round", expected, value=repr(name[:60]))]
    if answered and name != answered:
        expected = _("round {round}, in which this period is answered; withdraw it first").format(round=answered)
        return [Problem("round-of-answered-period", expected, value=name)]
    return []
