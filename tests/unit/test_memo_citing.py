"""How a memo names those it cites and sends to: who wrote, criteria of another edition, the Party committee."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from memo_parts import SCORED, finding, level_scores, memo, pack, scope, texts, view

from thammuu.memos.model import FindingLine, Letterhead, Sentence
from thammuu.memos.sections.letter import document, recipients
from thammuu.memos.sections.since import since_section
from thammuu.memos.view import Issued, PublicationView, SinceLast
from thammuu.rulepack.text import Text

COMMITTEE = "ubnd-tinh-vi-du"


def papi(attainment: float = 0.4) -> PublicationView:
    own = level_scores("papi", 2022, attainment)
    before = dict.fromkeys(SCORED, level_scores("papi", 2021))
    return view("papi", 2022, dict.fromkeys(SCORED, level_scores("papi", 2022)) | {"ha-nam": own}, before=before)


def issued(issuer: str, body: str = "", opening: str = "", findings: Sequence[FindingLine] = ()) -> Issued:
    head = Letterhead(governing_body="", issuing_body=body, number="Số: 05/VB", subject="", place_and_date="")
    more: dict[str, Any] = {"issuer": issuer, "language": "vi", "letterhead": head}
    if opening:
        more["opening"] = (Sentence(text=opening, because=("publication:papi-2022-r1",)),)
    return Issued("ha-nam-2022", 1, 5, date(2022, 6, 20), memo(findings=findings, **more))


@pytest.mark.parametrize(
    ("issuer", "body", "opening", "named"),
    [
        (
            COMMITTEE,
            "ỦY BAN NHÂN DÂN\nTỈNH HÀ NAM",
            "Căn cứ kết quả PAPI, Ủy ban nhân dân tỉnh Hà Nam thông báo như sau:",
            "Ủy ban nhân dân tỉnh Hà Nam",
        ),
        ("so-ban", "SỞ\nBAN", "Không nêu tên.", "SỞ BAN"),
        ("bo-noi-vu", "BỘ NỘI VỤ", "Không nêu tên.", "Bộ Nội vụ"),
    ],
)
def test_an_issued_memo_is_cited_by_the_body_that_wrote_it(issuer: str, body: str, opening: str, named: str) -> None:
    told = document(scope(papi()), issued(issuer, body, opening))
    assert told == f"Công văn số 05/VB ngày 20/6/2022 của {named}"


def test_a_committee_that_has_merged_away_is_cited_by_its_name_of_then() -> None:
    here = replace(scope(papi(), body="ninh-binh-2025"), issuer=pack().issuer(COMMITTEE))
    assert document(here, issued(COMMITTEE)).endswith(" của Ủy ban nhân dân tỉnh Hà Nam")


def test_another_body_has_no_vietnamese_name_in_the_english_edition() -> None:
    told = document(scope(papi(), language="en"), issued("so-ban", "SỞ BAN", "Sở Ban báo:"))
    assert told == "Official letter No. 05/VB of 20 June 2022"


def test_the_english_edition_names_criteria_of_a_vietnamese_memo_in_english() -> None:
    one = papi(attainment=0.5)
    nodes = [one.framework.node(code) for code in ("1.1", "1.2")]
    lines = [finding(node.concept, f"{node.code}. Tên", code=node.code) for node in nodes]
    since = SinceLast(previous=(issued("bo-noi-vu", findings=lines),))
    (told,) = texts(since_section(scope(one, language="en", since=since), [], (), ()))
    assert "Tên" not in told
    assert f"(1.1. {nodes[0].name.en}; 1.2. {nodes[1].name.en})" in told


@pytest.mark.parametrize(("body", "party"), [("ha-nam", "Tỉnh ủy"), ("da-nang", "Thành ủy")])
def test_the_party_committee_of_a_city_is_the_citys(body: str, party: str) -> None:
    line = Text(vi="Thường trực {party} (để báo cáo);", en="The Standing Board of the {party} (for information);")
    issuer = pack().issuer(COMMITTEE).model_copy(update={"recipients": (line,)})
    assert recipients(replace(scope(papi(), body=body), issuer=issuer), ()) == (f"Thường trực {party} (để báo cáo);",)
