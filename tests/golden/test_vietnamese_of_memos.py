"""The Vietnamese of every memo of the demonstration: nothing an official would laugh at."""

import re
from datetime import date

import pytest
from example_memos import MEETING, memo, published

from thammuu.memos.model import Chart, MemoModel, Table
from thammuu.memos.render import Renderer
from thammuu.resources import templates_folder
from thammuu.rulepack.pack import RulePack

ENGLISH = "the|of|and|for|score|rank|total|province|index|findings|task|none|null|nan|true|false|unknown|missing"
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
CODES = re.compile(r"\b\d\.\d{1,2}(\. |(?=[;)]))")
"""Codes of criteria are the only figures with a point."""


def sentences(model: MemoModel) -> list[str]:
    """Everything the memo prints as sentences, text by text; the number's blank is none."""
    sections = (model.findings, model.tasks, model.gain, model.practice, model.since, model.left_out)
    found = [model.title, model.letterhead.subject, *model.addressees, *model.opening, *model.closing]
    found += [*model.recipients, *(text for section in sections if section for text in section.paragraphs)]
    found += [section.heading for section in (model.standing, *sections) if section]
    if model.standing:
        found += [*(line.text for line in model.standing.lines), *model.standing.notes]
    for section in (model.gain, model.practice, model.since, model.left_out):
        found += section.entries if section else ()
    for table in tables(model):
        found += [table.caption, table.note, *(column.title for column in table.columns)]
        found += [cell for row in table.rows for cell in row.cells]
    return found + [text for chart in charts(model) for text in (chart.caption, chart.alt)]


def tables(model: MemoModel) -> list[Table]:
    listed = [*(model.findings.tables if model.findings else ()), *([model.tasks.table] if model.tasks else [])]
    return listed + [table for annex in model.annexes for table in annex.tables]


def charts(model: MemoModel) -> list[Chart]:
    return [section.chart for section in (model.standing, model.findings) if section and section.chart]


UNITS = published("papi", 2021).periods[-1].units["unit_id"].to_list()


@pytest.fixture(scope="module", params=[(2021, MEETING), (2022, date(2023, 4, 12))], ids=["2022", "2023"])
def memos(request: pytest.FixtureRequest) -> list[MemoModel]:
    year, on = request.param
    return [memo(unit, on, year=year) for unit in UNITS]


@pytest.mark.parametrize("fault", NEVER)
def test_no_memo_says(memos: list[MemoModel], fault: str) -> None:
    pattern = re.compile(NEVER[fault])
    found = [
        (model.unit.id, text) for model in memos for text in sentences(model) if pattern.search(CODES.sub("x", text))
    ]
    assert found == []


def test_every_memo_ends_as_documents_end(memos: list[MemoModel]) -> None:
    assert all(model.closing[-1].endswith("./.") for model in memos)
    assert all(model.recipients[0] == "Như trên;" for model in memos)
    assert all(model.recipients[-1].startswith("Lưu: VT") for model in memos)


def test_headings_are_numbered_without_gaps_and_never_empty(memos: list[MemoModel]) -> None:
    numerals = ["I", "II", "III", "IV", "V", "VI", "VII"]
    for model in memos:
        sections = [
            model.standing,
            model.findings,
            model.tasks,
            model.gain,
            model.practice,
            model.since,
            model.left_out,
        ]
        headings = [section.heading for section in sections if section]
        if len(headings) > 1:
            assert [heading.split(". ")[0] for heading in headings] == numerals[: len(headings)]
        for section in (model.gain, model.practice, model.since, model.left_out):
            assert section is None or section.paragraphs or section.entries


def test_no_sentence_is_printed_twice(memos: list[MemoModel]) -> None:
    for model in memos:
        told = [*model.opening, *(line.text for line in model.standing.lines)] if model.standing else []
        for section in (model.findings, model.tasks, model.gain, model.practice, model.left_out):
            told += section.paragraphs if section else []
        assert len(told) == len(set(told))


def test_the_median_is_explained_once(memos: list[MemoModel]) -> None:
    for model in memos:
        told = " ".join(sentences(model))
        if "trung vị" in told.lower():
            assert told.count("Trung vị là giá trị đứng giữa") == 1


def test_counts_below_ten_take_a_zero(memos: list[MemoModel]) -> None:
    counted = re.compile(r"\b[1-9] (bậc|nội dung|tiêu chí|nhận xét|chỉ số nội dung)\b")
    assert [text for model in memos for text in sentences(model) if counted.search(text)] == []


def test_plain_text_has_no_line_that_only_spaces_fill(memos: list[MemoModel]) -> None:
    renderer = Renderer(templates_folder())
    for model in memos[:5]:
        assert not re.search(r"^ +$", renderer.text(model), re.MULTILINE)


def test_the_words_of_the_catalogue_keep_to_the_same_rules(shipped: RulePack) -> None:
    texts = [text for action in shipped.actions.actions for text in (action.task, action.output)]
    faults = [name for name in NEVER if name != "an open placeholder"]
    assert [(name, text) for name in faults for text in texts if re.search(NEVER[name], text)] == []


@pytest.fixture(scope="module")
def shipped() -> RulePack:
    from example_memos import pack

    return pack()
