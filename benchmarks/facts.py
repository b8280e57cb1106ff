"""How long facts and rules take on simulated scores, against plain polars windows and a row-by-row engine.

Each line is measured in a process of its own: best of three runs, and the process's peak memory.

    python benchmarks/facts.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

LARGE, SMALL = 10_000, 100
CRITERIA = 100
LIMIT_WINDOWS, LIMIT_ENGINE, LIMIT_MB = 8.0, 100.0, 1_500.0
LINES = {
    "windows-join": "plain windows: median, p25, rank; previous by join",
    "windows-keyed": "the same on integer keys made beforehand (no limit is set against it)",
    "windows-shift": "plain windows: median, p25, rank; previous by shift over unit, code",
    "facts": "all facts, national peers",
    "facts-and-rules": "all facts and every shipped rule (national and regional peers)",
    "sheets": "the same as the program does: some nodes at a time, read back by unit",
    "findings": "all of it with findings and their sentences written",
    "conditions": "conditions of the shipped rules alone, on ready-made facts",
    "row-engine": "the same conditions in zen-engine, row by row",
}


def measured(line: str, units: int) -> dict[str, float]:
    """Return seconds, peak memory and the number of results of one line."""
    task = Path(__file__).with_name("facts_task.py")
    done = subprocess.run([sys.executable, str(task), line, str(units)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> int:
    """Print the table; return 1 if a limit is broken."""
    table = {(line, units): measured(line, units) for line in LINES for units in (SMALL, LARGE)}
    print(f"{'simulated scores':<75}{'10,000':>10}{'1,000,000':>12}{'peak MB':>10}{'results':>10}")
    for line, title in LINES.items():
        small, large = table[line, SMALL], table[line, LARGE]
        seconds = f"{small['seconds']:>9.4f}s{large['seconds']:>11.3f}s"
        print(f"{title:<75}{seconds}{large['peak_mb']:>10.0f}{large['results']:>10.0f}")
    seconds = {line: table[line, LARGE]["seconds"] for line in LINES}
    whole, engine = seconds["facts-and-rules"], seconds["row-engine"]
    growth = whole / table["facts-and-rules", SMALL]["seconds"]
    checks = {
        "facts and rules / windows with join": (whole / seconds["windows-join"], LIMIT_WINDOWS),
        "facts and rules / windows with shift": (whole / seconds["windows-shift"], LIMIT_WINDOWS),
        "facts and rules / row engine's conditions": (whole / engine, 1.0),
        "100 x conditions / row engine's conditions": (LIMIT_ENGINE * seconds["conditions"] / engine, 1.0),
        "growth from 10,000 to 1,000,000 scores": (growth, LARGE / SMALL),
        "peak memory of facts and rules, MB": (table["facts-and-rules", LARGE]["peak_mb"], LIMIT_MB),
    }
    for name, (value, limit) in checks.items():
        print(f"{name:<50}{value:>10.2f}  limit {limit:g}  {'ok' if value <= limit else 'BROKEN'}")
    return int(any(value > limit for value, limit in checks.values()))


if __name__ == "__main__":
    raise SystemExit(main())
