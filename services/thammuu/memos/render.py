"""Print a memo model as PDF, HTML, plain text and JSON; the same model gives the same bytes."""

from __future__ import annotations

import json
from datetime import date, datetime
from functools import cached_property
from threading import Lock, local
from typing import TYPE_CHECKING, Any

from thammuu.canonical import sha256_hex
from thammuu.clock import VIETNAM
from thammuu.errors import EnvironmentFaultError, PermanentRefusalError
from thammuu.i18n import _

from .clean import drawable, letters_of
from .sandbox import sandboxed

if TYPE_CHECKING:
    from pathlib import Path

    import typst
    from jinja2 import Environment

    from .model import MemoModel

MESSAGE = "action_memo"
QR_MASK = 2


class Renderer:
    """Prints memo models with the templates of one folder; safe to share between threads.

    Each thread owns one typst compiler; all share one set of fonts.

    Args:
        templates: The templates folder, with ``action_memo/`` and ``fonts/`` in it.

    Raises:
        EnvironmentFaultError: If the folder lacks the memo's templates or fonts.
    """

    def __init__(self, templates: Path) -> None:
        self._folder = templates / MESSAGE
        self._fonts_folder = templates / "fonts"
        for needed in (self._folder / "memo.typ", self._fonts_folder):
            if not needed.exists():
                raise EnvironmentFaultError(_("The templates folder lacks {path}").format(path=needed))
        self._threads = local()
        self._lock = Lock()

    @cached_property
    def templates_hash(self) -> str:
        """The SHA-256 over the names and contents of the memo's templates and fonts."""
        files = sorted(path for folder in (self._folder, self._fonts_folder) for path in folder.rglob("*"))
        lines = [
            f"{path.relative_to(self._folder.parent).as_posix()} {sha256_hex(path.read_bytes())}"
            for path in files
            if path.is_file()
        ]
        return sha256_hex("\n".join(lines).encode())

    def check(self) -> None:
        """Read the templates and compile them until they ask for the memo, so that their own faults show.

        Raises:
            EnvironmentFaultError: If a template has a fault, with its place.
        """
        import typst
        from jinja2 import TemplateError

        told = _("The template {file} has a fault: {fault}")
        try:
            for name in ("charts.svg.j2", "memo.html.j2"):
                self._markup.get_template(name)
            self._plain.get_template("memo.txt.j2")
        except TemplateError as fault:
            place = f"{getattr(fault, 'name', '')}:{getattr(fault, 'lineno', '')}"
            raise EnvironmentFaultError(told.format(file=place, fault=fault)) from fault
        try:
            self._compiler().compile(sys_inputs={"memo": "{}", "art": "{}", "attach": "0"}, format="pdf")
        except typst.TypstError as fault:
            # an empty memo lacks the first thing that a whole template asks of it
            if "does not contain key" not in str(fault):
                raise EnvironmentFaultError(told.format(file="memo.typ", fault=fault)) from fault

    def json(self, model: MemoModel) -> bytes:
        """Return the model as canonical JSON."""
        from thammuu.canonical import canonical_json

        return canonical_json(model.model_dump(mode="json"))

    def pdf(self, model: MemoModel) -> bytes:
        """Return the memo as PDF/A-3a and PDF/UA-1 with its JSON attached, dated by the memo.

        Raises:
            PermanentRefusalError: If typst refuses the memo or warns about it.
        """
        return self.stored_pdf(self.json(model))

    def stored_pdf(self, stored: bytes) -> bytes:
        """Return the PDF of a model stored by :meth:`json`, which was valid when it was stored."""
        inputs, dated = self.typst_inputs(stored)
        return self.typeset(inputs, dated)

    def typst_inputs(self, stored: bytes) -> tuple[dict[str, str], date]:
        """Return what the typst template reads, the memo and its pictures as JSON, and the memo's date.

        Args:
            stored: The model as :meth:`json` gives it.
        """
        text = stored.decode()
        data: dict[str, Any] = json.loads(text)
        if not self._letters.issuperset(map(ord, set(text))):
            data = _drawable(data, self._letters)
            text = _as_json(data)
        inputs = {"memo": text, "art": _as_json(self._art(data)), "attach": "1"}
        return inputs, date.fromisoformat(data["dated"])

    def typeset(self, inputs: dict[str, str], dated: date) -> bytes:
        """Run typst on prepared inputs; the document carries the memo's date.

        Raises:
            PermanentRefusalError: If typst refuses the memo or warns about it.
        """
        import typst

        at = datetime(dated.year, dated.month, dated.day, tzinfo=VIETNAM)
        try:
            printed, warnings = self._compiler().compile_with_warnings(
                sys_inputs=inputs, format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=at
            )
        except typst.TypstError as fault:
            raise PermanentRefusalError(_("The memo does not typeset: {fault}").format(fault=fault)) from fault
        if warnings:
            raise PermanentRefusalError(
                _("The memo typesets with warnings: {warnings}").format(warnings=[str(one) for one in warnings])
            )
        assert isinstance(printed, bytes)
        return printed

    def html(self, model: MemoModel) -> str:
        """Return the memo as one HTML page, styles and charts inside it."""
        from markupsafe import Markup

        data = self._printable(model)
        css = (self._folder / "memo.css").read_text(encoding="utf-8")
        art = {name: Markup(svg) for name, svg in self._art(data).items()}  # noqa: S704  our own macros escaped it
        return self._markup.get_template("memo.html.j2").render(memo=data, art=art, css=Markup(css))  # noqa: S704

    def text(self, model: MemoModel) -> str:
        """Return the memo as plain text."""
        return self._plain.get_template("memo.txt.j2").render(memo=self._printable(model))

    @cached_property
    def _markup(self) -> Environment:
        return sandboxed(self._folder, markup=True)

    @cached_property
    def _plain(self) -> Environment:
        return sandboxed(self._folder, markup=False)

    @cached_property
    def _letters(self) -> frozenset[int]:
        return letters_of(self._fonts_folder)

    @cached_property
    def _charts(self) -> Any:  # noqa: ANN401  a template module has no type of its own
        return self._markup.get_template("charts.svg.j2").module

    @cached_property
    def _fonts(self) -> typst.Fonts:
        import typst

        return typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(self._fonts_folder)]
        )

    def _compiler(self) -> typst.Compiler:
        """Return this thread's compiler. Compilers made from bytes fail on their second use; a path does not."""
        import typst

        compiler: typst.Compiler | None = getattr(self._threads, "compiler", None)
        if compiler is None:
            with self._lock:
                fonts = self._fonts
            compiler = typst.Compiler(
                str(self._folder / "memo.typ"),
                root=str(self._folder),
                font_paths=fonts,
                sys_inputs={"memo": "{}", "art": "{}", "attach": "0"},
            )
            self._threads.compiler = compiler
        return compiler

    def _printable(self, model: MemoModel) -> dict[str, Any]:
        data: dict[str, Any] = _drawable(model.model_dump(mode="json"), self._letters)
        return data

    def _art(self, data: dict[str, Any]) -> dict[str, str]:
        """Return the memo's pictures as SVG: its charts by section, and the code with the verify address."""
        pictures = {"qr": _qr_svg(data["provenance"]["qr"])}
        for name in ("standing", "findings"):
            chart = (data[name] or {}).get("chart")
            if chart:
                pictures[name] = str(getattr(self._charts, chart["kind"])(chart))
        return pictures


def _drawable(value: Any, letters: frozenset[int]) -> Any:  # noqa: ANN401  any JSON value
    if isinstance(value, str):
        return drawable(value, letters)
    if isinstance(value, dict):
        return {key: _drawable(inner, letters) for key, inner in value.items()}
    if isinstance(value, list):
        return [_drawable(inner, letters) for inner in value]
    return value


def _as_json(value: Any) -> str:  # noqa: ANN401  any JSON value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)


def _qr_svg(content: str) -> str:
    import segno

    # A given mask spares the search for the best of eight, 5 ms a memo; readers decode every mask alike.
    svg: str = segno.make(content, error="m", micro=False, mask=QR_MASK).svg_inline(
        border=0, svgclass=None, lineclass=None
    )
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) if "xmlns" not in svg else svg
