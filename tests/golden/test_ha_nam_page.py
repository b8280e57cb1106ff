"""The page that sets the Hà Nam memo beside the meeting's list quotes the memo word for word."""

import re
from pathlib import Path

import pytest
from example_memos import memo

from thammuu.memos.printing.render import Renderer
from thammuu.resources import templates_folder

PAGE = Path(__file__).parents[2] / "docs" / "ha-nam.md"
QUOTES = re.findall(r"“([^”]+)”", " ".join(PAGE.read_text(encoding="utf-8").split()))


@pytest.fixture(scope="module")
def printed() -> str:
    return " ".join(Renderer(templates_folder()).text(memo("ha-nam")).split())


def test_the_page_quotes_enough() -> None:
    assert len(QUOTES) > 12


@pytest.mark.parametrize("quote", QUOTES)
def test_what_is_quoted_is_in_the_memo(printed: str, quote: str) -> None:
    assert quote in printed
