"""The groups of an index: which one a total is in, and the one above."""

from __future__ import annotations

from bisect import bisect
from typing import TYPE_CHECKING

from thammuu.memos.view import SAME_TOTAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thammuu.memos.wording import Words
    from thammuu.rulepack.frameworks import Band, Framework

_FULL_PERCENT = 100


def band_name(framework: Framework, name: str, words: Words) -> str:
    """Return the name of a group in the memo's language, given the name that the facts keep."""
    return next((words.text(band.name) for band in framework.bands if band.name.vi == name), name)


def in_group(name: str, words: Words) -> str:
    """Return ``nhóm Trung bình cao``, ``group B``, ``the upper middle group``."""
    english = f"group {name}" if len(name) == 1 else f"the {name.lower()} group"
    return words.say("nhóm {name}", "{english}", name=name, english=english)


def band_of(framework: Framework, total: float, others: Sequence[float], unscored: int = 0) -> Band | None:
    """Return the group that a total is in; None where the index has none.

    Args:
        framework: The edition.
        total: On the full scale.
        others: The totals of all other units, which quartiles need: rising, rounded as they are compared.
        unscored: How many units of the publication have no total.
    """
    falling = sorted(framework.bands, key=lambda band: -(band.from_value or 0.0))
    if framework.band_method == "percent-of-max" and framework.root.max:
        percent = round(total / framework.root.max * _FULL_PERCENT, SAME_TOTAL)
        return next((band for band in falling if percent >= (band.from_value or 0.0)), None)
    if framework.band_method == "quartile":
        mine = round(total, SAME_TOTAL)
        at = bisect(others, mine)
        field = (*others[:at], mine, *others[at:])
        marks = ((band, percentile_mark(field, (band.from_value or 0.0) / _FULL_PERCENT, unscored)) for band in falling)
        return next((band for band, mark in marks if mine >= mark), None)
    return None


def band_above(framework: Framework, band: Band) -> Band | None:
    """Return the next better group, None for the best."""
    start = band.from_value or 0.0
    higher = [one for one in framework.bands if (one.from_value or 0.0) > start]
    return min(higher, key=lambda one: one.from_value or 0.0, default=None)


def percentile_mark(scored: Sequence[float], share: float, unscored: int) -> float:
    """Return the total from which a unit stands at or above a percentile of all units of a publication.

    Args:
        scored: All totals, rising, rounded as they are compared.
        share: The percentile as a share of 1.
        unscored: How many units of the publication have no total.

    Units without a total keep their place below all others, as in the facts.
    """
    at = share * (len(scored) + unscored - 1) - unscored
    if at <= 0 or not scored:
        return float("-inf")
    low = int(at)
    high = min(low + 1, len(scored) - 1)
    return round(scored[low] + (scored[high] - scored[low]) * (at - low), SAME_TOTAL)
