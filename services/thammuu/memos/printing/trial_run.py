"""The process that prints the trial memos: it tells what it begins and what broke, a line of JSON each."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

MOST_BYTES = 1 << 30


def main(folder: str) -> None:
    """Try a folder's templates within the memory allowed."""
    bound_memory()
    # heavy: only now that it counts
    from thammuu.memos.printing.template_faults import template_faults

    for problem in template_faults(Path(folder), lambda fmt, name: _tell({"begins": [fmt, name]})):
        _tell({"problem": problem.as_dict()})
    _tell({"done": True})


def bound_memory() -> None:
    """Let this process have so much memory and no more."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the time limit stands
        return
    _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = MOST_BYTES if hard == resource.RLIM_INFINITY else min(MOST_BYTES, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
