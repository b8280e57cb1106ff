"""The note under an index's line: where published figures disagree, and what its edition is labelled with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Sentence
from thammuu.memos.wording import capital, ordinal

if TYPE_CHECKING:
    from thammuu.memos.view import PublicationView
    from thammuu.memos.wording import Words


def note_of(view: PublicationView, words: Words) -> Sentence | None:
    """Return the note, None where nothing is to be noted."""
    text = " ".join(part for part in (_disagreement(view, words), _label(view, words)) if part)
    if not text:
        return None
    root = view.framework.root.code
    return Sentence(text=text, because=(because.publication(view), because.score(view, root), because.fact(view, root)))


def _disagreement(view: PublicationView, words: Words) -> str:
    row = view.total_row
    total, rank = row.get("total"), row.get("total_rank")
    if not view.complete or total is None:
        return ""
    told, computed = [], []
    published = _differing_total(total, row.get("published_total"), words)
    if published:
        told.append(words.say("{x} điểm", "{x} points", x=published))
        computed.append(words.say("{x} điểm", "{x} points", x=words.score_figure(total)))
    other = row.get("published_rank")
    if other is not None and rank is not None and other != rank:
        told.append(_place(other, words))
        computed.append(_place(rank, words))
    if not told:
        return ""
    return words.say(
        "Số liệu đã đưa tin về {index} {period} là {told}; "
        "số liệu của văn bản này, tính từ điểm từng {level} đã công bố, là {computed}.",
        "The figures reported for {index} {period} are {told}; "
        "those of this document, computed from the published score of each {level}, are {computed}.",
        index=words.text(view.framework.short_title),
        period=words.period_name(view.period),
        told=", ".join(told),
        level=words.text(view.framework.level_names[view.framework.leaves[0].level]),
        computed=", ".join(computed),
    )


def _place(rank: int, words: Words) -> str:
    return words.say("thứ {rank}", "{ordinal} place", rank=rank, ordinal=ordinal(rank))


def _differing_total(total: float, published: float | None, words: Words) -> str:
    """Return the published total where it is not the computed one rounded to as many decimals."""
    if published is None:
        return ""
    decimals = max(2, len(f"{published:.6f}".rstrip("0").partition(".")[2]))
    return "" if round(total, decimals) == round(published, decimals) else words.figure(published, decimals)


def _label(view: PublicationView, words: Words) -> str:
    label = view.framework.label
    return f"{capital(words.text(label).rstrip('.'))}." if label else ""
