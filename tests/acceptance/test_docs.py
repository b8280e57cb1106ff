"""The documentation is true: commands run and print what is shown, examples are valid, links lead somewhere."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from thammuu.cli.main import main
from thammuu.event_data import TYPES
from thammuu.events import Event

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])
TWO_COMMANDS = ("pip install uv && uv run thammuu demo", "pip install uv && uv run --group test pytest")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
NOT_RUN = 4
"""How many blocks say why they are not run."""


@dataclass(frozen=True)
class Command:
    """A line after ``$`` and the output the page shows below it."""

    line: str
    shown: tuple[str, ...]


def blocks(page: Path, language: str) -> list[str]:
    return [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def commands(block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        line, *shown = part.rstrip().splitlines()
        yield Command(line, tuple(text for text in shown if text.strip(" …")))


def words(text: str) -> str:
    return " ".join(text.split())


def appears(shown: str, printed: str) -> bool:
    """Tell whether a shown line was printed, where ``…`` stands for anything within the line."""
    pattern = ".*".join(re.escape(words(part)) for part in shown.split("…"))
    return any(re.search(pattern, words(line)) for line in printed.splitlines())


def variables() -> dict[str, str]:
    """Let a shell find the installed program, and give tables room."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {"PATH": path, "COLUMNS": "160"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the demo of the README once."""
    folder = tmp_path_factory.mktemp("demo")
    shell = ["bash", "-c", "thammuu demo > printed.txt"]
    subprocess.run(shell, cwd=folder, env=os.environ | variables(), check=True, capture_output=True)
    return folder / "thammuu-demo"


@pytest.fixture
def folder(tmp_path: Path, demo: Path) -> Path:
    """Give a page a folder with the examples and the demo's data; blobs never change, so they are linked."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copytree(demo, tmp_path / "thammuu-demo", copy_function=_copied)
    return tmp_path


def _copied(source: str, target: str) -> None:
    if "sqlite3" in source:
        shutil.copy(source, target)
    else:
        os.link(source, target)


def test_the_demo_leaves_the_memos_that_the_readme_promises(demo: Path) -> None:
    assert len(list((demo / "memos").rglob("*.pdf"))) == 126
    assert (demo / "memos" / "2022" / "ha-nam-2022.pdf").exists()


def test_the_demo_prints_what_the_readme_shows(demo: Path) -> None:
    printed = (demo.parent / "printed.txt").read_text(encoding="utf-8")
    (shown,) = blocks(ROOT / "README.md", "text")
    missing = [line for line in shown.splitlines() if not appears(line.replace("─", ""), printed)]
    assert missing == []


@pytest.mark.parametrize("name", ["README.md", "README.vi.md"])
def test_both_readmes_give_the_two_commands(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert [command for command in TWO_COMMANDS if f"\n    {command}\n" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_and_print_what_it_shows(
    page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(folder)
    for name, value in variables().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("THAMMUU_LANG", "vi" if page.name.endswith(".vi.md") else "en")
    for kind, block in FENCE.findall(page.read_text(encoding="utf-8")):
        first, _newline, rest = block.partition("\n")
        if first.startswith("# file: "):
            Path(first.removeprefix("# file: ")).write_text(rest, encoding="utf-8")
        elif kind == "console" and not first.startswith("# not run: "):
            for command in commands(block):
                code = run(command.line, monkeypatch)
                printed = b"\n".join(capfdbinary.readouterr()).decode()
                assert code == 0, f"{command.line}\n{printed}"
                missing = [shown for shown in command.shown if not appears(shown, printed)]
                assert missing == [], f"{command.line}\n{printed}"


def run(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command: a plain one in this process, one that needs a shell in bash."""
    exported = re.fullmatch(r"export (\w+)=(\S+)", line)
    if exported:
        monkeypatch.setenv(exported[1], exported[2].replace("$PWD", str(Path.cwd())))
        return 0
    plain = shlex.split(line)
    if plain[0] == "thammuu" and not set(line) & set("|<>&;$"):
        return main(plain[1:])
    return subprocess.run(["bash", "-c", line], timeout=120, check=False).returncode


def test_few_blocks_of_commands_are_not_run() -> None:
    exempt = [block for page in PAGES for block in blocks(page, "console") if block.startswith("# not run: ")]
    assert len(exempt) == NOT_RUN


def test_every_event_type_has_an_example_that_is_a_valid_event() -> None:
    found = [json.loads(text) for text in blocks(ROOT / "docs" / "events.md", "json")]
    assert {Event.model_validate(example).type for example in found} == set(TYPES)
    assert [Event.model_validate(example).id for example in found] == [example["id"] for example in found]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page: Path) -> None:
    links = LINK.findall(page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_fact_is_defined_in_the_guide_of_rule_authors() -> None:
    from thammuu.analysis.fact_catalogue import FACTS

    text = (ROOT / "docs" / "rule-author.md").read_text(encoding="utf-8")
    assert [name for name in FACTS if f"`{name}`" not in text] == []


def test_every_setting_and_environment_variable_is_in_the_guide_of_operators() -> None:
    text = (ROOT / "docs" / "operator.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py"))
    from thammuu.settings import Settings

    names = {f"THAMMUU_{name.upper()}" for name in Settings.model_fields}
    names |= set(re.findall(r"THAMMUU_[A-Z]+(?:_[A-Z]+)*", sources))
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_every_data_file_is_in_the_list_of_sources() -> None:
    text = (ROOT / "docs" / "data-sources.md").read_text(encoding="utf-8")
    files = [path for path in (ROOT / "examples").rglob("*") if path.is_file()]
    assert [path.name for path in files if path.name not in text] == []


def test_pages_name_no_place_of_one_machine() -> None:
    place = re.compile(r"/(?:home|work|root|tmp|Users)/\S*")
    assert [(page.name, found) for page in PAGES for found in place.findall(page.read_text(encoding="utf-8"))] == []
