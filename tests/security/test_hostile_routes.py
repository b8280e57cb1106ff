"""A file of routes from anybody is read as routes or refused in words, and costs little."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from thammuu.delivery.routes import Routes
from thammuu.errors import BadInputError
from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "route:\n  to: [{role: secretariat, channels: [email]}]\n"
DEEP = "".join(f"{'  ' * n}  routes:\n{'  ' * n}  - match: {{unit: ha-nam}}\n" for n in range(1, 80))


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Routes]:
    """Read a text as the routes of the shipped rules."""
    folder: Path = tmp_path_factory.mktemp("hostile") / "rules"
    shutil.copytree(rules_folder(), folder)
    pack = RulePack(folder)

    def reading(text: str) -> Routes:
        (folder / "delivery" / "routes.yaml").write_text(text, "utf-8")
        return Routes.load(pack)

    return reading


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (HEAD + "  group_window: 99999999999d\n", "schema-value-error"),
        (HEAD + "  repeat_every: 3650d\n  repeats: 20\n", "schema-value-error"),
        (HEAD + "  repeat_every: 1s\n  repeats: 1000000\n", "schema-less-than-equal"),
        (HEAD + "  group_window: -5m\n", "schema-value-error"),
        ("route:\n" + DEEP, "yaml-depth"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nroute: *b\n", "yaml-alias"),
        (HEAD + '  routes:\n  - match: {unit: "ha-\\u202enam\\e[2J"}\n', "route-unit"),
        (HEAD + "  to: []\n", "yaml-duplicate-key"),
        ("route:\0", "yaml-syntax"),
        ("route:\n  to: [" + "{role: secretariat, channels: [email]}, " * 5_000 + "]\n", "route-role"),
        ("route:\n  to: [{role: secretariat, channels: [" + "email, " * 1_000 + "]}]\n", "route-channel"),
        ("route: !!python/object/apply:os.system [id]\n", "schema-model-type"),
        ("", "schema-model-type"),
    ],
)
def test_a_hostile_file_is_refused_in_words(read: Callable[[str], Routes], text: str, code: str) -> None:
    with pytest.raises(BadInputError) as refused:
        read(text)
    assert code in {one.code for one in refused.value.problems}
    assert all("\x1b" not in str(one.value) and "\u202e" not in str(one.value) for one in refused.value.problems)


def test_the_file_that_the_hostile_ones_imitate_is_read(read: Callable[[str], Routes]) -> None:
    assert read(HEAD + "  group_window: 5m\n  routes:\n  - match: {unit: ha-nam}\n").count == 2
