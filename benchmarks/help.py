"""``thammuu --help`` against the help of a bare typer app, alternating, in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 15
BARE = """
import typer
app = typer.Typer(help="Bare.")
@app.callback()
def options() -> None: ...
@app.command()
def publish(file: str, index: str = "papi") -> None: "Publish a file."
@app.command()
def findings(index: str = "papi") -> None: "List findings."
app()
"""


def seconds(command: list[str]) -> float:
    """Return the wall time of one run."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def main() -> None:
    """Print medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "bare.py"
        app.write_text(BARE)
        bare_command, own_command = [sys.executable, str(app), "--help"], [sys.executable, "-m", "thammuu", "--help"]
        seconds(own_command)
        pairs = [(seconds(bare_command), seconds(own_command)) for _ in range(RUNS)]
    bare, own = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"bare typer {bare * 1000:.0f} ms, thammuu {own * 1000:.0f} ms, ratio {own / bare:.2f}")


if __name__ == "__main__":
    main()
