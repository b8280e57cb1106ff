"""A kế hoạch: the unit's own plan, with purpose, goals, tasks, budget and organisation, its task table in an annex.

Source of the outline: plans of provincial People's Committees on these indices, such as Lào Cai 146/KH-UBND (2018),
Tây Ninh 3688/KH-UBND (2023), Đồng Tháp 207/KH-UBND (2024).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.model import Item, Note, Paragraph, Section, Sentence
from thammuu.memos.sections.closing import home_affairs, report_day
from thammuu.memos.sections.criteria import called, inside
from thammuu.memos.sections.letter import fixed, opening, results
from thammuu.memos.wording import capital
from thammuu.rulepack.legal import LegalText

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from thammuu.memos.model import SectionKind, Task
    from thammuu.memos.scope import Scope
    from thammuu.memos.weighing import Weighed

_MAX_NAMED = 8


def plan_opening(scope: Scope, standings: Sequence[Section], tasks: tuple[Task, ...]) -> tuple[Sentence, ...]:
    """Return what precedes the first heading: the results, then why there is a plan."""
    standing = [sentence for section in standings for sentence in _results(section)]
    *before, why = opening(scope, tasks)
    return (*before, *standing, why)


def plan_grounds(scope: Scope) -> tuple[Sentence, ...]:
    """Return what the plan is issued by: the legal texts that its tasks cite, the highest first, and the results."""
    legal = scope.catalogue.legal
    asked = [one.action for one in scope.chosen if one.action.cause != "outside"]
    texts = {text.id: text for action in asked for text in legal.citable(action.legal, scope.as_of)}
    say, language = scope.words.say, scope.words.language
    told = [
        Sentence(
            text=clean_text(say("Căn cứ {text};", "On the basis of {text};", text=text.citation(language))),
            because=(because.legal(text.id),),
        )
        for text in sorted(texts.values(), key=LegalText.order)
    ]
    return (*told, fixed(scope, f"{results(scope)}.", *(because.publication(view) for view in scope.views)))


def _results(section: Section) -> Iterator[Sentence]:
    """Return the lines of a standing, each with its note behind it: an opening has no footnotes."""
    notes = {block.number: block.sentence for block in section.blocks if isinstance(block, Note)}
    for block in section.blocks:
        if isinstance(block, Paragraph):
            line, note = block.sentence, notes.get(block.note_number or 0)
            if note:
                refs = dict.fromkeys((*line.because, *note.because))
                line = Sentence(text=f"{line.text} {note.text}", because=tuple(refs))
            yield line


def plan_sections(scope: Scope, tasks: tuple[Task, ...], findings: Sequence[Section], annex: str) -> list[Section]:
    """Return the plan's five sections.

    Args:
        scope: The memo.
        tasks: Its tasks, which stand in the annex.
        findings: What lost points, part by part.
        annex: What the annex is called in sentences.
    """
    return [
        _section(scope, "purpose", ("Mục đích, yêu cầu", "Purpose and requirements"), _purpose(scope, tasks)),
        _section(scope, "goals", ("Mục tiêu", "Goals"), _goals(scope, tasks, annex)),
        _section(scope, "tasks", ("Nhiệm vụ, giải pháp", "Tasks and measures"), _assigned(scope, tasks, annex)),
        *(section.model_copy(update={"level": 2, "heading": _of_unit(scope, section)}) for section in findings),
        _section(scope, "budget", ("Kinh phí", "Budget"), [_budget(scope)]),
        _section(scope, "organisation", ("Tổ chức thực hiện", "Organisation"), _organisation(scope, tasks, annex)),
    ]


def _of_unit(scope: Scope, section: Section) -> str:
    """Return the heading of what a unit lost points on; a unit alone needs none below the tasks'."""
    name = next((part.unit_name for part in scope.parts if scope.merged and part.unit.id == section.unit_id), "")
    return scope.words.say("{about} của {unit}", "{about}: {unit}", about=section.heading, unit=name) if name else ""


def _section(
    scope: Scope, kind: SectionKind, heading: tuple[str, str], sentences: Sequence[Sentence]
) -> Section:  # fmt: skip
    made = Paragraph if len(sentences) == 1 else Item
    return Section(
        kind=kind, heading=scope.words.say(*heading), blocks=tuple(made(sentence=sentence) for sentence in sentences)
    )


def _purpose(scope: Scope, tasks: tuple[Task, ...]) -> list[Sentence]:
    words = scope.words
    sources = tuple(because.publication(view) for view in scope.views)
    names = words.joined(list(dict.fromkeys(words.text(view.framework.short_title) for view in scope.views)))
    mend = words.say(
        "Khắc phục các nội dung không đạt điểm, giảm điểm hoặc thấp hơn phần lớn các tỉnh, thành phố khác trong kết "
        "quả {names}; phục vụ người dân, tổ chức, doanh nghiệp tốt hơn.",
        "To remedy what scored nothing, fell, or lies below most other provinces in the {names} results, and to serve "
        "people, organisations and businesses better.",
        names=names,
    )
    clear = words.say(
        "Phân công rõ cơ quan chủ trì, cơ quan phối hợp, sản phẩm và thời hạn; mỗi nhiệm vụ do 01 cơ quan chủ trì.",
        "Lead agency, coordinating agencies, output and deadline are named; each task has one lead agency.",
    )
    judged = words.say(
        "Kết quả thực hiện là một căn cứ để đánh giá mức độ hoàn thành nhiệm vụ của cơ quan, đơn vị, địa phương.",
        "Results count when the work of agencies, units and localities is assessed.",
    )
    keep = words.say(
        "Duy trì kết quả {names} đã đạt được; phục vụ người dân, tổ chức, doanh nghiệp tốt hơn.",
        "To keep up the {names} results, and to serve people, organisations and businesses better.",
        names=names,
    )
    named = [fixed(scope, clear)] if tasks else []
    return [fixed(scope, mend if scope.weighed else keep, *sources), *named, fixed(scope, judged)]


def _goals(scope: Scope, tasks: tuple[Task, ...], annex: str) -> list[Sentence]:
    words = scope.words
    done = words.say(
        "Hoàn thành {n} tại {annex} đúng thời hạn, có sản phẩm kiểm chứng.",
        "{n} in {annex} completed in time, each with an output that can be shown.",
        n=words.counted(len(tasks), words.say("nhiệm vụ", "task")),
        annex=annex,
    )
    goals = [fixed(scope, done, *(because.action(task.action_id) for task in tasks))] if tasks else []
    goals += list(_zeros(scope))
    if any(one.node.surveyed for one in scope.weighed):
        caution = words.say(
            "Cải thiện đánh giá của người dân, tổ chức về các nội dung nêu tại mục III; điểm số đo bằng điều tra xã "
            "hội học dùng để nhận diện vấn đề, không phải là chỉ tiêu giao cho cơ quan nào.",
            "What people and organisations experience in the matters of section III improves; scores measured by "
            "surveys show where a problem lies and are no agency's target.",
        )
        goals.append(fixed(scope, caution))
    return goals or [fixed(scope, _kept_up(scope))]


def _kept_up(scope: Scope) -> str:
    return scope.words.say(
        "Duy trì các kết quả đã đạt được trong kỳ đánh giá tiếp theo.", "The results are kept up in the next period."
    )


def _zeros(scope: Scope) -> Iterator[Sentence]:
    """Appraised criteria at zero are a goal of their own; a surveyed score never is."""
    for view in scope.views:
        zeros = [one for one in scope.weighed if one.view is view and _appraised_zero(one)]
        if not zeros:
            continue
        words = scope.words
        level = words.text(view.framework.level_names[zeros[0].node.level])
        names = "; ".join(inside(called(words, one.node)) for one in zeros[:_MAX_NAMED])
        text = words.say(
            "Phấn đấu đến kỳ đánh giá {index} tiếp theo không còn {level} không đạt điểm; tập trung khắc phục "
            "{counted}: {names}.",
            "By the next {index} no {level} scores zero; {counted} to be remedied first: {names}.",
            index=words.text(view.framework.short_title),
            level=level,
            counted=words.counted(len(zeros), level),
            names=names,
        )
        yield Sentence(text=text, because=tuple(because.finding(one) for one in zeros))


def _appraised_zero(one: Weighed) -> bool:
    return one.on_leaf and one.score == 0 and not one.node.surveyed


def _assigned(scope: Scope, tasks: tuple[Task, ...], annex: str) -> list[Sentence]:
    if not scope.weighed:
        text = scope.words.say(
            "Các cơ quan, địa phương tiếp tục thực hiện tốt nhiệm vụ được giao, duy trì các kết quả đã đạt được.",
            "Agencies and localities go on with their work and keep up the results.",
        )
        return [fixed(scope, text)]
    if not tasks:
        text = scope.words.say(
            "Các cơ quan, địa phương rà soát, khắc phục các nội dung nêu dưới đây.",
            "Agencies and localities review and remedy what is named below.",
        )
        return [fixed(scope, text)]
    text = scope.words.say(
        "Các cơ quan, địa phương thực hiện {n} tại {annex} để khắc phục các nội dung nêu dưới đây.",
        "Agencies and localities carry out {n} in {annex} to remedy what is named below.",
        n=scope.words.counted(len(tasks), scope.words.say("nhiệm vụ", "task")),
        annex=annex,
    )
    return [fixed(scope, text, *(because.action(task.action_id) for task in tasks))]


def _budget(scope: Scope) -> Sentence:
    text = scope.words.say(
        "Kinh phí thực hiện được bố trí trong dự toán ngân sách nhà nước hằng năm của các cơ quan, địa phương theo "
        "phân cấp ngân sách và các nguồn kinh phí hợp pháp khác (nếu có).",
        "The work is funded from the yearly state budget estimates of the agencies and localities, according to "
        "budget decentralisation, and from other lawful sources, if any.",
    )
    return fixed(scope, text)


def _organisation(scope: Scope, tasks: tuple[Task, ...], annex: str) -> list[Sentence]:
    words, office = scope.words, home_affairs(scope)
    told = []
    if tasks:
        by = words.day(report_day(scope, tasks))
        leads = words.say(
            "Các cơ quan, địa phương chủ trì nhiệm vụ tại {annex} đưa nhiệm vụ vào kế hoạch công tác, báo cáo kết quả "
            "về {office} trước ngày {by}.",
            "Lead agencies put their tasks in {annex} into their work plans and report results to the {office} "
            "before {by}.",
            annex=annex,
            office=office,
            by=by,
        )
        told.append(fixed(scope, leads, because.CALENDAR))
    follow = words.say(
        "{office} theo dõi, đôn đốc, tổng hợp kết quả, báo cáo {committee}.",
        "The {office} follows up, reminds, gathers the results and reports to {committee}.",
        office=office,
        committee=scope.committee,
    )
    told.append(fixed(scope, follow))
    asked = sorted({task.lead for task in tasks if scope.agencies.agencies[task.lead_id].verb == "ask"})
    if asked:
        text = words.say(
            "Đề nghị {names} chủ trì nhiệm vụ được nêu tên tại {annex}.",
            "{names} are asked to lead the tasks under their names in {annex}.",
            names=words.joined(asked),
            annex=annex,
        )
        told.append(fixed(scope, capital(text)))
    return told
