"""PAPI sheets read with the csv module alone, and the little that must be known beside them."""

import csv
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
YEARS = range(2011, 2023)
TOTAL = "total"

REGION_OF = {
    code: region
    for region, codes in {
        "northern midlands and mountains": "02 04 06 08 10 11 12 14 15 17 19 20 24 25",
        "Red River delta": "01 22 26 27 30 31 33 34 35 36 37",
        "north central and central coast": "38 40 42 44 45 46 48 49 51 52 54 56 58 60",
        "central highlands": "62 64 66 67 68",
        "south-east": "70 72 74 75 77 79",
        "Mekong delta": "80 82 83 84 86 87 89 91 92 93 94 95 96",
    }.items()
    for code in codes.split()
}
"""The six regions of the 63 provinces before 1 July 2025."""


@dataclass(frozen=True)
class Node:
    code: str
    level: str
    concept: str
    min_score: float
    max_score: float
    children: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Sheet:
    """One year; compared by identity, so that figures derived from it can be kept."""

    period: str
    nodes: dict[str, Node]
    units: dict[str, str]
    scores: dict[tuple[str, str], float | None]
    published: dict[str, tuple[float | None, int | None]]


def sheet_path(year: int) -> Path:
    for folder in (CHECKOUT / "examples" / "papi", CHECKOUT / "tests" / "data" / "papi"):
        if (folder / f"papi-{year}.csv").exists():
            return folder / f"papi-{year}.csv"
    raise FileNotFoundError(year)


def _tree(criteria: dict[str, tuple[str, float, float]]) -> dict[str, Node]:
    """A criterion keeps its concept while it keeps its name; a dimension keeps it with its number."""
    nodes = {code: Node(code, "criterion", name, low, high) for code, (name, low, high) in criteria.items()}
    dimensions = sorted({code.split(".")[0] for code in criteria})
    for dimension in dimensions:
        children = tuple(sorted(code for code in criteria if code.split(".")[0] == dimension))
        nodes[dimension] = Node(dimension, "domain", f"dimension {dimension}", 1.0, 10.0, children)
    count = len(dimensions)
    nodes[TOTAL] = Node(TOTAL, "total", TOTAL, 1.0 * count, 10.0 * count, tuple(dimensions))
    return nodes


def _number(text: str | None) -> float | None:
    return float(text.replace(",", ".")) if text else None


def read_sheet(year: int) -> Sheet:
    lines = sheet_path(year).read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    criteria = {
        row["criterion_code"]: (row["criterion_name"], float(row["min_score"]), float(row["max_score"]))
        for row in rows
        if "." in row["criterion_code"]
    }
    nodes = _tree(criteria)
    units = {row["entity_code"]: row["entity_name"] for row in rows}
    printed = {(row["entity_code"], row["criterion_code"]): _number(row["score"]) for row in rows}
    scores = {(unit, code): printed.get((unit, code)) for unit in units for code in criteria}
    for unit in units:
        for code in (*sorted(node for node in nodes if nodes[node].level == "domain"), TOTAL):
            parts = [scores[unit, child] for child in nodes[code].children]
            scores[unit, code] = None if None in parts else sum(part for part in parts if part is not None)
    published = {
        row["entity_code"]: (_number(row["score"]), int(row["rank"]) if row.get("rank") else None)
        for row in rows
        if row["criterion_code"] == TOTAL
    }
    return Sheet(str(year), nodes, units, scores, published)
