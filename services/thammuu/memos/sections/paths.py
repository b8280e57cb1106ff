"""The smallest set of criteria that reaches a rank, a group or the middle: exact, since totals add up.

With every other score unchanged, a set of k criteria gains at most what the k largest gains add up to. So the k
largest gains reach a goal if any k criteria do, and the first k that do are the smallest set.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING, Literal

from thammuu.memos.sections.bands import band_above, band_of
from thammuu.memos.view import SAME_TOTAL

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Sequence

    from thammuu.memos.view import PublicationView
    from thammuu.rulepack.frameworks import Band

Peer = Literal["peer_median", "peer_max"]
"""What criteria are raised to: the median or the best of the other units."""
_GAINS: dict[Peer, str] = {"peer_median": "gain_to_median", "peer_max": "gain_to_best"}


@dataclass(frozen=True, slots=True)
class Gain:
    """A criterion raised to its peers, and the points of total that brings."""

    code: str
    points: float


@dataclass(frozen=True, slots=True)
class Step:
    """A criterion of a path, with where the path stands after it."""

    code: str
    gain_points: float
    total_after: float
    rank_after: int


@dataclass(frozen=True, slots=True)
class Path:
    """The criteria to raise, and where that leads with the others unchanged.

    Args:
        to: What each is raised to.
        target_rank: What was asked for, None for a group or the middle.
        reached: Whether the target is reached; if not, the steps lead as far as any go.
        steps: The largest gain first.
        total_now: None where the unit has no total that adds up and is ranked.
        total_then: None like ``total_now``.
        rank_now: None like ``total_now``.
        rank_then: None like ``total_now``.
        n: How many units are ranked.
    """

    to: Peer
    target_rank: int | None
    reached: bool
    steps: tuple[Step, ...] = ()
    total_now: float | None = None
    total_then: float | None = None
    rank_now: int | None = None
    rank_then: int | None = None
    n: int = 0


@dataclass(frozen=True, slots=True)
class _Field:
    """The unit's total among the others, on the full scale.

    Args:
        scale: Full scale by the unit's own: above 1 where a part does not apply to it.
        others: Their totals, rising, rounded as they are compared.
    """

    total: float
    scale: float
    others: tuple[float, ...]

    def after(self, taken: Sequence[Gain]) -> float:
        return fsum([self.total, *(gain.points for gain in taken)])

    def rank(self, taken: Sequence[Gain]) -> int:
        return rank_of(self.after(taken) * self.scale, self.others)


def rank_of(total: float, others: Sequence[float]) -> int:
    """Return the competition rank of a total among other totals, which rise and are rounded as they are compared."""
    return 1 + len(others) - bisect_right(others, round(total, SAME_TOTAL))


def gains_of(view: PublicationView, to: Peer) -> tuple[Gain, ...]:
    """Return every criterion that gains points of total, the largest gain first."""
    points = [(node.code, view.row(node.code).get(_GAINS[to])) for node in view.framework.leaves]
    gains = [Gain(code, float(gain)) for code, gain in points if gain is not None and round(gain, SAME_TOTAL) > 0]
    return tuple(sorted(gains, key=lambda gain: (-gain.points, gain.code)))


def smallest_set(view: PublicationView, target_rank: int, *, to: Peer = "peer_median") -> Path:
    """Return the smallest set of criteria that, raised to their peers, reaches a rank.

    Args:
        view: The publication as the unit sees it.
        target_rank: 1 is the best.
        to: What each criterion is raised to.

    Returns:
        The path; where the rank is out of reach, the smallest set that gets as near as possible.
    """
    field = _field(view)
    if field is None:
        return Path(to, target_rank, reached=False)
    gains = gains_of(view, to)
    goal = max(target_rank, field.rank(gains))
    taken = _fewest(gains, lambda chosen: field.rank(chosen) <= goal)
    return _path(field, taken, to, target_rank, reached=field.rank(taken) <= target_rank)


def smallest_set_to_group(view: PublicationView, *, to: Peer = "peer_median") -> tuple[Band, Path] | None:
    """Return the group above the unit's own and the smallest set that reaches it; None if out of reach.

    Args:
        view: The publication as the unit sees it.
        to: What each criterion is raised to.
    """
    field = _field(view)
    if field is None:
        return None

    def group(chosen: Sequence[Gain]) -> Band | None:
        return band_of(view.framework, field.after(chosen) * field.scale, field.others, view.unscored)

    own = group(())
    above = band_above(view.framework, own) if own else None
    if own is None or above is None or own.name.vi != view.total_row.get("band"):
        return None
    start = above.from_value or 0.0

    def high_enough(chosen: Sequence[Gain]) -> bool:
        reached = group(chosen)
        return reached is not None and (reached.from_value or 0.0) >= start

    gains = gains_of(view, to)
    if not high_enough(gains):
        return None
    return above, _path(field, _fewest(gains, high_enough), to, None, reached=True)


def smallest_set_to_middle(view: PublicationView, *, to: Peer = "peer_median") -> Path | None:
    """Return the smallest set that reaches the median of all totals; None for a unit that is not below it.

    Args:
        view: The publication as the unit sees it.
        to: What each criterion is raised to.

    Returns:
        The path; where the median is out of reach, everything that can be gained.
    """
    field = _field(view)
    middle = round(_median(view.totals), SAME_TOTAL) if field else 0.0

    def high_enough(chosen: Sequence[Gain]) -> bool:
        return field is not None and round(field.after(chosen) * field.scale, SAME_TOTAL) >= middle

    if field is None or high_enough(()):
        return None
    taken = _fewest(gains_of(view, to), high_enough)
    return _path(field, taken, to, None, reached=high_enough(taken))


def path_of(view: PublicationView, codes: Container[str], *, to: Peer = "peer_median") -> Path | None:
    """Return where raising the given criteria leads; None where the unit has no total that adds up and is ranked."""
    field = _field(view)
    taken = tuple(gain for gain in gains_of(view, to) if gain.code in codes)
    return _path(field, taken, to, None, reached=True) if field else None


def _field(view: PublicationView) -> _Field | None:
    """Return the unit among the others; None where it has no total, or its rank is not the one the facts hold."""
    row, own = view.total_row, view.total_on_full_scale
    if own is None or not view.totals or not view.complete:
        return None
    totals = tuple(view.totals)
    at = bisect_left(totals, round(own, SAME_TOTAL))
    mine = min(range(max(at - 1, 0), min(at + 1, len(totals) - 1) + 1), key=lambda place: abs(totals[place] - own))
    field = _Field(float(row["total"]), view.scale, totals[:mine] + totals[mine + 1 :])
    return field if row.get("total_rank") in {None, field.rank(())} else None


def _median(rising: Sequence[float]) -> float:
    middle = len(rising) // 2
    return (rising[middle] + rising[-middle - 1]) / 2


def _fewest(gains: tuple[Gain, ...], enough: Callable[[Sequence[Gain]], bool]) -> tuple[Gain, ...]:
    return next(gains[:size] for size in range(len(gains) + 1) if size == len(gains) or enough(gains[:size]))


def _path(field: _Field, taken: tuple[Gain, ...], to: Peer, target_rank: int | None, *, reached: bool) -> Path:
    return Path(
        to=to,
        target_rank=target_rank,
        reached=reached,
        steps=tuple(
            Step(gain.code, gain.points, field.after(taken[:size]), field.rank(taken[:size]))
            for size, gain in enumerate(taken, start=1)
        ),
        total_now=field.total,
        total_then=field.after(taken),
        rank_now=field.rank(()),
        rank_then=field.rank(taken),
        n=len(field.others) + 1,
    )
