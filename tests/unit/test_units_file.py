"""A units folder is read whole or refused with every problem and its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from thammuu.errors import BadInputError
from thammuu.rulepack.units import UnitRegistry

if TYPE_CHECKING:
    from pathlib import Path


def found(folder: Path, text: str) -> list[tuple[str, int | None]]:
    (folder / "units.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInputError) as refused:
        UnitRegistry.load(folder)
    return [(one.code, one.place.line) for one in refused.value.problems]


def test_units_of_another_level_and_their_mergers_need_a_file_and_no_code(tmp_path: Path) -> None:
    from datetime import date

    (tmp_path / "communes.yaml").write_text(
        "level: commune\nunits:\n"
        '  - {id: xa-a, code: "00001", name: A, en: A, kind: xã, to: 2025-06-30}\n'
        '  - {id: xa-b, code: "00002", name: B, en: B, kind: xã, to: 2025-06-30}\n'
        '  - {id: xa-a-2025, code: "00001", name: A, en: A, kind: xã, from: 2025-07-01, merges: [xa-a, xa-b]}\n',
        encoding="utf-8",
    )
    registry = UnitRegistry.load(tmp_path)
    assert [unit.id for unit in registry.at(date(2025, 7, 1), "commune")] == ["xa-a-2025"]
    assert registry.resolve("xã A", date(2024, 1, 1), "commune").id == "xa-a"
    assert registry.at(date(2024, 1, 1)) == ()


def test_all_problems_of_a_units_file_are_listed(tmp_path: Path) -> None:
    text = (
        "units:\n"
        '  - {id: a, code: "01", name: A, en: A}\n'
        '  - {id: a, code: "01", name: B, en: B}\n'
        '  - {id: c, code: "03"}\n'
        '  - {id: d, code: "04", name: D, en: D, merges: [zz]}\n'
        '  - {id: e, code: "05", names: [{name: E, en: E, to: 2020-01-01}, {name: F, en: F, from: 2020-02-01}]}\n'
        "regions:\n"
        "  - {name: {vi: Vùng một}, units: [a, nowhere]}\n"
        "  - {name: {vi: Vùng hai}, units: [a]}\n"
    )
    assert found(tmp_path, text) == [
        ("duplicate-unit", 2),
        ("duplicate-code", 2),
        ("duplicate-unit", 3),
        ("duplicate-code", 3),
        ("unit-name", 4),
        ("unknown-unit", 5),
        ("unit-names", 6),
        ("two-regions", 8),
        ("unknown-unit", 8),
        ("two-regions", 9),
    ]


def test_two_units_cannot_share_a_spelling_at_the_same_time(tmp_path: Path) -> None:
    text = (
        "units:\n"
        '  - {id: quang-ninh, code: "22", name: Quảng Ninh, en: Quang Ninh, aliases: [QN]}\n'
        '  - {id: quang-nam, code: "49", name: Quảng Nam, en: Quang Nam, aliases: [Q.N.]}\n'
    )
    assert found(tmp_path, text) == [("ambiguous-name", 2)]


def test_an_invisible_character_in_a_name_is_found(tmp_path: Path) -> None:
    assert found(tmp_path, 'units:\n  - {id: a, code: "01", name: "A\\u200b", en: A}\n') == [("unit-name", 2)]


def test_a_code_without_quotes_and_an_unknown_key_are_found(tmp_path: Path) -> None:
    text = 'units:\n  - {id: a, code: 01, name: A, en: A}\n  - {id: b, code: "02", name: B, en: B, regoin: x}\n'
    assert found(tmp_path, text) == [("schema-string-type", 2), ("schema-extra-forbidden", 3)]


@pytest.mark.parametrize(
    "entry",
    [
        "{{id: a, code: '01', name: {long}, en: A}}",
        "{{id: a, code: '01', name: A, en: {long}}}",
        "{{id: a, code: '01', name: A, en: A, aliases: [{long}]}}",
        "{{id: a, code: '01', name: A, en: A, full: {long}}}",
        "{{id: a, code: '01', names: [{{name: {long}, en: A}}]}}",
    ],
)
def test_a_name_of_more_than_200_characters_is_refused(tmp_path: Path, entry: str) -> None:
    assert found(tmp_path, f"units:\n  - {entry.format(long='N' * 201)}\n") == [("schema-string-too-long", 2)]
