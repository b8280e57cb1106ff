"""Every fact of a PAPI year computed the plain way: csv, floats and loops, nothing of the package under test.

The definitions are those of the rule author's guide. What follows is slow on purpose: each leave-one-out figure
takes the other units' values, sorts them and reads the answer off.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from statistics import fmean

from papi_sheets import REGION_OF, TOTAL, YEARS, Node, Sheet, read_sheet

Value = float | int | str | None
Cells = dict[str, float | None]
"""One figure for each unit code."""

MIN_PEERS = {"national": 5, "region": 3, "band": 5, "nearest": 5}
NEAREST = 10
Peers = Mapping[str, frozenset[str]]
"""The peers of each unit code; a unit that is in no group is not named."""
PEER_FACTS = (
    *("peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max", "peer_mean"),
    *("gap_to_median", "rank_in_peers", "percentile"),
)


def quantile(values: Sequence[float], share: float) -> float:
    """Linear interpolation between the two closest order statistics."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def competition_rank(value: float, field: Iterable[float]) -> int:
    """1 is best; equal values share the smaller number."""
    own = round(value, 9)
    return 1 + sum(round(other, 9) > own for other in field)


def ranks(cells: Mapping[str, float | None]) -> dict[str, int | None]:
    field = known(cells.values())
    return {unit: None if value is None else competition_rank(value, field) for unit, value in cells.items()}


def others(cells: Mapping[str, float | None], peers: frozenset[str]) -> list[float]:
    """The values of a unit's peers, among whom it is not."""
    return known(value for unit, value in cells.items() if unit in peers)


@cache
def peer_sets(year: int, group: str) -> Peers:
    sheet = sheets()[year]
    if group == "nearest":
        return nearest(sheets().get(year - 1))
    totals = {unit: sheet.scores[unit, TOTAL] for unit in sheet.units}
    kinds: dict[str, dict[str, str | None]] = {
        "national": dict.fromkeys(sheet.units, "all"),
        "region": dict(REGION_OF),
        "band": {unit: band(totals, unit) for unit in sheet.units},
    }
    kind = kinds[group]
    return {
        unit: frozenset(other for other in sheet.units if other != unit and kind[other] == kind[unit])
        for unit in sheet.units
        if kind[unit]
    }


def nearest(before: Sheet | None) -> Peers:
    """The ten units nearest by the previous period's total; equally near ones in code order."""
    known_totals = {unit: before.scores[unit, TOTAL] for unit in before.units} if before else {}
    totals = {unit: total for unit, total in known_totals.items() if total is not None}
    result = {}
    for unit, own in totals.items():
        distance = {other: round(abs(total - own), 9) for other, total in totals.items() if other != unit}
        result[unit] = frozenset(sorted(distance, key=lambda other: (distance[other], other))[:NEAREST])
    return result


def attainment(score: float | None, node: Node) -> float | None:
    return None if score is None else (score - node.min_score) / (node.max_score - node.min_score)


@cache
def attainments(sheet: Sheet, code: str) -> Cells:
    return {unit: attainment(sheet.scores[unit, code], sheet.nodes[code]) for unit in sheet.units}


def peer_facts(cells: Cells, unit: str, peers: frozenset[str] | None, enough: int) -> dict[str, Value]:
    if peers is None:
        return dict.fromkeys(("peers_n", *PEER_FACTS))
    field = others(cells, peers)
    facts: dict[str, Value] = {"peers_n": len(field), **dict.fromkeys(PEER_FACTS)}
    if len(field) < enough:
        return facts
    middle = quantile(field, 0.5)
    facts |= {"peer_min": min(field), "peer_max": max(field), "peer_mean": fmean(field), "peer_median": middle}
    facts |= {"peer_p25": quantile(field, 0.25), "peer_p75": quantile(field, 0.75)}
    own = cells[unit]
    if own is not None:
        facts["gap_to_median"] = own - middle
        facts["rank_in_peers"] = competition_rank(own, field)
        facts["percentile"] = sum(round(other, 9) < round(own, 9) for other in field) / len(field)
    return facts


def same_concept(sheet: Sheet, concept: str) -> str | None:
    """The code under which an edition scores the concept."""
    return next((code for code, node in sheet.nodes.items() if node.concept == concept), None)


def trend_facts(
    sheet: Sheet, before: Sheet | None, code: str, peers: Peers, enough: int
) -> dict[str, dict[str, Value]]:
    """For each unit, what the preceding published period says of the node's concept."""
    names = ("previous_period", "previous_score", "previous_attainment", "delta", "peer_delta", "rank_change")
    old_code = same_concept(before, sheet.nodes[code].concept) if before else None
    if before is None or old_code is None:
        return {unit: dict.fromkeys(names) for unit in sheet.units}
    now, then = attainments(sheet, code), attainments(before, old_code)
    rank_now, rank_then = ranks(now), ranks(then)
    deltas: Cells = {unit: difference(now[unit], then.get(unit)) for unit in sheet.units}
    result = {}
    for unit in sheet.units:
        field = others(deltas, peers.get(unit, frozenset()))
        result[unit] = {
            "previous_period": before.period,
            "previous_score": before.scores.get((unit, old_code)),
            "previous_attainment": then.get(unit),
            "delta": deltas[unit],
            "peer_delta": quantile(field, 0.5) if len(field) >= enough else None,
            "rank_change": difference(rank_then.get(unit), rank_now[unit]),
        }
    return result


def difference(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right


@cache
def below_own_quarter(sheet: Sheet, code: str, unit: str) -> bool:
    cells = attainments(sheet, code)
    own, field = cells.get(unit), known(value for other, value in cells.items() if other != unit)
    return own is not None and len(field) >= MIN_PEERS["national"] and own < quantile(field, 0.25)


def periods_below(history: Sequence[Sheet], concept: str, unit: str) -> int:
    """Consecutive published periods, newest first, in which the unit was below the national lower quartile."""
    run = 0
    for sheet in history:
        code = same_concept(sheet, concept)
        if code is None or unit not in sheet.units or not below_own_quarter(sheet, code, unit):
            break
        run += 1
    return run


def gain_facts(sheet: Sheet, code: str, unit: str, peers: Mapping[str, Value]) -> dict[str, Value]:
    """Points of total, and the rank of the total, if this node alone changed."""
    node, totals = sheet.nodes[code], {name: sheet.scores[name, TOTAL] for name in sheet.units}
    total, score, own = totals[unit], sheet.scores[unit, code], attainment(sheet.scores[unit, code], node)
    names = ("gain_to_median", "gain_to_best", "rank_if_median", "rank_if_max")
    facts: dict[str, Value] = dict.fromkeys(names)
    if total is None or score is None or own is None:
        return facts
    field = known(value for name, value in totals.items() if name != unit)
    facts["rank_if_max"] = competition_rank(total + node.max_score - score, field)
    middle, best = peers["peer_median"], peers["peer_max"]
    if isinstance(middle, float) and isinstance(best, float):
        span = node.max_score - node.min_score
        gain = max(0.0, middle - own) * span
        facts |= {"gain_to_median": gain, "gain_to_best": max(0.0, best - own) * span}
        facts["rank_if_median"] = competition_rank(total + gain, field)
    return facts


def unit_facts(sheet: Sheet, unit: str) -> dict[str, Value]:
    totals = {name: sheet.scores[name, TOTAL] for name in sheet.units}
    published_total, published_rank = sheet.published.get(unit, (None, None))
    return {
        "period": sheet.period,
        "unit_name": sheet.units[unit],
        "region": REGION_OF[unit],
        "total": totals[unit],
        "total_rank": ranks(totals)[unit],
        "total_n": len(known(totals.values())),
        "published_total": published_total,
        "published_rank": published_rank,
        "band": band(totals, unit),
    }


def band(totals: Cells, unit: str) -> str | None:
    """PAPI's four groups: quartiles over all provinces, those without a total standing below the others."""
    own = totals[unit]
    if own is None:
        return None
    lowest = [-1.0 if value is None else value for value in totals.values()]
    names = ("Cao", "Trung bình cao", "Trung bình thấp")
    for name, share in zip(names, (0.75, 0.5, 0.25), strict=True):
        if round(own, 9) >= round(quantile(lowest, share), 9):
            return name
    return "Thấp"


@cache
def sheets() -> dict[int, Sheet]:
    return {year: read_sheet(year) for year in YEARS}


@cache
def facts_of(year: int, group: str = "national") -> dict[tuple[str, str], dict[str, Value]]:
    """Every fact of a PAPI year, by unit code and node code."""
    history = [sheets()[past] for past in range(year, YEARS[0] - 1, -1)]
    sheet, before = history[0], history[1] if len(history) > 1 else None
    peers, enough = peer_sets(year, group), MIN_PEERS[group]
    by_unit = {unit: unit_facts(sheet, unit) for unit in sheet.units}
    result = {}
    for code, node in sheet.nodes.items():
        cells, trends = attainments(sheet, code), trend_facts(sheet, before, code, peers, enough)
        node_ranks = ranks(cells)
        for unit in sheet.units:
            score = sheet.scores[unit, code]
            compared = peer_facts(cells, unit, peers.get(unit), enough)
            result[unit, code] = {
                "score": score,
                "min_score": node.min_score,
                "max_score": node.max_score,
                "lost_points": difference(node.max_score, score),
                "level": node.level,
                "concept": node.concept,
                "direction": "higher",
                "attainment": cells[unit],
                "rank": node_ranks[unit],
                "n": len(known(cells.values())),
                **by_unit[unit],
                **compared,
                **trends[unit],
                **gain_facts(sheet, code, unit, compared),
                "periods_below": periods_below(history, node.concept, unit),
            }
    return result
