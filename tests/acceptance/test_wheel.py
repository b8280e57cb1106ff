"""The built wheel works outside the checkout, with its rules, templates and examples inside."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["uv", "build", "--quiet", "--wheel", "--out-dir", str(folder), str(CHECKOUT)], check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return folder / "installed"


def thammuu(installed: Path, folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("THAMMUU_")}
    environment |= {"PYTHONPATH": str(installed), "LANG": "C"}
    command = [sys.executable, "-m", "thammuu", "--data", str(folder / "data"), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout


def test_the_wheel_carries_rules_templates_examples_fonts_and_catalogue(installed: Path) -> None:
    for name in (
        "_shipped/rules/zero-score.yaml",
        "_shipped/templates/action_memo/memo.typ",
        "_shipped/templates/action_memo/memo.docx",
        "_shipped/templates/action_memo/blocks.docx.j2",
        "_shipped/rules/issuers/bo-noi-vu.yaml",
        "_shipped/templates/fonts/OFL.txt",
        "_shipped/examples/papi/papi-2022.csv",
        "locales/vi/LC_MESSAGES/thammuu.mo",
        "py.typed",
    ):
        assert (installed / "thammuu" / name).is_file(), name


def test_the_installed_program_publishes_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    told = json.loads(thammuu(installed, tmp_path, "doctor", "--format", "json"))
    assert any(str(installed) in row["detail"] for row in told), told
    scores = installed / "thammuu" / "_shipped" / "examples" / "papi" / "papi-2022.csv"
    arguments = ("publish", str(scores), "--index", "papi", "--period", "2022", "--format", "json")
    assert json.loads(thammuu(installed, tmp_path, *arguments, "--published-on", "2023-04-12"))["memos"] == 63
    thammuu(
        installed, tmp_path, "memos", "export", "out", "--unit", "Hà Nam", "--format", "pdf,docx,html,txt,chat,json"
    )
    assert len(list((tmp_path / "out").iterdir())) == 6
    assert thammuu(installed, tmp_path, "templates", "check").split()[-2:] == ["0", "problems."]
