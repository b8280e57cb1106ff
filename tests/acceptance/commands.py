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
