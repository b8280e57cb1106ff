"""Numbers, counts and periods inside sentences, in both languages."""

import pytest
from jinja2 import TemplateError
from jinja2.exceptions import SecurityError

from thammuu.analysis.sentences import amount, count, number, period_words, scale_context, sentence


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        (0, "0", "0"),
        (1.5, "1,5", "1.5"),
        (43.2855, "43,29", "43.29"),
        (-0.001, "0", "0"),
        (16117, "16.117", "16,117"),
        (None, "khuyết dữ liệu", "no data"),
    ],
)
def test_numbers_have_the_decimal_sign_of_their_language(value: float | None, vi: str, en: str) -> None:
    assert (number(value, "vi"), number(value, "en")) == (vi, en)


@pytest.mark.parametrize(("value", "vi", "en"), [(1, "01", "1"), (9, "09", "9"), (10, "10", "10"), (-17, "17", "17")])
def test_counts_below_ten_have_two_digits_in_vietnamese(value: int, vi: str, en: str) -> None:
    assert (count(value, "vi"), count(value, "en")) == (vi, en)


@pytest.mark.parametrize(
    ("value", "unit", "other", "vi"),
    [
        (0.5, "points", None, "0,5 điểm"),
        (88.38, "percent", None, "88,38%"),
        (0.454, "ratio", None, "45,4%"),
        (1.2345, "points", 1.2312, "1,234 điểm"),
        (1.23451, "points", 1.23452, "1,2345 điểm"),
        (1.2, "points", 1.2, "1,2 điểm"),
    ],
)
def test_amounts_have_their_unit_and_the_decimals_that_tell_them_apart(
    value: float, unit: str, other: float | None, vi: str
) -> None:
    assert amount(value, "vi", unit, other) == vi


@pytest.mark.parametrize(
    ("period", "vi"),
    [
        ("2021", "năm 2021"),
        ("2022-Q2", "quý II/2022"),
        ("2022-06", "tháng 6/2022"),
        ("2022-06-05", "ngày 05/6/2022"),
        ("2022-01-15", "ngày 15/01/2022"),
    ],
)
def test_periods_are_written_out(period: str, vi: str) -> None:
    assert period_words(period, "vi") == vi
    assert period_words(period, "en") == period


def test_a_peers_share_becomes_a_score_on_the_nodes_own_scale() -> None:
    scale = {"min_score": 0.25, "max_score": 2.5, "peer_median": 0.4}
    assert scale_context(scale | {"direction": "higher"})["peer_median_score"] == pytest.approx(1.15)
    assert scale_context(scale | {"direction": "lower"})["peer_median_score"] == pytest.approx(1.6)
    assert scale_context({"peer_median": 0.4})["peer_median_score"] is None


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ score.__class__ }}",
        "{{ missing }}",
        "{{ range(10) }}",
        "{% include 'x' %}",
    ],
)
def test_templates_reach_nothing_but_facts(text: str) -> None:
    with pytest.raises((SecurityError, TemplateError, TypeError)):
        sentence(text, "vi", {"score": 1.0})
