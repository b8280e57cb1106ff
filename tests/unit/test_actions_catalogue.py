"""The shipped catalogue of tasks, and what is said of a wrong one."""

import re
import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from thammuu.errors import BadInputError
from thammuu.resources import rules_folder
from thammuu.rulepack.actions import ActionCatalogue, Deadline, filled, load_actions
from thammuu.rulepack.actions_calendar import Calendar, load_calendar
from thammuu.rulepack.agencies import AgencyRegister, UnknownAgencyError, load_agencies
from thammuu.rulepack.frameworks import FrameworkLibrary
from thammuu.rulepack.issuers import load_issuer
from thammuu.rulepack.legal import LegalText, load_legal_texts
from thammuu.rulepack.text import Text

VIETNAMESE = re.compile(r"[À-ỹĂăĐđƠơƯư]")
BEFORE, BETWEEN, AFTER = date(2025, 2, 28), date(2025, 3, 1), date(2025, 7, 1)


@pytest.fixture(scope="module")
def catalogue() -> ActionCatalogue:
    return load_actions(rules_folder() / "actions")


@pytest.fixture(scope="module")
def agencies() -> AgencyRegister:
    return load_agencies(rules_folder() / "agencies.yaml")


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return load_calendar(rules_folder() / "days_off.yaml")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A copy of what the catalogue is read from."""
    for name in ("agencies.yaml", "legal_bases.yaml", "days_off.yaml", "practices.yaml"):
        shutil.copy(rules_folder() / name, tmp_path / name)
    (tmp_path / "actions").mkdir()
    return tmp_path


def with_action(rules: Path, **changes: str) -> Path:
    lines = {
        "answers": "[papi.participation]",
        "lead": "home-affairs",
        "task": "Tham mưu kế hoạch",
        "output": "Kế hoạch",
        "deadline": "{days: 30}",
        "effort": "1",
        "cause": "not-done",
        "source": "professional practice",
        "basis": "memory",
    } | changes
    text = "actions:\n  - id: one\n" + "".join(f"    {key}: {value}\n" for key, value in lines.items())
    (rules / "actions" / "a.yaml").write_text(text, encoding="utf-8")
    return rules / "actions"


def test_every_concept_of_every_index_is_answered_by_itself_or_by_a_node_above(catalogue: ActionCatalogue) -> None:
    library = FrameworkLibrary.load(rules_folder() / "frameworks")
    unanswered = []
    for framework in library.frameworks:
        if framework.index == "papi-indicators":
            continue
        nodes = [framework.root, *framework.children(framework.root.code)]
        unanswered += [(framework.id, node.concept) for node in nodes if not catalogue.answering(node.concept)]
    assert unanswered == []


def test_every_action_answers_a_concept_that_exists(catalogue: ActionCatalogue) -> None:
    library = FrameworkLibrary.load(rules_folder() / "frameworks")
    known = {node.concept for framework in library.frameworks for node in framework.nodes}
    assert [name for action in catalogue.actions for name in action.answers if name not in known] == []


def test_the_three_criteria_of_ha_nam_have_tasks_of_their_own(catalogue: ActionCatalogue) -> None:
    assert len(catalogue.answering("par-index.public-post")) == 3
    assert len(catalogue.answering("par-index.investment-attraction")) == 2
    assert len(catalogue.answering("par-index.socioeconomic-targets")) == 2


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("on", [date(2012, 1, 1), BEFORE, BETWEEN, AFTER, date(2030, 1, 1)])
def test_every_task_can_be_worded_and_led_on_every_date(
    catalogue: ActionCatalogue, agencies: AgencyRegister, on: date, language: str
) -> None:
    for action in catalogue.actions:
        for name in (action.lead, *action.coordinating):
            assert agencies.holder(name, on).on(on)
        said = [filled(text, agencies, "tỉnh", on, language) for text in (action.task, action.output)]
        assert "{" not in "".join(said)
        assert language == "vi" or not VIETNAMESE.search("".join(said)), action.id


def test_words_of_a_date_and_a_kind_are_filled_in_both_languages(agencies: AgencyRegister) -> None:
    text = Text(vi="Kế hoạch của {kind} tại {commune}", en="Plan of the {kind} in {commune}")
    before, after = AFTER - timedelta(days=1), AFTER
    assert filled(text, agencies, "tỉnh", before, "vi") == "Kế hoạch của tỉnh tại xã, phường, thị trấn"
    assert filled(text, agencies, "tỉnh", after, "en") == "Plan of the province in communes, wards and special zones"
    assert filled(text, agencies, "thành phố", after, "en").startswith("Plan of the city")
    assert filled(Text(vi="Tại {commune}"), agencies, "tỉnh", after, "en") == "Tại xã, phường, đặc khu"


def test_texts_of_the_catalogue_may_leave_the_english_out(rules: Path) -> None:
    (action,) = load_actions(with_action(rules)).actions
    assert (action.task, action.output) == (Text(vi="Tham mưu kế hoạch"), Text(vi="Kế hoạch"))


def test_everything_that_is_printed_has_an_english_edition(
    catalogue: ActionCatalogue, agencies: AgencyRegister
) -> None:
    texts = [one.name for one in agencies.agencies.values()]
    texts += [one.name_in_city for one in agencies.agencies.values() if one.name_in_city]
    texts += [wording.text for term in agencies.terms.values() for wording in term.said_as]
    for practice in catalogue.practices:
        texts += [practice.unit, practice.done, practice.source_name]
    for legal in catalogue.legal.texts.values():
        texts += [legal.issuer, *([legal.title] if legal.title else [])]
    assert [text.vi for text in texts if not text.en or VIETNAMESE.search(text.en)] == []


@pytest.mark.parametrize(
    ("duty", "before", "after"),
    [
        ("investment", "Sở Kế hoạch và Đầu tư", "Sở Tài chính"),
        ("digital-government", "Sở Thông tin và Truyền thông", "Sở Khoa học và Công nghệ"),
        ("press", "Sở Thông tin và Truyền thông", "Sở Văn hóa, Thể thao và Du lịch"),
        ("land", "Sở Tài nguyên và Môi trường", "Sở Nông nghiệp và Môi trường"),
        ("roads", "Sở Giao thông vận tải", "Sở Xây dựng"),
        ("employment", "Sở Lao động - Thương binh và Xã hội", "Sở Nội vụ"),
        ("poverty", "Sở Lao động - Thương binh và Xã hội", "Sở Nông nghiệp và Môi trường"),
        ("social-protection", "Sở Lao động - Thương binh và Xã hội", "Sở Y tế"),
        ("vocational-education", "Sở Lao động - Thương binh và Xã hội", "Sở Giáo dục và Đào tạo"),
        ("drug-treatment", "Sở Lao động - Thương binh và Xã hội", "Công an tỉnh"),
    ],
)
def test_duties_moved_on_1_march_2025(agencies: AgencyRegister, duty: str, before: str, after: str) -> None:
    assert agencies.holder(duty, BEFORE).name_for("tỉnh") == before
    assert agencies.holder(duty, BETWEEN).name_for("tỉnh") == after


def test_districts_end_on_1_july_2025(agencies: AgencyRegister) -> None:
    assert agencies.holder("local-government", AFTER - timedelta(days=1)).id == "districts"
    assert agencies.holder("local-government", AFTER).id == "communes"
    assert agencies.holder("districts", BEFORE).name_for("thành phố") == "Ủy ban nhân dân cấp huyện"
    with pytest.raises(UnknownAgencyError):
        agencies.holder("districts", AFTER)


def test_poverty_lists_never_go_to_home_affairs(catalogue: ActionCatalogue, agencies: AgencyRegister) -> None:
    for action in catalogue.answering("papi.poverty-lists"):
        assert agencies.holder(action.lead, AFTER).id == "agriculture-environment"
        assert agencies.holder(action.lead, BEFORE).id == "labour-invalids-social-affairs"


def test_a_city_has_the_offices_of_a_city(agencies: AgencyRegister) -> None:
    assert agencies.holder("police", AFTER).name_for("thành phố") == "Công an thành phố"


def test_one_stop_law_follows_the_date() -> None:
    legal = load_legal_texts(rules_folder() / "legal_bases.yaml")
    ids = ("decree-118-2025", "decree-61-2018")
    assert [text.short() for text in legal.citable(ids, date(2022, 6, 20))] == ["Nghị định số 61/2018/NĐ-CP"]
    assert [text.short() for text in legal.citable(ids, AFTER)] == ["Nghị định số 118/2025/NĐ-CP"]


def test_a_text_known_from_memory_is_never_cited() -> None:
    legal = load_legal_texts(rules_folder() / "legal_bases.yaml")
    memory = tuple(name for name, text in legal.texts.items() if text.basis == "memory")
    assert memory
    assert all(not legal.citable(memory, date(year, 6, 1)) for year in range(2008, 2030))


def test_a_number_that_returns_each_year_is_cited_with_its_date() -> None:
    legal = load_legal_texts(rules_folder() / "legal_bases.yaml")
    assert legal.texts["resolution-02-2022"].short() == "Nghị quyết số 02/NQ-CP ngày 10/01/2022"
    assert isinstance(legal.texts["law-grassroots-democracy-2022"], LegalText)
    assert legal.texts["law-grassroots-democracy-2022"].short() == "Luật Thực hiện dân chủ ở cơ sở"


def test_texts_are_cited_in_english_as_in_vietnamese() -> None:
    texts = load_legal_texts(rules_folder() / "legal_bases.yaml").texts
    assert texts["resolution-02-2022"].short("en") == "Resolution No. 02/NQ-CP dated 10 January 2022"
    assert texts["decree-118-2025"].short("en") == "Decree No. 118/2025/ND-CP"
    assert texts["decree-107-2021"].citation("en") == (
        "Decree No. 107/2021/ND-CP of the Government dated 6 December 2021 "
        "amending and supplementing a number of articles of Decree No. 61/2018/ND-CP"
    )
    assert texts["law-access-to-information-2016"].citation("en") == "Law on Access to Information dated 6 April 2016"
    assert (
        texts["decision-468-2021"].citation("en") == "Decision No. 468/QD-TTg of the Prime Minister dated 27 March 2021"
    )


@pytest.mark.parametrize("year", range(2020, 2031))
def test_no_deadline_falls_on_a_day_off(catalogue: ActionCatalogue, calendar: Calendar, year: int) -> None:
    for start in range(0, 365, 7):
        memo = date(year, 1, 1) + timedelta(days=start)
        for action in catalogue.actions:
            deadline = action.deadline.after(memo, calendar)
            assert deadline > memo
            assert calendar.works(deadline)


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (date(2022, 9, 30), date(2022, 9, 30)),
        (date(2022, 7, 31), date(2022, 7, 29)),
        (date(2022, 9, 2), date(2022, 8, 31)),
        (date(2023, 1, 26), date(2023, 1, 19)),
    ],
    ids=["a-working-day", "a-sunday", "national-day", "tet"],
)
def test_a_day_off_gives_way_to_the_working_day_before(calendar: Calendar, wanted: date, given: date) -> None:
    assert calendar.working_day_by(wanted, after=date(2022, 6, 20)) == given


def test_a_deadline_inside_tet_moves_behind_it_rather_than_before_the_memo(calendar: Calendar) -> None:
    assert calendar.working_day_by(date(2023, 1, 25), after=date(2023, 1, 19)) == date(2023, 1, 27)


def test_a_yearly_date_too_near_is_taken_from_the_next_year(calendar: Calendar) -> None:
    deadline = Deadline(month=6, day=30)
    assert deadline.after(date(2022, 6, 20), calendar) == date(2023, 6, 30)
    assert deadline.after(date(2022, 3, 1), calendar) == date(2022, 6, 30)


@pytest.mark.parametrize("wrong", [{}, {"days": 3, "month": 1, "day": 1}, {"month": 2}, {"month": 2, "day": 30}])
def test_a_deadline_has_one_form_and_a_day_that_exists(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"days|day|range"):
        Deadline(**wrong)


@pytest.mark.parametrize(
    ("changes", "code", "line"),
    [
        ({"lead": "home-afairs"}, "action-agency", 4),
        ({"lead": "planning-investment"}, "action-dated-agency", 4),
        ({"coordinating": "[post, nobody]"}, "action-agency", 12),
        ({"legal": "[decree-1]"}, "action-legal", 12),
        ({"task": '"Rà soát {nothing}"'}, "action-term", 5),
        ({"task": "Rà soát."}, "action-sentence", 5),
        ({"effort": "4"}, "schema-less-than-equal", 8),
        ({"cause": "laziness"}, "schema-literal-error", 9),
        ({"deadline": "{month: 2, day: 30}"}, "schema-value-error", 7),
        ({"unknown": "x"}, "schema-extra-forbidden", 12),
    ],
)
def test_a_wrong_action_is_told_with_its_line(rules: Path, changes: dict[str, str], code: str, line: int) -> None:
    with pytest.raises(BadInputError) as caught:
        load_actions(with_action(rules, **changes))
    assert [(found.code, found.place.line) for found in caught.value.problems] == [(code, line)]


def test_all_problems_of_all_files_are_told_at_once(rules: Path) -> None:
    folder = with_action(rules, effort="4", cause="laziness")
    shutil.copy(folder / "a.yaml", folder / "b.yaml")
    (rules / "days_off.yaml").write_text('source: x\nyears:\n  "2022": [2023-01-02]\n', encoding="utf-8")
    with pytest.raises(BadInputError) as caught:
        load_actions(folder)
    files = {Path(str(found.place.file)).name for found in caught.value.problems}
    assert len(caught.value.problems) == 5
    assert files == {"a.yaml", "b.yaml", "days_off.yaml"}


def test_the_same_id_in_two_files_is_refused(rules: Path) -> None:
    folder = with_action(rules)
    shutil.copy(folder / "a.yaml", folder / "b.yaml")
    with pytest.raises(BadInputError) as caught:
        load_actions(folder)
    assert [found.code for found in caught.value.problems] == ["action-twice"]


def test_a_duty_held_by_nobody_for_a_day_is_refused(tmp_path: Path) -> None:
    text = (rules_folder() / "agencies.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "agencies.yaml"
    broken.write_text(
        text.replace("{agency: planning-investment, to: 2025-02-28}", "{agency: planning-investment, to: 2025-02-27}"),
        encoding="utf-8",
    )
    with pytest.raises(BadInputError) as caught:
        load_agencies(broken)
    assert [found.code for found in caught.value.problems] == ["agency-span"]


def test_issuers_end_their_recipients_with_the_filing_line(tmp_path: Path) -> None:
    assert not load_issuer(rules_folder() / "issuers" / "bo-noi-vu.yaml").assigns
    assert load_issuer(rules_folder() / "issuers" / "ubnd-tinh-vi-du.yaml").assigns
    text = (rules_folder() / "issuers" / "bo-noi-vu.yaml").read_text(encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace('  - {vi: "Lưu: VT, CCHC.", en: "File: VT, CCHC."}\n', ""), encoding="utf-8")
    with pytest.raises(BadInputError) as caught:
        load_issuer(broken)
    assert [found.code for found in caught.value.problems] == ["issuer-recipients"]
