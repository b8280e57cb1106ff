"""What lost most: one table an index, the gravest first, and a chart of gaps to the peer median."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.model import Bar, Chart, FindingLine, Paragraph, Section, Sentence
from thammuu.memos.sections.chosen import tasks_in_annex
from thammuu.memos.sections.criteria import DEPTH, inside, name_of, period_of, place_text, remark
from thammuu.memos.sections.findings_tables import tables_of, views_of

if TYPE_CHECKING:
    from thammuu.memos.model import Table
    from thammuu.memos.numbering import Numbering
    from thammuu.memos.scope import Part, Scope
    from thammuu.memos.view import PublicationView
    from thammuu.memos.weighing import Weighed

_MAX_BARS = 10
_LEAST_BARS = 2
_LABEL_LENGTH = 72


def findings_section(scope: Scope, part: Part, numbering: Numbering) -> Section | None:
    """Return a part's section, None without findings."""
    if all(one.node.level == "total" for one in part.weighed):
        return None
    tables = tables_of(part, part.in_body, numbering.table, named=scope.merged)
    chart = _chart(scope, part, numbering)
    return Section(
        kind="findings",
        heading=scope.words.say("Nội dung mất nhiều điểm", "Where points were lost"),
        level=2 if scope.merged else 1,
        unit_id=part.unit.id if scope.merged else "",
        blocks=(*_paragraphs(scope, part), *tables, *([chart] if chart else ())),
    )


def annex_tables(scope: Scope, numbering: Numbering) -> tuple[Table, ...]:
    """Return the tables of the findings that the body has no room for."""
    return tuple(
        table
        for part in scope.parts
        for table in tables_of(part, part.in_annex, numbering.annex_table, named=scope.merged)
    )


def finding_lines(scope: Scope) -> tuple[FindingLine, ...]:
    """Return all findings as data, those of the body first."""
    in_body = [_line(scope, one, in_body=True) for part in scope.parts for one in part.in_body]
    return (*in_body, *(_line(scope, one, in_body=False) for part in scope.parts for one in part.in_annex))


def _line(scope: Scope, one: Weighed, *, in_body: bool) -> FindingLine:
    return FindingLine(
        id=one.finding.id,
        publication_id=one.finding.publication_id,
        unit_id=one.view.unit_id,
        concept=one.finding.concept,
        code=one.finding.code,
        severity=one.finding.severity,
        name=name_of(scope.words, one),
        remark=remark(scope.words, one),
        rule=one.finding.rule,
        covers=tuple(str(cover["rule"]) for cover in one.finding.covers),
        in_body=in_body,
    )


def _paragraphs(scope: Scope, part: Part) -> list[Paragraph]:
    domains = [_domains(scope, part, view) for view in part.views]
    told = [_counts(scope, part), *(one for one in domains if one)]
    return [Paragraph(sentence=one) for one in told]


def _counts(scope: Scope, part: Part) -> Sentence:
    """Return how much was found, what a median is, and how much is left to the annex."""
    words = scope.words
    below_total = [one for one in part.weighed if one.node.level != "total"]
    views = views_of(below_total)
    counted = "; ".join(_counted(scope, part, view) for view in views)
    text = words.say(
        "Qua rà soát, {counted} cần tập trung khắc phục.", "On review, {counted} in need of remedy.", counted=counted
    )
    rests_on = [*(because.publication(view) for view in views), *(because.finding(one) for one in below_total)]
    if _explains_median(scope, part):
        median = words.say(
            "Trung vị là giá trị đứng giữa khi sắp xếp điểm của các tỉnh, thành phố khác trong cùng kỳ.",
            "The median is the middle value when the other provinces' scores of the same period are put in order.",
        )
        text, rests_on = f"{text} {median}", [*rests_on, because.form(scope.form)]
    if part.in_annex:
        count = words.count(len(part.in_annex))
        rest = words.say(
            "Các nội dung còn lại ({count}) được nêu tại {annex}.",
            "The remaining findings ({count}) are set out in {annex}.",
            count=count,
            annex=_annex(scope),
        )
        text = f"{text} {rest}"
    return Sentence(text=text, because=tuple(rests_on))


def _annex(scope: Scope) -> str:
    """Return what the annex of findings is called: a plan's tasks stand in an annex before it."""
    if tasks_in_annex(scope):
        return scope.words.say("Phụ lục II", "Annex II")
    return scope.words.say("Phụ lục", "the Annex")


def _explains_median(scope: Scope, part: Part) -> bool:
    """Return whether this part is the first to show a median: it is explained once."""
    shows = (one for one in scope.parts if any(found.median_score is not None for found in one.in_body))
    return next(shows, None) is part


def _counted(scope: Scope, part: Part, view: PublicationView) -> str:
    """Return how many nodes of each level are found: ``PAPI có 09 nội dung thành phần và 02 chỉ số nội dung``."""
    words = scope.words
    levels = [one.node.level for one in part.weighed if one.view is view and one.node.level != "total"]
    lowest_first = sorted(set(levels), key=lambda level: -DEPTH.index(level))
    counts = [words.counted(levels.count(one), words.text(view.framework.level_names[one])) for one in lowest_first]
    index = words.text(view.framework.short_title)
    who = words.say("{index} của {unit}", "{index} of {unit}", index=index, unit=part.unit_name)
    return words.say(
        "{who} có {found}", "{who} has {found}", who=who if scope.merged else index, found=words.joined(counts)
    )


def _domains(scope: Scope, part: Part, view: PublicationView) -> Sentence | None:
    """Return one sentence on an index's domains found; the total's own fall is told by the standing."""
    words = scope.words
    found = [one for one in part.in_body if one.view is view and not one.on_leaf and one.node.level != "total"]
    if not found:
        return None
    about = period_of(words, view)
    if scope.merged:
        about = words.say("{about} của {unit}", "{about} of {unit}", about=about, unit=part.unit_name)
    since = next((one.row["previous_period"] for one in found if one.row.get("previous_period")), "")
    if since:
        about = words.say(
            "{about} so với {since}", "{about} compared with {since}", about=about, since=words.period_name(since)
        )
    if view.framework.officially_ranked:
        start = words.say("Theo số liệu {about}", "By the figures of {about}", about=about)
    else:
        start = words.say(
            "Theo tính toán từ số liệu {about}", "By computation from the figures of {about}", about=about
        )
    text = f"{start}: {'; '.join(_place_of(scope, one) for one in found)}."
    rests_on = [ref for one in found for ref in (because.finding(one), because.fact(view, one.node.code))]
    return Sentence(text=text, because=(because.publication(view), *rests_on))


def _place_of(scope: Scope, one: Weighed) -> str:
    """Return where a domain stands and how far it fell, else the rule's sentence."""
    words, row = scope.words, one.row
    name, rank, places = inside(name_of(words, one)), place_text(words, one), row.get("rank_change")
    if not row.get("previous_period") or not rank or places is None:
        return f"{name} {inside(remark(words, one))}"
    official = one.view.framework.officially_ranked
    verb = words.say("xếp", "ranks") if official else words.say("đứng", "stands")
    return f"{name} {verb} {rank}, {words.rank_change(int(places), '')}"


def _chart(scope: Scope, part: Part, numbering: Numbering) -> Chart | None:
    words = scope.words
    behind = [one for one in part.in_body if one.on_leaf and (one.row.get("gap_to_median") or 0) < 0]
    below = sorted(behind, key=lambda one: float(one.row["gap_to_median"]))[:_MAX_BARS]
    if len(below) < _LEAST_BARS:
        return None
    bars = tuple(
        Bar(
            label=clean_text(name_of(words, one), limit=_LABEL_LENGTH),
            value=round(one.row["gap_to_median"] * 100, 4),
            text=words.figure(-one.row["gap_to_median"] * 100, 1),
        )
        for one in below
    )
    largest = words.say("; {n} mức lớn nhất", "; the {n} largest", n=_MAX_BARS) if len(behind) > len(below) else ""
    caption = words.say(
        "{figure}. Mức thấp hơn trung vị{of_unit} (điểm phần trăm{of_scale}{largest})",
        "{figure}. Distance below the median{of_unit} (percentage points{of_scale}{largest})",
        figure=numbering.figure(),
        of_unit=f", {part.unit_name}" if scope.merged else "",
        of_scale="" if scope.merged else words.say(" của thang điểm", " of the scale"),
        largest=largest,
    )
    told = "; ".join(f"{bar.label}: {bar.text}" for bar in bars)
    rests_on = tuple(ref for one in below for ref in (because.finding(one), because.fact(one.view, one.node.code)))
    return Chart(shows="gaps", caption=caption, alt=f"{caption}. {told}.", bars=bars, because=rests_on)
