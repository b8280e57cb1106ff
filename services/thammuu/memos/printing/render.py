"""Print a memo model as PDF, DOCX, HTML, plain text, chat message and JSON; the same model gives the same bytes."""

from __future__ import annotations

import json
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from thammuu.canonical import sha256_hex
from thammuu.errors import EnvironmentFaultError
from thammuu.i18n import _
from thammuu.memos.clean import letters_of
from thammuu.memos.printing.chat import fitted
from thammuu.memos.printing.faults import MESSAGE, told_with_place, typst_place
from thammuu.memos.printing.pictures import Pictures
from thammuu.memos.printing.printable import check_tables, is_plain, printable
from thammuu.memos.printing.sandbox import sandboxed
from thammuu.memos.printing.typesetting import Typesetter

if TYPE_CHECKING:
    from pathlib import Path

    from jinja2 import Environment

    from thammuu.memos.model import MemoModel
    from thammuu.memos.printing.docx import WordTemplate

MARKUP_TEMPLATES = ("charts.svg.j2", "memo.html.j2", "blocks.docx.j2", "body.html.j2")
PLAIN_TEMPLATES = ("memo.txt.j2", "chat.txt.j2", "subject.txt.j2", "body.txt.j2")
_OF_MESSAGES = frozenset({"subject.txt.j2", "body.txt.j2", "body.html.j2"})
"""Templates of the e-mail that a memo goes with: the memo is the same whatever they say."""


class Renderer:
    """Prints memo models with the templates of one folder; safe to share between threads.

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
        self._typesetter = Typesetter(self._folder, self._fonts_folder)

    @cached_property
    def templates_hash(self) -> str:
        """The SHA-256 over the names and contents of the memo's templates and fonts."""
        files = sorted(path for folder in (self._folder, self._fonts_folder) for path in folder.rglob("*"))
        lines = [
            f"{path.relative_to(self._folder.parent).as_posix()} {sha256_hex(path.read_bytes())}"
            for path in files
            if path.is_file() and path.name not in _OF_MESSAGES
        ]
        return sha256_hex("\n".join(lines).encode())

    def check(self) -> None:
        """Read the templates and compile them until they ask for the memo, so that their own faults show.

        Raises:
            EnvironmentFaultError: If a template has a fault, with its place.
        """
        import typst

        for environment, names in ((self._markup, MARKUP_TEMPLATES), (self._plain, PLAIN_TEMPLATES)):
            for name in names:
                with told_with_place("html", file=name):
                    environment.get_template(name)
        try:
            self._typesetter.without_memo()
        except typst.TypstError as fault:
            # an empty memo lacks the first thing that a whole template asks of it
            if "does not contain key" not in str(fault):
                told = _("The template {file} has a fault: {fault}")
                raise EnvironmentFaultError(told.format(file=typst_place(fault) or "memo.typ", fault=fault)) from fault

    def json(self, model: MemoModel) -> bytes:
        """Return the model as canonical JSON."""
        from thammuu.canonical import canonical_json

        return canonical_json(model.model_dump(mode="json"))

    def printed(self, model: MemoModel, fmt: str, link: str = "") -> bytes:
        """Return a memo in one format.

        Args:
            model: The memo.
            fmt: ``json``, ``pdf``, ``docx``, ``html``, ``chat``, or plain text.
            link: Where the memo is, for a message.
        """
        if fmt == "json":
            return self.json(model) + b"\n"
        if fmt in {"pdf", "docx"}:
            return self.pdf(model) if fmt == "pdf" else self.docx(model)
        if fmt == "chat":
            return self.chat(model, link).encode()
        return (self.html(model) if fmt == "html" else self.text(model)).encode()

    def pdf(self, model: MemoModel) -> bytes:
        """Return the memo as PDF/A-3a and PDF/UA-1 with its JSON attached, dated by the memo.

        Raises:
            PermanentRefusalError: If the memo cannot be printed, naming the field, or typst refuses it.
        """
        return self.stored_pdf(self.json(model))

    def stored_pdf(self, stored: bytes) -> bytes:
        """Return the PDF of a model stored by :meth:`json`, which was valid when it was stored."""
        inputs, dated = self.typst_inputs(stored)
        return self.typeset(inputs, dated)

    def typst_inputs(self, stored: bytes) -> tuple[dict[str, str], date]:
        """Return what the typst template reads, the memo and its pictures as JSON, and the memo's date.

        Args:
            stored: The model as :meth:`json` gives it; attached as it is, whatever letters are printed.
        """
        text = stored.decode()
        data: dict[str, Any] = json.loads(text)
        check_tables(data)
        attach, printed = "1", text
        if not is_plain(text, self._letters):
            drawn = printable(data, self._letters)
            if drawn != data:
                attach, printed, data = text, _as_json(drawn), drawn
        with told_with_place("pdf"):
            inputs = {"memo": printed, "art": _as_json(self._pictures.of(data)), "attach": attach}
        return inputs, date.fromisoformat(data["dated"])

    def typeset(self, inputs: dict[str, str], dated: date) -> bytes:
        """Run typst on prepared inputs; the document carries the memo's date.

        Raises:
            PermanentRefusalError: If typst refuses the memo or warns about it.
        """
        return self._typesetter.pdf(inputs, dated)

    def html(self, model: MemoModel) -> str:
        """Return the memo as one HTML page, styles and charts inside it."""
        from markupsafe import Markup

        data = self._printable(model)
        with told_with_place("html"):
            css = (self._folder / "memo.css").read_text(encoding="utf-8")
            art = {name: Markup(svg) for name, svg in self._pictures.of(data).items()}  # noqa: S704  macros escaped it
            context = {"memo": data, "art": art, "css": Markup(css)}  # noqa: S704  the folder's own
            return self._filled(self._markup, "memo.html.j2", context)

    def text(self, model: MemoModel) -> str:
        """Return the memo as plain text."""
        data = self._printable(model)
        with told_with_place("text"):
            return self._filled(self._plain, "memo.txt.j2", {"memo": data})

    def chat(self, model: MemoModel, link: str = "") -> str:
        """Return a message of at most 1,500 characters: the standing, the first tasks, where the memo is."""
        data = self._printable(model)
        where = link or data["provenance"]["verify_address"]
        with told_with_place("chat"):
            return fitted(self._filled(self._plain, "chat.txt.j2", {"memo": data, "link": where}))

    def message(self, letter: dict[str, Any]) -> tuple[str, str, str]:
        """Return the subject, the text and the HTML of an e-mail.

        Args:
            letter: What it says.
        """
        with told_with_place("mail"):
            data = {"letter": letter}
            subject = self._filled(self._plain, "subject.txt.j2", data)
            text = self._filled(self._plain, "body.txt.j2", data)
            return subject.strip(), text, self._filled(self._markup, "body.html.j2", data)

    def docx(self, model: MemoModel) -> bytes:
        """Return the memo as a Word document, dated by the memo.

        Raises:
            PermanentRefusalError: If the memo cannot be printed, naming the field.
        """
        data = self._printable(model)
        with told_with_place("docx"):
            return self._word.document(data)

    def _filled(self, environment: Environment, name: str, context: dict[str, Any]) -> str:
        from thammuu.memos.printing.bounds import rendered

        return rendered(environment.get_template(name), context)

    @cached_property
    def _word(self) -> WordTemplate:
        from thammuu.memos.printing.docx import WordTemplate

        return WordTemplate(self._folder, self._fonts_folder, self._markup, self._pictures)

    @cached_property
    def _markup(self) -> Environment:
        return sandboxed(self._folder, markup=True)

    @cached_property
    def _plain(self) -> Environment:
        return sandboxed(self._folder, markup=False)

    @cached_property
    def _pictures(self) -> Pictures:
        return Pictures(self._markup, self._typesetter)

    @cached_property
    def _letters(self) -> frozenset[int]:
        return letters_of(self._fonts_folder)

    def _printable(self, model: MemoModel) -> dict[str, Any]:
        data = model.model_dump(mode="json")
        check_tables(data)
        return printable(data, self._letters)


def _as_json(value: Any) -> str:  # noqa: ANN401  any JSON value
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False)
