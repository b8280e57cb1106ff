"""Files of a rules folder that are meant to crash, fill up or slip past the reader are refused with their place."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from thammuu.errors import BadInputError
from thammuu.resources import rules_folder
from thammuu.rulepack.actions import load_actions
from thammuu.rulepack.frameworks import FrameworkLibrary
from thammuu.rulepack.units import UnitRegistry
from thammuu.rulepack.yaml_positions import parse_yaml, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_PARSE = """
import resource, sys
from thammuu.rulepack.yaml_positions import parse_yaml
resource.setrlimit(resource.RLIMIT_AS, (1_000_000_000, 1_000_000_000))
document = parse_yaml(sys.stdin.read(), "deep.yaml")
print(document.problems[0].code, document.problems[0].place)
"""


@pytest.mark.parametrize("piece", ["[", "{", "- ", "? ", "{? ", "[a, ", "{a: ", "[[], "])
def test_a_megabyte_of_nesting_is_refused_before_it_is_composed(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    done = subprocess.run(
        [sys.executable, "-c", _PARSE], check=False, input=text, capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr[-500:]
    code, place = done.stdout.split()
    assert code == "yaml-depth"
    assert place.startswith("deep.yaml:1:")


def test_ordinary_nesting_and_many_short_lists_are_read() -> None:
    assert parse_yaml("[" * 40 + "]" * 40, "deep.yaml").problems == ()
    assert parse_yaml("- [[], {a: []}]\n" * 1_000, "wide.yaml").problems == ()


def test_a_key_that_is_a_list_is_refused() -> None:
    (problem,) = parse_yaml("? [a, b]\n: c\n", "keys.yaml").problems
    assert (problem.code, str(problem.place)) == ("yaml-key", "keys.yaml:1:3")


def test_control_characters_in_a_shown_value_are_escaped() -> None:
    (problem,) = parse_yaml('"\\e[31m": 1\n"\\e[31m": 2\n', "keys.yaml").problems
    assert problem.value == "<U+001B>[31m"


@pytest.mark.parametrize("target", ["/dev/zero", "/dev", "pipe"])
def test_a_link_to_something_that_is_no_file_is_not_read(tmp_path: Path, target: str) -> None:
    path = tmp_path / "rule.yaml"
    if target == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(target)
    with pytest.raises(BadInputError) as refused:
        read_yaml(path)
    assert [problem.code for problem in refused.value.problems] == ["file-unreadable"]


def test_a_file_past_the_limit_is_refused_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "rule.yaml"
    with path.open("wb") as stream:
        stream.truncate(10_000_000_000)
    with pytest.raises(BadInputError) as refused:
        read_yaml(path)
    assert [problem.code for problem in refused.value.problems] == ["file-size"]


@pytest.mark.parametrize(
    ("name", "load"), [("frameworks", FrameworkLibrary.load), ("units", UnitRegistry.load), ("actions", load_actions)]
)
def test_a_folder_that_is_missing_or_empty_or_has_a_file_named_yml_is_named(
    tmp_path: Path, name: str, load: Callable[[Path], object]
) -> None:
    pack = tmp_path / "rules"
    shutil.copytree(rules_folder(), pack)
    first = min((pack / name).glob("*.yaml"))
    first.rename(first.with_suffix(".yml"))
    assert told(pack / name, load) == "file-name"
    shutil.rmtree(pack / name)
    assert told(pack / name, load) == "folder-missing"
    (pack / name).mkdir()
    assert told(pack / name, load) == "folder-empty"


def told(folder: Path, load: Callable[[Path], object]) -> str:
    with pytest.raises(BadInputError) as refused:
        load(folder)
    (problem,) = refused.value.problems
    assert str(folder) in (problem.place.file or "")
    return problem.code
