"""Where the unit stands: one line an index, a chart of ranks, a note where figures disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.model import Note, Paragraph, Section, Sentence
from thammuu.memos.sections.bands import band_name, band_of, in_group
from thammuu.memos.sections.disagreement import note_of
from thammuu.memos.sections.rank_chart import rank_chart
from thammuu.memos.weighing import scale_kept
from thammuu.memos.wording import capital
from thammuu.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.memos.model import Block
    from thammuu.memos.numbering import Numbering
    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.view import PartResult, PublicationView
    from thammuu.memos.wording import Words

_NATIONAL_MEAN = ("cả nước", "trung bình", "toàn quốc")
"""Words by which sheets name the row of the national mean."""
_PERCENT = "percent"
_FULL_PERCENT = 100
_LISTED = 3
"""So many missing criteria are named."""


def standing_section(scope: Scope, part: Part, numbering: Numbering) -> Section | None:
    """Return the section, None without publications."""
    if not part.views:
        return None
    lines: list[Block] = []
    notes: list[Block] = []
    for view in part.views:
        note = note_of(view, scope.words)
        if note:
            notes.append(Note(number=len(notes) + 1, sentence=note))
        lines.append(Paragraph(sentence=_line(scope, part, view), note_number=len(notes) if note else None))
    chart = rank_chart(part, numbering)
    return Section(
        kind="standing",
        heading=_title(part),
        unit_id=part.unit.id if scope.merged else "",
        blocks=(*lines, *notes, *([chart] if chart else [])),
    )


def _title(part: Part) -> str:
    words = part.words
    if len(part.views) > 1:
        return words.say("Kết quả các chỉ số", "Results of the indices")
    return words.say("Kết quả Chỉ số {index}", "Result of {index}", index=short_name(part.views[0], words))


def short_name(view: PublicationView, words: Words) -> str:
    """Return the index as sentences name it: ``PAR INDEX``."""
    return words.text(view.framework.short_title)


def level_name(view: PublicationView, words: Words) -> str:
    """Return what the index calls its lowest level: ``nội dung thành phần``, ``sub-dimension``."""
    return words.text(view.framework.level_names[view.framework.leaves[0].level])


def total_of(view: PublicationView) -> float | None:
    """Return the computed total, or the published one where none is computed."""
    row = view.total_row
    computed: float | None = row.get("total")
    published: float | None = row.get("published_total")
    return published if computed is None and not view.complete else computed


def _line(scope: Scope, part: Part, view: PublicationView) -> Sentence:
    words = scope.words
    index = f"{short_name(view, words)} {words.period_name(view.period)}"
    named = f"{capital(part.unit_name)}, {index}" if part.unit.id != scope.body.id else index
    root = view.framework.root.code
    total = total_of(view)
    missing = _missing(view) if view.complete and total is None else []
    mean = _mean(view) if total is not None else None
    return Sentence(
        text=f"{named}: {_result(view, words)}.{_past_of_parts(scope, view)}",
        because=(
            because.publication(view),
            because.fact(view, root),
            *([] if missing else [because.score(view, root)] if view.total_row.get("total") is None else []),
            *(because.score(view, code) for code in missing),
            *([because.aggregate(view, mean[0])] if mean else []),
            *_earlier(view),
            *(because.unit(past.unit.id) for past in view.parts),
        ),
    )


def _earlier(view: PublicationView) -> Iterator[str]:
    """Return the earlier results that the line tells and that the facts of this publication do not hold."""
    root = view.framework.root.code
    for past in view.parts:
        yield from because.earlier(past, past.unit.id, root)
    if not view.complete:
        since = view.total_row.get("previous_period")
        for point in view.history:
            if point.period == since:
                yield from because.earlier(point, view.unit_id, root)


def _missing(view: PublicationView) -> list[str]:
    return [node.code for node in view.framework.leaves if view.row(node.code).get("score") is None]


def _result(view: PublicationView, words: Words) -> str:
    total = total_of(view)
    if total is None:
        return _without_total(view, words)
    parts = [_score(view, total, words), _against_mean(view, total, words)]
    name = view.total_row.get("band") or _band_of_published(view, total)
    if name:
        group = in_group(band_name(view.framework, name, words), words)
        parts.append(words.say("thuộc {group}", "in {group}", group=group))
    parts += [_rank(view, words), _nothing_before(view, words)]
    return "; ".join(part for part in parts if part)


def _nothing_before(view: PublicationView, words: Words) -> str:
    """Return that the unit had no total in the period before, empty where it had one or was not there yet."""
    row = view.total_row
    since = row.get("previous_period")
    if not since or not view.complete or view.parts or row.get("previous_score") is not None:
        return ""
    if not any(line.get("previous_period") == since for line in view.facts if line.get("score") is not None):
        return ""
    return words.say(
        "không so sánh được với {since} do khuyết dữ liệu",
        "not comparable with {since}, which has no total",
        since=words.period_name(since),
    )


def _past_of_parts(scope: Scope, view: PublicationView) -> str:
    """Return what the units that merged into this one had before, each by itself."""
    told = [_past(scope, view, part) for part in view.parts]
    if not told:
        return ""
    return scope.words.say(
        " {before}, các đơn vị hợp thành: {told}; không cộng hoặc lấy trung bình.",
        " In {before} the units that formed it: {told}; these are neither added up nor averaged.",
        before=capital(scope.words.period_name(view.parts[0].period)),
        told="; ".join(told),
    )


def _past(scope: Scope, view: PublicationView, part: PartResult) -> str:
    words = scope.words
    name = words.unit_name(part.unit, scope.as_of)
    if part.total is None and part.rank is None:
        return f"{name} {words.no_data}"
    percent = view.framework.root.scale_unit == _PERCENT
    score = rank = ""
    if part.total is not None:
        figure = words.score_figure(part.total)
        vi, en = ("đạt {x}%", "scored {x}%") if percent else ("đạt {x} điểm", "scored {x} points")
        score = words.say(vi, en, x=figure)
    if part.rank is not None:
        rank = words.place_in(part.rank, part.n).removesuffix(" tỉnh, thành phố").removesuffix(" provinces")
    return f"{name} {', '.join(text for text in (score, rank) if text)}"


def _score(view: PublicationView, total: float, words: Words) -> str:
    root = view.framework.root
    figure = words.score_figure(total)
    if root.scale_unit == _PERCENT:
        text = words.say("đạt {x}%", "scored {x}%", x=figure)
    elif root.max is not None:
        top = words.scale_end(root.max / view.scale)
        text = words.say("đạt {x}/{top} điểm", "scored {x} of {top} points", x=figure, top=top)
        text += f" ({words.figure(_percent(view, total))}%)" if _reduced(view) else ""
    else:
        text = words.say("đạt {x} điểm", "scored {x} points", x=figure)
    return ", ".join(part for part in (text, _change(view, total, words)) if part)


def _reduced(view: PublicationView) -> bool:
    """Return whether the unit is scored out of less than the full scale, so that only percentages compare."""
    return view.scale != 1.0 and view.framework.root.scale_unit != _PERCENT


def _percent(view: PublicationView, total: float) -> float:
    """Return a total of the unit in percent of the unit's own maximum."""
    return total * view.scale / (view.framework.root.max or 1.0) * _FULL_PERCENT


def _change(view: PublicationView, total: float, words: Words) -> str:
    """Return the change since the period before, empty where the two totals do not compare."""
    root, row = view.framework.root, view.total_row
    since = row.get("previous_period")
    if not since:
        return ""
    if _reduced(view):
        share = row.get("previous_attainment")
        # an attainment is a percentage of the maximum only on a scale that begins at zero
        if share is None or root.min:
            return ""
        return words.change(_percent(view, total) - share * _FULL_PERCENT, _PERCENT, words.period_name(since))
    before = _total_before(view)
    return "" if before is None else words.change(total - before, root.scale_unit, words.period_name(since))


def _total_before(view: PublicationView) -> float | None:
    """Return the previous total on the present scale, the published one where none is computed; None without one."""
    row, framework = view.total_row, view.framework
    if scale_kept(framework.root, row):
        return float(row["previous_score"])
    since = row.get("previous_period")
    if view.complete or not since or not framework.covers(Period(since)):
        return None
    return next((point.total for point in view.history if point.period == since), None)


def _band_of_published(view: PublicationView, total: float) -> str:
    """Return the group of a published total that was not computed from its parts; empty where it needs all units."""
    if view.framework.band_method != "percent-of-max":
        return ""
    band = band_of(view.framework, total * view.scale, ())
    return band.name.vi if band else ""


def _mean(view: PublicationView) -> tuple[str, float] | None:
    """Return the published national mean with the label of its row, None where none was published."""
    root = view.framework.root.code
    means = ((label, scores[root]) for label, scores in view.aggregates.items() if root in scores)
    return next((one for one in means if any(word in one[0].casefold() for word in _NATIONAL_MEAN)), None)


def _against_mean(view: PublicationView, total: float, words: Words) -> str:
    """Return how the total compares with the published national mean, empty where none was published."""
    found = _mean(view)
    if found is None:
        return ""
    mean, percent = found[1], view.framework.root.scale_unit == _PERCENT
    if _reduced(view):
        mean, percent = mean / (view.framework.root.max or 1.0) * _FULL_PERCENT, True
        total = _percent(view, total)
    vi, en = ("{x}%", "{x}%") if percent else ("{x} điểm", "{x} points")
    shown = words.say(vi, en, x=words.score_figure(mean))
    told = words.say("trung bình cả nước ({x})", "the national mean ({x})", x=shown)
    if round(total - mean, 2) == 0:
        return words.say("bằng {told}", "equal to {told}", told=told)
    vi, en = ("{x} điểm phần trăm", "{x} percentage points") if percent else ("{x} điểm", "{x} points")
    size = words.say(vi, en, x=words.figure(abs(total - mean)))
    if total > mean:
        return words.say("cao hơn {told} {size}", "{size} above {told}", told=told, size=size)
    return words.say("thấp hơn {told} {size}", "{size} below {told}", told=told, size=size)


def _rank(view: PublicationView, words: Words) -> str:
    row = view.total_row
    rank, n = row.get("total_rank"), row.get("total_n")
    vi, en = "theo tính toán đứng {place}", "{place} by computation"
    if rank is None or not view.complete:
        rank, n = row.get("published_rank"), published_n(view)
        vi, en = "theo số liệu đưa tin đứng {place}", "{place} as reported"
    if rank is None:
        return ""
    if view.framework.officially_ranked:
        vi, en = "xếp {place}", "ranked {place}"
    text = words.say(vi, en, place=words.place_in(int(rank), n))
    places = row.get("rank_change")
    if places is None or not row.get("previous_period"):
        return text
    return f"{text}, {words.rank_change(int(places), words.period_name(row['previous_period']))}"


def published_n(view: PublicationView) -> int | None:
    """Return how many units the publisher ranked, as the history of the unit tells it."""
    return next((point.n for point in reversed(view.history) if point.period == view.period), None)


def _without_total(view: PublicationView, words: Words) -> str:
    framework = view.framework
    if not view.complete:
        unknown = words.say("số liệu thu thập được không nêu điểm", "the figures collected give no score")
        return "; ".join(part for part in (unknown, _rank(view, words)) if part)
    missing = [framework.node(code) for code in _missing(view)]
    if len(missing) == len(framework.leaves):
        return words.say("khuyết dữ liệu, không được đánh giá", "no data, not assessed")
    names = ", ".join(
        words.text(node.name) if node.own_code else f"{node.code} {words.text(node.name)}" for node in missing
    )
    return words.say(
        "khuyết dữ liệu ở {counted}{names} nên không có tổng điểm, không xếp hạng",
        "no data on {counted}{names}, hence neither a total nor a rank",
        counted=words.counted(len(missing), level_name(view, words)),
        names=f": {names}" if len(missing) <= _LISTED else "",
    )
