"""A simulated rule pack and score file: communes that do not exist, scored at random on PAPI's tree."""

from __future__ import annotations

import csv
import random
import shutil
from pathlib import Path

import yaml

from thammuu.rulepack.pack import RulePack

CHECKOUT = Path(__file__).parents[1]


def simulated_rules(folder: Path, units: int) -> Path:
    """Copy the shipped rules and replace the provinces by simulated ones; return the copy."""
    rules = folder / "rules"
    shutil.copytree(CHECKOUT / "rules", rules)
    shutil.rmtree(rules / "units")
    (rules / "units").mkdir()
    listed: list[dict[str, str]] = [
        {
            "id": f"simulated-{number}",
            "code": f"{number:05d}",
            "name": f"Mô phỏng {number}",
            "en": f"Simulated {number}",
        }
        for number in range(1, units + 1)
    ]
    document = {"level": "province", "sources": ["số liệu mô phỏng"], "units": listed}
    (rules / "units" / "simulated.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return rules


def simulated_scores(folder: Path, units: int, period: str = "2022", seed: int = 1) -> Path:
    """Write a long score file for every simulated unit; return its path."""
    framework = RulePack(CHECKOUT / "rules").frameworks.get("papi-2021")
    chance = random.Random(seed)
    path = folder / f"simulated-{units}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["period", "entity_code", "entity_name", "criterion_code", "score"])
        for number in range(1, units + 1):
            for leaf in framework.leaves:
                assert leaf.min is not None
                assert leaf.max is not None
                share = min(1.0, max(0.0, chance.gauss(0.55, 0.15)))
                score = f"{leaf.min + share * (leaf.max - leaf.min):.6f}"
                writer.writerow([period, f"{number:05d}", f"Mô phỏng {number}", leaf.code, score])
    return path
