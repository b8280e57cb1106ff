"""How a memo closes: what is asked for, by when, and the mark that documents end with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.sections.letter import fixed
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from datetime import date

    from thammuu.memos.model import Sentence, Task
    from thammuu.memos.scope import Scope

REPORT_AFTER_DAYS = 180
REPORT_MARGIN_DAYS = 10
"""Days between the last task's deadline and the report on all of them."""


def closing(scope: Scope, tasks: tuple[Task, ...]) -> tuple[Sentence, ...]:
    """Return the closing paragraph, ended as documents end; results are asked for after the last deadline."""
    if scope.form == "phieu-bao":
        return (_informed(scope),)
    if scope.form == "ke-hoach":
        return (_to_carry_out(scope),)
    if not tasks and any(one.finding.severity != "information" for one in scope.weighed):
        return (_to_mend(scope),)
    return (_report_by(scope, tasks),) if tasks else (_all_clear(scope),)


def report_day(scope: Scope, tasks: tuple[Task, ...]) -> date:
    """Return the working day by which the results are reported: some days after the last deadline."""
    last = max(task.deadline for task in tasks)
    wanted = max(scope.as_of + timedelta(days=REPORT_AFTER_DAYS), last + timedelta(days=REPORT_MARGIN_DAYS))
    return scope.catalogue.calendar.working_day_by(wanted, after=scope.as_of)


def _informed(scope: Scope) -> Sentence:
    text = scope.words.say(
        "{issuer} báo để {unit} biết, phục vụ chỉ đạo, điều hành./.",
        "{issuer} informs {unit} for its direction of the work.",
        issuer=capital(scope.issuer_name),
        unit=_told(scope),
    )
    return fixed(scope, text, because.issuer(scope.issuer.id))


def _to_carry_out(scope: Scope) -> Sentence:
    text = scope.words.say(
        "Yêu cầu thủ trưởng các cơ quan, đơn vị, địa phương nghiêm túc triển khai thực hiện Kế hoạch này; nếu có khó "
        "khăn, vướng mắc, kịp thời báo cáo (qua {office}) để tổng hợp, xem xét./.",
        "Heads of agencies, units and localities shall carry out this plan; difficulties are reported in time "
        "through the {office}.",
        office=home_affairs(scope),
    )
    return fixed(scope, text, because.issuer(scope.issuer.id))


def home_affairs(scope: Scope) -> str:
    """Return the office that gathers reports on administrative reform."""
    return scope.agency_name(scope.agencies.holder("home-affairs", scope.as_of).id)


def _told(scope: Scope) -> str:
    """Return who is told: the committee, or its agencies when the committee itself writes."""
    if scope.issuer.assigns:
        return scope.words.say("các cơ quan, địa phương", "agencies and localities")
    return scope.committee


def _to_mend(scope: Scope) -> Sentence:
    if scope.issuer.assigns:
        text = scope.words.say(
            "Yêu cầu thủ trưởng các cơ quan, đơn vị, địa phương rà soát, khắc phục các nội dung nêu trên./.",
            "Heads of agencies, units and localities shall review and remedy the above.",
        )
    else:
        text = scope.words.say(
            "Đề nghị {committee} quan tâm chỉ đạo rà soát, khắc phục các nội dung nêu trên./.",
            "{committee} is asked to direct a review and remedy of the above.",
            committee=scope.committee if scope.words.language == "vi" else capital(scope.committee),
        )
    return fixed(scope, text, because.issuer(scope.issuer.id))


def _report_by(scope: Scope, tasks: tuple[Task, ...]) -> Sentence:
    by = scope.words.day(report_day(scope, tasks))
    if scope.issuer.assigns:
        text = scope.words.say(
            "Trong quá trình thực hiện, nếu có khó khăn, vướng mắc, các cơ quan, địa phương kịp thời báo cáo "
            "(qua {office}) để tổng hợp; báo cáo kết quả trước ngày {by}. Yêu cầu thủ trưởng các cơ quan, đơn vị, "
            "địa phương nghiêm túc triển khai thực hiện./.",
            "Difficulties met in the work are reported in time through the {office}; results are reported before "
            "{by}. Heads of agencies, units and localities shall carry this out.",
            by=by,
            office=home_affairs(scope),
        )
    else:
        text = scope.words.say(
            "Đề nghị {committee} quan tâm chỉ đạo thực hiện, gửi kết quả về {issuer} trước ngày {by} để tổng hợp, "
            "theo dõi./.",
            "{committee} is asked to direct the work and to send its results to {issuer} before {by}.",
            committee=scope.committee if scope.words.language == "vi" else capital(scope.committee),
            issuer=scope.issuer_name,
            by=by,
        )
    return fixed(scope, text, because.CALENDAR, *(because.action(task.action_id) for task in tasks))


def _all_clear(scope: Scope) -> Sentence:
    words = scope.words
    keep = (
        words.say(", tiếp tục duy trì các kết quả đã đạt được", " and asks that the results be kept up")
        if any(row.get("score") is not None for view in scope.views for row in view.facts)
        else ""
    )
    text = words.say(
        "{clear}{issuer} thông báo để {told} biết{keep}./.",
        "{clear}{issuer} gives notice of this to {told}{keep}.",
        clear=_nothing_found(scope),
        issuer=capital(scope.issuer_name),
        told=_told(scope),
        keep=keep,
    )
    return fixed(scope, text, *(because.publication(view) for view in scope.views))


def _nothing_found(scope: Scope) -> str:
    """Return a sentence that nothing was found in the criteria that have a score; empty where something was."""
    told = []
    for view in scope.views:
        leaves = view.framework.leaves
        scored = sum(view.row(node.code).get("score") is not None for node in leaves)
        if view.complete and scored and not view.findings:
            level = scope.words.text(view.framework.level_names[leaves[0].level])
            counted = scope.words.counted(scored, level)
            which = counted if scored == len(leaves) else scope.words.say(
                "{counted} có điểm", "{counted} with a score", counted=counted
            )  # fmt: skip
            index = scope.words.text(view.framework.short_title)
            told.append(scope.words.say("{which} của {index}", "{which} of {index}", which=which, index=index))
    if not told:
        return ""
    return scope.words.say(
        "Qua rà soát {told}, không có nội dung nào cần tập trung khắc phục. ",
        "In {told}, nothing was found that calls for remedy. ",
        told=scope.words.joined(told),
    )
