"""The command line as a person uses it, in this process."""

import shutil
from pathlib import Path

import pytest
from commands import EXAMPLES, Papi, Result, Thammuu

from thammuu.cli.main import main


@pytest.fixture
def thammuu(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Thammuu:
    """Run ``thammuu`` with a data folder of its own, in English."""
    monkeypatch.setenv("THAMMUU_LANG", "en")
    monkeypatch.setenv("THAMMUU_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return run


@pytest.fixture
def papi() -> Papi:
    """Give the example file of a PAPI year."""
    return lambda year: EXAMPLES / "papi" / f"papi-{year}.csv"


@pytest.fixture
def data(published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, thammuu: Thammuu) -> Path:
    """Give the test a copy of its module's data folder, which commands use."""
    del thammuu
    folder = tmp_path / "data"
    shutil.copytree(published, folder)
    monkeypatch.setenv("THAMMUU_DATA", str(folder))
    monkeypatch.delenv("THAMMUU_PERSON", raising=False)
    return folder


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a rules folder of its own, which commands use."""
    folder = tmp_path / "rules"
    shutil.copytree(Path(__file__).parents[2] / "rules", folder)
    monkeypatch.setenv("THAMMUU_RULES", str(folder))
    return folder
