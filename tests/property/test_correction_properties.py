"""A revision corrects exactly the memos whose unit's own scores, findings or tasks are others than before.

What must be corrected is worked out in data folders of their own, where the two files are published as first
revisions: nothing there knows of an issued memo.
"""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from thammuu import bootstrap
from thammuu.bootstrap import Program
from thammuu.intake.publishing import Request, publish
from thammuu.memos.issuing import issue
from thammuu.memos.shelf import kept_model, listing
from thammuu.settings import Settings

FILE = Path(__file__).parents[2] / "examples" / "papi" / "papi-2022.csv"
UNITS = ("Hà Nam", "Hà Nội", "Cao Bằng", "An Giang", "Bắc Kạn", "Đà Nẵng", "Nam Định", "Thanh Hóa")
CODES = ("1.1", "3.2", "5.3", "6.3", "8.1", "8.3")
PUBLISHED = date(2023, 4, 12)

Change = tuple[str, str, float]
"""A province, a criterion, and where in its scale the new score lies, 0 to 1."""


@dataclass(frozen=True)
class Told:
    """What a memo tells of its unit's own."""

    findings: tuple[Any, ...]
    tasks: tuple[str, ...]


@contextmanager
def opened(folder: Path) -> Iterator[Program]:
    with bootstrap.changing(Settings(data=folder), lambda: datetime(2023, 4, 20, 3, tzinfo=UTC)) as program:
        yield program


def table() -> tuple[list[str], list[list[str]]]:
    """Return the header and the rows of some provinces of PAPI 2022."""
    header, *rows = csv.reader(line for line in FILE.read_text("utf-8").splitlines() if not line.startswith("#"))
    return header, [row for row in rows if row[header.index("entity_name")] in UNITS]


def written(to: Path, changes: list[Change]) -> tuple[Path, set[str]]:
    """Write the file with some scores changed; return the provinces whose scores are others now."""
    header, rows = table()
    unit, code, score, low, high = (
        header.index(name) for name in ("entity_name", "criterion_code", "score", "min_score", "max_score")
    )
    others = set()
    for name, criterion, share in changes:
        for row in rows:
            if (row[unit], row[code]) == (name, criterion):
                new = float(row[low]) + share * (float(row[high]) - float(row[low]))
                if f"{new:.2f}" != row[score]:
                    row[score] = f"{new:.2f}"
                    others.add(name)
    with to.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return to, others


def published(program: Program, file: Path) -> None:
    publish(program.context, Request(file, "papi", "2022", PUBLISHED, partial=True))
    program.run()


def told_in(program: Program) -> dict[str, Told]:
    found = {}
    for row in listing(program.context):
        model = kept_model(program.context, row["memo_id"], row["model"])
        findings = tuple(sorted((one.concept, one.rule, one.severity) for one in model.findings))
        found[row["unit_name"]] = Told(findings, tuple(one.action_id for one in model.tasks))
    return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Told]]:
    """A data folder in which every memo is issued, and what the memos tell."""
    folder = tmp_path_factory.mktemp("issued")
    with opened(folder / "data") as program:
        published(program, written(folder / "first.csv", [])[0])
        told = told_in(program)
        for row in listing(program.context):
            issue(program.context, row)
        program.run()
        assert {row["status"] for row in listing(program.context)} == {"issued"}
    return folder / "data", told


@settings(
    max_examples=6,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    changes=st.lists(
        st.tuples(st.sampled_from(UNITS), st.sampled_from(CODES), st.sampled_from((0.0, 0.01, 0.4, 0.7, 1.0))),
        min_size=1,
        max_size=3,
    )
)
@example(changes=[("Hà Nam", "8.1", 1.0)])
def test_exactly_the_memos_of_changed_units_are_corrected(
    first: tuple[Path, dict[str, Told]], tmp_path_factory: pytest.TempPathFactory, changes: list[Change]
) -> None:
    issued, before = first
    folder = tmp_path_factory.mktemp("corrected")
    shutil.copytree(issued, folder / "data")
    file, rescored = written(folder / "second.csv", changes)
    with opened(folder / "fresh") as program:
        published(program, file)
        after = told_in(program)
    expected = rescored | {name for name in UNITS if before[name] != after[name]}
    with opened(folder / "data") as program:
        published(program, file)
        corrected = {row["unit_name"] for row in listing(program.context) if row["status"] == "draft"}
    shutil.rmtree(folder)
    assert corrected == expected
