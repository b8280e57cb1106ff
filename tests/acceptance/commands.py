"""What the fixtures of the command line give to tests."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Result:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401  any JSON value
        return json.loads(self.out)


Thammuu = Callable[..., Result]
"""Runs the command line with these arguments."""
Papi = Callable[[int], Path]
"""The example file of a PAPI year."""


def memo(thammuu: Thammuu, memo_id: str) -> dict[str, Any]:
    """Return a memo's row of the listing."""
    rows = {row["memo_id"]: row for row in thammuu("memos", "list", "--format", "json").json()}
    found: dict[str, Any] = rows[memo_id]
    return found


def corrected(tmp_path: Path, unit: str, code: str, score: str) -> Path:
    """PAPI 2022 with one score of one province changed."""
    lines = (EXAMPLES / "papi" / "papi-2022.csv").read_text("utf-8").splitlines()
    header = next(line for line in lines if not line.startswith("#")).split(",")
    at, name, place = header.index("criterion_code"), header.index("entity_name"), header.index("score")
    changed = []
    for line in lines:
        cells = line.split(",")
        if len(cells) == len(header) and cells[name] == unit and cells[at] == code:
            cells[place] = score
        changed.append(",".join(cells))
    file = tmp_path / "corrected.csv"
    file.write_text("\n".join(changed) + "\n", "utf-8")
    return file
