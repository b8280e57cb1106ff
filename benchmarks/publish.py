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


def startup(rules: Path) -> None:
    """Do what any publish does before it knows how many units there are."""
    import polars as pl
    import typst  # noqa: F401

    import thammuu.analysis.assessment
    import thammuu.cli.main
    import thammuu.intake.reading
    import thammuu.memos.builder  # noqa: F401
    from thammuu import bootstrap  # noqa: F401
    from thammuu.memos.render import Renderer
    from thammuu.resources import templates_folder
    from thammuu.rulepack.pack import RulePack

    pack = RulePack(rules)
    _ = (pack.hash, pack.frameworks, pack.rules, pack.actions, pack.agencies, pack.issuer("bo-noi-vu"))
    _ = (Renderer(templates_folder()).templates_hash, pl.DataFrame({"a": [1]}).sort("a"))


def bare(models: Path) -> None:
    """Compile the memos' typst inputs on two threads and print the seconds, fonts and inputs ready."""
    from thammuu.memos.model import MemoModel
    from thammuu.memos.render import Renderer

    renderer = Renderer(CHECKOUT / "templates")
    stored = [MemoModel.model_validate_json(text) for text in json.loads(models.read_text("utf-8"))]
    inputs = [(renderer.typst_inputs(model), model.dated) for model in stored]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda one: renderer.typeset(*one), inputs[:2]))
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
    lines = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as folder:
            data, models = Path(folder) / "data", Path(folder) / "models.json"
            timed(["-m", "thammuu", "--data", str(data), "publications"], environment)
            arguments = [
                "-m",
                "thammuu",
                "--data",
                str(data),
                "publish",
                str(scores),
                "--index",
                "papi",
                "--period",
                "2022",
            ]
            wall, memory = timed([*arguments, "--published-on", "2023-04-12"], environment)
            ready, _ = timed([__file__, "--startup", str(rules)], environment)
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
    parser.add_argument("--startup", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.startup:
        startup(options.startup)
        return
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
