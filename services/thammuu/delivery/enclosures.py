"""The files that go with a message: the signed copy or the PDF, the Word document, in the recipient's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from thammuu.delivery.letter import number_of
from thammuu.delivery.ports import Attachment, Language
from thammuu.memos.drafting import Edition
from thammuu.memos.shelf import kept_model, model_in

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.memos.model import MemoModel

PDF: Final = "application/pdf"
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_KEPT: Final[Language] = "vi"
"""The language that memos are issued in; others are made from the same scores."""


def model_for(context: Context, row: dict[str, Any], language: Language) -> MemoModel:
    """Return an issued memo's model in a language.

    Args:
        context: The program's parts.
        row: Of ``issued_memos``.
        language: Of the recipient.
    """

    def make() -> MemoModel:
        if language == _KEPT:
            return kept_model(context, row["memo_id"], row["model"])
        return model_in(context, {**row, "status": "issued"}, Edition(language=language))

    model: MemoModel = context.cache.get_or_make(("sent-model", row["model"], language), make)
    return model


def files_of(
    context: Context, row: dict[str, Any], formats: frozenset[str], language: Language, signed: str | None
) -> tuple[Attachment, ...]:
    """Return a memo's files.

    The PDF is the document that was issued, in its signed copy if there is one; who reads another language gets the
    edition in that language, and the signed copy beside it.

    Args:
        context: The program's parts.
        row: Of ``issued_memos``.
        formats: What the recipient wants, of ``pdf`` and ``docx``.
        language: Of the recipient.
        signed: Name of the blob of the signed copy.
    """
    number = number_of(model_for(context, row, _KEPT)).replace("/", "-")
    stem = f"{number}_{row['memo_id']}"
    files = []
    if "pdf" in formats:
        stored = signed or (row["pdf"] if language == _KEPT else None)
        if stored is not None:
            content = context.cache.get_or_make(("sent-blob", stored), lambda: context.blobs.get(stored))
            files.append(Attachment(f"{stem}.pdf", PDF, content))
        if stored is None or language != _KEPT:
            name = f"{stem}.pdf" if language == _KEPT else f"{stem}.{language}.pdf"
            files.append(Attachment(name, PDF, _printed(context, row, "pdf", language)))
    if "docx" in formats:
        name = f"{stem}.docx" if language == _KEPT else f"{stem}.{language}.docx"
        files.append(Attachment(name, DOCX, _printed(context, row, "docx", language)))
    return tuple(files)


def _printed(context: Context, row: dict[str, Any], fmt: str, language: Language) -> bytes:
    model = model_for(context, row, language)
    printer = context.renderer.pdf if fmt == "pdf" else context.renderer.docx
    content: bytes = context.cache.get_or_make(("sent-file", row["model"], fmt, language), lambda: printer(model))
    return content
