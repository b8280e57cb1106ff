"""Print memos of PAPI 2022 in every format, against the bare engines on the same data, alternating, in one run.

The bare engines are typst with the same template, fonts and prepared inputs (and for the pictures of a Word
document), docxtpl with the same ``memo.docx``, Jinja with the same HTML and text templates, and rfc8785. Then 3,321
stored models are printed one by one on all cores, which must take the memory that 63 take.

    python benchmarks/memos.py [--rounds 5] [--many 3321]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from simulated_communes import CHECKOUT

from thammuu.canonical import canonical_json
from thammuu.clock import VIETNAM
from thammuu.memos.model import MemoModel
from thammuu.memos.printing.render import MESSAGE, Renderer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

TEMPLATES = CHECKOUT / "templates"
SCORES = CHECKOUT / "examples" / "papi" / "papi-2022.csv"
LIMIT_PDF, LIMIT_ALL, LIMIT_MEMORY, LIMIT_CORES = 1.3, 1.5, 1.1, 1.6
FORMATS = ("pdf", "docx", "html", "text", "chat", "json")
ENGINES = {"pdf": "typst", "docx": "docxtpl", "html": "Jinja", "text": "Jinja", "chat": "Jinja", "json": "rfc8785"}


class Bare:
    """The engines alone, on inputs that are prepared beforehand."""

    def __init__(self, renderer: Renderer, stored: Sequence[bytes]) -> None:
        import typst
        from docxtpl import DocxTemplate  # type: ignore[import-untyped]  # it ships no types
        from markupsafe import Markup

        self._typst = typst
        self._fonts = typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(TEMPLATES / "fonts")]
        )
        self._document = DocxTemplate
        self._markup, self._plain = renderer._markup, renderer._plain  # noqa: SLF001  the same environments
        self._word, self._pictures = renderer._word, renderer._pictures  # noqa: SLF001  and parts of the Word template
        self._css = Markup((TEMPLATES / MESSAGE / "memo.css").read_text("utf-8"))  # noqa: S704  our own file
        self.inputs = [renderer.typst_inputs(one) for one in stored]
        self.data: list[dict[str, Any]] = [json.loads(one) for one in stored]
        self._art = [{n: Markup(svg) for n, svg in self._pictures.of(one).items()} for one in self.data]  # noqa: S704
        self._charts = [self._pictures.charts(one) for one in self.data]
        self._drawn = [self._word._drawn(one) for one in self.data]  # noqa: SLF001
        self._compilers: dict[str, Any] = {}

    def compiler(self, template: str) -> Any:  # noqa: ANN401  a typst compiler
        """Return a compiler of a template of one's own."""
        folder = TEMPLATES / MESSAGE
        return self._typst.Compiler(str(folder / template), root=str(folder), font_paths=self._fonts)

    def typeset(self, compiler: Any, inputs: dict[str, str], dated: date) -> bytes:  # noqa: ANN401
        """Compile a memo as the program does."""
        at = datetime(dated.year, dated.month, dated.day, tzinfo=VIETNAM)
        printed, _warnings = compiler.compile_with_warnings(
            sys_inputs=inputs, format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=at
        )
        return bytes(printed)

    def pdf(self, place: int) -> bytes:
        """Compile a memo."""
        return self.typeset(self._kept("memo.typ"), *self.inputs[place])

    def docx(self, place: int) -> bytes:
        """Draw the pictures and fill and save the document."""
        pictures = self._kept("picture.typ")
        for svg in self._charts[place].values():
            pictures.compile(sys_inputs={"svg": svg}, format="png", ppi=160)
        data = self.data[place]
        functions = self._word._functions(data, self._drawn[place])  # noqa: SLF001
        document = self._document(TEMPLATES / MESSAGE / "memo.docx")
        document.render({**functions, "memo": data}, jinja_env=self._markup)
        saved = io.BytesIO()
        document.save(saved)
        return saved.getvalue()

    def html(self, place: int) -> str:
        """Render the page."""
        template = self._markup.get_template("memo.html.j2")
        return template.render(memo=self.data[place], art=self._art[place], css=self._css)

    def text(self, place: int) -> str:
        """Render the plain text."""
        return self._plain.get_template("memo.txt.j2").render(memo=self.data[place])

    def chat(self, place: int) -> str:
        """Render the message."""
        return self._plain.get_template("chat.txt.j2").render(memo=self.data[place], link="")

    def json(self, place: int) -> bytes:
        """Write the model."""
        return canonical_json(self.data[place])

    def _kept(self, template: str) -> Any:  # noqa: ANN401
        if template not in self._compilers:
            self._compilers[template] = self.compiler(template)
        return self._compilers[template]


def stored_models(folder: Path) -> list[bytes]:
    """Publish PAPI 2022 and return the stored models of its memos."""
    own = [sys.executable, "-m", "thammuu", "--data", str(folder / "data")]
    told = ["--index", "papi", "--period", "2022", "--published-on", "2023-04-12"]
    subprocess.run([*own, "publish", str(SCORES), *told], check=True, stdout=subprocess.DEVNULL)
    out = folder / "models"
    subprocess.run([*own, "memos", "export", str(out), "--format", "json"], check=True, stdout=subprocess.DEVNULL)
    return [path.read_bytes().rstrip() for path in sorted(out.iterdir())]


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of some work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def alternated(own: Callable[[int], object], engine: Callable[[int], object], places: Sequence[int]) -> list[float]:
    """Return seconds of the program and of the engine, memo by memo in turn.

    The engine is half the memos ahead: typst remembers what it has compiled last.
    """
    spent = [0.0, 0.0]
    for at, place in enumerate(places):
        other = places[(at + len(places) // 2) % len(places)]
        spent[0] += seconds(lambda: own(place))  # noqa: B023  called at once
        spent[1] += seconds(lambda: engine(other))  # noqa: B023
    return spent


def pdf_on_two_threads(renderer: Renderer, bare: Bare, stored: Sequence[bytes], rounds: int) -> list[float]:
    """Return seconds a round, of both threads, for PDFs from stored models and for bare typst, a compiler a thread."""

    def share(first: int) -> list[list[float]]:
        compiler, places = bare.compiler("memo.typ"), range(first, len(stored), 2)

        def own(place: int) -> bytes:
            return renderer.stored_pdf(stored[place])

        def engine(place: int) -> bytes:
            return bare.typeset(compiler, *bare.inputs[place])

        alternated(own, engine, places[:4])
        return [alternated(own, engine, places) for _ in range(rounds)]

    with ThreadPoolExecutor(2) as threads:
        shares = list(threads.map(share, (0, 1)))
    return [median(sum(one[side] for one in turn) for turn in zip(*shares, strict=True)) for side in (0, 1)]


def every_format(
    renderer: Renderer, bare: Bare, stored: Sequence[bytes], rounds: int
) -> tuple[float, dict[str, list[float]]]:
    """Return seconds for reading all models, and for each format seconds from the models and of its engine alone."""
    models = [MemoModel.model_validate_json(one) for one in stored]
    reading = [seconds(lambda: [MemoModel.model_validate_json(one) for one in stored]) for _ in range(rounds)]
    found = {}
    for fmt in FORMATS:
        printer, engine = getattr(renderer, fmt), getattr(bare, fmt)

        def own(place: int, printer: Callable[[MemoModel], object] = printer) -> object:
            return printer(models[place])

        alternated(own, engine, range(4))
        turns = [alternated(own, engine, range(len(stored))) for _ in range(rounds)]
        found[fmt] = [median(side) for side in zip(*turns, strict=True)]
    return median(reading), found


def printed_one_by_one(models: Path, number: int) -> dict[str, float]:
    """Print as many memos from stored models on all cores, each with an id of its own; called in a fresh process."""
    renderer, stored = Renderer(TEMPLATES), sorted(models.iterdir())

    def one(place: int) -> None:
        body = stored[place % len(stored)].read_text("utf-8")
        name = str(json.loads(body)["provenance"]["memo_id"])
        pdf = renderer.stored_pdf(body.replace(name, f"{name}-{place}").rstrip().encode())
        (models.parent / "printed" / f"{place % len(stored)}.pdf").write_bytes(pdf)

    (models.parent / "printed").mkdir(exist_ok=True)
    cores = os.cpu_count() or 1
    with ThreadPoolExecutor(cores) as threads:
        list(threads.map(one, range(cores)))
        before, started = time.process_time(), time.perf_counter()
        for _done in threads.map(one, range(number)):
            pass
        wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"wall": wall, "cores": (time.process_time() - before) / wall, "peak_mb": peak}


def in_a_process(models: Path, number: int) -> dict[str, float]:
    """Return what printing takes in a process of its own."""
    command = [sys.executable, __file__, "--print", str(models), "--many", str(number)]
    found: dict[str, float] = json.loads(subprocess.check_output(command))
    return found


def checked(checks: Iterable[tuple[str, float, float, bool]]) -> int:
    """Print each figure beside its limit; return 1 if one is broken."""
    broken = 0
    for name, value, limit, most in checks:
        holds = value <= limit if most else value >= limit
        broken |= not holds
        print(f"{name:<70}{value:>8.2f}  {'at most' if most else 'at least'} {limit:g}  {'ok' if holds else 'BROKEN'}")
    return int(broken)


def measured(folder: Path, rounds: int, many: int) -> int:
    """Measure everything; return 1 if a limit is broken."""
    stored = stored_models(folder)
    renderer = Renderer(TEMPLATES)
    bare = Bare(renderer, stored)
    own_pdf, bare_pdf = pdf_on_two_threads(renderer, bare, stored, rounds)
    reading, formats = every_format(renderer, bare, stored, rounds)
    few, lots = in_a_process(folder / "models", len(stored)), in_a_process(folder / "models", many)
    print(f"| {len(stored)} memos of PAPI 2022 | from stored models s | bare engine s | ratio |\n|---|---|---|---|")
    print(f"| PDF on two threads, thread seconds (typst) | {own_pdf:.2f} | {bare_pdf:.2f} | {own_pdf / bare_pdf:.2f} |")
    for fmt, (own, engine) in formats.items():
        print(f"| {fmt}, one thread ({ENGINES[fmt]}) | {own:.3f} | {engine:.3f} | {own / engine:.2f} |")
    whole, engines = reading + sum(own for own, _ in formats.values()), sum(engine for _, engine in formats.values())
    print(f"| all formats, reading the models included | {whole:.2f} | {engines:.2f} | {whole / engines:.2f} |")
    print("\n| PDFs one by one, all cores | s | ms a memo | CPU seconds / s | peak MB |\n|---|---|---|---|---|")
    for number, told in ((len(stored), few), (many, lots)):
        each = told["wall"] / number * 1000
        print(f"| {number:,} | {told['wall']:.1f} | {each:.0f} | {told['cores']:.2f} | {told['peak_mb']:.0f} |")
    print()
    return checked(
        [
            ("PDF / bare typst", own_pdf / bare_pdf, LIMIT_PDF, True),
            ("all formats / sum of the bare engines", whole / engines, LIMIT_ALL, True),
            (f"peak memory of {many:,} / of {len(stored)}", lots["peak_mb"] / few["peak_mb"], LIMIT_MEMORY, True),
            ("CPU seconds / wall seconds of the many", lots["cores"], LIMIT_CORES, False),
        ]
    )


def main() -> int:
    """Read the options and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", type=int, default=3321)
    parser.add_argument("--print", dest="models", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.models:
        print(json.dumps(printed_one_by_one(options.models, options.many)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return measured(Path(folder), options.rounds, options.many)


if __name__ == "__main__":
    raise SystemExit(main())
