"""The words of every memo: all provinces and all years of PAPI, and nothing an official would laugh at."""

import re
from collections import Counter
from datetime import date

import pytest
from example_memos import FIRST, MEETING, built, memo, pack, published, texts_of, views_of

from thammuu.memos.model import Chart, Form, Language, MemoModel, Section, Table
from thammuu.memos.printing.render import Renderer
from thammuu.memos.view import Issued, SinceLast
from thammuu.resources import templates_folder
from thammuu.rulepack.pack import RulePack
from thammuu.rulepack.units import Unit

ENGLISH = (
    "the|of|and|for|by|with|score|rank|total|province|index|findings|task|tasks|none|null|nan|true|false|unknown|"
    "missing|points|criterion|median|table|figure|annex"
)
NEVER = {
    "a null": r"\b(None|null|nan|NaN|N/A)\b",
    "an English word": rf"\b({ENGLISH})\b",
    "two spaces": r"\S {2,}\S",
    "a signed fall": r"(tăng|giảm) [-+]",
    "two signs": r"\+-|--",
    "a decimal point": r"\d\.\d{1,2}\b(?!\.)",
    "a rule's name": r"zero-score|at-floor|below-peers|falling|last-in-region|persistent|rank-drop|not-at-maximum",
    "an open placeholder": r"[{}]",
    "an empty bracket": r"\(\s*\)",
    "a space before a mark": r" [,;.](\s|$)",
    "two full stops": r"\.\.",
    "an exclamation": r"!",
    "an unwritten comparison": r"so với ([.;,]|$)",
    "cùng kỳ for two years": r"so với cùng kỳ",
    "hàng for hằng": r"\bhàng (năm|tháng|quý|tuần)",
}
EVERY_FAULT = {name: re.compile(pattern) for name, pattern in NEVER.items()}
CODES = re.compile(r"\b\d\.\d{1,2}(\. |(?=[;)]))")
"""Codes of criteria are the only figures with a point."""
PAPI_YEARS = range(2011, 2023)
MARKED = re.compile(r"[àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ]", re.IGNORECASE)
NUMERALS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII"]


def sentences(model: MemoModel) -> list[str]:
    """Everything the memo prints as sentences, text by text; the number's blank is none."""
    found = [model.title, model.letterhead.subject, *model.addressees, *model.recipients]
    found += [one.text for one in (*model.grounds, *model.opening, *model.closing)]
    found += [section.heading for section in model.sections] + [annex.title for annex in model.annexes]
    found += told(model)
    for table in tables(model):
        found += [table.caption, *(column.title for column in table.columns)]
        found += [table.note.text] if table.note else []
        found += [cell for row in table.rows for cell in row.cells]
    return found + [text for chart in charts(model) for text in (chart.caption, chart.alt)]


def told(model: MemoModel) -> list[str]:
    return [text for section in model.sections for text in texts_of(section)]


def tables(model: MemoModel) -> list[Table]:
    blocks = [block for section in model.sections for block in section.blocks]
    blocks += [block for annex in model.annexes for block in annex.blocks]
    return [block for block in blocks if isinstance(block, Table)]


def charts(model: MemoModel) -> list[Chart]:
    return [block for section in model.sections for block in section.blocks if isinstance(block, Chart)]


def units(year: int) -> list[str]:
    return published("papi", year, min(PAPI_YEARS)).periods[-1].units["unit_id"].to_list()


def dated(year: int) -> date:
    return date(year + 1, 4, 12)


UNITS = published("papi", 2021).periods[-1].units["unit_id"].to_list()


@pytest.fixture(scope="module")
def memos() -> list[MemoModel]:
    """The three indices of 2021, as the meeting of June 2022 had them."""
    return [memo(unit, MEETING) for unit in UNITS]


@pytest.fixture(scope="module", params=PAPI_YEARS)
def of_a_year(request: pytest.FixtureRequest) -> list[MemoModel]:
    """The memos of all provinces on PAPI of one year, with all years before."""
    year = request.param
    return [memo(unit, dated(year), year=year, first=min(PAPI_YEARS)) for unit in units(year)]


def faults(models: list[MemoModel]) -> list[tuple[str, str, str]]:
    texts = {text: model.unit.id for model in models for text in sentences(model)}
    return [
        (name, unit, text)
        for text, unit in texts.items()
        for name, pattern in EVERY_FAULT.items()
        if pattern.search(CODES.sub("x", text))
    ]


def test_no_memo_on_three_indices_says_what_an_official_would_laugh_at(memos: list[MemoModel]) -> None:
    assert faults(memos) == []


def test_no_memo_of_any_year_says_what_an_official_would_laugh_at(of_a_year: list[MemoModel]) -> None:
    assert len(of_a_year) == 63
    assert faults(of_a_year) == []


def test_no_memo_says_a_sentence_twice(of_a_year: list[MemoModel], memos: list[MemoModel]) -> None:
    assert twice([*of_a_year, *memos]) == {}


def twice(models: list[MemoModel]) -> dict[str, list[str]]:
    """The sentences that a memo says more than once, by its unit."""
    found = {}
    for model in models:
        apart = [one for text in texts_in(model) for one in re.split(r"(?<=[.;])\s+(?=[A-ZĐÂÁÀÔƠƯÝ])", text)]
        found[model.unit.id] = repeated(apart)
    return {unit: texts for unit, texts in found.items() if texts}


def whole_twice(models: list[MemoModel]) -> dict[str, list[str]]:
    """The paragraphs that a memo has more than once, by its unit: parts and quotations may share a sentence."""
    found = {model.unit.id: repeated(texts_in(model)) for model in models}
    return {unit: texts for unit, texts in found.items() if texts}


def texts_in(model: MemoModel) -> list[str]:
    return [one.text for one in (*model.grounds, *model.opening, *model.closing)] + told(model)


def repeated(texts: list[str]) -> list[str]:
    return [text for text, times in Counter(texts).items() if times > 1]


def test_no_heading_is_empty_and_all_are_numbered_without_gaps(
    of_a_year: list[MemoModel], memos: list[MemoModel]
) -> None:
    for model in (*of_a_year, *memos):
        assert all(has_content(model, place) for place in range(len(model.sections)))
        headings = [section.heading for section in model.sections if section.level == 1]
        assert all(headings)
        if len(headings) > 1:
            assert [heading.split(". ")[0] for heading in headings] == NUMERALS[: len(headings)]


def has_content(model: MemoModel, place: int) -> bool:
    section = model.sections[place]
    after = model.sections[place + 1 : place + 2]
    return bool(section.blocks) or (section.level == 1 and any(one.level == 2 for one in after))


def test_every_memo_ends_as_documents_end(of_a_year: list[MemoModel], memos: list[MemoModel]) -> None:
    for model in (*of_a_year, *memos):
        assert model.closing[-1].text.endswith("./.")
        assert model.recipients[0] == "Như trên;"
        assert model.recipients[-1].startswith("Lưu: VT")


def test_the_median_is_explained_once(of_a_year: list[MemoModel], memos: list[MemoModel]) -> None:
    for model in (*of_a_year, *memos):
        every = " ".join(sentences(model))
        if "trung vị" in every.lower():
            assert every.count("Trung vị là giá trị đứng giữa") == 1


def test_counts_below_ten_take_a_zero(of_a_year: list[MemoModel], memos: list[MemoModel]) -> None:
    counted = re.compile(r"\b[1-9] (bậc|nội dung|tiêu chí|nhận xét|chỉ số nội dung)\b")
    assert [text for model in (*of_a_year, *memos) for text in sentences(model) if counted.search(text)] == []


def test_plain_text_has_no_line_that_only_spaces_fill(memos: list[MemoModel]) -> None:
    renderer = Renderer(templates_folder())
    for model in memos[:5]:
        assert not re.search(r"^ +$", renderer.text(model), re.MULTILINE)


COMMITTEE = "ubnd-tinh-vi-du"
ISSUERS: dict[Form, str] = {
    "cong-van": COMMITTEE,
    "thong-bao": COMMITTEE,
    "phieu-bao": "bo-noi-vu",
    "ke-hoach": COMMITTEE,
}
SAMPLE = [*UNITS[::6], "da-nang"]
AFTER_MERGERS = date(2025, 9, 15)


def merged_into(body: Unit, form: Form, language: Language = "vi") -> MemoModel:
    parts = [(pack().units.get(one), views_of(one, AFTER_MERGERS, 2022)) for one in body.predecessors]
    return built(body, parts, AFTER_MERGERS, year=2022, issuer=ISSUERS[form], form=form, language=language)


def merged_bodies() -> list[Unit]:
    return [one for one in pack().units.at(AFTER_MERGERS, "province") if len(one.predecessors) > 1]


def following(unit: str, issuer: str = "bo-noi-vu", language: Language = "vi") -> MemoModel:
    """A memo that replaces one of its own round and comes after one of the round before."""
    earlier = memo(unit, MEETING, issuer=issuer)
    replaced = memo(unit, dated(2022), year=2022, first=2022, issuer=issuer)
    since = SinceLast(
        corrects=(Issued(f"{unit}-2023", 1, 7, dated(2022), numbered(replaced, "Số: 07/UBND-NC")),),
        previous=(Issued(f"{unit}-2022", 1, 5, MEETING, numbered(earlier, "Số: 05/UBND-NC")),),
    )
    return memo(unit, date(2023, 6, 1), year=2022, issuer=issuer, since=since, language=language)


def numbered(model: MemoModel, number: str) -> MemoModel:
    return model.model_copy(update={"letterhead": model.letterhead.model_copy(update={"number": number})})


@pytest.mark.parametrize("form", ISSUERS)
@pytest.mark.parametrize("year", [2021, 2022])
def test_no_form_says_what_an_official_would_laugh_at(form: Form, year: int) -> None:
    on = MEETING if year == MEETING.year - 1 else dated(year)
    models = [memo(unit, on, year=year, form=form, issuer=ISSUERS[form]) for unit in SAMPLE]
    assert len(models) == 12
    assert faults(models) == []
    assert (whole_twice if form == "phieu-bao" else twice)(models) == {}


@pytest.mark.parametrize("form", ISSUERS)
def test_no_memo_to_a_merged_province_says_what_an_official_would_laugh_at(form: Form) -> None:
    models = [merged_into(body, form) for body in merged_bodies()]
    assert len(models) > 20
    assert faults(models) == []
    assert whole_twice(models) == {}


@pytest.mark.parametrize("issuer", ["bo-noi-vu", COMMITTEE])
def test_no_memo_after_others_says_what_an_official_would_laugh_at(issuer: str) -> None:
    models = [following(unit, issuer) for unit in SAMPLE]
    assert all(kind_of(model, "since") for model in models)
    assert any(" của Ủy ban nhân dân" in text for text in told(models[0])) == (issuer == COMMITTEE)
    assert faults(models) == []
    assert whole_twice(models) == {}


def kind_of(model: MemoModel, kind: str) -> list[Section]:
    return [section for section in model.sections if section.kind == kind]


@pytest.fixture(scope="module")
def shipped() -> RulePack:
    return pack()


def test_the_words_of_the_catalogue_keep_to_the_same_rules(shipped: RulePack) -> None:
    texts = [text.vi for action in shipped.actions.actions for text in (action.task, action.output)]
    patterns = {name: pattern for name, pattern in EVERY_FAULT.items() if name != "an open placeholder"}
    assert [(name, text) for name, pattern in patterns.items() for text in texts if pattern.search(text)] == []


@pytest.fixture(scope="module", params=[(2021, MEETING), (2022, dated(2022))], ids=["2021", "2022"])
def english(request: pytest.FixtureRequest) -> list[MemoModel]:
    year, on = request.param
    return [memo(unit, on, year=year, language="en", first=None if year == 2021 else FIRST) for unit in UNITS[::6]]


def test_the_english_edition_is_english(english: list[MemoModel]) -> None:
    texts = [(model.unit.id, text) for model in english for text in sentences(model)]
    assert [one for one in texts if MARKED.search(one[1])] == []


def test_the_english_edition_of_every_form_is_english() -> None:
    models = [memo(unit, form=form, issuer=one, language="en") for form, one in ISSUERS.items() for unit in SAMPLE[::4]]
    models += [merged_into(body, form, "en") for form in ISSUERS for body in merged_bodies()[::6]]
    models += [following(unit, language="en") for unit in SAMPLE]
    texts = [(model.form, model.unit.id, text) for model in models for text in sentences(model)]
    assert [one for one in texts if MARKED.search(one[2])] == []


@pytest.mark.parametrize("fault", ["a null", "two spaces", "two signs", "an open placeholder", "an empty bracket"])
def test_the_english_edition_says_no(english: list[MemoModel], fault: str) -> None:
    assert [text for model in english for text in sentences(model) if EVERY_FAULT[fault].search(text)] == []


def test_both_editions_hold_the_same_findings_and_tasks(english: list[MemoModel]) -> None:
    for model in english:
        first = None if model.round == "2022" else FIRST
        vietnamese = memo(model.unit.id, model.dated, year=int(model.round) - 1, first=first)
        assert [line.id for line in vietnamese.findings] == [line.id for line in model.findings]
        assert [(one.id, one.deadline, one.lead_id) for one in vietnamese.tasks] == [
            (one.id, one.deadline, one.lead_id) for one in model.tasks
        ]
        assert kinds(vietnamese.sections) == kinds(model.sections)


def kinds(sections: tuple[Section, ...]) -> list[tuple[str, int]]:
    return [(section.kind, len(section.blocks)) for section in sections]
