"""Views and scopes of made-up scores on the shipped rules, for tests of a memo's sections."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl
from made_up_scores import period

from thammuu.analysis.assessment import assess
from thammuu.memos.model import (
    FindingLine,
    Labels,
    Letterhead,
    MemoModel,
    Provenance,
    Section,
    Signature,
    Task,
    UnitLine,
)
from thammuu.memos.scope import Part, Scope
from thammuu.memos.view import SAME_TOTAL, PublicationView, SinceLast
from thammuu.memos.wording import WORDS
from thammuu.period import Period
from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack

ON = date(2026, 6, 22)
SCORED = ("bac-giang", "bac-kan", "bac-lieu", "ben-tre", "dien-bien", "ha-nam", "hoa-binh")
"""Enough units for a median of the others."""
Scores = Mapping[str, Mapping[str, float | str | None]]


@lru_cache(maxsize=1)
def pack() -> RulePack:
    return RulePack(rules_folder())


def level_scores(index: str, year: int, attainment: float = 0.5) -> dict[str, float | str | None]:
    """Every criterion of an index at the same attainment."""
    leaves = pack().frameworks.for_period(index, Period(str(year))).leaves
    return {
        node.code: round(node.min + attainment * (node.max - node.min), 4)
        for node in leaves
        if node.min is not None and node.max is not None
    }


def view(
    index: str,
    year: int,
    scores: Scores,
    unit_id: str = "ha-nam",
    before: Scores | None = None,
    **more: Any,  # noqa: ANN401
) -> PublicationView:
    """A unit's view of a year's scores of all units; ``before`` holds those of the year before."""
    tree = pack().frameworks.for_period(index, Period(str(year)))
    current = period(tree, scores, year=year)
    earlier = (
        [period(pack().frameworks.for_period(index, Period(str(year - 1))), before, year=year - 1)] if before else []
    )
    assessed = assess(pack().rules, current, earlier)
    totals = assessed.facts.filter(pl.col("code") == tree.root.code)["total"].drop_nulls()
    given = {
        "framework": tree,
        "unit_id": unit_id,
        "publication_id": f"{index}-{year}-r1",
        "period": str(year),
        "revision": 1,
        "complete": True,
        "published_on": ON,
        "facts": assessed.facts.filter(pl.col("unit_id") == unit_id).to_dicts(),
        "findings": [one for one in assessed.findings if one.unit_id == unit_id],
        "totals": totals.round(SAME_TOTAL).sort().to_list(),
    }
    return PublicationView(**given | more)


def scope(
    *views: PublicationView, body: str = "ha-nam", on: date = ON, language: str = "vi", since: SinceLast | None = None
) -> Scope:
    """A memo of one part that is its own body."""
    words, unit = WORDS["en" if language == "en" else "vi"], pack().units.get(body)
    return Scope(
        body=unit,
        round=str(on.year),
        as_of=on,
        parts=[Part(unit, views, on, words)],
        catalogue=pack().actions,
        agencies=pack().agencies,
        issuer=pack().issuer("bo-noi-vu"),
        since=since,
        words=words,
    )


def texts(section: Section | None) -> list[str]:
    """The sentences of a section, in order."""
    assert section is not None
    return [block.sentence.text for block in section.blocks if block.kind in {"paragraph", "item", "note"}]  # type: ignore[union-attr]


def finding(concept: str, name: str = "Tên", remark: str = "Không đạt điểm", **more: Any) -> FindingLine:  # noqa: ANN401
    """A finding of the memo of Hà Nam on PAPI 2021."""
    given = {
        "id": f"f-{concept}",
        "publication_id": "papi-2021-r1",
        "unit_id": "ha-nam",
        "concept": concept,
        "code": "1.1",
        "severity": "major",
        "name": name,
        "remark": remark,
        "rule": "below-peers",
        "in_body": True,
    }
    return FindingLine.model_validate(given | more)


def task(action: str, number: int = 1, **more: Any) -> Task:  # noqa: ANN401
    """A task of the Department of Home Affairs."""
    given = {
        "number": number,
        "id": f"t-{action}",
        "action_id": action,
        "lead_id": "so-noi-vu",
        "lead": "Sở Nội vụ",
        "coordinating": (),
        "sentence": f"Rà soát {action}",
        "output": "Báo cáo",
        "basis": "",
        "criteria": "",
        "concepts": (),
        "finding_ids": (),
        "deadline": date(2026, 9, 30),
        "deadline_text": "30/9/2026",
        "effort": 1,
        "gain_points": None,
    }
    return Task.model_validate(given | more)


def memo(
    sections: Sequence[Section] = (),
    findings: Sequence[FindingLine] = (),
    tasks: Sequence[Task] = (),
    **more: Any,  # noqa: ANN401
) -> MemoModel:
    """An issued memo with what is compared; the rest is blank."""
    given = {
        "draft": False,
        "round": "2022",
        "dated": date(2022, 6, 20),
        "issuer": "bo-noi-vu",
        "title": "x",
        "unit": UnitLine(id="ha-nam", code="35", name="Hà Nam", full_name="tỉnh Hà Nam"),
        "labels": Labels.model_construct(),
        "letterhead": Letterhead(
            governing_body="", issuing_body="", number="Số: 05/BNV-CCHC", subject="", place_and_date=""
        ),
        "opening": (),
        "sections": tuple(sections),
        "closing": (),
        "signature": Signature(authority="", title=""),
        "recipients": (),
        "findings": tuple(findings),
        "tasks": tuple(tasks),
        "provenance": Provenance.model_construct(),
    }
    return MemoModel.model_construct(**given | more)  # type: ignore[arg-type]
