"""Publish to stored PDFs, against bare typst compiling the same inputs on two threads, in one run.

Usage: python benchmarks/publish.py [--units 3321] [--runs 3]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulated_communes import CHECKOUT, simulated_rules, simulated_scores

MANY = 1_000
PAPI_2022 = CHECKOUT / "examples" / "papi" / "papi-2022.csv"


def timed(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Run a process; return its wall time in seconds and its peak memory in MB."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], env=environment, stdout=subprocess.PIPE)
    output = process.stdout
    assert output is not None
    output.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def one_unit(scores: Path, to: Path) -> Path:
    """Write the file's first unit alone: what publishing it takes without writing is the program's start-up."""
    lines = [line for line in scores.read_text("utf-8").splitlines() if not line.startswith("#")]
    first = lines[1].split(",")[1]
    to.write_text("\n".join([lines[0], *(line for line in lines[1:] if line.split(",")[1] == first)]) + "\n", "utf-8")
    return to


def bare(models: Path) -> None:
    """Compile the memos' typst inputs on two threads and print the seconds, from reading the fonts on; inputs ready."""
    import typst  # noqa: F401  the module is read before the clock starts

    from thammuu.memos.printing.render import Renderer

    texts = json.loads(models.read_text("utf-8"))
    inputs = [Renderer(CHECKOUT / "templates").typst_inputs(text.encode()) for text in texts]
    renderer = Renderer(CHECKOUT / "templates")
    with ThreadPoolExecutor(2) as threads:
        started = time.perf_counter()
        for _ in threads.map(lambda one: renderer.typeset(*one), inputs):
            pass
        print(time.perf_counter() - started)


def models_of(data: Path, to: Path, environment: dict[str, str]) -> None:
    """Write the stored memo models of a data folder as a JSON list."""
    out = to.parent / "json"
    command = [sys.executable, "-m", "thammuu", "--data", str(data), "memos", "export", str(out), "--format", "json"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    to.write_text(json.dumps([path.read_text("utf-8") for path in sorted(out.iterdir())]), "utf-8")


def measure(name: str, scores: Path, rules: Path, runs: int) -> None:
    """Print one line: publish, start-up, bare typst, and their ratio."""
    environment = os.environ | {"THAMMUU_RULES": str(rules)}
    # an installed program finds its bytecode; the first, untimed command of each run writes it
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    lines = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            data, models = Path(folder) / "data", Path(folder) / "models.json"
            timed(["-m", "thammuu", "--data", str(data), "publications"], environment)
            single = one_unit(scores, Path(folder) / "single.csv")
            before = ["-m", "thammuu", "--data", str(data), "publish"]
            after = ["--index", "papi", "--period", "2022", "--published-on", "2023-04-12"]
            ready, _ = timed([*before, str(single), *after, "--partial", "--dry-run"], environment)
            wall, memory = timed([*before, str(scores), *after], environment)
            models_of(data, models, environment)
            typeset = float(subprocess.check_output([sys.executable, __file__, "--bare", str(models)], env=environment))
            lines.append((wall, ready, typeset, (wall - ready) / typeset, memory))
    wall, ready, typeset, ratio, memory = (statistics.median(column) for column in zip(*lines, strict=True))
    print(f"| {name} | {wall:.2f} | {ready:.2f} | {typeset:.2f} | {ratio:.2f} | {memory:.0f} |", flush=True)


def main() -> None:
    """Read the options and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, nargs="*", default=[63, 3321])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        bare(options.bare)
        return
    print("| input | publish s | start-up s | bare typst, 2 threads s | (publish − start-up) / bare | peak MB |")
    print("|---|---|---|---|---|---|")
    measure("PAPI 2022, 63 provinces (real)", PAPI_2022, CHECKOUT / "rules", options.runs)
    for units in options.units:
        with tempfile.TemporaryDirectory() as folder:
            rules = simulated_rules(Path(folder), units)
            scores = simulated_scores(Path(folder), units)
            measure(f"{units} simulated units", scores, rules, 1 if units > MANY else options.runs)
    print(f"\nown peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
