"""``/api/v1/memos``: the memos there are, each as a model or as a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import select

from thammuu.canonical import derived_id
from thammuu.errors import ThammuuError
from thammuu.ledger.schema import memos
from thammuu.memos.drafting import Edition
from thammuu.memos.register import last_issued
from thammuu.memos.shelf import listing, printed, printed_model
from thammuu.memos.stamps import tell_state
from thammuu.memos.versions import model_at
from thammuu.portal import documents
from thammuu.portal.answers import NotThereError, answer, tagged, unchanged
from thammuu.portal.described import FAULTS, binary, refusals
from thammuu.portal.paging import USUAL, CursorQuery, LimitQuery, part_of

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.portal.serving import Serving

MemoId = Annotated[str, Path(max_length=160, pattern=r"^[A-Za-z0-9._-]+$")]
LanguageQuery = Annotated[Literal["vi", "en"], Query(description="Vietnamese is the one that is issued.")]
FormQuery = Annotated[
    Literal["cong-van", "thong-bao", "ke-hoach", "phieu-bao"] | None,
    Query(description="The issuer's own if not given."),
]
VersionQuery = Annotated[int | None, Query(ge=1, le=100_000, description="An earlier version, as it stood last.")]
MEDIA = {
    "json": "application/json",
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "html": "text/html; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """Which memo is asked for, and how.

    Args:
        memo_id: The memo.
        fmt: A key of :data:`MEDIA`.
        edition: Language and form.
        version: An earlier version; the newest if None.
    """

    memo_id: str
    fmt: str
    edition: Edition
    version: int | None


def memo_routes(serving: Serving) -> APIRouter:
    """Return the routes; those with a format's ending come before the one that takes any name."""
    router = APIRouter(tags=["memos"])
    _add_list(router, serving)
    for fmt in ("pdf", "docx", "html", "txt"):
        _add_document(router, serving, fmt)
    _add_document(router, serving, "json")
    return router


def _add_list(router: APIRouter, serving: Serving) -> None:
    @router.get("/memos", summary="List memos", responses={200: {"model": documents.Memos}, **FAULTS})
    def list_memos(
        request: Request,
        round_name: Annotated[documents.Text | None, Query(alias="round", description="Only this round.")] = None,
        unit: Annotated[documents.Text | None, Query(description="Only this unit, by name, code or id.")] = None,
        limit: LimitQuery = USUAL,
        cursor: CursorQuery = None,
    ) -> Response:
        """List the memos, one per unit and round."""
        rows = listing(serving.context, round_name)
        if unit is not None:
            wanted = unit.casefold()
            rows = [row for row in rows if wanted in (row["unit_id"], row["unit_code"], row["unit_name"].casefold())]
        return answer(request, part_of(request, rows, lambda row: row["memo_id"], cursor, limit))


def _add_document(router: APIRouter, serving: Serving, fmt: str) -> None:
    ending = "" if fmt == "json" else f".{fmt}"
    schema: dict[str, Any] = {"type": "object"} if fmt == "json" else binary()
    media = MEDIA[fmt].partition(";")[0]

    @router.get(
        "/memos/{memo_id}" + ending,
        summary="A memo's model" if fmt == "json" else f"A memo as {fmt.upper()}",
        operation_id=f"memo_{fmt}",
        response_class=Response,
        responses={200: {"content": {media: {"schema": schema}}, "description": "The memo"}, **refusals(404, 422)},
    )
    def memo(
        request: Request,
        memo_id: MemoId,
        language: LanguageQuery = "vi",
        form: FormQuery = None,
        version: VersionQuery = None,
    ) -> Response:
        """Print one memo, in any edition; an earlier version as it was kept."""
        return _document(request, serving.context, Wish(memo_id, fmt, Edition(language, form), version))


def _document(request: Request, context: Context, wish: Wish) -> Response:
    row = _row(context, wish.memo_id)
    model = None if wish.version is None else _earlier(context, wish)
    edition = (wish.edition.language, wish.edition.form or "", wish.fmt)
    tag = derived_id(
        wish.version or row["model"], row["status"], row["signed"] or "", context.renderer.templates_hash, *edition
    )
    if same := unchanged(request, tag):
        return same
    if model is not None:
        content = printed_model(context, model, wish.fmt)
    else:
        content = printed(context, row, wish.fmt, wish.edition)
    headers = {"content-security-policy": _PAGE_POLICY} if wish.fmt == "html" else {}
    if wish.fmt in {"pdf", "docx"}:
        headers["content-disposition"] = f'inline; filename="{wish.memo_id}.{wish.fmt}"'
    return tagged(request, content, tag, MEDIA[wish.fmt], headers=headers)


def _earlier(context: Context, wish: Wish) -> Any:  # noqa: ANN401  a memo's model
    try:
        return model_at(context, f"{wish.memo_id}@{wish.version}")
    except ThammuuError as error:
        raise NotThereError(str(error)) from error


def _row(context: Context, memo_id: str) -> dict[str, Any]:
    with context.database.snapshot() as connection:
        found = connection.execute(select(memos).where(memos.c.memo_id == memo_id)).mappings().first()
        if found is None:
            raise NotThereError(f"There is no memo {memo_id}.")
        issued = last_issued(connection, memo_id) if found["status"] == "issued" else None
        row = {**found, "number": issued.number if issued is not None else None}
        tell_state(connection, [row])
    return row
