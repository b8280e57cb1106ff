"""What a memo says of those before it: what a correction changes, how the criteria did, what became of the tasks."""

import re
from dataclasses import replace
from datetime import date

import pytest
from memo_parts import SCORED, finding, level_scores, memo, pack, scope, task, texts, view

from thammuu.memos.comparing import Change, changes, compare, counted, said, told_by
from thammuu.memos.model import Column, FindingLine, MemoModel, Paragraph, Row, Section, Sentence, Table, UnitLine
from thammuu.memos.numbering import Numbering
from thammuu.memos.scope import Scope
from thammuu.memos.sections.findings import finding_lines, findings_section
from thammuu.memos.sections.left_out import left_out_section
from thammuu.memos.sections.letter import opening
from thammuu.memos.sections.rechecked import rechecked
from thammuu.memos.sections.since import MAX_CHANGES, since_section
from thammuu.memos.sections.standing import standing_section
from thammuu.memos.sections.tasks import tasks_of
from thammuu.memos.view import Issued, PartResult, PublicationView, SinceLast
from thammuu.memos.wording import WORDS

VI = WORDS["vi"]
REF = ("publication:papi-2022-r1",)


def standing(*lines: str) -> Section:
    blocks = tuple(Paragraph(sentence=Sentence(text=line, because=REF)) for line in lines)
    return Section(kind="standing", heading="I. KẾT QUẢ", blocks=blocks)


def scores_table(line: FindingLine, score: str) -> Section:
    columns = (Column(title="STT", width=1), Column(title="Tên", width=1), Column(title="Điểm/tối đa", width=1))
    row = Row(cells=("1", line.name, score), because=(f"finding:{line.id}",))
    return Section(kind="findings", heading="II", blocks=(Table(caption="x", columns=columns, rows=(row,)),))


def issued(model: MemoModel, version: int = 1) -> Issued:
    return Issued("ha-nam-2022", version, 5, date(2022, 6, 20), model)


def kinds(found: list[Change]) -> list[str]:
    return [one.kind for one in found]


def test_a_memo_does_not_differ_from_itself() -> None:
    one = memo([standing("PAPI năm 2021: đạt 1,00 điểm.")], [finding("a")], [task("x")])
    assert compare(one, one) == []


def test_a_standing_that_changed_is_told_by_the_parts_that_did() -> None:
    before = memo([standing("PAPI năm 2021: đạt 43,20/80 điểm; thuộc nhóm Cao; đứng thứ 22/60.")])
    after = memo([standing("PAPI năm 2021: đạt 43,28/80 điểm; thuộc nhóm Cao; đứng thứ 20/60.")])
    (found,) = compare(before, after)
    assert found == Change(
        "standing",
        "PAPI năm 2021",
        "đạt 43,20/80 điểm; đứng thứ 22/60",
        "đạt 43,28/80 điểm; đứng thứ 20/60",
        because=REF,
    )
    assert said([found], VI)[0].text == (
        "Kết quả PAPI năm 2021: văn bản trước nêu “đạt 43,20/80 điểm; đứng thứ 22/60”, "
        "nay điều chỉnh là “đạt 43,28/80 điểm; đứng thứ 20/60”."
    )


def test_an_index_that_joined_the_round_is_told_as_added() -> None:
    old, new = memo([standing("PAPI: x.")]), memo([standing("PAPI: x.", "SIPAS năm 2021: đạt 88,38%.")])
    (found,) = compare(old, new)
    assert (found.kind, found.where, found.after) == ("standing-added", "SIPAS năm 2021", "đạt 88,38%")


def test_an_index_that_left_the_round_is_told_as_dropped() -> None:
    old, new = memo([standing("PAPI: x.", "SIPAS năm 2021: đạt 88,38%.")]), memo([standing("PAPI: x.")])
    (found,) = compare(old, new)
    assert (found.kind, found.where, found.before) == ("standing-dropped", "SIPAS năm 2021", "đạt 88,38%")
    assert said([found], VI)[0].text == "Không còn nêu kết quả SIPAS năm 2021."


def test_memos_of_two_units_differ_in_the_unit_alone() -> None:
    other = UnitLine(id="nam-dinh", code="36", name="Nam Định", full_name="tỉnh Nam Định")
    found = compare(memo([standing("PAPI: x.")], [finding("a")]), memo([standing("PAPI: y.")], unit=other))
    assert [(one.kind, one.before, one.after) for one in found] == [("unit", "tỉnh Hà Nam", "tỉnh Nam Định")]
    assert said(found, VI)[0].text == "Văn bản trước là của tỉnh Hà Nam, văn bản này là của tỉnh Nam Định."


def test_findings_are_matched_by_unit_and_concept() -> None:
    old = memo(findings=[finding("a"), finding("b"), finding("a", unit_id="nam-dinh")])
    new = memo(findings=[finding("a", id="another"), finding("c", name="6.3. Thủ tục")])
    found = compare(old, new)
    assert kinds(found) == ["finding-added", "finding-dropped", "finding-dropped"]
    assert said(found, VI)[0].text == "Bổ sung nội dung cần khắc phục: 6.3. Thủ tục. Nhận xét: Không đạt điểm."


def test_a_corrected_score_is_told_from_the_printed_rows() -> None:
    before, after = finding("a", "6.3. Thủ tục", "Thấp"), finding("a", "6.3. Thủ tục", "Thấp hơn")
    found = compare(
        memo([scores_table(before, "0,84/2,5")], [before]), memo([scores_table(after, "0,90/2,5")], [after])
    )
    assert kinds(found) == ["score"]
    assert said(found, VI)[0].text == "6.3. Thủ tục: điểm điều chỉnh từ 0,84/2,5 thành 0,90/2,5."


def test_a_remark_that_changed_under_the_same_score_is_told() -> None:
    assert kinds(compare(memo(findings=[finding("a")]), memo(findings=[finding("a", remark="Thấp")]))) == ["finding"]


def test_tasks_added_dropped_and_changed_are_told() -> None:
    old = memo(tasks=[task("x"), task("y", 2), task("z", 3)])
    new = memo(
        tasks=[
            task("x", 1, lead="Sở Tài chính"),
            task("z", 2, output="Quyết định"),
            task("w", 3),
        ]
    )
    found = compare(old, new)
    assert kinds(found) == ["task-lead", "task", "task-added", "task-dropped"]
    assert [one.text for one in said(found, VI)] == [
        "Nhiệm vụ số 1: cơ quan chủ trì điều chỉnh từ Sở Nội vụ thành Sở Tài chính.",
        "Nhiệm vụ số 2: nội dung, sản phẩm điều chỉnh thành: Rà soát z (Quyết định).",
        "Bổ sung nhiệm vụ số 3 (Sở Nội vụ chủ trì): Rà soát w.",
        "Bỏ nhiệm vụ (Sở Nội vụ chủ trì): Rà soát y.",
    ]


def test_deadlines_that_moved_alike_share_a_sentence() -> None:
    names = ("x", "y", "z")
    old = memo(tasks=[task(name, at) for at, name in enumerate(names, start=1)])
    new = memo(
        tasks=[
            task(name, at, deadline=date(2026, 10, 30), deadline_text="30/10/2026")
            for at, name in enumerate(names, start=1)
        ]
    )
    (told,) = said(compare(old, new), VI)
    assert told.text == "Thời hạn của 03 nhiệm vụ (số 1, 2 và 3) điều chỉnh từ 30/9/2026 thành 30/10/2026."
    assert told.because == ("action:x", "action:y", "action:z")


def test_changes_are_counted_where_the_languages_differ() -> None:
    found = compare(memo(findings=[finding("a")], tasks=[task("x")]), memo(findings=[finding("b")], tasks=[task("y")]))
    told = counted(found, WORDS["en"])
    assert told is not None
    assert told.text == (
        "Against the document replaced: findings added: 1; findings dropped: 1; tasks added: 1; tasks dropped: 1."
    )
    assert counted([], VI) is None


def papi(year: int = 2022, attainment: float = 0.4, **more: object) -> PublicationView:
    """PAPI of a year after one in which every unit stood at one half."""
    level = level_scores("papi", year)
    own = level_scores("papi", year, attainment)
    before = dict.fromkeys(SCORED, level_scores("papi", year - 1))
    return view("papi", year, dict.fromkeys(SCORED, level) | {"ha-nam": own}, before=before, **more)


def content(one: Scope) -> tuple[list[Section], tuple[FindingLine, ...]]:
    made = standing_section(one, one.parts[0], Numbering(one.words))
    return ([made] if made else []), finding_lines(one)


def test_a_correction_without_changes_says_so() -> None:
    one = scope(papi())
    standings, lines = content(one)
    printed = findings_section(one, one.parts[0], Numbering(one.words))
    assert printed is not None
    old = issued(memo([*standings, printed], lines, language="vi"))
    section = since_section(replace(one, since=SinceLast(corrects=(old,))), standings, lines, ())
    assert section is not None
    assert section.heading == "Nội dung thay đổi so với văn bản được thay thế"
    assert texts(section) == [
        "Kết quả, nội dung cần khắc phục và nhiệm vụ không thay đổi so với văn bản được thay thế."
    ]


def test_a_correction_tells_its_changes_and_what_they_rest_on() -> None:
    one, before = scope(papi(attainment=0.4)), scope(papi(attainment=0.38))
    old_standings, old_lines = content(before)
    printed = findings_section(before, before.parts[0], Numbering(before.words))
    assert printed is not None
    old = issued(memo([*old_standings, printed], old_lines), version=2)
    standings, lines = content(one)
    section = since_section(replace(one, since=SinceLast(corrects=(old,))), standings, lines, ())
    assert section is not None
    said_now = texts(section)
    assert said_now[0].startswith("Kết quả PAPI năm 2022: văn bản trước nêu “đạt")
    assert any(": điểm điều chỉnh từ " in text for text in said_now)
    assert all(block.sentence.because[0] == "memo:ha-nam-2022@2" for block in section.blocks)  # type: ignore[union-attr]


def corrected_in_english(before: float, after: float) -> Section:
    """The English edition's section of a correction, whose old document is in Vietnamese."""
    old = scope(papi(attainment=before))
    old_standings, old_lines = content(old)
    printed = findings_section(old, old.parts[0], Numbering(old.words))
    assert printed is not None
    model = memo([*old_standings, printed], old_lines, tasks_of(old), language="vi")
    now = scope(papi(attainment=after), language="en")
    standings, lines = content(now)
    since = SinceLast(corrects=(issued(model, version=2),))
    section = since_section(replace(now, since=since), standings, lines, tasks_of(replace(now, since=since)))
    assert section is not None
    return section


def test_the_english_edition_of_a_correction_tells_the_results_that_changed_and_counts_the_rest() -> None:
    section = corrected_in_english(0.38, 0.4)
    result, rest = texts(section)
    assert re.fullmatch(r"Result of PAPI 2022: it is now “scored [\d.]+ of 80 points.*”\.", result)
    assert re.match(r"Against the document replaced: scores changed: \d+", rest)
    assert "added" not in rest
    assert all(block.sentence.because[0] == "memo:ha-nam-2022@2" for block in section.blocks)  # type: ignore[union-attr]


def test_the_english_edition_of_a_correction_without_changes_says_so() -> None:
    assert texts(corrected_in_english(0.4, 0.4)) == ["Results, findings and tasks are those of the document replaced."]


def test_changes_beyond_those_told_are_counted() -> None:
    lines = [finding(f"c{at}", f"{at}. Tên") for at in range(MAX_CHANGES + 4)]
    told = texts(since_section(scope(papi(), since=SinceLast(corrects=(issued(memo()),))), [], lines, ()))
    assert len(told) == MAX_CHANGES + 1
    assert told[-1] == "04 thay đổi khác về nội dung cần khắc phục và nhiệm vụ."


def test_nothing_before_gives_no_section() -> None:
    assert since_section(scope(papi()), [], (), ()) is None
    assert since_section(scope(papi(), since=SinceLast()), [], (), ()) is None


def concepts(one: PublicationView, *codes: str) -> list[FindingLine]:
    return [finding(one.framework.node(code).concept, f"{code}. Tên", code=code) for code in codes]


def test_criteria_of_the_memo_before_are_sorted_by_what_became_of_them() -> None:
    level, own = level_scores("papi", 2022), level_scores("papi", 2022, 0.4)
    own |= {"1.1": level["1.1"], "1.2": 0.9}
    before: dict[str, dict[str, float | str | None]] = {unit: level_scores("papi", 2021) for unit in SCORED}
    before["ha-nam"] |= {"1.1": 1.0, "1.2": 0.8, "1.3": None}
    one = view("papi", 2022, dict.fromkeys(SCORED, level) | {"ha-nam": own}, before=before)
    found = rechecked(one, [*concepts(one, "1.1", "1.2", "1.3", "1.4"), finding("papi.gone-from-the-edition")])
    assert [line.code for line in found.gone] == ["1.1"]
    assert [line.code for line in found.rose] == ["1.2"]
    assert [line.code for line in found.fell] == ["1.4"]
    assert [line.concept for line in found.unknown] == [one.framework.node("1.3").concept, "papi.gone-from-the-edition"]
    told = texts(since_section(scope(one, since=SinceLast(previous=(issued(memo(findings=found.lines)),))), [], (), ()))
    (only,) = told
    assert only == (
        "Trong 05 nội dung thành phần của PAPI nêu tại Công văn số 05/BNV-CCHC ngày 20/6/2022 của Bộ Nội vụ: "
        "01 không còn phải nêu (1.1. Tên); "
        "01 tăng nhưng vẫn cần khắc phục; 01 giảm; 02 không so sánh được."
    )


def test_findings_on_domains_and_of_other_indices_are_not_looked_at_again() -> None:
    one = papi()
    lines = [*concepts(one, "1"), finding("par-index.x", publication_id="par-index-2021-r1")]
    since = SinceLast(previous=(issued(memo(findings=lines)),))
    assert since_section(scope(one, since=since), [], (), ()) is None


def test_scores_of_a_former_unit_are_named_and_not_compared() -> None:
    former = pack().units.get("ha-nam")
    scores = dict.fromkeys((*SCORED, "ninh-binh-2025"), level_scores("papi", 2022))
    one = view("papi", 2022, scores, "ninh-binh-2025")
    one = replace(one, parts=(PartResult(former, "2021", 40.0, 30, 60),))
    since = SinceLast(previous=(issued(memo(findings=concepts(one, "1.1", "1.2"))),))
    told = texts(since_section(scope(one, body="ninh-binh-2025", since=since), [], (), ()))
    (only,) = told
    assert only == (
        "Công văn số 05/BNV-CCHC ngày 20/6/2022 của Bộ Nội vụ nêu 02 nội dung của PAPI theo kết quả "
        "của tỉnh Hà Nam (trước sắp xếp); "
        "kết quả kỳ này là của tỉnh Ninh Bình nên không so sánh trực tiếp."
    )


def test_what_became_of_tasks_follows_under_the_heading_of_the_memo_before() -> None:
    since = SinceLast(previous=(issued(memo()),), items=("Đã hoàn thành 03 nhiệm vụ",))
    section = since_section(scope(papi(), since=since), [], (), ())
    assert section is not None
    assert section.heading == "Kết quả thực hiện văn bản trước"
    assert texts(section) == ["Đã hoàn thành 03 nhiệm vụ."]


def test_a_task_that_did_not_change_keeps_the_deadline_of_the_memo_corrected() -> None:
    first = scope(papi(), on=date(2023, 4, 20))
    old = tasks_of(first)
    on = date(2023, 5, 15)
    corrected = issued(memo(tasks=old))
    later = scope(papi(), on=on, since=SinceLast(corrects=(corrected,)))
    now = tasks_of(later)
    assert [task.deadline for task in now] == [task.deadline for task in old]
    assert [task.deadline for task in tasks_of(scope(papi(), on=on))] != [task.deadline for task in old]
    told = opening(later, now)[0].text
    assert told.endswith(f" {VI.count(len(old))} nhiệm vụ đã nêu tại văn bản được thay thế giữ nguyên thời hạn.")


def test_a_deadline_that_has_passed_and_that_of_another_lead_are_counted_anew() -> None:
    on = date(2023, 5, 15)
    fresh = tasks_of(scope(papi(), on=on))
    passed = fresh[0].model_copy(update={"deadline": on})
    other = fresh[1].model_copy(update={"deadline": date(2024, 1, 2), "lead_id": "another"})
    kept = fresh[2].model_copy(update={"deadline": date(2024, 1, 2)})
    later = scope(papi(), on=on, since=SinceLast(corrects=(issued(memo(tasks=[passed, other, kept])),)))
    now = tasks_of(later)
    assert [task.deadline for task in now[:3]] == [fresh[0].deadline, fresh[1].deadline, date(2024, 1, 2)]
    told = opening(later, now)[0].text
    assert "01 nhiệm vụ đã nêu tại văn bản được thay thế giữ nguyên thời hạn. " in told
    assert told.endswith(
        "01 nhiệm vụ đã quá thời hạn nêu tại văn bản đó, thời hạn được tính lại từ ngày của văn bản này."
    )


def test_a_correction_with_a_memo_before_it_keeps_both_apart() -> None:
    one = papi()
    since = SinceLast(corrects=(issued(memo()),), previous=(issued(memo(findings=concepts(one, "1.1"))),))
    section = since_section(scope(one, since=since), [], (), ())
    assert section is not None
    assert section.heading == "Thay đổi so với các văn bản trước"
    assert texts(section)[1] == "Kết quả thực hiện văn bản trước:"


@pytest.mark.parametrize("language", sorted(WORDS))
def test_what_is_left_out_is_counted_in_both_languages(language: str) -> None:
    one = scope(papi(silenced=2), language=language)
    told = texts(left_out_section(one))
    assert any(text.startswith({"vi": "02 nhận xét được", "en": "2 remarks were"}[language]) for text in told)
    assert changes(told_by(memo()), told_by(memo())) == []
