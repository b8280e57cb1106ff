"""Typst: one compiler a thread and template, one set of fonts for all."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from threading import Lock, local
from typing import TYPE_CHECKING

from thammuu.errors import PermanentRefusalError
from thammuu.i18n import _
from thammuu.memos.printing.faults import said_by, typst_place
from thammuu.memos.printing.typst_sources import refuse_packages

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    import typst

NO_MEMO = {"memo": "{}", "art": "{}", "attach": "0"}


class Typesetter:
    """Sets ``memo.typ`` and ``picture.typ`` of a folder; safe to share between threads.

    Args:
        folder: The memo's templates.
        fonts: The only fonts typst may use.
    """

    def __init__(self, folder: Path, fonts: Path) -> None:
        self._folder = folder
        self._fonts_folder = fonts
        self._threads = local()
        self._lock = Lock()

    def pdf(self, inputs: dict[str, str], dated: date) -> bytes:
        """Return a PDF that carries the memo's date.

        Raises:
            PermanentRefusalError: If typst refuses the memo or warns about it.
        """
        import typst

        # noon: the same day wherever the template asks for today
        at = datetime(dated.year, dated.month, dated.day, 12, tzinfo=UTC)
        try:
            printed, warnings = self._compiler("memo.typ").compile_with_warnings(
                sys_inputs=inputs, format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=at
            )
        except typst.TypstError as fault:
            raise PermanentRefusalError(_("The memo does not typeset: {fault}").format(fault=_told(fault))) from fault
        if warnings:
            told = _("The memo typesets with warnings: {warnings}")
            raise PermanentRefusalError(told.format(warnings=[str(one) for one in warnings])) from warnings[0]
        assert isinstance(printed, bytes)
        return printed

    def png(self, svg: str, pixels_per_inch: int) -> bytes:
        """Return a picture as PNG."""
        printed = self._compiler("picture.typ").compile(sys_inputs={"svg": svg}, format="png", ppi=pixels_per_inch)
        assert isinstance(printed, bytes)
        return printed

    def without_memo(self) -> None:
        """Compile the memo's template with nothing in it.

        Raises:
            TypstError: About the memo that is not there, or about a fault of the template.
        """
        self._compiler("memo.typ").compile(sys_inputs=NO_MEMO, format="pdf")

    @cached_property
    def _fonts(self) -> typst.Fonts:
        import typst

        return typst.Fonts(
            include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(self._fonts_folder)]
        )

    @cached_property
    def _packageless(self) -> bool:
        refuse_packages(self._folder)
        return True

    def _compiler(self, template: str) -> typst.Compiler:
        """Return this thread's compiler. Compilers made from bytes fail on their second use; a path does not."""
        import typst

        kept: dict[str, typst.Compiler] = self._threads.__dict__
        if template not in kept:
            with self._lock:
                fonts, _checked = self._fonts, self._packageless
            kept[template] = typst.Compiler(
                str(self._folder / template), root=str(self._folder), font_paths=fonts, sys_inputs=NO_MEMO
            )
        return kept[template]


def _told(fault: typst.TypstError) -> str:
    place = typst_place(fault)
    return f"{place}: {said_by(fault)}" if place else said_by(fault)
