"""Peer groups: with whom a unit is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

if TYPE_CHECKING:
    from thammuu.analysis.scoring import Grid

Kind = Literal["national", "region", "band", "nearest", "list"]

NEIGHBOURS = 10
"""How many units the group of nearest ones holds."""


@dataclass(frozen=True)
class PeerGroup:
    """A named way to choose peers; a unit is never its own peer and peers are of its level.

    Args:
        name: How rules and users call it.
        kind: ``national`` (all units), ``region``, ``band`` (of the total), ``nearest`` (by previous total) or
            ``list`` (the units named in ``members`` are one another's peers; others have none).
        min_peers: Fewer scored peers than this leave the group's facts null.
        size: Number of units of a ``nearest`` group.
        members: Unit ids of a ``list`` group.
        phrase_vi: The group in a sentence, ``{units}`` for the units of its level: "{units} trong vùng".
        phrase_en: The same in English.
    """

    name: str
    kind: Kind = "national"
    min_peers: int = 5
    size: int = NEIGHBOURS
    members: tuple[str, ...] = ()
    phrase_vi: str = "{units}"
    phrase_en: str = "{units}"

    def phrase(self, unit_level: str, language: str) -> str:
        """Return the group in a sentence about units of a level."""
        units = UNITS.get(unit_level, UNITS["unit"])[language]
        return (self.phrase_vi if language == "vi" else self.phrase_en).replace("{units}", units)


UNITS = {
    "province": {"vi": "các tỉnh, thành phố", "en": "the provinces"},
    "ministry": {"vi": "các bộ, cơ quan ngang bộ", "en": "the ministries"},
    "commune": {"vi": "các xã, phường, đặc khu", "en": "the communes"},
    "unit": {"vi": "các đơn vị", "en": "the units"},
}
"""What the units of a level are called together; ``unit`` for a level without a name of its own."""

NATIONAL = PeerGroup("national")
"""All units of the same level: the default."""

_REGION = PeerGroup("region", "region", 3, phrase_vi="{units} trong vùng", phrase_en="{units} of its region")
_BAND = PeerGroup("band", "band", phrase_vi="{units} cùng nhóm", phrase_en="{units} of its group")
_NEAREST = PeerGroup(
    "nearest",
    "nearest",
    phrase_vi="{units} có tổng điểm kỳ trước gần nhất",
    phrase_en="{units} nearest by previous total",
)

BUILT_IN = {group.name: group for group in (NATIONAL, _REGION, _BAND, _NEAREST)}
"""The groups that exist without a ``peers.yaml``."""


def partition(group: PeerGroup, grid: Grid, bands: pl.Series) -> pl.Series:
    """Return for each unit the number of the part it is compared within, null for none.

    Args:
        group: Any group but ``nearest``.
        grid: The scored publication.
        bands: The band of each unit's total.
    """
    level = grid.units["unit_level"]
    within = {
        "national": level,
        "region": grid.units["region"],
        "band": bands,
        "list": grid.units.select(
            pl.when(pl.col("unit_id").is_in(list(group.members))).then(pl.lit(group.name))
        ).to_series(),
    }[group.kind]
    keys = pl.select(pl.concat_str(level, within.cast(pl.String), separator="\x1f")).to_series()
    return keys.cast(pl.Enum(keys.drop_nulls().unique(maintain_order=True))).to_physical().cast(pl.UInt32)


def nearest_units(group: PeerGroup, levels: pl.Series, totals: pl.Series) -> pl.DataFrame:
    """Return the pairs ``u peer`` of the units nearest by a total; ties go to the smaller unit code.

    Args:
        group: How many to take.
        levels: Level of each unit, in code order.
        totals: Previous total of each unit; units without one have no peers and are no one's.
    """
    ladder = pl.DataFrame({"u": pl.arange(len(totals), eager=True), "level": levels, "total": totals})
    pairs = [
        (unit, peer)
        for _level, part in ladder.drop_nulls("total").sort("total", "u").group_by("level", maintain_order=True)
        for unit, peer in _pairs(part["u"].to_list(), part["total"].to_list(), group.size)
    ]
    return pl.DataFrame(pairs, schema={"u": pl.UInt32, "peer": pl.UInt32}, orient="row")


def _pairs(units: list[int], totals: list[float], size: int) -> list[tuple[int, int]]:
    """Units are sorted by total; look only as far as the size, and further among equal distances."""
    found = []
    for here, own in enumerate(totals):
        reach = sorted(_reach(totals, here, size), key=lambda at: (round(abs(totals[at] - own), 9), units[at]))
        found += [(units[here], units[at]) for at in reach[:size]]
    return found


def _reach(totals: list[float], here: int, size: int) -> list[int]:
    low, high, last = max(0, here - size), min(len(totals) - 1, here + size), len(totals) - 1
    while low > 0 and totals[low - 1] == totals[low]:
        low -= 1
    while high < last and totals[high + 1] == totals[high]:
        high += 1
    return [at for at in range(low, high + 1) if at != here]
