"""Small score files for the tests of the intake, read against the shipped frameworks and units."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook

from thammuu.errors import BadInputError, Problem
from thammuu.intake.reading import read_submission
from thammuu.period import Period
from thammuu.resources import rules_folder
from thammuu.rulepack.frameworks import FrameworkLibrary
from thammuu.rulepack.units import UnitRegistry

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from thammuu.intake.submission import ScoreRow, Submission
    from thammuu.rulepack.frameworks import Framework


@cache
def library() -> FrameworkLibrary:
    return FrameworkLibrary.load(rules_folder() / "frameworks")


@cache
def registry() -> UnitRegistry:
    return UnitRegistry.load(rules_folder() / "units")


def read(path: Path, index: str = "papi", period: str = "2022", **options: Any) -> Submission:  # noqa: ANN401  the reader's own options
    """Read a file as partial, unless the options say otherwise."""
    when = Period(period)
    framework: Framework = library().for_period(index, when)
    return read_submission(path, framework=framework, units=registry(), period=when, **({"partial": True} | options))


def problems(path: Path, *args: str, **options: Any) -> list[Problem]:  # noqa: ANN401  the same
    """Return why a file is refused."""
    with pytest.raises(BadInputError) as refusal:
        read(path, *args, **options)
    return list(refusal.value.problems)


def codes(path: Path, *args: str, **options: Any) -> list[str]:  # noqa: ANN401  the same
    return [problem.code for problem in problems(path, *args, **options)]


def by_unit(submission: Submission) -> dict[tuple[str, str], ScoreRow]:
    return {(row.unit_id, row.code): row for row in submission.scores}


def text_file(folder: Path, text: str, name: str = "scores.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def long_file(folder: Path, *rows: str, header: str = "entity_name,criterion_code,score") -> Path:
    return text_file(folder, "\n".join([header, *rows]) + "\n")


def workbook(folder: Path, *rows: list[Any], title: str = "Scores") -> tuple[Path, Worksheet, Workbook]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return folder / "scores.xlsx", sheet, book


def saved(folder: Path, *rows: list[Any]) -> Path:
    path, _sheet, book = workbook(folder, *rows)
    book.save(path)
    return path
