"""Damaged files are read or refused with a reason; nothing else happens."""

from __future__ import annotations

import zipfile
from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thammuu.errors import BadInputError
from thammuu.intake.reading import read_submission
from thammuu.period import Period
from thammuu.resources import examples_folder, rules_folder
from thammuu.rulepack.frameworks import load_framework
from thammuu.rulepack.units import UnitRegistry

if TYPE_CHECKING:
    from pathlib import Path

_FRAMEWORK = load_framework(rules_folder() / "frameworks" / "papi-2021.yaml")
_UNITS = UnitRegistry.load(rules_folder() / "units")
_LONG = (examples_folder() / "papi" / "papi-2022.csv").read_bytes()[:6_000]
_WORKBOOK = (examples_folder() / "wide" / "papi-2022-wide.xlsx").read_bytes()
_CHANGES = st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=6)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage")


def read_or_refuse(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    try:
        submission = read_submission(
            path,
            framework=_FRAMEWORK,
            units=_UNITS,
            period=Period("2022"),
            partial=True,
            units_as_of=date(2022, 12, 31),
        )
    except BadInputError as refusal:
        reasons = [(problem.code, problem.expected) for problem in refusal.problems]
    else:
        reasons = [("accepted", submission.content_hash())]
    assert reasons
    assert all(code and expected for code, expected in reasons)


def damaged(content: bytes, changes: list[tuple[int, bytes]]) -> bytes:
    changed = bytearray(content)
    for position, piece in changes:
        start = position % len(changed)
        changed[start : start + len(piece)] = piece
    return bytes(changed)


@given(st.binary(max_size=400))
def test_any_bytes(folder: Path, content: bytes) -> None:
    read_or_refuse(folder / "any.csv", content)


@given(_CHANGES)
def test_a_damaged_csv_file(folder: Path, changes: list[tuple[int, bytes]]) -> None:
    read_or_refuse(folder / "damaged.csv", damaged(_LONG, changes))


@given(_CHANGES)
@settings(max_examples=40)
def test_a_damaged_archive(folder: Path, changes: list[tuple[int, bytes]]) -> None:
    read_or_refuse(folder / "archive.xlsx", damaged(_WORKBOOK, changes))


@given(
    _CHANGES,
    st.sampled_from(["xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/worksheets/sheet1.xml", "xl/styles.xml"]),
)
@settings(max_examples=40)
def test_a_damaged_part(folder: Path, changes: list[tuple[int, bytes]], part: str) -> None:
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(_WORKBOOK)) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            content = source.read(name)
            copy.writestr(name, damaged(content[:20_000], changes) if name == part else content)
    read_or_refuse(folder / "part.xlsx", target.getvalue())
