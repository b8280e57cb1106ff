"""A kept memo printed again with other templates says so in its last line, so that it is not taken for the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos.wording import WORDS

if TYPE_CHECKING:
    from thammuu.memos.model import MemoModel

_SHOWN = 8
"""Signs of a hash."""


def reprinted(model: MemoModel, templates_hash: str) -> MemoModel:
    """Return a memo whose line of provenance names the templates it was drafted with and those it is printed with.

    Args:
        model: The memo.
        templates_hash: Of the templates in use.
    """
    drafted = model.provenance.templates_hash
    told = WORDS[model.language].say(
        "In lại bằng mẫu {now}, khác mẫu {then} khi soạn thảo",
        "Printed again with templates {now}, not with {then} as drafted",
        now=templates_hash[:_SHOWN],
        then=drafted[:_SHOWN],
    )
    provenance = model.provenance.model_copy(update={"line": f"{model.provenance.line}; {told}"})
    return model.model_copy(update={"provenance": provenance})
