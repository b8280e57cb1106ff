"""The rule language: what is accepted, what is refused and where, and how nulls behave."""

import subprocess
import sys
import time
from typing import Any

import polars as pl
import pytest

from thammuu.analysis.conditions import ConditionRefused, check_condition
from thammuu.analysis.fact_catalogue import condition_names

NAMES = condition_names(["national", "region"])

REFUSED = {
    # probe: (code of the first fault, line, column)
    " AND ".join(["score > 0"] * 1_000): ("condition-length", 1, 501),
    " AND ".join(["score > 0"] * 10_000): ("condition-length", 1, 501),
    " AND ".join(["n>0"] * 50): ("condition-size", 1, 1),
    "(" * 200 + "score = 0" + ")" * 200: ("condition-depth", 1, 21),
    "NOT " * 110 + "score = 0": ("condition-depth", 1, 81),
    "- " * 120 + "score > 0": ("condition-depth", 1, 41),
    "COALESCE(" * 30 + "score" + ")" * 30 + " = 1": ("condition-depth", 1, 189),
    "band = LPAD('a', 1e9)": ("condition-function", 1, 8),
    "REPEAT('a', 1000000) = band": ("condition-function", 1, 1),
    "score > 0 AND NOW() IS NULL": ("condition-function", 1, 15),
    "RANDOM() < score": ("condition-function", 1, 1),
    "score > RANK() OVER (ORDER BY score)": ("condition-function", 1, 9),
    "SUM(score) OVER (PARTITION BY region) > 1": ("condition-function", 1, 1),
    "score > AVG(score)": ("condition-function", 1, 9),
    "COUNT(*) > 1": ("condition-function", 1, 1),
    "score > (SELECT 1)": ("condition-word", 1, 10),
    "score IN (SELECT 1)": ("condition-word", 1, 11),
    "EXISTS (SELECT 1)": ("condition-function", 1, 1),
    "CASE WHEN score = 0 THEN 1 END = 1": ("condition-word", 1, 1),
    "IF(score = 0, 1, 2) = 1": ("condition-function", 1, 1),
    "CAST(score AS INT) = 0": ("condition-function", 1, 1),
    "score::int = 0": ("condition-word", 1, 6),
    "score = 0 -- and so on": ("condition-comment", 1, 11),
    "score /* is */ = 0": ("condition-comment", 1, 7),
    "score = 0; DROP TABLE facts": ("condition-word", 1, 10),
    "\u0455core = 0": ("condition-character", 1, 1),
    "score\u00a0= 0": ("condition-character", 1, 6),
    "score \u2264 0": ("condition-character", 1, 7),
    "score = 0\x00": ("condition-character", 1, 10),
    "attainment < per_p25": ("condition-fact", 1, 14),
    "scores.x > 1": ("condition-fact", 1, 1),
    "score.peer_median > 1": ("condition-fact", 1, 1),
    "region.score > 1": ("condition-fact", 1, 1),
    "north.peer_median > attainment": ("condition-fact", 1, 1),
    "a.region.peer_median > 1": ("condition-fact", 1, 1),
    '"score" = 0': ("condition-word", 1, 1),
    "score": ("condition-not-boolean", 1, 1),
    "score + 1": ("condition-not-boolean", 1, 1),
    "1 = 1": ("condition-constant", 1, 1),
    "score = 0 OR TRUE": ("condition-word", 1, 14),
    "score = 'a'": ("condition-type", 1, 9),
    "band < 'Cao'": ("condition-type", 1, 1),
    "band + 1 = 2": ("condition-type", 1, 1),
    "NOT score": ("condition-type", 1, 5),
    "score < n < rank": ("condition-type", 1, 1),
    "score AND n = 1": ("condition-type", 1, 1),
    "score = NULL": ("condition-null", 1, 9),
    "score IN (1, NULL)": ("condition-null", 1, 14),
    "score IN ()": ("condition-part", 1, 1),
    "score = 1e99": ("condition-number", 1, 9),
    "score = 1234567890123456": ("condition-number", 1, 9),
    "band LIKE 'C%'": ("condition-word", 1, 6),
    "band || 'a' = 'b'": ("condition-word", 1, 6),
    "score BETWEEN SYMMETRIC 2 AND 1": ("condition-part", 1, 1),
    "score = $1": ("condition-fact", 1, 9),
    "{{ score }} = 1": ("condition-word", 1, 1),
    "score = 0 score": ("condition-part", 1, 1),
    "score = 1, n = 2": ("condition-syntax", 1, 10),
    "score = 0 AND": ("condition-syntax", 1, 11),
    "band = 'Cao": ("condition-quote", 1, 8),
    "score = 0\n  AND scor = 1": ("condition-fact", 2, 7),
    " ": ("condition-empty", 1, 1),
}


@pytest.mark.parametrize(("text", "fault"), REFUSED.items(), ids=[text[:40] for text in REFUSED])
def test_everything_outside_the_language_is_refused_at_its_place(text: str, fault: tuple[str, int, int]) -> None:
    started = time.perf_counter()
    with pytest.raises(ConditionRefused) as refusal:
        check_condition(text, NAMES)
    first = refusal.value.faults[0]
    assert (first.code, *first.line_and_column(text)) == fault
    assert time.perf_counter() - started < 1


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(ConditionRefused) as refusal:
        check_condition("scor = 0 AND attainmnt < 1", NAMES)
    assert [fault.value for fault in refusal.value.faults] == ["scor", "attainmnt"]


def test_an_unknown_fact_suggests_the_nearest_name() -> None:
    with pytest.raises(ConditionRefused, match="peer_median"):
        check_condition("region.peer_medin > 0", NAMES)


def test_nested_calls_do_not_take_exponential_time() -> None:
    text = "COALESCE(" * 19 + "score, 1" + ", 1)" * 18 + ") = 1"
    started = time.perf_counter()
    check_condition(text, NAMES)
    assert time.perf_counter() - started < 0.5


def truth(text: str, **facts: float | str) -> bool | None:
    condition = check_condition(text, NAMES)
    row = {name: facts.get(name.replace(".", "__")) for name in condition.facts}
    schema = {name: pl.String if NAMES[name] == "text" else pl.Float64 for name in row}
    frame = pl.DataFrame({name: [value] for name, value in row.items()}, schema=schema)
    found: bool | None = frame.select(condition.expression()).item()
    return found


ACCEPTED = [
    ("score = 0", {"score": 0.0}, True),
    ("score == 0 and score != 1", {"score": 0.0}, True),
    ("attainment <= 0.02 AND score > 0", {"attainment": 0.02, "score": 0.3}, True),
    ("delta <= -0.10 AND delta - peer_delta <= -0.10", {"delta": -0.2, "peer_delta": 0.1}, True),
    ("attainment < region.peer_median", {"attainment": 0.1, "region__peer_median": 0.2}, True),
    ("band IN ('Cao', 'it''s')", {"band": "it's"}, True),
    ("band <> 'Cao'", {"band": "Thấp"}, True),
    ("band = 'Trung bình cao'", {"band": "Trung bình cao"}, True),
    ("score NOT IN (1, 2)", {"score": 3.0}, True),
    ("score BETWEEN 1 AND 2", {"score": 2.0}, True),
    ("NOT (score NOT BETWEEN 1 AND 2)", {"score": 2.0}, True),
    ("ABS(delta) > 0.5", {"delta": -0.6}, True),
    ("COALESCE(peer_median, 1) = 1", {}, True),
    ("lost_points / (max_score - min_score) > 0.5", {"lost_points": 6.0, "max_score": 10.0, "min_score": 0.0}, True),
    ("rank % 2 = 1", {"rank": 7}, True),
    ("n - rank < 5", {"rank": 60, "n": 63}, True),
    ("score > 1.5e1", {"score": 16.0}, True),
    ("previous_score IS NULL", {}, True),
    ("previous_score IS NOT NULL", {}, False),
]


@pytest.mark.parametrize(("text", "facts", "expected"), ACCEPTED, ids=[text for text, *_ in ACCEPTED])
def test_conditions_inside_the_language_say_what_sql_says(text: str, facts: dict[str, Any], expected: object) -> None:
    assert truth(text, **facts) is expected


KLEENE = [
    ("score = 0", {}, None),
    ("score = 0 AND n = 1", {"n": 2}, False),
    ("score = 0 AND n = 1", {"n": 1}, None),
    ("score = 0 OR n = 1", {"n": 1}, True),
    ("score = 0 OR n = 1", {"n": 2}, None),
    ("NOT score = 0", {}, None),
    ("score NOT IN (1, 2)", {}, None),
    ("score BETWEEN 1 AND n", {"score": 5.0}, None),
    ("score BETWEEN 1 AND n", {"score": 0.0}, False),
]


@pytest.mark.parametrize(("text", "facts", "expected"), KLEENE)
def test_unknown_stays_unknown_unless_the_rest_decides(text: str, facts: dict[str, Any], expected: object) -> None:
    assert truth(text, **facts) is expected


@pytest.mark.parametrize(
    "text",
    [
        "score / n > 0",
        "NOT score / n > 0",
        "0 / n = 0",
        "score % n = 0",
        "-score / n < 0",
        "score / n BETWEEN -1 AND 1",
        "score / n IN (0, 1)",
        "ABS(score / n) >= 0",
        "1 < score / n",
    ],
)
def test_a_division_by_zero_is_never_true(text: str) -> None:
    assert truth(text, score=1.0, n=0) is None
    assert truth(text, score=0.0, n=0) is None


def test_a_product_beyond_all_numbers_is_never_true() -> None:
    product = "score" + " * 1e15" * 25
    assert truth(f"{product} > 1", score=1.0) is None
    assert truth(f"{product} * 0 = 0", score=1.0) is None
    assert truth(f"1 - {product} < 0", score=1.0) is None


def test_names_are_listed_once_in_order() -> None:
    assert check_condition("n > 1 AND score > 0 AND n < 9", NAMES).facts == ("n", "score")


def test_a_hostile_condition_is_refused_in_little_memory() -> None:
    code = (
        "import re; from pathlib import Path; from thammuu.analysis.conditions import *\n"
        "try: check_condition(\"LPAD('a', 1e9) = 'a'\", {'score': 'number'})\n"
        "except ConditionRefused: print(re.search(r'VmHWM:\\s+([0-9]+)', Path('/proc/self/status').read_text())[1])"
    )
    peak_kb = int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert peak_kb < 300_000
