"""A memo's pictures: its charts and the code with the verify address, as SVG; PNG where a format takes no SVG."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from thammuu.memos.printing.printable import blocks_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from thammuu.memos.printing.typesetting import Typesetter

QR_MASK = 2
_PIXELS_PER_INCH = 160


class Pictures:
    """Draws a memo's charts with the macros of ``charts.svg.j2``."""

    def __init__(self, environment: Environment, typesetter: Typesetter) -> None:
        self._environment = environment
        self._typesetter = typesetter

    def of(self, data: dict[str, Any]) -> dict[str, str]:
        """Return a memo's pictures as SVG by name: ``qr``, ``section-1-0``, ``annex-0-2``."""
        return {"qr": qr_svg(data["provenance"]["qr"]), **self.charts(data)}

    def charts(self, data: dict[str, Any]) -> dict[str, str]:
        """Return the charts alone."""
        return {name: self._chart(block) for name, _path, block in blocks_of(data) if block["kind"] == "chart"}

    def png(self, svg: str) -> bytes:
        """Return a chart as PNG."""
        return self._typesetter.png(svg, _PIXELS_PER_INCH)

    def _chart(self, chart: dict[str, Any]) -> str:
        return str(getattr(self._macros, chart["shows"])(chart))

    @cached_property
    def _macros(self) -> Any:  # noqa: ANN401  a template module has no type of its own
        return self._environment.get_template("charts.svg.j2").module


def qr_svg(content: str) -> str:
    """Return a QR code as SVG."""
    import segno

    # A given mask spares the search for the best of eight, 5 ms a memo; readers decode every mask alike.
    svg: str = segno.make(content, error="m", micro=False, mask=QR_MASK).svg_inline(
        border=0, svgclass=None, lineclass=None
    )
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) if "xmlns" not in svg else svg
